import type { BearerError } from '../errors.js';
import { isLive } from '../token.js';
import type { Current } from './current.js';
import { tell } from './events.js';
import type { State } from './state.js';

/** What a user interface wants to know. It carries no token, and is the same object until something changes. */
export type SessionState =
  | {
      /** Nobody is signed in. */
      readonly status: 'signed-out';
    }
  | ({
      /** A token is held. */
      readonly status: 'active';
    } & TokenFacts)
  | ({
      /** A refresh or sign-in is under way, or the store is being read; with facts while an old token serves. */
      readonly status: 'refreshing';
    } & Partial<TokenFacts>)
  | {
      /** Refused for good, until `signIn()`, or, of a service, until it has asked again by itself. */
      readonly status: 'failed';
      /** Why. */
      readonly error: BearerError;
    };

/** What may be told of a token. */
export interface TokenFacts {
  /** 1, then one more with each new access token of this session object. */
  readonly generation: number;
  /** ms since the epoch; missing: unknown. */
  readonly expiresAt?: number;
  /** Names divided by spaces (RFC 6749 §3.3); missing: unknown. */
  readonly scope?: string;
}

export function factsOf({ generation, token: { expiresAt, scope } }: Current): TokenFacts {
  return { generation, ...(expiresAt !== undefined && { expiresAt }), ...(scope !== undefined && { scope }) };
}

const SIGNED_OUT: SessionState = { status: 'signed-out' };

/** The snapshot of the state, and those that watch it. */
export class Snapshot {
  value: SessionState = SIGNED_OUT;
  #current: Current | undefined;
  #error: BearerError | undefined;
  #watchers: Set<() => void> | undefined;

  subscribe(changed: () => void): () => void {
    this.#watchers ??= new Set();
    // The same function may be given twice.
    const own = () => changed();
    this.#watchers.add(own);
    return () => void this.#watchers?.delete(own);
  }

  /** @param failure the latest since there was a token, where the source can obtain one */
  update(state: State, current: Current | undefined, refreshing: boolean, failure: BearerError | undefined): void {
    const serves = state.is === 'active' && !state.doubted && isLive(state.current.token, Date.now());
    const why = state.is === 'ended' ? state.why : state.is !== 'closed' && !serves && failure;
    const error = typeof why === 'object' && why.code === 'ERR_BEARER_REJECTED' ? why : undefined;
    const isSame = current === this.#current && error === this.#error;
    if (isSame && refreshing === (this.value.status === 'refreshing')) return;
    this.#current = current;
    this.#error = error;
    this.value = snapshotOf(current, error, refreshing);
    if (this.#watchers) tell('change', this.#watchers, () => undefined);
  }
}

function snapshotOf(current: Current | undefined, error: BearerError | undefined, refreshing: boolean): SessionState {
  const facts = current && factsOf(current);
  if (refreshing) return { status: 'refreshing', ...facts };
  if (error) return { status: 'failed', error };
  return facts ? { status: 'active', ...facts } : SIGNED_OUT;
}
