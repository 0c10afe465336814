import type { StoreEntry, TokenStore } from '../../stores/store.js';
import { signedIn } from './entries.js';
import { expectSame, fail, isOver, isSame, pause } from './expect.js';
import type { Bench, Judgement } from './options.js';

// ms. No hint that was on its way comes later.
const A_WHILE = 300;

/** Counts the hints, and reads at each. */
function listen(store: TokenStore) {
  let told: ((entry: StoreEntry | undefined) => void) | undefined;
  const seen = { hints: 0, stop: () => {}, until };
  seen.stop = store.subscribe!(() => {
    seen.hints += 1;
    store.read().then(
      (entry) => told?.(entry),
      () => {},
    );
  });
  return seen;

  /** Resolves at a hint after which the entry is read. */
  function until(entry: StoreEntry): Promise<void> {
    return new Promise((resolve) => {
      told = (read) => isSame(read, entry) && resolve();
    });
  }
}

/** A store need not give hints. */
async function pair({ open }: Bench): Promise<[writer: TokenStore, listener: TokenStore] | undefined> {
  const [writer, listener] = [await open(), await open()];
  return listener.subscribe ? [writer, listener] : undefined;
}

async function expectHint(call: string, hint: Promise<void>, patience: number): Promise<void> {
  if (!(await isOver(hint, patience)))
    fail(call, `a call of changed() after which read() has the entry, within ${patience} ms`, 'none');
}

/** Writes an entry, of which the listener is to hear. */
async function expectTold(
  call: string,
  writer: TokenStore,
  seen: ReturnType<typeof listen>,
  entry: StoreEntry,
  patience: number,
) {
  const hint = seen.until(entry);
  await writer.write(entry);
  await expectHint(call, hint, patience);
}

/** What subscribe() tells, if there is one. */
export const hints: Judgement[] = [
  {
    name: 'subscribe() calls changed() when another holder has written, and the entry can be read then',
    async judge(bench) {
      const stores = await pair(bench);
      if (!stores) return;
      const [writer, listener] = stores;
      const seen = listen(listener);
      // What is written while listening begins is read at the start.
      await pause(A_WHILE);
      for (let version = 1; version <= 3; version++) {
        await expectTold('subscribe(), after a write', writer, seen, signedIn(version), bench.patience);
        await pause(A_WHILE);
      }
      seen.stop();
    },
  },
  {
    name: 'subscribe() returns the way to stop',
    async judge(bench) {
      const stores = await pair(bench);
      if (!stores) return;
      const [writer, listener] = stores;
      const [stopped, other] = [listen(listener), listen(listener)];
      await pause(A_WHILE);
      stopped.stop();
      const { hints } = stopped;
      const call = 'subscribe(), after another listener has stopped';
      await expectTold(call, writer, other, signedIn(1), bench.patience);
      await pause(A_WHILE);
      expectSame('calls of changed() after its listener has stopped', hints, stopped.hints);
      other.stop();
    },
  },
  {
    name: 'a listener that throws harms neither the write nor the other listeners',
    async judge(bench) {
      const stores = await pair(bench);
      if (!stores) return;
      const [writer, listener] = stores;
      const stop = writer.subscribe!(() => {
        throw new Error('in a listener');
      });
      const other = listen(listener);
      await pause(A_WHILE);
      const entry = signedIn(1);
      const hint = other.until(entry);
      expectSame('write() with a listener that throws', entry, await writer.write(entry));
      await expectHint('subscribe(), beside a listener that throws', hint, bench.patience);
      stop();
      other.stop();
    },
  },
  {
    name: 'subscribe() calls changed() after a gap in listening',
    needs: 'gap',
    async judge(bench) {
      const stores = await pair(bench);
      if (!stores) return;
      const [writer, listener] = stores;
      const seen = listen(listener);
      await pause(A_WHILE);
      const entry = signedIn(1);
      let hint!: Promise<void>;
      await bench.options.gap!(bench.name, async () => {
        await writer.write(entry);
        await pause(A_WHILE);
        hint = seen.until(entry);
      });
      await expectHint('subscribe(), after a gap', hint, bench.patience);
      seen.stop();
    },
  },
];
