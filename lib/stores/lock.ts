import { startTimer } from '../deadline.js';
import type { Lock, LockOptions } from './store.js';

/** The tasks that wait for a lock, first come first served: what each is to be told when its turn has come. */
type Queue = Set<() => void>;

/** The locks that are held now, by what they guard. A lock that is free takes no memory: it is not in here. */
export interface Locks<K> {
  get(key: K): Queue | undefined;
  set(key: K, queue: Queue): unknown;
  delete(key: K): unknown;
}

/**
 * Called by a store that is shared within one process only. The lock is never lost, and `holdMs` is not enforced: a process that
 * is alive ends its task, and the lock of one that died died with it.
 */
export async function withProcessLock<K, T>(
  locks: Locks<K>,
  key: K,
  task: (lock: Lock) => Promise<T>,
  options: LockOptions,
): Promise<T> {
  if (options.signal?.aborted) throw givenUp();
  const queue = locks.get(key);
  const turn = queue && turnIn(queue, options);
  if (!queue) locks.set(key, new Set());
  await turn;
  try {
    // A signal for each task: listeners would heap up on one that all tasks share.
    return await task({ signal: new AbortController().signal });
  } finally {
    release(locks, key);
  }
}

/** The lock goes to the next task without being free in between. */
function release<K>(locks: Locks<K>, key: K): void {
  const [next] = locks.get(key) ?? [];
  if (next) next();
  else locks.delete(key);
}

/** Resolves when it is this task's turn. A task that is no longer waited for leaves the queue. */
function turnIn(queue: Queue, { waitMs, signal }: LockOptions): Promise<void> {
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
    const late = () => giveUp(new Error(`The lock was not free within ${waitMs} ms`));
    const timer = startTimer(waitMs, late);
    signal?.addEventListener('abort', abort);
    queue.add(enter);
  });
}

function givenUp(): Error {
  return new Error('The wait for the lock was given up');
}
