import { createHash } from 'node:crypto';
import { CHANNEL } from './listening.js';
import { type PostgresPool, perform } from './pool.js';
import { codeOf, type Tables, withTable } from './table.js';

/** A row, as a lease has it. */
export interface Row {
  readonly revision: string;
  readonly value: string;
}

/** Where a row is. */
export interface Place {
  readonly pool: PostgresPool;
  readonly tables: Tables;
  readonly key: string;
  /** Is a table made that is missing? */
  readonly createTable: boolean;
}

/** SQLSTATE of a conflict, where the app's transactions are serializable. */
export const SERIALIZATION_FAILURE = '40001';

/** Those that listen know their key by it. It is no secret, but it may be a person's name, and channels have no permissions. */
export function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 32);
}

export async function readRow(place: Place): Promise<Row | undefined> {
  const { pool, tables, key } = place;
  const text = `select revision, value from ${tables.data.name} where key = $1`;
  const [row] = await withTable(place, tables.data, () => perform<Row>(pool, text, [key]));
  return row;
}

/**
 * Writes the row and tells those that listen, in one statement: a pool gives each its own connection, and so does PgBouncer.
 *
 * @param expected the revision that is to be there; `undefined`: there is to be no row
 * @returns was it written?
 */
export async function writeRow(place: Place, next: Row, expected: string | undefined): Promise<boolean> {
  const { pool, tables, key } = place;
  const table = tables.data.name;
  const put =
    expected === undefined
      ? `insert into ${table} (key, revision, value) values ($1, $2, $3) on conflict (key) do nothing`
      : `update ${table} set revision = $2, value = $3, written_at = now() where key = $1 and revision = $6`;
  const text = `with written as (${put} returning 1) select pg_notify($4, $5) from written`;
  const values = [key, next.revision, next.value, CHANNEL, digestOf(key)];
  if (expected !== undefined) values.push(expected);
  try {
    const rows = await withTable(place, tables.data, () => perform(pool, text, values));
    return rows.length > 0;
  } catch (error) {
    if (codeOf(error) === SERIALIZATION_FAILURE) return false;
    throw error;
  }
}
