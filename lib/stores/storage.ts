import pLimit from 'p-limit';
import { processLock } from './lock.js';
import { readStored, type Stored, sameGeneration, type TokenStore } from './store.js';

/** What `AsyncStorage`, `SecureStore`, `sessionStorage` and the like offer; sync or async. */
export interface KeyValueStorage {
  /** Called to read; `null` or `undefined`: there is none. */
  getItem(key: string): string | null | undefined | Promise<string | null | undefined>;
  /** Called to write; a promise is awaited. */
  setItem(key: string, value: string): unknown;
  /** Called at sign-out; a promise is awaited. */
  removeItem(key: string): unknown;
}

/**
 * Call it to keep a session through a restart, where one process holds it: React Native, Electron, a single tab.
 * Not for several tabs or processes: such storage has no lock, and a rotating refresh token would be spent twice.
 *
 * Tokens rest there as plain text.
 *
 * @param key the item's name; default `axios-bearer`
 */
export function storageStore(storage: KeyValueStorage, key = 'axios-bearer'): TokenStore {
  const lock = processLock();
  // Reading and writing of one commit are one step, or a sign-out could fall between them and be undone.
  const step = pLimit(1);

  let replaced = 0;

  const read = async () => parse(await storage.getItem(key));
  const write = async (next: Stored | undefined) => {
    await (next ? storage.setItem(key, JSON.stringify(next)) : storage.removeItem(key));
  };

  return {
    read: () => step(read),
    exclusive: (task, options) =>
      lock(async () => {
        const seen = replaced;
        const current = await step(read);
        const commit = (next: Stored | undefined) =>
          step(async () => {
            // A sign-out leaves nothing, which may look like nothing before it.
            if (replaced !== seen || !sameGeneration(await read(), current)) return false;
            await write(next);
            return true;
          });
        return task({ current, commit, signal: new AbortController().signal });
      }, options),
    replace: (next) => {
      replaced++;
      return step(() => write(next));
    },
  };
}

/** What can't be read is no session: signing in again mends it, an error at every request would not. */
function parse(item: string | null | undefined): Stored | undefined {
  try {
    return readStored(JSON.parse(item ?? ''));
  } catch {
    return undefined;
  }
}
