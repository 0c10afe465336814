import { configError } from '../errors.js';
import { own } from '../platform/own.js';
import type { Session } from '../session/session.js';

/** What a pool is made of. Read once, by `sessionPool()`. */
export interface SessionPoolOptions {
  /**
   * Called with a key that no session is held for, once however many ask. Returns a new session for it, by
   * `createSession`, or a promise of one. What it throws goes to those that have asked, and nothing is kept of it.
   */
  create: (key: string) => Session | Promise<Session>;
  /** Sessions that are held; more while more are in use. The one that was not asked for the longest goes. Default 10 000. */
  max?: number | undefined;
  /** ms after which a session goes that was not asked for. `Infinity`: never. Default 10 min. */
  idleMs?: number | undefined;
}

/** What `sessionPool()` returns. */
export interface SessionPool {
  /** How many sessions are held, those that are being made included. */
  readonly size: number;
  /**
   * Call it for each request, in the function that `bearer(api, { session })` takes, and whenever a session is needed
   * elsewhere: one that is kept may have been closed. While a session of that key is being closed, the next one waits.
   *
   * @returns the session of the key, or a promise of it where it has to be waited for
   * @throws (as a rejected promise) ERR_BEARER_CONFIG where the key is no text or empty, or `create` returns no session of
   * its own; ERR_BEARER_SIGNED_OUT after `close()`; what `create` throws
   */
  get(key: string): Session | Promise<Session>;
  /**
   * Call it when what `create` has read for a key holds no longer: closes its session, in use or not, as
   * `session.close()` does. Stored tokens stay: for a user that leaves, call `signOut()` of the session instead.
   *
   * @returns resolved when the session is closed
   */
  delete(key: string): Promise<void>;
  /**
   * Call it when the process is to end: closes every session.
   *
   * @returns resolved when all refreshes under way are stored or given up, within five times `refreshTimeout`: wait for it
   * before the store's connection is closed
   */
  close(): Promise<void>;
}

// Some 30 MB of sessions.
const MAX = 10_000;
// Of users that come back later than this, reading the store once more is not felt.
const IDLE_MS = 10 * 60_000;

/** @throws ERR_BEARER_CONFIG, naming the option */
export function readPoolOptions(given: SessionPoolOptions): Required<SessionPoolOptions> {
  if (typeof given !== 'object' || given === null) throw configError('options', 'an object with create()', given);
  const { create, max = MAX, idleMs = IDLE_MS } = own(given);
  if (typeof create !== 'function') throw configError('create', 'a function that makes the session of a key', create);
  const isCount = max === Number.POSITIVE_INFINITY || Number.isInteger(max);
  if (!isCount || max < 1) throw configError('max', 'a whole number of at least 1', max);
  if (typeof idleMs !== 'number' || !(idleMs >= 1)) throw configError('idleMs', 'a number of at least 1', idleMs);
  return { create, max, idleMs };
}
