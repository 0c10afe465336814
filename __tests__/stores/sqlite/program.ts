import type { StoreEntry, TokenStore } from 'axios-bearer';
import { sqliteStore } from 'axios-bearer/sqlite';
import { type EngineName, openSqlite, type SqliteHandle } from '../../support/engines/sqlite.js';
import { judge } from './judge.js';

/** A process on a database, which does what its parent tells it to. It is run by the Node that has the engine. */
const ENOUGH = { waitMs: 60_000, holdMs: 60_000 };
let db: SqliteHandle;
let store: TokenStore;
let isContending = false;
let contest: Promise<{ won: number; lost: number }>;

/** A write that loses only if another process has the lock too. */
async function writeNext(): Promise<'won' | 'lost'> {
  const { version = 0 } = (await store.read()) ?? {};
  const id = `${process.pid} ${Math.random()}`;
  const entry = await store.write({ version: version + 1, id, session: 'contest' });
  return entry.id === id ? 'won' : 'lost';
}

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
  contend() {
    isContending = true;
    const loop = async () => {
      const outcomes = { won: 0, lost: 0 };
      while (isContending) outcomes[await store.withLock(writeNext, ENOUGH)] += 1;
      return outcomes;
    };
    contest = loop();
  },
  uncontend() {
    isContending = false;
    return contest;
  },
  /** Resolves at the next hint, with what can be read then. */
  hint: () => hint(1),
  /** The first one comes when listening has begun. */
  hintAfterTheFirst: () => hint(2),
  /** From now on nobody keeps this process from its end. */
  leave: () => void setImmediate(() => process.disconnect()),
};

export type Methods = typeof methods;

process.on('message', async ({ id, method, args }: { id: number; method: keyof Methods; args: unknown[] }) => {
  const call = methods[method] as (...args: unknown[]) => unknown;
  try {
    process.send?.({ id, result: await call(...args) });
  } catch (error) {
    process.send?.({ id, error: String((error as Error).stack) });
  }
});
