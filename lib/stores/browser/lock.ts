import { type Locks, within, withProcessLock } from '../lock.js';
import type { Lock, LockOptions } from '../store.js';
import { claim, webLocks } from './web-lock.js';

const locksOfPage: Locks<string> = new Map();

/**
 * Runs a task while no other tab's runs. Without Web Locks, while no other one of this page runs: between tabs the mark
 * in the register must do then, which one of them alone can set.
 */
export async function withTabLock<T>(name: string, task: (lock: Lock) => Promise<T>, options: LockOptions): Promise<T> {
  const claimed = within(options, async (signal) => {
    const locks = await webLocks();
    return locks && claim(locks, name, signal);
  });
  const had = await claimed();
  if (!had) return withProcessLock(locksOfPage, name, task, options);
  try {
    return await task(had.lock);
  } finally {
    had.release();
  }
}
