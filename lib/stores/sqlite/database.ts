import { configError } from '../../errors.js';

/** A handle of better-sqlite3, or a `DatabaseSync` of node:sqlite: what is used of it. */
export interface SqliteDatabase {
  /** Makes a statement. */
  prepare(sql: string): {
    /** Its first row. */
    get(): unknown;
  };
  /** Runs a text of statements. */
  exec(sql: string): unknown;
}

/** A connection of our own: what is used of it, which is the same with both. */
export interface Connection {
  prepare(sql: string): { get(...values: unknown[]): unknown; run(...values: unknown[]): unknown };
  exec(sql: string): unknown;
  close(): unknown;
}

type Engine = new (path: string, options: { timeout: number }) => Connection;

// Of `synchronous`, `EXTRA` alone has a commit on the disk in each journal mode, and `fullfsync` on macOS: the handle of
// better-sqlite3 has `NORMAL` with a write-ahead log, which a power cut may undo. With `secure_delete` a token that is
// replaced is overwritten.
const SAFE = 'pragma synchronous = extra; pragma fullfsync = 1; pragma secure_delete = 1';

/** A database file, as the handle of an app leads to it. */
export class Database {
  readonly #engine: Engine;

  constructor(
    db: SqliteDatabase,
    /** Where it is; empty: in memory. */
    readonly path = pathOf(db),
  ) {
    this.#engine = engineOf(db);
  }

  /**
   * Does something on a connection that is closed after it, with all that is not committed. The app's own may be in the
   * midst of a transaction, and would then read what is old, and undo what is written; its settings are not ours either.
   *
   * No call waits for a lock, as the thread would stand still meanwhile: what is locked throws at once.
   */
  use<T>(task: (connection: Connection) => T): T {
    const connection = this.open();
    try {
      connection.exec(SAFE);
      return task(connection);
    } finally {
      connection.close();
    }
  }

  open(path = this.path): Connection {
    return new this.#engine(path, { timeout: 0 });
  }
}

/** The first value of the first row. Rows are objects, or arrays where the engine was told so. */
export function firstValue(connection: Connection, sql: string, ...values: unknown[]): unknown {
  const row = connection.prepare(sql).get(...values);
  return row && Object.values(row)[0];
}

/** Absolute, without links: the same for each process, whatever its working directory. */
function pathOf(db: SqliteDatabase): string {
  try {
    return String(firstValue(db as Connection, "select file from pragma_database_list where name = 'main'") ?? '');
  } catch {
    throw configError('db', 'a database of better-sqlite3 or node:sqlite that is open', db);
  }
}

/** The class of the handle: not one that the app has made of it, which may open what it likes. */
function engineOf(db: SqliteDatabase): Engine {
  let prototype = Object.getPrototypeOf(db);
  let engine = db.constructor;
  for (; prototype; prototype = Object.getPrototypeOf(prototype)) {
    if (Object.hasOwn(prototype, 'prepare')) engine = prototype.constructor;
  }
  return engine as unknown as Engine;
}
