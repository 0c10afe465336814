import { type AxiosError, type AxiosInstance, isAxiosError, isCancel } from 'axios';
import { isRetryableError } from 'axios-retry';
import { Session } from '../../bearer.js';
import { type Config, journeyOf } from '../../interceptors/config.js';
import { type HeaderChange, headerChanges, headersIn } from './headers.js';
import type { RefreshAuthCall } from './options.js';
import { inTime } from './time.js';

/** Whose sake a refresh is for, and how it is done. */
interface Refusal {
  error: AxiosError;
  call: RefreshAuthCall;
}

/** Knows no token: it runs the app's own function, and a new generation is all that comes of it. */
export class RefreshSession extends Session {
  /** What the last refresh did to the headers of the request that failed, and to the defaults. */
  changes: HeaderChange[] = [];
  /** The function that is, or was last, at work. */
  call: RefreshAuthCall | undefined;
  readonly #instances: Set<AxiosInstance>;
  #refusal: Refusal | undefined;
  #thrown: unknown;
  readonly #reasons = new WeakMap<Error, unknown>();

  constructor(instances: AxiosInstance[] = []) {
    // It may show a login dialog: there is no deadline. No failure is for good, as nobody here would sign in again.
    super({ source: { interactive: true, obtain: () => this.#obtain(), isRejected: () => false } });
    this.#instances = new Set(instances);
    this.holdCookies();
    this.on('refreshFailed', ({ error }) => {
      if (error.cause) this.#reasons.set(error.cause, this.#thrown);
    });
  }

  /** @returns the way to stop. The last one to stop closes it */
  serve(instance: AxiosInstance): () => void {
    this.#instances.add(instance);
    return () => {
      this.#instances.delete(instance);
      if (!this.#instances.size) this.close();
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
    if (!this.supply.isRefreshing) return true;
    return inTime(
      this.refresh().then(() => true),
      ms,
      false,
    );
  }

  /** Everyone who waited gets what the app's function failed with: that very error. */
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
      await call(error);
    } catch (thrown) {
      this.#thrown = thrown;
      throw outline(thrown);
    }
    this.changes = headerChanges(before, look());
  }
}

/**
 * What the engine is to know of a failure. A network that failed and a server on a bad day are tried again; after
 * anything else a second call would only show the dialog twice.
 */
function outline(error: unknown): Error {
  const { message, code, response } = (error ?? {}) as Partial<AxiosError>;
  const passes = isAxiosError(error) && !isCancel(error) && isRetryableError(error);
  return Object.assign(new Error(message), { code, response: passes ? response : { status: 401 } });
}

const sessions = new WeakMap<RefreshAuthCall, RefreshSession>();

/** Instances that share a function share what it refreshes. */
export function sharedSession(call: RefreshAuthCall): RefreshSession {
  const known = sessions.get(call);
  const session = known && !known.isOver ? known : new RefreshSession();
  sessions.set(call, session);
  return session;
}

/** Whose a request is, if we have taken it on. */
export function sessionOf(config: Config | undefined): RefreshSession | undefined {
  const session = journeyOf(config)?.session;
  return session instanceof RefreshSession ? session : undefined;
}
