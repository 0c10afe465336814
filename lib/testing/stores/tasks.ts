import type { Lock, LockOptions, TokenStore } from '../../stores/store.js';
import { expectSame, outcomeOf } from './expect.js';

/** A task that holds the lock until it is told to end. */
export interface Held {
  /** What the task was given. */
  readonly lock: Lock;
  /** Settles when the task has ended and the lock was given back. */
  readonly outcome: Promise<unknown>;
  end(): Promise<unknown>;
}

// ms. Nothing is said of so short a time.
const A_WHILE = 50;

/** Enough of everything. */
export function enough(patience: number, more: Partial<LockOptions> = {}): LockOptions {
  return { waitMs: patience, holdMs: 2 * patience, ...more };
}

/** Has a task hold the lock. */
export async function hold(store: TokenStore, patience: number, more?: Partial<LockOptions>): Promise<Held> {
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let outcome!: Promise<unknown>;
  const had = new Promise<Lock>((resolve, reject) => {
    const task = (lock: Lock) => {
      resolve(lock);
      return ended;
    };
    outcome = store.withLock(task, enough(patience, more));
    outcome.then(() => reject(new Error('withLock(): expected its task to run, got none')), reject);
  });
  const lock = await outcomeOf('withLock() of a free lock', had, patience);
  return {
    lock,
    outcome,
    end: () => {
      end();
      return outcomeOf('withLock() whose task has ended', outcome, patience);
    },
  };
}

/** The lock is free: a task has it in time. */
export async function expectFree(call: string, store: TokenStore, patience: number): Promise<void> {
  const outcome = store.withLock(async () => 'had', enough(patience));
  expectSame(call, 'had', await outcomeOf(call, outcome, patience));
}

/** ms in which a task that could have the lock would have had it: some times as long as it takes when it is free. */
export async function aWhile(store: TokenStore, patience: number): Promise<number> {
  const begun = performance.now();
  await expectFree('withLock() of a free lock', store, patience);
  return A_WHILE + 3 * (performance.now() - begun);
}
