import type { BearerError } from './errors.js';

/** A request as events tell of it: its URL without query, fragment and credentials. */
export interface RequestInfo {
  method: string;
  url: string;
}

/** Why a request got no token. */
export type SkipReason = 'off' | 'skip' | 'origin' | 'own-authorization' | 'signed-out' | 'source';

/** Why a session ended: by `signOut()`, by a definite refusal, in another tab or process, or by `close()`. */
export type SignOutReason = 'signOut' | 'rejected' | 'elsewhere' | 'closed';

/** What happened, and what is told with it. No payload carries a token. */
export interface BearerEvents {
  /** A sign-in is done, or a stored session was found again. */
  signedIn: { generation: number };
  /** A refresh starts. */
  refreshing: { generation: number };
  /** A new token is in use. `adopted`: another holder of the store had already fetched it. */
  refreshed: { generation: number; expiresAt?: number; adopted: boolean };
  /** An attempt failed. `retryAfter`: ms until the next one; none follows a definite refusal. */
  refreshFailed: { error: BearerError; retryAfter?: number };
  /** A request waits for a token: `held` before its first send, or after a 401. */
  waiting: RequestInfo & { after: 'held' | '401' };
  /** A request is sent again with a newer token. */
  replayed: RequestInfo & { generation: number; replay: number };
  /** A request goes out without our token. */
  skipped: RequestInfo & { reason: SkipReason };
  /** Too many refreshes did not help: no 401 starts another one for `retryAfter` ms. */
  breakerOpen: { retryAfter: number };
  signedOut: { reason: SignOutReason };
}

export type BearerEvent = keyof BearerEvents;
export type Listener<E extends BearerEvent> = (payload: BearerEvents[E]) => void;

/** Who listens to what. A listener that throws harms nobody: it is reported on the console. */
export class Events {
  readonly #listeners = new Map<BearerEvent, Set<(payload: never) => void>>();

  on<E extends BearerEvent>(event: E, listener: Listener<E>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /** `payload` is asked for only when somebody listens: most requests travel unheard. */
  emit<E extends BearerEvent>(event: E, payload: () => BearerEvents[E]): void {
    const listeners = this.#listeners.get(event);
    if (listeners) tell(event, listeners as Set<Listener<E>>, payload);
  }
}

/** Everyone listening now. */
export function tell<T>(what: string, listeners: Iterable<(payload: T) => void>, payload: () => T): void {
  for (const listener of [...listeners]) {
    // An async listener's failure is nobody's unhandled rejection either.
    void (async () => listener(payload()))().catch((error) => {
      console.error(`axios-bearer: a listener of "${what}" threw`, error);
    });
  }
}
