import { storageStore, type TokenStore } from 'axios-bearer';
import { fileStore } from 'axios-bearer/file';
import { newHolder, type Remote, type Start } from '../support/holder.js';
import { dieAtStep } from './die-at-step.js';
import { plainFile } from './plain-file.js';

export interface ProcessStart extends Start {
  folder: string;
  /** The control: a file without a lock, which is what many a tool has. */
  isPlain?: boolean;
}

/** A process that holds the session of a folder, and does what its parent tells it to. */
const holder = newHolder((event) => process.send?.({ event }));
let store: TokenStore;
let isContending = false;
let contest: Promise<{ won: number; lost: number }>;

async function writeNext(): Promise<'won' | 'lost'> {
  const { version = 0 } = (await store.read()) ?? {};
  const id = `${process.pid} ${Math.random()}`;
  const entry = await store.write({ version: version + 1, id, session: 'contest' });
  return entry.id === id ? 'won' : 'lost';
}

const methods = {
  ...holder,
  start(start: ProcessStart) {
    store = start.isPlain ? storageStore(plainFile(start.folder)) : fileStore(start.folder);
    return holder.start(start, store);
  },
  /** Takes the lock again and again. A write under it loses only if another process has the lock too. */
  contend() {
    isContending = true;
    const loop = async () => {
      const outcomes = { won: 0, lost: 0 };
      while (isContending) outcomes[await store.withLock(writeNext, { waitMs: 60_000, holdMs: 60_000 })] += 1;
      return outcomes;
    };
    contest = loop();
  },
  uncontend() {
    isContending = false;
    return contest;
  },
  read: () => store.read(),
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
