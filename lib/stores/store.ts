import { readToken, type Token } from '../token.js';

/** What rests in a store. JSON-serialisable. */
export interface Stored {
  /** One sign-in, and all that came of it. */
  readonly session: string;
  /** Counts up with each refresh: which token of the session this is. */
  readonly generation: number;
  /** The tokens themselves: whoever reads the store holds the session. */
  readonly token: Token;
}

/**
 * Where tokens rest, with the lock and the compare-and-set that belong to them. Implement it to share one session
 * between tabs, processes or hosts.
 */
export interface TokenStore {
  /** Called at the start and after a hint. `undefined`: signed out. */
  read(): Promise<Stored | undefined>;
  /**
   * Called for each attempt to refresh. Runs `task` while nobody else's runs, over all holders of the store, with what
   * the store holds then, read afresh. Rejects when the lock is not had within `waitMs`.
   */
  exclusive<T>(task: (held: Held) => Promise<T>, options: ExclusiveOptions): Promise<T>;
  /**
   * Called at sign-in and sign-out, one call after the other. Unconditional; never waits for a holder of the lock.
   * Durable when it resolves.
   */
  replace(next: Stored | undefined): Promise<void>;
  /** Called once per session. `changed` is a hint to read again, never data. Returns the way to stop. */
  subscribe?(changed: () => void): () => void;
}

/** How long a store may wait for its lock. */
export interface ExclusiveOptions {
  /** ms; a few times `refreshTimeout`. */
  waitMs: number;
  /** Ends the waiting for the lock, not the task that holds it. */
  signal?: AbortSignal;
}

/** What the holder of the lock works with. */
export interface Held {
  /** What the store holds, read after the lock was had; `undefined`: signed out. */
  readonly current: Stored | undefined;
  /**
   * Writes `next` if the store still holds `current`; `false`: it was replaced meanwhile, and nothing was written.
   * Durable when it resolves. `undefined`: the server refused this session for good, no holder may present it again.
   *
   * See that it settles, with a timeout of your client: one that hangs keeps the lock for four times `refreshTimeout`,
   * and then lets in another holder, which can only present a spent token.
   */
  commit(next: Stored | undefined): Promise<boolean>;
  /** Aborted when the lock is lost. */
  readonly signal: AbortSignal;
}

/** Is it the same token of the same sign-in? */
export function sameGeneration(a: Stored | undefined, b: Stored | undefined): boolean {
  return a?.session === b?.session && a?.generation === b?.generation;
}

/** Is it to be gone on with instead of what is known? Not if it is the same, or an older one that was put back. */
export function supersedes(found: Stored | undefined, known: Stored | undefined): boolean {
  return found?.session !== known?.session || (found?.generation ?? 0) > (known?.generation ?? 0);
}

/** What a store gives comes from outside, as a server's answer does. @throws if it is no session */
export function readStored(stored: Stored | null | undefined): Stored | undefined {
  if (stored == null) return undefined;
  const { session, generation, token } = stored;
  const whole = typeof session === 'string' && Number.isFinite(generation) && typeof token?.accessToken === 'string';
  if (!whole) throw new Error('What the token store holds is no session');
  readToken(token, { now: 0, cookies: true });
  return stored;
}
