import {
  type AxiosError,
  type AxiosInstance,
  type InternalAxiosRequestConfig as Config,
  isAxiosError,
  isCancel,
} from 'axios';
import { exponentialDelay, isRetryableError } from 'axios-retry';
import { createSession, type Session } from '../../index.js';
import { askedDelay, pause } from '../internal.js';
import { type HeaderChange, headerChanges, headerValues } from './headers.js';
import type { RefreshAuthCall } from './options.js';
import { within } from './within.js';

/** The error that a refresh is to mend, and the function that does it. */
interface Refusal {
  error: AxiosError;
  call: RefreshAuthCall;
}

const RETRIES = 3;
// ms. With it the first delay is 250 ms.
const DELAY_FACTOR = 125;

const servedBy = new WeakMap<Config, RefreshSession>();

/** The engine counts refreshes by their tokens. These are sent nowhere: the app's own function renews what it sends. */
let tokens = 0;
const newToken = () => `refresh-${++tokens}`;

/** A session that has no tokens of the server's: to refresh it is to call the app's own function. */
export class RefreshSession {
  /** What the last refresh did to the headers of the request that failed, and to the defaults. */
  changes: HeaderChange[] = [];
  /** The function of the latest refresh. */
  call: RefreshAuthCall | undefined;
  /** The refresh under way. */
  refreshing: Promise<unknown> | undefined;
  readonly session: Session;
  readonly #instances: Set<AxiosInstance>;
  #refusal: Refusal | undefined;
  #thrown: unknown;
  readonly #reasons = new WeakMap<Error, unknown>();

  constructor(instances: AxiosInstance[] = []) {
    this.#instances = new Set(instances);
    // The function may show a login dialog: there is no deadline. No failure is for good, as there is no other sign-in.
    this.session = createSession({
      source: { interactive: true, obtain: () => this.#obtain(), isRejected: () => false },
      tokens: newToken(),
    });
    this.session.on('refreshFailed', ({ error }) => {
      if (error.cause) this.#reasons.set(error.cause, this.#thrown);
    });
  }

  /** @returns removes it again. The session is closed with its last instance */
  addInstance(instance: AxiosInstance): () => void {
    this.#instances.add(instance);
    return () => {
      this.#instances.delete(instance);
      if (!this.#instances.size) this.session.close();
    };
  }

  get isClosed(): boolean {
    return !this.#instances.size;
  }

  /** Takes on a request. */
  serve(config: Config): Session {
    servedBy.set(config, this);
    return this.session;
  }

  /** A refresh that starts now is to mend this error. */
  refused(error: AxiosError, call: RefreshAuthCall): void {
    this.#refusal = { error, call };
  }

  /** Is no refresh under way any more within so many ms? @throws what it failed with */
  async isRefreshedWithin(ms: number): Promise<boolean> {
    if (!this.refreshing) return true;
    return within(
      ms,
      this.refreshing.then(() => true),
      false,
    );
  }

  /** The requests that waited fail with the very error that the app's function failed with. */
  reasonOf(error: unknown): unknown {
    const { cause } = (error ?? {}) as { cause?: Error };
    return cause && this.#reasons.has(cause) ? this.#reasons.get(cause) : error;
  }

  #obtain(): Promise<string> {
    // A request that the app's function makes at once is a part of the refresh: it finds none under way yet.
    const work = this.#refresh();
    // Joins the refresh that has called this.
    const refreshing = this.session.refresh();
    const over = () => {
      if (this.refreshing === refreshing) this.refreshing = undefined;
    };
    this.refreshing = refreshing;
    refreshing.then(over, over);
    return work;
  }

  async #refresh(): Promise<string> {
    const { error, call } = this.#refusal as Refusal;
    this.call = call;
    const { config } = error;
    const instances = [...this.#instances];
    const before = headerValues(config, instances);
    try {
      await withRetries(() => call(error));
    } catch (thrown) {
      this.#thrown = thrown;
      throw summaryOf(thrown);
    }
    this.changes = headerChanges(before, headerValues(config, instances));
    return newToken();
  }
}

/** The network's failures, and a server's of status 5xx, are tried again. After any other the dialog would only come twice. */
async function withRetries(call: () => Promise<unknown>): Promise<void> {
  for (let failures = 1; ; failures++) {
    try {
      await call();
      return;
    } catch (error) {
      const isTransient = isAxiosError(error) && !isCancel(error) && isRetryableError(error);
      if (!isTransient || failures > RETRIES) throw error;
      await pause(Math.max(askedDelay(error), exponentialDelay(failures, undefined, DELAY_FACTOR)));
    }
  }
}

/** What the engine is told of a failure. */
function summaryOf(error: unknown): Error {
  const { message, code } = (error ?? {}) as Partial<AxiosError>;
  return Object.assign(new Error(message), { code });
}

const shared = new WeakMap<RefreshAuthCall, RefreshSession>();

/** Instances that share a function share what it refreshes. */
export function sharedSession(call: RefreshAuthCall): RefreshSession {
  const known = shared.get(call);
  const session = known?.isClosed === false ? known : new RefreshSession();
  shared.set(call, session);
  return session;
}

/** The session that serves a request, if one does. */
export function sessionOf(config: Config | undefined): RefreshSession | undefined {
  return servedBy.get(config as Config);
}
