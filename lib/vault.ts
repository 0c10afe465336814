import { Failure, storeFailure } from './failure.js';
import { type Bounds, Flight } from './flight.js';
import type { Stored, TokenStore } from './stores/store.js';
import type { Token } from './token.js';

/** The store, with every wait bounded and no token in its errors. */
export class Vault {
  #known: Token[] = [];

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
    return bounded(bounds, this.waitMs, () => this.store.read(), this.#known);
  }

  /** @throws Failure */
  replace(next: Stored | undefined, bounds: Bounds): Promise<void> {
    const tokens = next ? [...this.#known, next.token] : this.#known;
    return bounded(bounds, this.waitMs, () => this.store.replace(next), tokens);
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
