import { abortReason } from '../../platform/deadline.js';
import { type Claim, type Locks, within, withProcessLock } from '../lock.js';
import type { Lock, LockOptions } from '../store.js';
import { warnOnce } from './warn.js';

export const NO_WEB_LOCKS =
  'there are no Web Locks here: the page is on plain http, or in an old browser. A tab that is closed while it ' +
  'refreshes keeps the others waiting for up to 7 × refreshTimeout, and one that stands still for longer than that may ' +
  'have its refresh token presented twice, which ends the session. Serve the page over https.';

const locksOfPage: Locks<string> = new Map();

/** Web Locks, where this page may use them: they need a secure context, and Safari 15.4. */
export async function webLocks(): Promise<LockManager | undefined> {
  const locks = globalThis.navigator?.locks;
  if (!locks) warnOnce(NO_WEB_LOCKS);
  try {
    await locks?.query();
    return locks;
  } catch (error) {
    // Storage is blocked: there is no database then either, which is told already.
    if ((error as Error).name === 'SecurityError') return undefined;
    throw error;
  }
}

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

/**
 * A page that is left for another one loses the lock, as it may come back from the back/forward cache: Safari takes it
 * away there, and did not even free it for others before version 26.
 */
function claim(locks: LockManager, name: string, signal: AbortSignal): Promise<Claim> {
  const lost = new AbortController();
  return new Promise((resolve, reject) => {
    const hold = () => {
      if (signal.aborted) throw abortReason(signal);
      return new Promise<void>((free) => {
        const leave = () => {
          lost.abort();
          free();
        };
        const release = () => {
          globalThis.removeEventListener?.('pagehide', leave);
          free();
        };
        globalThis.addEventListener?.('pagehide', leave);
        resolve({ lock: { signal: lost.signal }, release });
      });
    };
    // Rejects before it is had, and when it is taken away.
    locks.request(name, { signal }, hold).catch((error) => {
      lost.abort();
      reject(error);
    });
  });
}
