import pLimit from 'p-limit';
import type { ExclusiveOptions } from './store.js';

/** A lock for the holders inside one process. Its waiting is bounded, and who gives up leaves the queue. */
export function processLock(): <T>(task: () => Promise<T>, options: ExclusiveOptions) => Promise<T> {
  const limit = pLimit(1);

  return async (task, { waitMs, signal }) => {
    let leave!: (reason: Error) => void;
    const left = new Promise<never>((_, reject) => {
      leave = reject;
    });
    const giveUp = () => leave(new Error('The wait for the lock was given up'));
    const timer = setTimeout(() => leave(new Error(`The lock was not free within ${waitMs} ms`)), waitMs);
    // Who waits keeps the process alive, not the lock.
    (timer as { unref?(): void }).unref?.();
    signal?.addEventListener('abort', giveUp);
    if (signal?.aborted) giveUp();

    let gone = false;
    let held = false;
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    };
    const turn = limit(async () => {
      settle();
      held = !gone;
      return gone ? (undefined as never) : task();
    });
    try {
      return await Promise.race([turn, left]);
    } finally {
      settle();
      gone = !held;
    }
  };
}
