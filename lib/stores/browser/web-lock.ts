import type { Claim } from '../lock.js';
import { warnOnce } from './warn.js';

const NO_WEB_LOCKS =
  'there are no Web Locks here: the page is on plain http, or in an old browser. A tab that is closed while it ' +
  'refreshes keeps the others waiting for up to 7 × refreshTimeout, and one that stands still for longer than that may ' +
  'have its refresh token presented twice, which ends the session. Serve the page over https.';

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
 * Has a lock until it is released, or the page is closed, or left for another one: such a page may rest in the back/forward
 * cache, where Safari takes its locks away, and older versions of it keep them from all others.
 */
export function claim(locks: LockManager, name: string, signal: AbortSignal): Promise<Claim> {
  const lost = new AbortController();
  return new Promise((resolve, reject) => {
    const hold = () =>
      new Promise<void>((free) => {
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
    // Rejects before it is had, and when it is taken away.
    locks.request(name, { signal }, hold).catch((error) => {
      lost.abort();
      reject(error);
    });
  });
}
