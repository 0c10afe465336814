import { startTimer, type Timer } from '../../platform/deadline.js';
import { tellAll } from '../hint.js';
import { type Connection, type Database, firstValue } from './database.js';

// ms between two looks. One costs some 0.01 ms, as long as nothing was written.
const LOOK = 250;

/** What is looked for after each change of the database, and what to do when it has changed. */
interface Wanted {
  textIn(connection: Connection): unknown;
  changed(): void;
  /** What was there last; at first nothing is known. */
  known?: { text: unknown };
}

/** Sees what others write, while somebody wants to know. One connection serves all keys of a database. */
export class Watch {
  readonly #database: Database;
  readonly #wanted = new Set<Wanted>();
  #connection: Connection | undefined;
  /** It moves when any other connection has written. */
  #version: unknown;
  #timer: Timer | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @returns the way to stop */
  begin(wanted: Wanted): () => void {
    this.#wanted.add(wanted);
    this.#version = undefined;
    this.#timer ??= startTimer(LOOK, () => this.#look());
    return () => {
      this.#wanted.delete(wanted);
      if (this.#wanted.size === 0) this.#end();
    };
  }

  #look(): void {
    try {
      this.#connection ??= this.#database.open();
      this.#lookInto(this.#connection);
    } catch {
      // Locked just now, or gone: the next look finds what has changed meanwhile.
      this.#version = undefined;
      this.#disconnect();
    }
    if (this.#timer) this.#timer = startTimer(LOOK, () => this.#look());
  }

  #lookInto(connection: Connection): void {
    const version = firstValue(connection, 'pragma data_version');
    if (version === this.#version) return;
    for (const wanted of this.#wanted) {
      const text = wanted.textIn(connection);
      const isNew = wanted.known?.text !== text || !wanted.known;
      wanted.known = { text };
      if (isNew) tellAll([() => wanted.changed()]);
    }
    this.#version = version;
  }

  #end(): void {
    this.#timer?.stop();
    this.#timer = undefined;
    this.#disconnect();
  }

  #disconnect(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }
}
