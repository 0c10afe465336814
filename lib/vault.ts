import { Failure, storeFailure } from './failure.js';
import { type Bounds, Flight } from './flight.js';
import { type Held, readStored, type Stored, sameGeneration, type TokenStore } from './stores/store.js';
import type { Token } from './token.js';

/** The store, with every wait bounded and no token in its errors. */
export class Vault {
  #known: Token[] = [];
  #written: Promise<unknown> = Promise.resolve();

  constructor(
    readonly store: TokenStore,
    readonly waitMs: number,
  ) {}

  /** The latest tokens: no error may quote them. */
  get known(): Token[] {
    return [...this.#known];
  }

  remember(token: Token): void {
    this.#known = [...this.#known.slice(-2), token];
  }

  /** @throws Failure */
  read(bounds: Bounds): Promise<Stored | undefined> {
    return bounded(bounds, this.waitMs, async () => readStored(await this.store.read()), this.#known);
  }

  /**
   * After the writes before it, as a store may let one overtake another. `failed`: called once the store has answered,
   * with an error or too late.
   *
   * @throws Failure
   */
  replace(next: Stored | undefined, bounds: Bounds, failed = () => {}): Promise<void> {
    const before = this.#written;
    const write = async (signal: AbortSignal) => {
      await before;
      if (signal.aborted) return;
      try {
        await this.store.replace(next);
      } catch (error) {
        failed();
        throw error;
      }
      if (signal.aborted) failed();
    };
    const tokens = next ? [...this.#known, next.token] : this.#known;
    const written = bounded(bounds, this.waitMs, write, tokens);
    this.#written = written.catch(() => {});
    return written;
  }

  /** Puts what `right` says in the place of `wrong`, if that is there. Others may be at it: not without the lock. */
  async amend(wrong: Stored, right: () => Stored | undefined): Promise<void> {
    const task = async ({ current, commit }: Held) => {
      const next = right();
      if (sameGeneration(current, wrong) && !sameGeneration(next, wrong)) await commit(next);
    };
    const { waitMs } = this;
    await bounded(new Flight(), waitMs, (signal) => this.store.exclusive(task, { waitMs, signal }), this.#known);
  }
}

/** A call to the store, so that one that hangs fails like one that is down. @throws Failure, with none of `tokens` in it */
export async function bounded<T>(
  bounds: Bounds,
  ms: number,
  task: (signal: AbortSignal) => Promise<T>,
  tokens: Token[],
): Promise<T> {
  try {
    return await bounds.within(ms, () => new Error(`The token store did not answer within ${ms} ms`), task);
  } catch (error) {
    throw error instanceof Failure ? error : storeFailure(error, tokens);
  }
}

/** The bounds of what somebody waits for from the start. */
export function awaitedBounds(): Bounds {
  const flight = new Flight<void>();
  flight.waiting = 1;
  return flight;
}
