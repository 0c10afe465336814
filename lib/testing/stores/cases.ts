import type { TokenStore } from '../../stores/store.js';
import { contents } from './contents.js';
import { outcomeOf } from './expect.js';
import { hints } from './hints.js';
import { holders } from './holders.js';
import { lock } from './lock.js';
import type { Judgement, OpenStore, StoreCase, StoreCaseOptions } from './options.js';
import { versions } from './versions.js';
import { waiting } from './waiting.js';

const PATIENCE = 5_000; // ms

/**
 * Call it in the tests of a `TokenStore` of your own, with any test framework: each case is a sentence of the contract, and
 * rejects where the store breaks it.
 *
 * ```ts
 * for (const { name, run } of storeCases((name) => myStore(client, name))) it(name, run);
 * ```
 *
 * They take a second or two each at most, and may run at the same time.
 *
 * @param open opens a holder of the register of that name
 */
export function storeCases(open: OpenStore, options: StoreCaseOptions = {}): StoreCase[] {
  const all = [...versions, ...contents, ...holders, ...lock, ...waiting, ...hints];
  const judged = all.filter(({ needs }) => !needs || options[needs]);
  return judged.map((judgement) => ({ name: judgement.name, run: () => run(judgement, open, options) }));
}

/** Whatever comes of a case, its tasks end with it, and nobody listens any more. */
async function run({ judge }: Judgement, open: OpenStore, options: StoreCaseOptions): Promise<void> {
  const { patience = PATIENCE } = options;
  const name = newName();
  const end = new AbortController();
  const opened = async (other: string) => watched(await open(other), patience, end.signal);
  try {
    await judge({ name, options, patience, open: () => opened(name), elsewhere: () => opened(newName()) });
  } finally {
    end.abort();
  }
}

function newName(): string {
  return `case-${Math.random().toString(36).slice(2, 10)}`;
}

/** The store, with a word from the suite where a call hangs. */
function watched(store: TokenStore, patience: number, end: AbortSignal): TokenStore {
  const ended = new Promise<never>((_, reject) => {
    end.addEventListener('abort', () => reject(new Error('The case is over')));
  });
  ended.catch(() => {});
  return {
    read: () =>
      outcomeOf(
        'read()',
        started(() => store.read()),
        patience,
      ),
    write: (next) =>
      outcomeOf(
        'write()',
        started(() => store.write(next)),
        patience,
      ),
    withLock(task, options) {
      const outcome = store.withLock((lock) => Promise.race([task(lock), ended]), options);
      outcome.catch(() => {});
      return outcome;
    },
    ...(store.subscribe && {
      subscribe(changed) {
        const stop = store.subscribe!(changed);
        end.addEventListener('abort', stop);
        return stop;
      },
    }),
  };
}

/** What it throws at once, it rejects with. */
async function started<T>(call: () => Promise<T>): Promise<T> {
  return call();
}
