import { type BearerError, bearerError } from './errors.js';
import { type SignOutReason, tell } from './events.js';
import type { Stored } from './stores/store.js';
import { isLive } from './token.js';

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
      /** Refused for good, until `signIn()`. */
      readonly status: 'failed';
      /** Why. */
      readonly error: BearerError;
    };

/** What may be told of a token. */
export interface TokenFacts {
  /** Counts up with each new token. */
  readonly generation: number;
  /** ms since the epoch; missing: unknown. */
  readonly expiresAt?: number;
  /** Names divided by spaces (RFC 6749 §3.3); missing: unknown. */
  readonly scope?: string;
}

/** A generation in use: what rests in the store, and what each request asks of it. */
export interface Current extends Stored {
  readonly identity: string;
  /** From when on it is to be refreshed behind the requests. */
  readonly dueAt: number;
}

/** Will it do, with nothing to begin? */
export function isFresh({ dueAt, token }: Current, minValidity: number): boolean {
  const now = Date.now();
  return now < dueAt && (!minValidity || isLive(token, now, minValidity));
}

/** Everything a session can be, apart from a flight being under way. */
export type Phase =
  /** With a reason, nobody is signed in again but by `signIn()`. */
  | { readonly status: 'signed-out'; readonly reason?: SignOutReason }
  | { readonly status: 'active'; readonly current: Current }
  | { readonly status: 'failed'; readonly error: BearerError };

/** Nobody has signed in yet, and nobody out. */
export function isBlank(phase: Phase): boolean {
  return phase.status === 'signed-out' && !phase.reason;
}

export function reasonOf(phase: Phase): SignOutReason | undefined {
  return phase.status === 'signed-out' ? phase.reason : undefined;
}

/** The one holder of a session's state, and those who watch it. */
export class State {
  #phase: Phase = { status: 'signed-out' };
  #snapshot: SessionState = { status: 'signed-out' };
  readonly #watchers = new Set<() => void>();

  get phase(): Phase {
    return this.#phase;
  }

  get current(): Current | undefined {
    return this.#phase.status === 'active' ? this.#phase.current : undefined;
  }

  readonly subscribe = (changed: () => void): (() => void) => {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  };

  readonly getSnapshot = (): SessionState => this.#snapshot;

  set(phase: Phase, refreshing: boolean): void {
    const same = phase === this.#phase && refreshing === (this.#snapshot.status === 'refreshing');
    if (same) return;
    this.#phase = phase;
    this.#snapshot = snapshot(phase, refreshing);
    tell('change', this.#watchers, () => undefined);
  }

  /** Why there is no token. */
  signedOutError(): BearerError {
    const phase = this.#phase;
    if (phase.status === 'failed') return phase.error;
    const closed = reasonOf(phase) === 'closed';
    return bearerError(
      'ERR_BEARER_SIGNED_OUT',
      closed ? 'The session was closed' : 'Nobody is signed in: call signIn()',
    );
  }
}

function snapshot(phase: Phase, refreshing: boolean): SessionState {
  const facts = phase.status === 'active' ? factsOf(phase.current) : undefined;
  if (refreshing) return { status: 'refreshing', ...facts };
  if (facts) return { status: 'active', ...facts };
  return phase.status === 'failed' ? phase : { status: 'signed-out' };
}

export function factsOf({ generation, token: { expiresAt, scope } }: Stored): TokenFacts {
  return { generation, ...(expiresAt !== undefined && { expiresAt }), ...(scope !== undefined && { scope }) };
}
