import { answerCalls, contestOf } from '../support/child.js';
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
const methods = {
  ...holder,
  async start(start: ProcessStart) {
    opened = await openStore(start.at, start.store ?? {});
    paused = withPause(opened.store, { isDeaf: start.isDeaf, tell });
    return holder.start(start, paused.store);
  },
  ...contestOf(() => opened.store),
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

answerCalls(methods);
