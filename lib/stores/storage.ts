import { configError } from '../errors.js';
import { type Locks, withProcessLock } from './lock.js';
import { readEntry, type StoreEntry, type TokenStore } from './store.js';

type Text = string | null | undefined;

/** As `localStorage`, `sessionStorage` and `AsyncStorage` name their methods. @inline */
interface ItemStorage {
  /** Called to read; `null` or `undefined`: there is none. */
  getItem(key: string): Text | Promise<Text>;
  /** Called to write, after the call before has settled; a promise is awaited. */
  setItem(key: string, value: string): unknown;
  /** Not called: a sign-out is written too, without a token. */
  removeItem?(key: string): unknown;
}

/** As `expo-secure-store` names its methods. @inline */
interface AsyncItemStorage {
  /** Called to read; `null` or `undefined`: there is none. */
  getItemAsync(key: string): Promise<Text>;
  /** Called to write, after the call before has settled. */
  setItemAsync(key: string, value: string): Promise<unknown>;
}

/** What `localStorage`, `AsyncStorage`, `SecureStore` and the like offer; sync or async. */
export type KeyValueStorage = ItemStorage | AsyncItemStorage;

/** What the stores on one storage share, by key. A key is in here only while something is under way there. */
interface Shared {
  locks: Locks<string>;
  /** Settled, never rejected, when the last write is. */
  writes: Map<string, Promise<void>>;
}

const sharing = new WeakMap<object, Shared>();

/**
 * Call it to keep a session through a restart, where one process holds it: React Native, Electron, a single tab.
 * Not for several tabs or processes: such storage has no lock, and a rotating refresh token would be spent twice.
 *
 * Tokens rest there as plain text.
 *
 * @param key the item's name; default `axios-bearer`
 * @throws ERR_BEARER_CONFIG if the storage lacks a method
 */
export function storageStore(storage: KeyValueStorage, key = 'axios-bearer'): TokenStore {
  const items = itemsOf(storage);
  const shared = sharing.get(storage) ?? { locks: new Map(), writes: new Map() };
  sharing.set(storage, shared);

  const load = async () => parse(await items.getItem(key));
  // Such storage can't compare and set: reading and writing are one step, and no step begins before the last is over.
  const step = async (next: StoreEntry) => {
    const found = await load();
    if (found && found.version >= next.version) return found;
    // Its one holder is this process: after a restart its own mark would only make it wait.
    const text = JSON.stringify({ ...next, sent: undefined });
    await items.setItem(key, text);
    return JSON.parse(text) as StoreEntry;
  };

  return {
    // After the writes under way: a refresh token is not to be spent while they hang. Nothing waits for a read.
    read: async () => {
      await shared.writes.get(key);
      return load();
    },
    write: (next) => inTurn(shared.writes, key, () => step(next)),
    withLock: (task, options) => withProcessLock(shared.locks, key, task, options),
  };
}

/** @throws ERR_BEARER_CONFIG */
function itemsOf(storage: KeyValueStorage): ItemStorage {
  const given = Object(storage);
  const suffix = 'getItemAsync' in given || 'setItemAsync' in given ? 'Async' : '';
  const [get, set] = [`getItem${suffix}`, `setItem${suffix}`] as const;
  const missing = [get, set].filter((name) => typeof given[name] !== 'function');
  if (missing.length) throw configError('storage', `an object with ${missing.join('() and ')}()`, storage);
  return { getItem: (key) => given[get](key), setItem: (key, value) => given[set](key, value) };
}

async function inTurn<T>(turns: Map<string, Promise<void>>, key: string, step: () => Promise<T>): Promise<T> {
  const turn = Promise.resolve(turns.get(key)).then(step);
  const done = () => void (turns.get(key) === over && turns.delete(key));
  const over: Promise<void> = turn.then(done, done);
  turns.set(key, over);
  return turn;
}

/** What can't be read is nothing: signing in again mends it, an error at every request would not. */
function parse(text: Text): StoreEntry | undefined {
  try {
    // Some storages (unstorage) hand JSON out as what it says.
    return readEntry(typeof text === 'object' ? text : JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}
