import type { StoreEntry, TokenStore } from 'axios-bearer';
import { sqliteStore } from 'axios-bearer/sqlite';
import { answerCalls, contestOf } from '../../support/child.js';
import { type EngineName, openSqlite, type SqliteHandle } from '../../support/engines/sqlite.js';
import { judge } from './judge.js';

/** A process on a database, which does what its parent tells it to. It is run by the Node that has the engine. */
const ENOUGH = { waitMs: 60_000, holdMs: 60_000 };
let db: SqliteHandle;
let store: TokenStore;

function hint(nth: number): Promise<StoreEntry | undefined> {
  let n = 0;
  return new Promise((resolve) => {
    const stop = store.subscribe!(() => {
      n += 1;
      if (n < nth) return;
      stop();
      resolve(store.read());
    });
  });
}

const methods = {
  judge,
  open(engine: EngineName, path: string) {
    db = openSqlite(engine, path);
    db.exec('pragma journal_mode = wal');
    store = sqliteStore(db);
  },
  exec: (sql: string) => void db.exec(sql),
  read: () => store.read(),
  write: (entry: StoreEntry) => store.write(entry),
  /** Resolves when it has the lock, which it keeps. */
  hold: () =>
    new Promise<void>((resolve, reject) => {
      const keep = () => {
        resolve();
        return new Promise<never>(() => {});
      };
      store.withLock(keep, ENOUGH).catch(reject);
    }),
  /** Takes the lock once. */
  lock: () => store.withLock(async () => {}, ENOUGH),
  readLocked: () => store.withLock(() => store.read(), ENOUGH),
  ...contestOf(() => store),
  /** Resolves at the next hint, with what can be read then. */
  hint: () => hint(1),
  /** The first one comes when listening has begun. */
  hintAfterTheFirst: () => hint(2),
  /** From now on nobody keeps this process from its end. */
  leave: () => void setImmediate(() => process.disconnect()),
};

export type Methods = typeof methods;

answerCalls(methods);
