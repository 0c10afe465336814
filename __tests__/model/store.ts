import type { Held, Stored, TokenStore } from 'axios-bearer';
import { OPTIONS } from './options.js';
import type { Stage } from './stage.js';

/** What goes wrong with a call to the store, once. `deaf`: it is done, but the answer is an error. */
export const TROUBLES = ['fails', 'deaf', 'slow', 'hangs'] as const;
export type Trouble = (typeof TROUBLES)[number];

// Shorter and longer than anybody waits.
const DELAYS: Partial<Record<Trouble, number>> = { slow: 300, hangs: 30_000 };

/** What rests in the store is told to `wrote`. */
export interface Database {
  readonly inner: TokenStore;
  readonly hints: boolean;
  troubles: Trouble[];
  /** It had some. */
  troubled: boolean;
  wrote(next: Stored | undefined, how: 'commit' | 'replace'): void;
  /** A commit failed, or its holder gave up on it: another holder will find what was there before. */
  lost(): void;
}

/** A store that is somewhere else: each call takes a while and may fail. One holder's writes arrive in order. */
export function remote(database: Database, stage: Stage): TokenStore {
  const { inner } = database;
  let line: Promise<unknown> = Promise.resolve();

  const visit = async <T>(label: string, effect: () => Promise<T>): Promise<T> => {
    await stage.hop(label);
    const trouble = database.troubles.shift();
    database.troubled ||= trouble !== undefined;
    if (trouble === 'fails') {
      if (label === 'commit') database.lost();
      throw new Error('The disk is full');
    }
    const delay = trouble && DELAYS[trouble];
    if (delay) await stage.pause(delay);
    const result = await effect();
    if (trouble === 'deaf') throw new Error('The disk did not answer');
    return result;
  };
  const inLine = <T>(label: string, effect: () => Promise<T>): Promise<T> => {
    const done = line.then(() => visit(label, effect));
    line = done.catch(() => {});
    return done;
  };
  const commit = (held: Held, next: Stored | undefined) => {
    const givenUp = setTimeout(database.lost, OPTIONS.refreshTimeout * 4 - 1);
    const written = inLine('commit', async () => {
      const done = await held.commit(next);
      if (done) database.wrote(next, 'commit');
      return done;
    });
    return written.finally(() => clearTimeout(givenUp));
  };

  return {
    read: () => visit('read', () => inner.read()),
    replace: (next) =>
      inLine('replace', async () => {
        await inner.replace(next);
        database.wrote(next, 'replace');
      }),
    async exclusive(task, options) {
      const result = await inner.exclusive(async (held) => {
        await stage.hop('lock');
        return task({ ...held, commit: (next) => commit(held, next) });
      }, options);
      await stage.hop('unlock');
      return result;
    },
    subscribe: (changed) => {
      if (!database.hints || !inner.subscribe) return () => {};
      return inner.subscribe(() => void stage.hop('hint').then(changed));
    },
  };
}
