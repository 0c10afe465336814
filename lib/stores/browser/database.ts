import { warnOnce } from './warn.js';

const VERSION = 1;
const STORE = 'register';
const KEY = 'entry';

// Errors of a browser that allows this page no database.
const DENIED = ['SecurityError', 'InvalidStateError'];

/** What to do about it, by the name of the error. */
const ADVICE: Record<string, string> = {
  VersionError: 'a later version of axios-bearer has made it: reload the page',
  NotFoundError: 'another program has made it: name another one',
  QuotaExceededError: 'the disk, or what it may use of it, is full',
};

export const IN_MEMORY =
  'this browser allows the page no IndexedDB (a private window, or storage is blocked). browserStore keeps tokens in ' +
  'the memory of this page: they are gone when it is reloaded, and other tabs do not have them. Allow storage for ' +
  'this site, or have a backend hold the session.';

/** Given what is there; returns what is to be in its place, if anything. */
type Step = (text: unknown) => string | undefined;

/** One text in IndexedDB. In a page that is allowed no database, one in its memory. */
export class Database {
  readonly #name: string;
  #connection: Promise<IDBDatabase | undefined> | undefined;
  /** It was opened before: what other tabs read there is not to be held in memory from now on. */
  #isThere = false;
  #memory: string | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  read(): Promise<unknown> {
    return this.#use('readonly', () => undefined);
  }

  /**
   * Reading and writing are one step: no other tab's comes between. Resolves with what is there then, when it is on the
   * disk.
   */
  change(step: Step): Promise<unknown> {
    return this.#use('readwrite', step);
  }

  async #use(mode: IDBTransactionMode, step: Step): Promise<unknown> {
    const isNew = !this.#connection;
    this.#connection ??= this.#connect();
    const connection = this.#connection;
    try {
      const database = await connection;
      if (!database) return this.#keep(step);
      const there = await run(database, mode, step);
      this.#isThere = true;
      return there;
    } catch (error) {
      this.#forget(connection);
      // The browser may have closed it meanwhile.
      if (!isNew) return this.#use(mode, step);
      throw explained(this.#name, error);
    }
  }

  #keep(step: Step): string | undefined {
    this.#memory = step(this.#memory) ?? this.#memory;
    return this.#memory;
  }

  /** Resolves with `undefined` if this page is allowed none. */
  #connect(): Promise<IDBDatabase | undefined> {
    const refused = (error: unknown) => {
      if (this.#isThere || !DENIED.includes(nameOf(error))) throw error;
      warnOnce(IN_MEMORY);
      return undefined;
    };
    const connection = open(this.#name, () => this.#forget(connection)).catch(refused);
    return connection;
  }

  #forget(connection: Promise<IDBDatabase | undefined>): void {
    if (this.#connection === connection) this.#connection = undefined;
    connection.then((database) => database?.close()).catch(() => {});
  }
}

/** @param lost called when a later version wants to change it */
async function open(name: string, lost: () => void): Promise<IDBDatabase> {
  const request = indexedDB.open(name, VERSION);
  return new Promise((resolve, reject) => {
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      request.result.onversionchange = lost;
      resolve(request.result);
    };
  });
}

async function run(database: IDBDatabase, mode: IDBTransactionMode, step: Step): Promise<unknown> {
  const transaction = database.transaction(STORE, mode, { durability: 'strict' });
  const store = transaction.objectStore(STORE);
  const found = store.get(KEY);
  let there: unknown;
  found.onsuccess = () => {
    const next = step(found.result);
    there = next ?? found.result;
    if (next !== undefined) store.put(next, KEY);
    // From here on it is written even if the page is closed.
    transaction.commit?.();
  };
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(there);
    transaction.onabort = () => reject(transaction.error ?? new Error('The transaction was aborted'));
  });
}

function explained(name: string, error: unknown): unknown {
  const advice = ADVICE[nameOf(error)];
  if (!advice) return error;
  return Object.assign(new Error(`browserStore can't use the database ${name}: ${advice}`), { cause: error });
}

function nameOf(error: unknown): string {
  return (error as Error | null)?.name ?? '';
}
