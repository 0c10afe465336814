import { abortable, abortReason, assertGoingOn, monotonicNow, pause, withDeadline } from '../../platform/deadline.js';
import { type Claim, type Locks, withClaim } from '../lock.js';
import type { Lock, LockOptions } from '../store.js';
import { connect, type PostgresConnection, type PostgresPool, perform, sizeOf } from './pool.js';
import { type Place, SERIALIZATION_FAILURE } from './row.js';
import { codeOf, withTable } from './table.js';

/** What the locks of one pool share. */
interface Shared {
  /** In this process, by table and key: one waiter asks the server, not all. */
  readonly queue: Locks<string>;
  /** Connections that hold a lock, or are asking for one. */
  inUse: number;
}

// ms between two tries for a lock that another process holds, half as long to half as much again.
const AGAIN = 100;
// ms that the server grants beyond `holdMs`, after which it ends a transaction in which nothing goes on.
const MARGIN = 1_000;
// ms. PostgreSQL's own bound of a timeout.
const LONGEST = 2 ** 31 - 1;
// ms to end a transaction in; the connection is closed if it takes longer.
const ENDING = 1_000;
/** What ends a transaction while the lock is held. PostgreSQL before 17 has one of them only. */
const TIMEOUTS = ['idle_in_transaction_session_timeout', 'transaction_timeout'];

const sharing = new WeakMap<PostgresPool, Shared>();

/**
 * Called in the place of a lease: the lock is a row lock in a transaction, which the server frees when the connection of
 * its holder is gone.
 */
export function withSessionLock<T>(place: Place, task: (lock: Lock) => Promise<T>, options: LockOptions): Promise<T> {
  const shared = sharing.get(place.pool) ?? { queue: new Map(), inUse: 0 };
  sharing.set(place.pool, shared);
  const claimed = (signal: AbortSignal) => claim(place, shared, options.holdMs, signal);
  return withClaim(shared.queue, `${place.tables.lock.name} ${place.key}`, claimed, task, options);
}

/** Those that wait ask now and then: waiting on the server they would each keep a connection. */
async function claim(place: Place, shared: Shared, holdMs: number, signal: AbortSignal): Promise<Claim> {
  await addRow(place, signal);
  for (;;) {
    assertGoingOn(signal);
    const claimed = await tryOnce(place, shared, holdMs, signal);
    if (claimed) return claimed;
    await abortable(pause(AGAIN * (0.5 + Math.random())), signal, () => {});
  }
}

async function addRow(place: Place, signal: AbortSignal): Promise<void> {
  const { lock } = place.tables;
  const text = `insert into ${lock.name} (key) values ($1) on conflict (key) do nothing`;
  await withTable(place, lock, () => perform(place.pool, text, [place.key], signal)).catch((error) => {
    if (codeOf(error) !== SERIALIZATION_FAILURE) throw error;
  });
}

/**
 * At most half of the pool: the holders read and write on other connections of it, as does the app. With all of them held
 * nobody could go on.
 */
async function tryOnce(place: Place, shared: Shared, holdMs: number, signal: AbortSignal) {
  const pool = place.pool as Required<PostgresPool>;
  if (shared.inUse >= Math.floor(sizeOf(pool) / 2)) return undefined;
  shared.inUse++;
  let isKept = false;
  const free = () => void shared.inUse--;
  try {
    const connection = await connect(pool, signal);
    const claimed = await lockRow(connection, place, holdMs, signal);
    if (!claimed) return undefined;
    isKept = true;
    return { lock: claimed.lock, release: () => claimed.release().finally(free) };
  } finally {
    if (!isKept) free();
  }
}

async function lockRow(connection: PostgresConnection, { tables, key }: Place, holdMs: number, signal: AbortSignal) {
  const held = new HeldConnection(connection);
  const abort = () => held.close();
  signal.addEventListener('abort', abort);
  try {
    assertGoingOn(signal);
    await connection.query('begin');
    const since = monotonicNow();
    const text = `select 1 from ${tables.lock.name} where key = $1 for update skip locked`;
    const { rows } = await connection.query(text, [key]);
    if (rows.length === 0) {
      await held.end();
      return undefined;
    }
    await outlast(connection, holdMs);
    assertGoingOn(signal);
    const isHeld = () => !held.signal.aborted && monotonicNow() - since < holdMs;
    return { lock: { signal: held.signal, isHeld }, release: () => held.end() };
  } catch (error) {
    held.close();
    throw signal.aborted ? abortReason(signal) : error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** A holder that stands still for longer, or is on a machine that is gone, loses the lock by it. */
async function outlast(connection: PostgresConnection, holdMs: number): Promise<void> {
  const ms = Math.min(Math.ceil(holdMs) + MARGIN, LONGEST);
  await connection.query('select set_config(name, $1, true) from pg_settings where name = any($2)', [
    `${ms}`,
    TIMEOUTS,
  ]);
}

/** A connection with a transaction under way. */
class HeldConnection {
  readonly #connection: PostgresConnection;
  readonly #lost = new AbortController();
  #isReleased = false;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
    connection.on('error', this.#lose);
  }

  /** Aborted when the connection is lost. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  #lose = () => this.#lost.abort(new Error('The connection that held the lock was lost'));

  /** Nothing was written in it: a rollback is as good as a commit, and need not wait for a disk. */
  async end(): Promise<void> {
    const rollback = () => this.#connection.query('rollback');
    try {
      await withDeadline(rollback, { ms: ENDING, late: () => new Error('It took too long') });
      this.#release(this.signal.aborted);
    } catch {
      this.close();
    }
  }

  close(): void {
    this.#release(true);
  }

  #release(close: boolean): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#connection.release(close);
    this.#connection.off('error', this.#lose);
  }
}
