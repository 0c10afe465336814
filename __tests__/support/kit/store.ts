import { expect } from '@jest/globals';
import { memoryStore, type StoreEntry, type TokenStore } from 'axios-bearer';

/** A store with some of its methods replaced. */
export function storeWith(changes: Partial<TokenStore>, inner: TokenStore = memoryStore()): TokenStore {
  return { ...inner, ...changes };
}

/** `store`, and in `seen` when its lock is held and what is written. */
export function watchStore(store: TokenStore) {
  const seen = {
    /** Is the lock held now? */
    locked: false,
    /** How often it was held. */
    holds: 0,
    waits: [] as number[],
    /**
     * `locked` and `unlocked`; of each write `marked` (a refresh token is about to be presented), `unmarked` (no token
     * came of it), `committed` (a new token), `signed out`, or `refused`.
     */
    journal: [] as string[],
    /** Called before each new token reaches the store. */
    beforeCommit: async () => {},
  };
  let accessToken: string | undefined;
  const write: TokenStore['write'] = async (next) => {
    const { token, sent } = next;
    const what = !token ? 'signed out' : sent ? 'marked' : token.accessToken === accessToken ? 'unmarked' : 'committed';
    if (what === 'committed') await seen.beforeCommit();
    const there = await store.write(next);
    accessToken = there.token?.accessToken;
    seen.journal.push(there.id === next.id ? what : 'refused');
    return there;
  };
  const withLock: TokenStore['withLock'] = (task, options) => {
    seen.waits.push(options.waitMs);
    return store.withLock(async (lock) => {
      seen.holds += 1;
      seen.locked = true;
      seen.journal.push('locked');
      try {
        return await task(lock);
      } finally {
        seen.locked = false;
        seen.journal.push('unlocked');
      }
    }, options);
  };
  return { seen, store: { ...store, write, withLock } as TokenStore };
}

/** The same session and tokens, written anew or not: a mark came and went. */
export function sameAs(entry: StoreEntry | undefined) {
  return { ...entry, id: expect.any(String), version: expect.any(Number) };
}

/** What rests there: an access token, a sign-out, or nothing. */
export async function restsIn(store: TokenStore): Promise<string | undefined> {
  const entry = await store.read();
  return entry && (entry.token?.accessToken ?? 'a sign-out');
}

/** Without its hints a holder learns of the others only by reading. */
export function withoutHints({ read, write, withLock }: TokenStore): TokenStore {
  return { read, write, withLock };
}
