/**
 * A token store in IndexedDB: one session for all tabs of a browser.
 *
 * @module axios-bearer/browser
 */
import { configError } from '../../errors.js';
import { memoryStore } from '../memory.js';
import type { TokenStore } from '../store.js';
import { Database, IN_MEMORY } from './database.js';
import { listen, tell } from './hints.js';
import { withTabLock } from './lock.js';
import { Register } from './register.js';
import { warnOnce } from './warn.js';

/**
 * Call it for a page that people open in several tabs, where the refresh token is in the page's own hands: all tabs and
 * workers of one origin that give the same name hold one session, and spend each refresh token once. A tab that is closed
 * or navigated away frees the lock at once, one that stands still keeps it.
 *
 * Tokens rest in IndexedDB as plain text: every script of the origin can read them, at any time. Where that is too much,
 * have a backend hold the session, or leave this store out: then each tab signs in by itself, and tokens live in its memory.
 *
 * Where IndexedDB or Web Locks are missing (a private window, plain http, an old browser) a warning on the console says
 * what that means. On a server it is `memoryStore()`, new at each call, so that a module of the page can be evaluated there.
 *
 * @param name of the IndexedDB database, the Web Lock and the BroadcastChannel: nothing else of the origin may use it
 * @throws ERR_BEARER_CONFIG if the name is no text, or empty
 */
export function browserStore(name = 'axios-bearer'): TokenStore {
  if (typeof name !== 'string' || !name) throw configError('name', 'a text that is not empty', name);
  if (!hasDatabases()) {
    if (globalThis.location) warnOnce(IN_MEMORY);
    return memoryStore();
  }
  const register = new Register(name, new Database(name), () => tell(name));
  return {
    read: () => register.read(),
    write: (next) => register.write(next),
    withLock: (task, options) => withTabLock(name, task, options),
    subscribe: (changed) => listen(name, changed),
  };
}

function hasDatabases(): boolean {
  try {
    return globalThis.indexedDB != null;
  } catch {
    // Storage is blocked.
    return false;
  }
}
