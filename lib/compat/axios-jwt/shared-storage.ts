import type { Lock, LockOptions, StoreEntry, TokenStore } from '../../index.js';
import { memoryStore } from '../../index.js';
import { own, withDeadline } from '../internal.js';
import { haveSameSubject } from './claims.js';
import { BrowserStorageService, STORAGE_KEY, type StorageType } from './storage.js';

/** What is stored, as JSON. */
export interface IAuthTokens {
  /** A JWT: its `exp` tells when it ends. */
  accessToken: string;
  /** Handed to `requestRefresh`. */
  refreshToken: string;
}

/** What was found in a storage, or written there: the same object until another tab, or the app, writes there. */
export interface Entry extends Omit<StoreEntry, 'token'> {
  /** All that the storage itself holds. Missing: no user is signed in. */
  readonly tokens?: IAuthTokens;
}

// ms. The user may have to unlock it. A storage that hangs holds up the next step for no longer than this.
const TIMEOUT = 30_000;

/** A storage, shared by all instances and functions that use it in this process: one step after the other. */
export class SharedStorage {
  /** As it was last seen. */
  entry: Entry | undefined;
  #raw: string | null = null;
  #lastStep: Promise<void> | undefined;

  constructor(readonly storage: StorageType) {}

  read(): Promise<Entry | undefined> {
    return this.inTurn(() => this.#load());
  }

  /** Writes `next` of what is there, if its version is lower. @returns what is there then */
  write(version: number, next: (found: Entry | undefined) => Entry): Promise<Entry> {
    return this.inTurn(async () => {
      const found = await this.#load();
      return found && found.version >= version ? found : this.#save(next(found));
    });
  }

  /** After the steps before; at once where there are none: then tokens are stored when `setAuthTokens()` returns, before it resolves. */
  inTurn<T>(step: () => Promise<T>): Promise<T> {
    const bounded = () => withDeadline(step, { ms: TIMEOUT, late: timeoutError });
    const turn = this.#lastStep ? this.#lastStep.then(bounded) : bounded();
    const over = () => {
      if (this.#lastStep === ended) this.#lastStep = undefined;
    };
    const ended: Promise<void> = turn.then(over, over);
    this.#lastStep = ended;
    return turn;
  }

  async #load(): Promise<Entry | undefined> {
    const raw = (await this.storage.get(STORAGE_KEY)) ?? null;
    if (raw !== this.#raw) this.#remember(raw, this.#entryOf(parse(raw)));
    return this.entry;
  }

  async #save(next: Entry): Promise<Entry> {
    const raw = next.tokens ? JSON.stringify(next.tokens) : null;
    if (raw === null) await this.storage.remove(STORAGE_KEY);
    else if (raw !== this.#raw) await this.storage.set(STORAGE_KEY, raw);
    this.#remember(raw, next);
    return next;
  }

  /** Never an older entry: a write that was too late may land after a newer one, and is found as a foreign write then. */
  #remember(raw: string | null, entry: Entry): void {
    if (this.entry && this.entry.version >= entry.version) return;
    this.#raw = raw;
    this.entry = entry;
  }

  /** For tokens that another tab has written, or the app itself: a login or a logout. */
  #entryOf(tokens: IAuthTokens | undefined): Entry {
    const { entry } = this;
    const isSameSession = entry && (!tokens || isSameUser(entry.tokens, tokens));
    const session = isSameSession ? entry.session : randomId();
    return { version: (entry?.version ?? 0) + 1, id: randomId(), session, ...(tokens && { tokens }) };
  }
}

/** Are they one user's? Tokens that do not say so may be another user's. */
function isSameUser(before: IAuthTokens | undefined, after: IAuthTokens): boolean {
  if (!before) return false;
  return before.refreshToken === after.refreshToken || haveSameSubject(before.accessToken, after.accessToken);
}

/** It is no secret. */
function randomId(): string {
  return Math.random().toString(36).slice(2);
}

/** `undefined`, which means signed out, without a refresh token, and for a text that can't be read. */
function parse(raw: string | null): IAuthTokens | undefined {
  try {
    const tokens = JSON.parse(raw ?? 'null') as IAuthTokens | null;
    return tokens && own(tokens).refreshToken ? tokens : undefined;
  } catch {
    return undefined;
  }
}

function timeoutError(): Error {
  return new Error(`The storage did not answer within ${TIMEOUT} ms`);
}

const all = new WeakMap<object, SharedStorage>();

export function sharedStorageOf(storage: StorageType): SharedStorage {
  const key = storage instanceof BrowserStorageService ? storage.inner : storage;
  const shared = all.get(key) ?? new SharedStorage(storage);
  all.set(key, shared);
  return shared;
}

const locks = new Map<string, { lock: TokenStore; holders: number }>();

/** One refresh at a time of one refresh token, whichever instance asks, and whichever object its storage is. */
export async function withLockOf<T>(
  refreshToken: string,
  task: (lock: Lock) => Promise<T>,
  options: LockOptions,
): Promise<T> {
  const held = locks.get(refreshToken) ?? { lock: memoryStore(), holders: 0 };
  locks.set(refreshToken, held);
  held.holders++;
  try {
    return await held.lock.withLock(task, options);
  } finally {
    held.holders--;
    if (held.holders === 0) locks.delete(refreshToken);
  }
}
