import { type Lock, memoryStore, type StoreEntry, type TokenStore } from 'axios-bearer';
import { never } from '../support/kit.js';

/**
 * What can go wrong with a store: `lock` before it is had, `unlock` after the task is done, and a write by what it is for:
 * a `mark` before the refresh token is presented, the `result` of a refresh, a mark taken off again (`unmark`), a sign-in,
 * a sign-out.
 */
export type Call = 'read' | 'lock' | 'unlock' | 'mark' | 'result' | 'unmark' | 'signIn' | 'signOut';
/** What a store does instead of `act`. */
export type StoreFault = <T>(act: () => Promise<T>) => Promise<T>;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** It is not done. */
export const fails: StoreFault = async () => {
  throw new Error('The disk is full');
};
/** It is done, and an error all the same. */
export const deaf: StoreFault = async (act) => {
  await act();
  throw new Error('The disk did not answer');
};
/** It is done and told so, later. */
export const slow =
  (ms: number): StoreFault =>
  async (act) => {
    await pause(ms);
    return act();
  };
/** An error comes at once, and it is done later. */
export const late =
  (ms: number): StoreFault =>
  async (act) => {
    void pause(ms).then(act);
    throw new Error('The disk did not answer');
  };
/** It is done at once, and told so later. */
export const slowToTell =
  (ms: number): StoreFault =>
  async (act) => {
    const done = await act();
    await pause(ms);
    return done;
  };
/** Nothing is ever heard of it. */
export const hangs: StoreFault = () => never;

/** A register in which `putBack` sets an old entry, as from a backup, without a hint to the listeners. */
function register() {
  let inner = memoryStore();
  const { withLock } = inner;
  const listeners = new Set<() => void>();
  const store: TokenStore = {
    read: () => inner.read(),
    write: async (next) => {
      const entry = await inner.write(next);
      if (entry.id === next.id) for (const changed of listeners) changed();
      return entry;
    },
    withLock,
    subscribe: (changed) => {
      listeners.add(changed);
      return () => void listeners.delete(changed);
    },
  };
  const putBack = async (entry?: StoreEntry) => {
    inner = memoryStore();
    if (entry) await inner.write(entry);
  };
  return { store, putBack };
}

/** A store that plays faults, each once or until `heal()`. Several sessions may share it. */
export function hostileStore() {
  const plans = new Map<Call, StoreFault[]>();
  const habits = new Map<Call, StoreFault>();
  const { store: inner, putBack } = register();
  const sessions = new Set<string>();
  let marked: string | undefined;
  const seen = {
    /** Is the lock held now? */
    locked: false,
    /** How long each was, ms. */
    held: [] as number[],
    /** Calls of `withLock`. */
    attempts: 0,
    /** The longest that one may be, ms. */
    holdMs: 0,
    /** What was written by a refresh. */
    results: [] as StoreEntry[],
  };

  const visit = <T>(call: Call, act: () => Promise<T>): Promise<T> => {
    const storeFault = plans.get(call)?.shift() ?? habits.get(call);
    return storeFault ? storeFault(act) : act();
  };
  const callOf = ({ session, token, sent }: StoreEntry): Call => {
    if (!token) return 'signOut';
    if (sent) return 'mark';
    if (!sessions.has(session)) return 'signIn';
    return token.accessToken === marked ? 'unmark' : 'result';
  };
  const write = async (call: Call, next: StoreEntry) => {
    const entry = await inner.write(next);
    sessions.add(entry.session);
    if (call === 'mark') marked = next.token?.accessToken;
    if (call === 'result' && entry.id === next.id) seen.results.push(next);
    return entry;
  };

  const store: TokenStore = {
    read: () => visit('read', inner.read),
    write: (next) => {
      const call = callOf(next);
      return visit(call, () => write(call, next));
    },
    subscribe: inner.subscribe?.bind(inner) as NonNullable<TokenStore['subscribe']>,
    async withLock(task, options) {
      seen.attempts += 1;
      seen.holdMs = options.holdMs;
      await visit('lock', async () => {});
      const result = await inner.withLock(async (lock: Lock) => {
        const from = Date.now();
        seen.locked = true;
        try {
          return await task(lock);
        } finally {
          seen.locked = false;
          seen.held.push(Date.now() - from);
        }
      }, options);
      return visit('unlock', async () => result);
    },
  };
  return {
    store,
    inner,
    putBack,
    seen,
    once: (call: Call, storeFault: StoreFault) => void plans.set(call, [...(plans.get(call) ?? []), storeFault]),
    always: (call: Call, storeFault: StoreFault) => void habits.set(call, storeFault),
    /** Plays no fault any more. */
    heal: () => {
      plans.clear();
      habits.clear();
    },
  };
}
