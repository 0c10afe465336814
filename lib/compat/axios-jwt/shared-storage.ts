import type { Lock, LockOptions, StoreEntry, TokenStore } from '../../index.js';
import { memoryStore } from '../../index.js';
import { isSameUser } from './claims.js';
import { BrowserStorageService, STORAGE_KEY, type StorageType } from './storage.js';

/** What is stored, as JSON. */
export interface IAuthTokens {
  /** A JWT: its `exp` tells when it ends. */
  accessToken: string;
  /** Handed to `requestRefresh`. */
  refreshToken: string;
}

/** What was found in a storage, or written there: the same object as long as nobody else writes there. */
export interface Entry extends Omit<StoreEntry, 'token'> {
  /** All that rests in the storage itself. Missing: nobody is signed in. */
  readonly tokens?: IAuthTokens;
}

// A person may have to unlock it. One that hangs holds up the next step for no longer than this.
const PATIENCE = 30_000;

/** One user's storage, shared by all its users in this process: writes are done one after the other. */
export class Shelf {
  /** As it was last seen. */
  entry: Entry | undefined;
  #raw: string | null = null;
  #busy: Promise<void> | undefined;

  constructor(readonly storage: StorageType) {}

  read(): Promise<Entry | undefined> {
    return this.inTurn(() => this.#look());
  }

  /** Writes `next` of what is there, if `version` is higher than there. Answers what is there then. */
  write(version: number, next: (found: Entry | undefined) => Entry): Promise<Entry> {
    return this.inTurn(async () => {
      const found = await this.#look();
      return found && found.version >= version ? found : this.#put(next(found));
    });
  }

  /** At once where nobody is at it: tokens are there when `setAuthTokens()` returns, not only when it resolves. */
  inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#busy ? this.#busy.then(() => bounded(step)) : bounded(step);
    const over = turn.then(
      () => {},
      () => {},
    );
    this.#busy = over;
    void over.then(() => {
      if (this.#busy === over) this.#busy = undefined;
    });
    return turn;
  }

  async #look(): Promise<Entry | undefined> {
    const raw = (await this.storage.get(STORAGE_KEY)) ?? null;
    if (raw !== this.#raw) this.#note(raw, this.#found(read(raw)));
    return this.entry;
  }

  async #put(next: Entry): Promise<Entry> {
    const raw = next.tokens ? JSON.stringify(next.tokens) : null;
    if (raw === null) await this.storage.remove(STORAGE_KEY);
    else if (raw !== this.#raw) await this.storage.set(STORAGE_KEY, raw);
    this.#note(raw, next);
    return next;
  }

  /** A write that was given up may land after a later one: then what it left there is found as somebody else's. */
  #note(raw: string | null, entry: Entry): void {
    if (this.entry && this.entry.version >= entry.version) return;
    this.#raw = raw;
    this.entry = entry;
  }

  /** Somebody else's: another tab, the app itself, a login or a logout. */
  #found(tokens: IAuthTokens | undefined): Entry {
    const { entry } = this;
    const same = entry && (!tokens || isKin(entry.tokens, tokens));
    const session = same ? entry.session : newName();
    return { version: (entry?.version ?? 0) + 1, id: newName(), session, ...(tokens && { tokens }) };
  }
}

/** Is it the same user? What does not say so may be somebody else. */
function isKin(was: IAuthTokens | undefined, is: IAuthTokens): boolean {
  if (!was) return false;
  return was.refreshToken === is.refreshToken || isSameUser(was.accessToken, is.accessToken);
}

/** It only tells one from another; it is no secret. */
function newName(): string {
  return Math.random().toString(36).slice(2);
}

/** Without a refresh token nobody is signed in; nor by what can't be read, until a login writes it anew. */
function read(raw: string | null): IAuthTokens | undefined {
  try {
    const tokens = JSON.parse(raw ?? 'null') as IAuthTokens | null;
    return tokens?.refreshToken ? tokens : undefined;
  } catch {
    return undefined;
  }
}

async function bounded<T>(step: () => Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The storage did not answer within ${PATIENCE} ms`)), PATIENCE);
    (timer as { unref?(): void }).unref?.();
  });
  try {
    return await Promise.race([step(), late]);
  } finally {
    clearTimeout(timer);
  }
}

const shelves = new WeakMap<object, Shelf>();

export function shelfOf(storage: StorageType): Shelf {
  const place = storage instanceof BrowserStorageService ? storage.place : storage;
  const shelf = shelves.get(place) ?? new Shelf(storage);
  shelves.set(place, shelf);
  return shelf;
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
