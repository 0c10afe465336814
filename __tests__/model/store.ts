import type { StoreEntry, TokenStore } from 'axios-bearer';
import type { Simulation } from './simulation.js';

/**
 * What goes wrong with a call to the store, once. `deaf`: it is done, but the answer is an error. `late`: an error, and it
 * is done later. `blank`: nothing is found, as in a locked keychain. `loses`: the lock is lost while its task runs.
 */
export const TROUBLES = ['fails', 'deaf', 'slow', 'late', 'hangs', 'blank', 'loses'] as const;
export type Trouble = (typeof TROUBLES)[number];

// Shorter and longer than anybody waits.
const DELAYS: Partial<Record<Trouble, number>> = { slow: 300, hangs: 30_000 };
const LATE = 500;

/** What rests in the store is told to `wrote`. */
export interface Database {
  readonly inner: TokenStore;
  readonly hints: boolean;
  troubles: Trouble[];
  /** It had some. */
  troubled: boolean;
  wrote(entry: StoreEntry): void;
}

/**
 * A store that is somewhere else: each call takes a while and may fail, and writes overtake each other.
 *
 * @param kept called when the lock is not had in time
 */
export function remote(database: Database, simulation: Simulation, kept: () => void): TokenStore {
  const { inner } = database;

  const trouble = (): Trouble | undefined => {
    const next = database.troubles.shift();
    database.troubled ||= next !== undefined;
    return next;
  };
  const visit = async <T>(label: string, effect: () => Promise<T>, blank: () => Promise<T>): Promise<T> => {
    await simulation.delay(label);
    const kind = trouble();
    if (kind === 'fails') throw new Error('The disk is full');
    if (kind === 'late') void simulation.pause(LATE).then(effect);
    if (kind === 'late') throw new Error('The disk did not answer yet');
    if (kind === 'blank') return blank();
    const delay = kind && DELAYS[kind];
    if (delay) await simulation.pause(delay);
    const result = await effect();
    if (kind === 'deaf') throw new Error('The disk did not answer');
    return result;
  };
  const write = async (next: StoreEntry) => {
    const entry = await inner.write(next);
    if (entry.id === next.id) database.wrote(next);
    return entry;
  };

  return {
    read: () =>
      visit(
        'read',
        () => inner.read(),
        async () => undefined,
      ),
    write: (next) =>
      visit(
        'write',
        () => write(next),
        () => write(next),
      ),
    async withLock(task, options) {
      let outcome: ReturnType<typeof task> | undefined;
      const hold = async () => {
        await simulation.delay('lock');
        const lost = new AbortController();
        const loses = database.troubles[0] === 'loses' && trouble() !== undefined;
        outcome = task({ isHeld: () => !lost.signal.aborted, signal: lost.signal });
        const over = outcome.catch(() => {});
        if (!loses) return over;
        await Promise.race([over, simulation.delay('lose')]);
        lost.abort();
      };
      options.signal?.addEventListener('abort', kept);
      await inner.withLock(hold, options).catch((error) => {
        kept();
        throw error;
      });
      const result = await outcome!;
      await simulation.delay('unlock');
      return result;
    },
    subscribe: (changed) => {
      if (!database.hints || !inner.subscribe) return () => {};
      return inner.subscribe(() => void simulation.delay('hint').then(changed));
    },
  };
}
