import type { ExclusiveOptions, TokenStore } from '../../index.js';
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

/** What was found in a storage: the same object as long as nobody else writes there. */
export interface Entry {
  readonly tokens: IAuthTokens;
  /** One sign-in, and all that came of it. */
  readonly session: string;
  readonly generation: number;
}

// A person may have to unlock it. One that hangs is not waited for longer than this, by whoever comes next.
const PATIENCE = 30_000;

/** One user's storage, for all who use it in this process: who writes what, one after the other. */
export class Shelf {
  /** As it was last seen. */
  entry: Entry | undefined;
  #raw: string | null = null;
  #generation = 0;
  #busy: Promise<void> | undefined;

  constructor(readonly storage: StorageType) {}

  read(): Promise<Entry | undefined> {
    return this.inTurn(() => this.#look());
  }

  /** Writes `next` if `seen` is still there. `false`: somebody else was there. */
  commit(seen: Entry | undefined, next: Entry | undefined): Promise<boolean> {
    return this.inTurn(async () => {
      if ((await this.#look()) !== seen) return false;
      await this.#put(next);
      return true;
    });
  }

  replace(next: Entry | undefined): Promise<void> {
    return this.inTurn(() => this.#put(next));
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

  async #put(next: Entry | undefined): Promise<void> {
    const raw = next ? JSON.stringify(next.tokens) : null;
    await (raw === null ? this.storage.remove(STORAGE_KEY) : this.storage.set(STORAGE_KEY, raw));
    this.#note(raw, next);
  }

  #note(raw: string | null, entry: Entry | undefined): void {
    this.#raw = raw;
    this.entry = entry;
    this.#generation = entry?.generation ?? this.#generation;
  }

  /** Somebody else's: another tab, the app itself, a login. */
  #found(tokens: IAuthTokens | undefined): Entry | undefined {
    if (!tokens) return undefined;
    const { entry } = this;
    const same = entry && isKin(entry.tokens, tokens);
    const generation = this.#generation + 1;
    return { tokens, session: same ? entry.session : String(generation), generation };
  }
}

/** Is it the same user? What does not say so may be somebody else. */
function isKin(was: IAuthTokens, is: IAuthTokens): boolean {
  return was.refreshToken === is.refreshToken || isSameUser(was.accessToken, is.accessToken);
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
export async function exclusively<T>(token: string, task: () => Promise<T>, options: ExclusiveOptions): Promise<T> {
  const held = locks.get(token) ?? { lock: memoryStore(), holders: 0 };
  locks.set(token, held);
  held.holders++;
  try {
    return await held.lock.exclusive(task, options);
  } finally {
    held.holders--;
    if (held.holders === 0) locks.delete(token);
  }
}
