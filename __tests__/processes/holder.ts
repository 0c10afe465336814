import type { TokenStore } from 'axios-bearer';
import { newHolder, type Remote, type Start } from '../support/holder.js';
import { dieAtStep } from './die-at-step.js';
import { type Opened, openStore, type StoreAt, type StoreOptions } from './open-store.js';
import { withPause } from './pause-under-lock.js';

export interface ProcessStart extends Start {
  at: StoreAt;
  /** Its store gives no hints. */
  isDeaf?: boolean;
  store?: StoreOptions;
}

const tell = (event: string) => void process.send?.({ event });

/** A process that holds a session which others hold too, and does what its parent tells it to. */
const holder = newHolder(tell);
let opened: Opened;
let paused: ReturnType<typeof withPause>;
let isContending = false;
let contest: Promise<{ won: number; lost: number }>;

async function writeNext(store: TokenStore): Promise<'won' | 'lost'> {
  const { version = 0 } = (await store.read()) ?? {};
  const id = `${process.pid} ${Math.random()}`;
  const entry = await store.write({ version: version + 1, id, session: 'contest' });
  return entry.id === id ? 'won' : 'lost';
}

const methods = {
  ...holder,
  async start(start: ProcessStart) {
    opened = await openStore(start.at, start.store ?? {});
    paused = withPause(opened.store, { isDeaf: start.isDeaf, tell });
    return holder.start(start, paused.store);
  },
  /** Takes the lock again and again. A write under it loses only if another process has the lock too. */
  contend() {
    const { store } = opened;
    isContending = true;
    const loop = async () => {
      const outcomes = { won: 0, lost: 0 };
      while (isContending)
        outcomes[await store.withLock(() => writeNext(store), { waitMs: 60_000, holdMs: 60_000 })] += 1;
      return outcomes;
    };
    contest = loop();
  },
  uncontend() {
    isContending = false;
    return contest;
  },
  read: () => opened.store.read(),
  /** From now on a task waits when it has the lock: nothing is marked, and nothing sent. */
  holdLock: () => paused.hold(),
  go() {
    paused.go();
    holder.go();
  },
  /** What a process does that is told to end. */
  async end() {
    await holder.close();
    await opened.end();
  },
  dieAtStep: (k: number) => dieAtStep(k),
};

type Methods = typeof methods;
export type Call = Remote<Methods>;

process.on('message', async ({ id, method, args }: { id: number; method: keyof Methods; args: unknown[] }) => {
  const call = methods[method] as (...args: unknown[]) => unknown;
  try {
    process.send?.({ id, result: await call(...args) });
  } catch (error) {
    process.send?.({ id, error: String((error as Error).stack) });
  }
});
