import { monotonicNow, pause, startTimer } from '../platform/deadline.js';
import type { Lock, LockOptions } from './store.js';

/** A lock, as its owner has it. */
export interface Claim {
  readonly lock: Lock;
  release(): void | Promise<void>;
}

/** A lock that is held. */
interface Held {
  /** The tasks that wait, first come first served: what each is to be told when its turn has come. */
  readonly queue: Set<() => void>;
  /** ms, by the monotonic clock: the task that holds it is over by then, or stands still. */
  until: number;
}

/** The locks that are held now, by what they guard. A lock that is free takes no memory: it is not in here. */
export interface Locks<K> {
  get(key: K): Held | undefined;
  set(key: K, held: Held): unknown;
  delete(key: K): unknown;
}

/** ms. After a standstill of the whole process, a task that was not over in time may end within this. */
export const MOMENT = 100;

/**
 * Called by a store that is shared within one process only. The lock of a process that died died with it. From a task
 * that stands still it is taken after `holdMs`: in workerd nothing goes on that was begun by a request which is over.
 */
export async function withProcessLock<K, T>(
  locks: Locks<K>,
  key: K,
  task: (lock: Lock) => Promise<T>,
  options: LockOptions,
): Promise<T> {
  if (options.signal?.aborted) throw givenUp();
  if (standsStill(locks.get(key))) await takeAway(locks, key);
  const before = locks.get(key);
  const held = before ?? { queue: new Set(), until: Number.POSITIVE_INFINITY };
  if (!before) locks.set(key, held);
  await (before && turnIn(held.queue, options));
  held.until = monotonicNow() + options.holdMs;
  try {
    // A signal for each task: listeners would heap up on one that all tasks share.
    return await task({ signal: new AbortController().signal });
  } finally {
    if (locks.get(key) === held) release(locks, key, held);
  }
}

function standsStill(held: Held | undefined): boolean {
  return held !== undefined && monotonicNow() > held.until;
}

async function takeAway<K>(locks: Locks<K>, key: K): Promise<void> {
  const held = locks.get(key);
  await pause(MOMENT);
  if (locks.get(key) === held && standsStill(held)) locks.delete(key);
}

/** The lock goes to the next task without being free in between. */
function release<K>(locks: Locks<K>, key: K, { queue }: Held): void {
  const [next] = queue;
  if (next) next();
  else locks.delete(key);
}

/** Resolves when it is this task's turn. A task that is no longer waited for leaves the queue. */
function turnIn(queue: Held['queue'], { waitMs, signal }: LockOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      queue.delete(enter);
      timer.stop();
      signal?.removeEventListener('abort', abort);
    };
    const enter = () => {
      leave();
      resolve();
    };
    const giveUp = (reason: Error) => {
      leave();
      reject(reason);
    };
    const abort = () => giveUp(givenUp());
    const timer = startTimer(waitMs, () => giveUp(notFree(waitMs)));
    signal?.addEventListener('abort', abort);
    queue.add(enter);
  });
}

/** As `withProcessLock`, for a lock that other processes want too: the task that has its turn in this one claims it. */
export function withClaim<K, T>(
  locks: Locks<K>,
  key: K,
  claim: (signal: AbortSignal) => Promise<Claim>,
  task: (lock: Lock) => Promise<T>,
  options: LockOptions,
): Promise<T> {
  const claimed = within(options, claim);
  const run = async () => {
    const had = await claimed();
    try {
      return await task(had.lock);
    } finally {
      await had.release();
    }
  };
  return withProcessLock(locks, key, run, options);
}

/** The way to a claim that is given up `waitMs` from now, or by the signal. */
export function within<T>(
  { waitMs, signal }: LockOptions,
  task: (signal: AbortSignal) => Promise<T>,
): () => Promise<T> {
  const begun = monotonicNow();
  return async () => {
    const aborter = new AbortController();
    const abort = () => aborter.abort(givenUp());
    const timer = startTimer(waitMs - (monotonicNow() - begun), () => aborter.abort(notFree(waitMs)));
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    try {
      return await task(aborter.signal);
    } finally {
      timer.stop();
      signal?.removeEventListener('abort', abort);
    }
  };
}

function notFree(waitMs: number): Error {
  return new Error(`The lock was not free within ${waitMs} ms`);
}

function givenUp(): Error {
  return new Error('The wait for the lock was given up');
}
