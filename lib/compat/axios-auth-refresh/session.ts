import { type AxiosError, type AxiosInstance, isAxiosError, isCancel } from 'axios';
import { isRetryableError } from 'axios-retry';
import { askedDelay, delayAfter } from '../../backoff.js';
import { createSession } from '../../bearer.js';
import { pause } from '../../deadline.js';
import type { Config } from '../../interceptors/config.js';
import type { Exchange } from '../../interceptors/exchange.js';
import type { Requests } from '../../session/requests.js';
import { holdCookies } from '../../session/seed.js';
import { requestsOf, type Session } from '../../session/session.js';
import { type HeaderChange, headerChanges, headersIn } from './headers.js';
import type { RefreshAuthCall } from './options.js';
import { inTime } from './time.js';

/** The error that a refresh is to mend, and the function that does it. */
interface Refusal {
  error: AxiosError;
  call: RefreshAuthCall;
}

const RETRIES = 3;
const BACKOFF = { initial: 250, factor: 2, cap: 30_000 };

const owners = new WeakMap<Requests, RefreshSession>();
const taken = new WeakMap<Config, RefreshSession>();

/** Knows no token: it runs the app's own function, and a new generation is all that comes of it. */
export class RefreshSession {
  /** What the last refresh did to the headers of the request that failed, and to the defaults. */
  changes: HeaderChange[] = [];
  /** The function that is, or was last, at work. */
  call: RefreshAuthCall | undefined;
  readonly session: Session;
  readonly requests: Requests;
  readonly #instances: Set<AxiosInstance>;
  #refusal: Refusal | undefined;
  #thrown: unknown;
  readonly #reasons = new WeakMap<Error, unknown>();

  constructor(instances: AxiosInstance[] = []) {
    this.#instances = new Set(instances);
    // It may show a login dialog: there is no deadline. No failure is for good, as nobody here would sign in again.
    this.session = createSession({
      source: { interactive: true, obtain: () => this.#obtain(), isRejected: () => false },
    });
    this.requests = requestsOf(this.session) as Requests;
    holdCookies(this.requests.life);
    owners.set(this.requests, this);
    this.session.on('refreshFailed', ({ error }) => {
      if (error.cause) this.#reasons.set(error.cause, this.#thrown);
    });
  }

  /** @returns the way to stop. The last one to stop closes it */
  serve(instance: AxiosInstance): () => void {
    this.#instances.add(instance);
    return () => {
      this.#instances.delete(instance);
      if (!this.#instances.size) this.session.close();
    };
  }

  get isOver(): boolean {
    return !this.#instances.size;
  }

  /** A refresh that starts now is for the sake of this one. */
  refused(error: AxiosError, call: RefreshAuthCall): void {
    this.#refusal = { error, call };
  }

  /** Is the refresh under way over within so many ms? @throws what it failed with */
  async isOverWithin(ms: number): Promise<boolean> {
    if (!this.requests.isRefreshing) return true;
    return inTime(
      this.session.refresh().then(() => true),
      ms,
      false,
    );
  }

  /** The requests that waited fail with the very error that the app's function failed with. */
  reasonOf(error: unknown): unknown {
    const { cause } = (error ?? {}) as { cause?: Error };
    return cause && this.#reasons.has(cause) ? this.#reasons.get(cause) : error;
  }

  async #obtain(): Promise<void> {
    const { error, call } = this.#refusal as Refusal;
    this.call = call;
    const look = headersIn(error, this.#instances);
    const before = look();
    try {
      await withRetries(() => call(error));
    } catch (thrown) {
      this.#thrown = thrown;
      throw outline(thrown);
    }
    this.changes = headerChanges(before, look());
  }
}

/** A network that failed and a server on a bad day are tried again; after anything else the dialog would only come twice. */
async function withRetries(call: () => Promise<unknown>): Promise<void> {
  for (let failures = 1; ; failures++) {
    try {
      await call();
      return;
    } catch (error) {
      const passes = isAxiosError(error) && !isCancel(error) && isRetryableError(error);
      if (!passes || failures > RETRIES) throw error;
      await pause(Math.max(askedDelay(error), delayAfter(failures, BACKOFF)));
    }
  }
}

/** What the engine is to know of a failure. */
function outline(error: unknown): Error {
  const { message, code } = (error ?? {}) as Partial<AxiosError>;
  return Object.assign(new Error(message), { code });
}

const sessions = new WeakMap<RefreshAuthCall, RefreshSession>();

/** Instances that share a function share what it refreshes. */
export function sharedSession(call: RefreshAuthCall): RefreshSession {
  const known = sessions.get(call);
  const session = known && !known.isOver ? known : new RefreshSession();
  sessions.set(call, session);
  return session;
}

export function takeOn({ config, requests }: Exchange): void {
  const owner = owners.get(requests);
  if (owner) taken.set(config, owner);
}

/** The session that has taken a request on, if one has. */
export function sessionOf(config: Config | undefined): RefreshSession | undefined {
  return config && taken.get(config);
}
