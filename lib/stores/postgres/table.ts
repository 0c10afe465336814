import { configError } from '../../errors.js';
import { type PostgresPool, perform } from './pool.js';

/** A table, and what makes it. */
export interface Table {
  /** Quoted. */
  readonly name: string;
  readonly definition: string;
}

/** Lock and data are apart: the holder of the lock must not keep others from writing. */
export interface Tables {
  readonly data: Table;
  readonly lock: Table;
}

// Bytes. PostgreSQL cuts what is longer than 63; `_lock` is added to it.
const LONGEST_NAME = 58;

/** SQLSTATE of a table that is not there. */
const UNDEFINED_TABLE = '42P01';
/** SQLSTATEs of what another process was faster to make: `if not exists` does not keep PostgreSQL from them. */
const MADE_MEANWHILE: unknown[] = ['42P07', '42710', '23505'];

/** @param name of the table, after its schema's and a dot if it has one. @throws ERR_BEARER_CONFIG */
export function tablesOf(name: string): Tables {
  const parts = typeof name === 'string' ? name.split('.') : [];
  if (parts.length < 1 || parts.length > 2 || !parts.every(isName))
    throw configError('table', `table or schema.table, of 1 to ${LONGEST_NAME} bytes each`, name);
  const quoted = (suffix: string) => [...parts.slice(0, -1), parts.at(-1) + suffix].map(quote).join('.');
  return { data: dataTable(quoted('')), lock: lockTable(quoted('_lock')) };
}

function isName(part: string): boolean {
  return part !== '' && !part.includes('\0') && Buffer.byteLength(part) <= LONGEST_NAME;
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function dataTable(name: string): Table {
  const definition = `create table if not exists ${name} (
  key text primary key,
  revision text not null,
  value text not null,
  written_at timestamptz not null default now()
)`;
  return { name, definition };
}

function lockTable(name: string): Table {
  return { name, definition: `create table if not exists ${name} (key text primary key)` };
}

/** What needs the table; where it is missing, and may be made, once more with it. */
export async function withTable<T>(
  { pool, createTable }: { pool: PostgresPool; createTable: boolean },
  table: Table,
  task: () => Promise<T>,
): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (codeOf(error) !== UNDEFINED_TABLE) throw error;
    if (!createTable) throw missing(table, error);
    await create(pool, table);
    return task();
  }
}

async function create(pool: PostgresPool, { definition }: Table): Promise<void> {
  await perform(pool, definition, []).catch((error) => {
    if (!MADE_MEANWHILE.includes(codeOf(error))) throw error;
  });
}

function missing({ name }: Table, cause: unknown): Error {
  const advice = 'set the option createTable, or make it in a migration, by the SQL in docs/postgres.md';
  return Object.assign(new Error(`The table ${name} is missing: ${advice}`, { cause }), { code: UNDEFINED_TABLE });
}

/** The SQLSTATE of a server's error. */
export function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}
