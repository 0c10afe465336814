import { memoryStore, type Stored, type TokenStore } from 'axios-bearer';
import { never } from '../support/sessions.js';

/** What can go wrong with a store: `lock` before it is had, `unlock` after the task is done. */
export type Call = 'read' | 'lock' | 'commit' | 'unlock' | 'replace';
/** What a store does instead of `act`. */
export type Mischief = <T>(act: () => Promise<T>) => Promise<T>;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** It is not done. */
export const fails: Mischief = async () => {
  throw new Error('The disk is full');
};
/** It is done, and an error all the same. */
export const deaf: Mischief = async (act) => {
  await act();
  throw new Error('The disk did not answer');
};
/** It is done and told so, later. */
export const slow =
  (ms: number): Mischief =>
  async (act) => {
    await pause(ms);
    return act();
  };
/** It is done at once, and told so later. */
export const slowToTell =
  (ms: number): Mischief =>
  async (act) => {
    const done = await act();
    await pause(ms);
    return done;
  };
/** Nothing is ever heard of it. */
export const hangs: Mischief = () => never;

/** A store that does what one tells it, once or until one tells it otherwise. Several sessions may share it. */
export function hostileStore(inner = memoryStore()) {
  const plans = new Map<Call, Mischief[]>();
  const habits = new Map<Call, Mischief>();
  const seen = {
    /** Is somebody in the lock now? */
    locked: false,
    /** How long each was, ms. */
    held: [] as number[],
    /** Calls of `exclusive`. */
    attempts: 0,
    /** What was written by a refresh. */
    commits: [] as (Stored | undefined)[],
  };

  const visit = <T>(call: Call, act: () => Promise<T>): Promise<T> => {
    const mischief = plans.get(call)?.shift() ?? habits.get(call);
    return mischief ? mischief(act) : act();
  };
  const write = async (commit: () => Promise<boolean>, next: Stored | undefined) => {
    const done = await commit();
    if (done) seen.commits.push(next);
    return done;
  };

  const store: TokenStore = {
    read: () => visit('read', inner.read),
    replace: (next) => visit('replace', () => inner.replace(next)),
    subscribe: inner.subscribe?.bind(inner) as NonNullable<TokenStore['subscribe']>,
    async exclusive(task, options) {
      seen.attempts += 1;
      await visit('lock', async () => {});
      const result = await inner.exclusive(async (held) => {
        const from = Date.now();
        seen.locked = true;
        try {
          const commit = (next: Stored | undefined) => visit('commit', () => write(() => held.commit(next), next));
          return await task({ ...held, commit });
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
    seen,
    once: (call: Call, mischief: Mischief) => void plans.set(call, [...(plans.get(call) ?? []), mischief]),
    always: (call: Call, mischief: Mischief) => void habits.set(call, mischief),
    /** Well again. */
    heal: () => {
      plans.clear();
      habits.clear();
    },
  };
}
