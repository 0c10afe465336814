/**
 * A token store in PostgreSQL: one session for all hosts that reach it. Node only.
 *
 * @module axios-bearer/postgres
 */
import { checkTypes, configError } from '../../errors.js';
import { leaseStore } from '../lease/index.js';
import type { TokenStore } from '../store.js';
import { opened, type PostgresEncryption, sealed } from './encryption.js';
import { canListen, listen } from './listening.js';
import { type PostgresPool, sizeOf } from './pool.js';
import { digestOf, type Place, readRow, writeRow } from './row.js';
import { withSessionLock } from './session-lock.js';
import { tablesOf } from './table.js';

export type { PostgresEncryption } from './encryption.js';
export type { PostgresConnection, PostgresPool } from './pool.js';

/** What `postgresStore` is given. */
export interface PostgresStoreOptions {
  /** The name of the session: all that use the same name and table share it. One for each user, tenant or account. */
  readonly key: string;
  /** The table, or `schema.table`; upper and lower case count. Default `'axios_bearer'`. */
  readonly table?: string | undefined;
  /** Is a table made that is missing? Default `false`: it is made by a migration, see docs/postgres.md. */
  readonly createTable?: boolean | undefined;
  /**
   * `'lease'`, by default: no connection is held during a refresh, and a holder that is killed keeps the lock for
   * `leaseMs`. `'session'`: the server frees the lock when the holder's connection is gone, and each refresh holds a
   * connection of the pool; at most half of the pool is used for that. All holders of a session must use the same.
   */
  readonly lock?: 'lease' | 'session' | undefined;
  /** ms for which a holder that was killed keeps a lease. Default as `leaseStore` has it. */
  readonly leaseMs?: number | undefined;
  /**
   * Are others told of a write at once? Default `true`: one connection per pool listens, beside those of the pool. Not
   * through PgBouncer in transaction mode; others notice at their next refresh or 401 then. What is no pool of
   * node-postgres never listens.
   */
  readonly listen?: boolean | undefined;
  /** Keeps tokens secret in the database and its backups. Default: they rest as plain text. */
  readonly encryption?: PostgresEncryption | undefined;
}

/**
 * Call it once per session for workers on several hosts that share a PostgreSQL: they hold one session, and spend each
 * refresh token once. The pool stays yours: end it after `session.close()`.
 *
 * When a store call fails (the server is down, no connection is free, the table is missing, a key is unknown), the
 * session's error is `ERR_BEARER_STORE`, and its `cause` says what to do.
 *
 * @param pool node-postgres' `Pool`, on the primary server: what a replica has may be a spent token
 * @throws ERR_BEARER_CONFIG if an option is wrong
 */
export function postgresStore(pool: PostgresPool, options: PostgresStoreOptions): TokenStore {
  const { key, table = 'axios_bearer', createTable = false, lock = 'lease', encryption } = options;
  check(pool, options);
  const place: Place = { pool, tables: tablesOf(table), key, createTable };
  const context = { key, encryption };
  const store = leaseStore(
    {
      async read() {
        const row = await readRow(place);
        return row && opened(row, context);
      },
      write: async (next, expected) => writeRow(place, await sealed(next, context), expected),
      ...(options.listen !== false &&
        canListen(pool) && { subscribe: (changed) => listen(pool, digestOf(key), changed) }),
    },
    options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs },
  );
  if (lock === 'lease') return store;
  return { ...store, withLock: (task, bounds) => withSessionLock(place, task, bounds) };
}

/** @throws ERR_BEARER_CONFIG */
function check(
  pool: PostgresPool,
  { key, createTable, lock = 'lease', listen: listens, encryption }: PostgresStoreOptions,
) {
  if (typeof pool?.query !== 'function') throw configError('pool', 'a pool with query(text, values)', pool);
  if (typeof key !== 'string' || !key || key.includes('\0')) throw configError('key', 'a text that is not empty', key);
  checkTypes('boolean', { createTable, listen: listens });
  if (lock !== 'lease' && lock !== 'session') throw configError('lock', "'lease' or 'session'", lock);
  if (lock === 'session' && (typeof pool.connect !== 'function' || sizeOf(pool) < 2))
    throw configError('pool', "a pool of two connections or more, for the lock 'session'", pool);
  if (encryption === undefined) return;
  const { current, key: keyOf } = Object(encryption);
  if (typeof keyOf !== 'function') throw configError('encryption.key', 'a function', keyOf);
  if (current !== null && typeof current !== 'string')
    throw configError('encryption.current', 'the id of a key, or null', current);
}
