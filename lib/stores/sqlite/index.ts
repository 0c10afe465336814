/**
 * A token store in SQLite: one session for all processes that have the database open. Node only.
 *
 * @module axios-bearer/sqlite
 */
import { createHash } from 'node:crypto';
import { configError } from '../../errors.js';
import { own } from '../../platform/own.js';
import { type Locks, withClaim } from '../lock.js';
import { memoryStore } from '../memory.js';
import type { TokenStore } from '../store.js';
import { Database, type SqliteDatabase } from './database.js';
import { KeyLock } from './key-lock.js';
import { LockFile } from './lock-file.js';
import { Register } from './register.js';
import { Watch } from './watch.js';

export type { SqliteDatabase };

/** Where in the database a session rests. */
export interface SqliteStoreOptions {
  /** One session, of several in a database: a user's id, an account. Default `'session'`. */
  key?: string | undefined;
  /** A table of its own, which is made when it is missing: `key text primary key, entry text not null`. Default `'bearer_session'`. */
  table?: string | undefined;
}

const watches = new WeakMap<SqliteDatabase, Watch>();
const inMemory = new WeakMap<SqliteDatabase, Map<string, TokenStore>>();

/**
 * Call it for a tool or an app for the desktop that has a SQLite database, and of which several copies run at once: all
 * processes that open the same file, and give the same key, hold one session, and spend each refresh token once. There is
 * no lease: a process that was killed frees the lock at once, one that stands still keeps it.
 *
 * The handle says where the file is, and which engine opens it; the store has connections of its own, so that a transaction
 * of the app and its settings are no matter. A write is on the disk when it resolves, whatever `synchronous` is there. The
 * lock is an empty file beside the database, one for each key.
 *
 * Tokens rest there as plain text, for all that may read the file. Not for an encrypted database, nor for a network file
 * system. When a store call fails, the session's error is `ERR_BEARER_STORE`, and its `cause` says what to do. Of a database
 * in memory only the sessions in this process know: their tokens are kept beside it, as by `memoryStore()`.
 *
 * @param db a handle of better-sqlite3, or a `DatabaseSync` of node:sqlite, which is open
 * @throws ERR_BEARER_CONFIG if it is none, or an option is wrong
 */
export function sqliteStore(db: SqliteDatabase, options?: SqliteStoreOptions): TokenStore {
  const { key = 'session', table = 'bearer_session' } = own(options);
  check(db, key, table);
  const database = new Database(db);
  if (!database.path) return sharedInMemory(db, `${table} ${key}`);

  const path = `${database.path}-bearer-${digest(`${table.toLowerCase()} ${key}`)}`;
  const lock = new KeyLock(new LockFile(database, path));
  const register = new Register(database, table, key, lock);
  const queue: Locks<string> = new Map();
  return {
    read: () => register.read(),
    write: (next) => register.write(next),
    withLock: (task, options) => withClaim(queue, path, (signal) => lock.claim(signal, options.holdMs), task, options),
    subscribe: (changed) =>
      watchOf(db, database).begin({ changed, textIn: (connection) => register.textIn(connection) }),
  };
}

/** @throws ERR_BEARER_CONFIG */
function check(db: SqliteDatabase, key: string, table: string): void {
  const isHandle = typeof db?.prepare === 'function' && typeof db.exec === 'function';
  if (!isHandle) throw configError('db', 'a database of better-sqlite3 or node:sqlite', db);
  if (typeof key !== 'string' || !key) throw configError('key', 'a text that is not empty', key);
  if (typeof table !== 'string' || !/^[a-z_]\w*$/i.test(table))
    throw configError('table', 'the name of a table', table);
}

function watchOf(db: SqliteDatabase, database: Database): Watch {
  const watch = watches.get(db) ?? new Watch(database);
  watches.set(db, watch);
  return watch;
}

function sharedInMemory(db: SqliteDatabase, name: string): TokenStore {
  const stores = inMemory.get(db) ?? new Map<string, TokenStore>();
  const store = stores.get(name) ?? memoryStore();
  inMemory.set(db, stores.set(name, store));
  return store;
}

/** A key may be of any length, and is nobody's business. */
function digest(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 16);
}
