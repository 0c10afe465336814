import { abortable, startTimer, type Timer } from '../../platform/deadline.js';

/** What a statement comes to. @inline */
interface Answer {
  /** Objects, by the names of the columns. */
  readonly rows: unknown[];
}

/** A connection that was taken from a pool, as node-postgres has it. */
export interface PostgresConnection {
  /** Called for each statement of the lock's transaction. */
  query(text: string, values?: unknown[]): Promise<Answer>;
  /** Called to hear of its loss. */
  on(event: 'error', listener: () => void): unknown;
  /** Called when nothing more is to be heard of it. */
  off(event: 'error', listener: () => void): unknown;
  /** Called once, to give it back; with `true`, to have it closed. */
  release(close?: boolean): unknown;
}

/**
 * What a store asks of a pool: node-postgres' `Pool`. Whatever has the same `query(text, values)` will do for a lease
 * without hints: a `Client`, PGlite, Neon's pool, a function around an ORM's raw query.
 */
export interface PostgresPool {
  /** Called for each read and write: one statement, a transaction of its own. Parameters are `$1`, `$2`, … */
  query(text: string, values: unknown[]): Promise<Answer>;
  /** Called for each session lock, and given back by `release()`. */
  connect?(): Promise<PostgresConnection>;
}

/** What node-postgres' pool has beside it. */
interface Insides {
  readonly options?: { readonly max?: number };
  readonly totalCount?: number;
  readonly waitingCount?: number;
}

// node-postgres' own default.
const MOST = 10;
// ms. Less than a session waits for its store, so that its error can say why.
const LONG = 5_000;

/** How many connections the pool has at most. */
export function sizeOf(pool: PostgresPool): number {
  return (pool as Insides).options?.max ?? MOST;
}

/**
 * Performs one statement.
 *
 * @param signal ends the waiting for it
 * @throws what the pool does; where it has no connection free for long, an error that says so
 */
export async function perform<T>(
  pool: PostgresPool,
  text: string,
  values: unknown[],
  signal?: AbortSignal,
): Promise<T[]> {
  const { rows } = await orBusy(pool, pool.query(text, values), signal);
  return rows as T[];
}

/** A connection from the pool. One that comes too late is given back. */
export async function connect(pool: Required<PostgresPool>, signal: AbortSignal): Promise<PostgresConnection> {
  const connecting = pool.connect();
  try {
    return await orBusy(pool, connecting, signal);
  } catch (error) {
    connecting.then((late) => late.release()).catch(() => {});
    throw error;
  }
}

/** node-postgres waits without end for a connection that the app does not give back, unless its own options bound it. */
async function orBusy<T>(pool: PostgresPool, outcome: Promise<T>, signal?: AbortSignal): Promise<T> {
  let timer!: Timer;
  const late = new Promise<never>((_, reject) => {
    timer = startTimer(LONG, () => {
      const busy = busyError(pool);
      if (busy) reject(busy);
    });
  });
  try {
    return await Promise.race([abortable(outcome, signal, () => {}), late]);
  } catch (error) {
    throw (signal?.aborted && busyError(pool)) || error;
  } finally {
    timer.stop();
  }
}

function busyError(pool: PostgresPool): Error | undefined {
  const { waitingCount = 0, totalCount } = pool as Insides;
  if (waitingCount === 0) return undefined;
  const counts = `all ${totalCount} are in use, and ${waitingCount} more are waited for`;
  return new Error(`The pool has no connection free: ${counts}. Give the store a pool of its own, or a larger one`);
}
