import type { StoreEntry, Token, TokenStore } from 'axios-bearer';
import { deferred } from './kit.js';

let ids = 0;

type More = Omit<Partial<Token>, 'expiresAt'> & { expiresAt?: unknown; id?: string; sent?: string };

/** An entry with a token; a new one at each call, unless `id` is given. */
export function stored(session: string, version = 1, { id, sent, ...more }: More = {}): StoreEntry & { token: Token } {
  const token = { accessToken: `at_${session}${version}`, refreshToken: `rt_${session}${version}`, issuedAt: 0 };
  const entry = { version, id: id ?? `id_${ids++}`, session, token: { ...token, ...more } as Token };
  return sent === undefined ? entry : { ...entry, sent };
}

/** A sign-out: an entry without a token. */
export function signedOut(session: string, version = 1): StoreEntry {
  const { token, ...entry } = stored(session, version);
  return entry;
}

/** What holders in several processes share: the register as text, and the queue for the lock. */
export interface Rows {
  value?: string | undefined;
  queue: Promise<unknown>;
}

export const newRows = (value?: string): Rows => ({ value, queue: Promise.resolve() });

/** A database as another process sees it: everything is copied and takes a while; no hints. Holders share `rows`. */
export function databaseStore(rows: Rows): TokenStore {
  const latency = () => new Promise((resolve) => setImmediate(resolve));
  return {
    async read() {
      await latency();
      return entryIn(rows.value);
    },
    async write(next) {
      const text = JSON.stringify(next);
      await latency();
      const found = entryIn(rows.value);
      if (found && found.version >= next.version) return found;
      rows.value = text;
      return JSON.parse(text);
    },
    async withLock(task, { waitMs, signal }) {
      const before = rows.queue;
      const turn = deferred();
      rows.queue = before.then(() => turn.promise);
      const gaveUp = deferred<never>();
      const aborted = () => gaveUp.reject(new Error('aborted'));
      const timer = setTimeout(() => gaveUp.reject(new Error('lock wait')), Math.min(waitMs, 2 ** 31 - 1));
      signal?.addEventListener('abort', aborted);
      if (signal?.aborted) aborted();
      try {
        await Promise.race([gaveUp.promise, before]);
        clearTimeout(timer);
        return await task({ signal: new AbortController().signal });
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
        turn.resolve();
      }
    },
  };
}

/** `undefined`: what is there is no entry. */
function entryIn(text: string | undefined): StoreEntry | undefined {
  try {
    const { version, id, session } = JSON.parse(text ?? '');
    const valid = Number.isSafeInteger(version) && typeof id === 'string' && typeof session === 'string';
    return valid ? JSON.parse(text as string) : undefined;
  } catch {
    return undefined;
  }
}
