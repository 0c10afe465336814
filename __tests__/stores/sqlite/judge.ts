import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { sqliteStore } from 'axios-bearer/sqlite';
import { storeCases } from 'axios-bearer/testing';
import { type EngineName, openSqlite } from '../../support/engines/sqlite.js';
import { lockFileOf } from './lock-file-of.js';

export type JournalMode = 'wal' | 'delete';

/** The contract, each holder on a handle of its own. Resolves with the names of all cases, and what each that failed has to say. */
export async function judge(engine: EngineName, journalMode: JournalMode, folder: string) {
  const pathOf = (name: string) => join(folder, `${name}.db`);
  const cases = storeCases(
    (name) => {
      const db = openSqlite(engine, pathOf(name));
      db.exec(`pragma journal_mode = ${journalMode}`);
      return sqliteStore(db);
    },
    {
      corrupt(name, text) {
        const db = openSqlite(engine, pathOf(name));
        db.exec('create table if not exists bearer_session (key text primary key, entry text not null)');
        db.prepare('replace into bearer_session values (?, ?)').run('session', text);
        db.close();
      },
      loseLock: (name) => rmSync(lockFileOf(pathOf(name))),
      patience: 20_000,
    },
  );
  const failures: Record<string, string> = {};
  const judged = cases.map(({ name, run }) =>
    run().catch(({ message }) => Object.assign(failures, { [name]: message })),
  );
  await Promise.all(judged);
  return { names: cases.map(({ name }) => name), failures };
}
