import { readToken, type Token } from '../token.js';

/** What rests in a store. A sign-out is an entry too: one without a token. JSON-serialisable. */
export interface StoreEntry {
  /** 1, then one more with each write; never a time. A safe integer (`bigint` in SQL). */
  readonly version: number;
  /**
   * Random, new with each entry, and kept when the same entry is sent again: a write has won if the answer has its id.
   * Version and session never tell.
   */
  readonly id: string;
  /** One sign-in, and all that came of it. */
  readonly session: string;
  /** The tokens themselves: to read the store is to hold the session. Missing: signed out. */
  readonly token?: Token;
  /** The holder that is about to present this entry's refresh token, or has. */
  readonly sent?: string;
}

/**
 * One register and one lock. Implement it to share one session between tabs, processes or hosts.
 *
 * The last writer wins, by version. The lock only keeps a refresh token from being presented twice, so lock and data
 * are apart: a lock on the data's own row or file would keep a sign-out waiting for a refresh.
 */
export interface TokenStore {
  /**
   * Called at the start, after a hint, under the lock, and, no more often than the backoff allows, while nobody is signed
   * in. `undefined`: nothing was ever written, or it can't be read now. It is never a sign-out: what is held goes on.
   */
  read(): Promise<StoreEntry | undefined>;
  /**
   * Called for each sign-in, sign-out and refresh. Atomic: writes `next` if its version is higher than what is there, or
   * if what is there is no valid entry. Durable when it resolves. Resolves with what is there then; sent twice, it answers
   * as the first time. Never waits for the lock.
   */
  write(next: StoreEntry): Promise<StoreEntry>;
  /**
   * Called for each attempt to refresh. Runs `task` while no other holder's runs, and resolves as the task does. Rejects
   * when the lock is not had within `waitMs`, or `signal` fires before.
   */
  withLock<T>(task: (lock: Lock) => Promise<T>, options: LockOptions): Promise<T>;
  /** Called once per session. `changed` is a hint to read again, never data; call it also after every gap in listening. Returns the way to stop. */
  subscribe?(changed: () => void): () => void;
}

/** How long a lock is waited for, and held. */
export interface LockOptions {
  /** ms to get the lock, everything included: a connection from a pool too. */
  waitMs: number;
  /** ms; the task is over by then. A lease, or a timeout of an idle transaction, must outlast it. */
  holdMs: number;
  /** Ends the waiting for the lock, not the task that holds it. */
  signal?: AbortSignal;
}

/** What the holder of the lock knows of it. */
export interface Lock {
  /** Asked right before a refresh token is sent, by a clock that no sleep stops. Missing: the lock can't be lost. */
  isHeld?(): boolean;
  /** Aborted when the lock is lost: nothing is sent from then on. What was sent is waited for, and written. */
  readonly signal: AbortSignal;
}

/** Does this entry replace the one that is known? An older one that was put back never does. */
export function isNewer(entry: StoreEntry | undefined, known: StoreEntry | undefined): entry is StoreEntry {
  if (!entry) return false;
  return !known || entry.version > known.version || (entry.version === known.version && entry.id !== known.id);
}

/**
 * Has a store that held `known` been emptied since, and others have written to it? Versions only rise in what is not
 * emptied. An older entry of the same session is a backup that was put back, and what is held is newer.
 */
export function isOfAnother(entry: StoreEntry | undefined, known: StoreEntry): entry is StoreEntry {
  return entry !== undefined && entry.version < known.version && entry.session !== known.session;
}

/** What a store gives comes from outside, as a server's answer does. @throws if it is no entry */
export function readEntry(entry: StoreEntry | null | undefined): StoreEntry | undefined {
  if (entry == null) return undefined;
  const { version, id, session, token, sent } = entry;
  const names = [id, session, sent ?? ''].every((name) => typeof name === 'string');
  const readable = !token || typeof token.accessToken === 'string';
  if (!names || !readable || !Number.isSafeInteger(version))
    throw new Error('What the token store holds is no entry of ours');
  if (token) readToken(token, { now: 0, cookies: true });
  return entry;
}
