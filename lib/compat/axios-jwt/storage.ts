import { USUAL_LEEWAY } from './leeway.js';

/** Where tokens are kept: the browser's storage, React Native's, or your own. */
export type StorageType = {
  /** Called at logout. */
  remove(key: string): Promise<void>;
  /** Called at login and after a refresh. */
  set(key: string, value: string): Promise<void>;
  /** Called for each request. `null`: no user is signed in. */
  get(value: string): Promise<string | null>;
};

/** What a browser's storage has. Not by its name `Storage`, which projects without lib.dom don't know. @inline */
interface BrowserStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** `localStorage` or `sessionStorage`. Each call reaches it at once, before its promise is awaited. */
export class BrowserStorageService implements StorageType {
  readonly #storage: BrowserStorage;

  constructor(storage: BrowserStorage) {
    this.#storage = storage;
  }

  async remove(key: string): Promise<void> {
    this.#storage.removeItem(key);
  }

  async get(key: string): Promise<string | null> {
    return this.#storage.getItem(key);
  }

  async set(key: string, value: string): Promise<void> {
    this.#storage.setItem(key, value);
  }

  /** The browser's own storage, which several services may share. @internal */
  get inner(): object {
    return this.#storage ?? this;
  }
}

/** Call it for `getStorage`, to keep tokens until they are cleared. `undefined` where there is no window. */
export const getBrowserLocalStorage = (): BrowserStorageService | undefined =>
  globalThis.window && new BrowserStorageService(globalThis.window.localStorage);

/** Call it for `getStorage`, to keep tokens as long as the tab is open. `undefined` where there is no window. */
export const getBrowserSessionStorage = (): BrowserStorageService | undefined =>
  globalThis.window && new BrowserStorageService(globalThis.window.sessionStorage);

/** The item that axios-jwt uses too: an app that changes over signs nobody out. */
export const STORAGE_KEY = `auth-tokens-${environment()}`;

function environment(): string | undefined {
  try {
    // Spelled out, as bundlers put the value in its place. Where none has, there may be no `process`.
    // biome-ignore lint/style/noRestrictedGlobals: the key is made of it, and its absence is provided for
    return process.env.NODE_ENV;
  } catch {
    return undefined;
  }
}

interface Defaults {
  /** ms: that of the latest interceptor. */
  leeway: number;
  /** Of the functions: what the latest `applyStorage()`, or the latest interceptor, has named. */
  storage?: StorageType;
  /** Of the interceptors without a `getStorage`. */
  interceptorStorage?: StorageType;
}

/** For axios-jwt's functions, which name no instance, and for interceptors that name no storage. */
export const defaults: Defaults = { leeway: USUAL_LEEWAY };

/**
 * Call it to have tokens kept in `storage` from now on: by the functions of this entry, and for the interceptors that
 * were given no `getStorage`. The others keep their own.
 */
export const applyStorage = (storage?: StorageType): void => {
  if (!storage) return;
  defaults.storage = storage;
  defaults.interceptorStorage = storage;
};

/** An interceptor with a storage of its own keeps it, so that no user's token goes with another's request. */
export function storageOf(getStorage: (() => StorageType | undefined) | undefined): () => StorageType | undefined {
  if (!getStorage) applyStorage(getBrowserLocalStorage());
  const own = getStorage?.();
  if (!own) return () => defaults.interceptorStorage;
  defaults.storage = own;
  return () => own;
}
