import { type BearerError, bearerError } from '../errors.js';

/** A request as events tell of it: its URL without query, fragment and credentials. */
export interface RequestInfo {
  /** As in the config, such as `get`. */
  method: string;
  /** As in the config, without what could be a secret. */
  url: string;
}

/**
 * Why a request got no token:
 *
 * - `off`: `bearer: false`.
 * - `skip`: the option of that name said so.
 * - `origin`: it goes where the token may not.
 * - `own-authorization`: the caller has given their own.
 * - `signed-out`: there is no token, and no way to get one.
 * - `source`: the source has authorized the request itself.
 */
export type SkipReason = 'off' | 'skip' | 'origin' | 'own-authorization' | 'signed-out' | 'source';

/**
 * Why a session ended:
 *
 * - `signOut`: by `signOut()`.
 * - `rejected`: the token endpoint refused for good.
 * - `elsewhere`: another holder of the store signed out.
 * - `closed`: by `close()`.
 */
export type SignOutReason = 'signOut' | 'rejected' | 'elsewhere' | 'closed';

/** What happened, and what is told with it. No payload carries a token. */
export interface BearerEvents {
  /** A sign-in is done, or a stored session was found again. */
  signedIn: {
    /** Of the token now in use: 1, then one more with each new access token. */
    generation: number;
  };
  /** The option `tokens` was not used: what the store holds goes before it. */
  tokensIgnored: {
    /** `stored`: other tokens rest there. `signedOut`: a sign-out does. */
    reason: 'stored' | 'signedOut';
  };
  /** A refresh starts. */
  refreshing: {
    /** Of the newest token so far; 0: there was none yet. */
    generation: number;
  };
  /** A new token is in use. */
  refreshed: {
    /** Of the new token. */
    generation: number;
    /** ms since the epoch; missing: unknown. */
    expiresAt?: number;
    /** Another holder of the store had already fetched it. */
    adopted: boolean;
  };
  /** An attempt to refresh failed. */
  refreshFailed: {
    /** What the waiting requests will get, if no later attempt succeeds. */
    error: BearerError;
    /** ms until the next attempt may come; missing where the session ended. */
    retryAfter?: number;
  };
  /** A request waits for a token. */
  waiting: RequestInfo & {
    /** `held` before its first send, or after a 401. */
    after: 'held' | '401';
  };
  /** A request is sent again with a newer token. */
  replayed: RequestInfo & {
    /** Of the token that it is sent with. */
    generation: number;
    /** The how-manieth replay of this request, from 1. */
    replay: number;
  };
  /** A request goes out without our token. */
  skipped: RequestInfo & {
    /** Why. */
    reason: SkipReason;
  };
  /** Too many refreshes did not help (`refreshWindow`): no 401 starts another one for a while. */
  breakerOpen: {
    /** ms until a 401 may start a refresh again. */
    retryAfter: number;
  };
  /** A session ended. */
  signedOut: {
    /** Why. */
    reason: SignOutReason;
  };
}

/** The name of an event, for `session.on`. */
export type BearerEvent = keyof BearerEvents;
/** Called when the event happens. It never delays or breaks a request; what it throws is reported on the console. */
export type Listener<E extends BearerEvent> = (payload: BearerEvents[E]) => void;

/** The listeners of each event. A listener that throws harms nobody: it is reported on the console. */
export class Events {
  #listeners: Map<BearerEvent, Set<(payload: never) => void>> | undefined;

  on<E extends BearerEvent>(event: E, listener: Listener<E>): () => void {
    if (typeof listener !== 'function')
      throw bearerError('ERR_BEARER_CONFIG', `on('${event}') needs a function to call, got ${typeof listener}`);
    this.#listeners ??= new Map();
    const listeners = this.#listeners.get(event) ?? new Set();
    // The same function may be given twice.
    const own: Listener<E> = (payload) => listener(payload);
    this.#listeners.set(event, listeners.add(own));
    return () => void listeners.delete(own);
  }

  /** `payload` is asked for only when somebody listens: most requests travel unheard. */
  emit<E extends BearerEvent>(event: E, payload: () => BearerEvents[E]): void {
    const listeners = this.#listeners?.get(event);
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
