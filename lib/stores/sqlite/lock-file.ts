import { statSync } from 'node:fs';
import { assertGoingOn, pause } from '../../platform/deadline.js';
import type { Lock } from '../store.js';
import type { Connection, Database } from './database.js';
import { explained, isBusy } from './failure.js';

// ms between two looks at a lock that another has. Their length varies, so that no process is always the last.
const SHORTEST = 25;
const LONGEST = 50;

/** A lock that this process has. */
export interface Had {
  readonly lock: Lock & { isHeld(): boolean };
  /** Frees it. */
  close(): void;
}

/**
 * A database beside the first one, which stays empty. The process that has begun to write into it has the lock, which is the
 * operating system's: it goes with its process, however that ends, and stays while that stands still. Meanwhile all may
 * write into the first database.
 */
export class LockFile {
  readonly #database: Database;
  readonly #path: string;

  constructor(database: Database, path: string) {
    this.#database = database;
    this.#path = path;
  }

  /** @throws what the signal was aborted with; an error that says what to do */
  async take(signal: AbortSignal): Promise<Had> {
    for (;;) {
      assertGoingOn(signal);
      const had = this.#try();
      if (had) return had;
      await pause(SHORTEST + Math.random() * (LONGEST - SHORTEST));
    }
  }

  #try(): Had | undefined {
    let connection: Connection | undefined;
    try {
      connection = this.#database.open(this.#path);
      // A journal on the disk would be for nothing: no change is ever committed.
      connection.exec('pragma journal_mode = memory; begin immediate');
      return hadBy(connection, this.#path);
    } catch (error) {
      connection?.close();
      if (isBusy(error)) return undefined;
      throw explained(this.#path, error);
    }
  }
}

/** It is lost only if somebody removes the file. */
function hadBy(connection: Connection, path: string): Had {
  const lost = new AbortController();
  const file = inode(path);
  const isHeld = () => {
    if (file === undefined || inode(path) !== file) lost.abort();
    return !lost.signal.aborted;
  };
  return { lock: { isHeld, signal: lost.signal }, close: () => void connection.close() };
}

function inode(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}
