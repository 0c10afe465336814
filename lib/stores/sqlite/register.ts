import { randomUUID } from 'node:crypto';
import { readEntry, type StoreEntry } from '../store.js';
import { type Connection, type Database, firstValue } from './database.js';
import type { KeyLock } from './key-lock.js';
import { patiently } from './patience.js';

/** The entry of one key: a row, of which each change is a transaction. */
export class Register {
  readonly #database: Database;
  readonly #table: string;
  readonly #key: string;
  readonly #lock: KeyLock;

  constructor(database: Database, table: string, key: string, lock: KeyLock) {
    this.#database = database;
    this.#table = table;
    this.#key = key;
    this.#lock = lock;
  }

  /** The text that rests there. Of a table that nobody has made yet there is none. */
  textIn(connection: Connection): unknown {
    const isMade = "select 1 from sqlite_master where type = 'table' and name = ? collate nocase";
    if (!firstValue(connection, isMade, this.#table)) return undefined;
    return firstValue(connection, `select entry from ${this.#table} where key = ?`, this.#key);
  }

  /**
   * Of a holder that is gone nothing more will come: its mark is taken off, so that this one need not wait. If the refresh
   * token is spent already, only a server with a reuse interval takes it, and soon.
   */
  async read(): Promise<StoreEntry | undefined> {
    const found = await this.#use((connection) => parse(this.textIn(connection)));
    this.#lock.saw(found);
    if (!found || !this.#lock.isLeft(found)) return found;
    const { sent, ...entry } = found;
    return this.write({ ...entry, version: entry.version + 1, id: randomUUID() });
  }

  async write(next: StoreEntry): Promise<StoreEntry> {
    const there = await this.#put(next, JSON.stringify(next));
    if (there.id === next.id) this.#lock.wrote(there);
    else this.#lock.saw(there);
    return there;
  }

  #put(next: StoreEntry, text: string): Promise<StoreEntry> {
    return this.#use((connection) => {
      // It keeps other writers out from here on: what is read now is what is replaced.
      connection.exec('begin immediate');
      const found = parse(this.textIn(connection));
      if (found && found.version >= next.version) return found;
      connection.exec(`create table if not exists ${this.#table} (key text primary key, entry text not null)`);
      connection.prepare(`replace into ${this.#table} (key, entry) values (?, ?)`).run(this.#key, text);
      connection.exec('commit');
      // What is over is still in the write-ahead log. While others read it, it can't be emptied: they will.
      if (!next.token) connection.exec('pragma wal_checkpoint(truncate)');
      return JSON.parse(text) as StoreEntry;
    });
  }

  #use<T>(task: (connection: Connection) => T): Promise<T> {
    return patiently(this.#database.path, () => this.#database.use(task));
  }
}

/** What is no entry counts as nothing. */
function parse(text: unknown): StoreEntry | undefined {
  try {
    return readEntry(JSON.parse(String(text)));
  } catch {
    return undefined;
  }
}
