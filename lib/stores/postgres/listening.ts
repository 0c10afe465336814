import { pause, startTimer, type Timer, withDeadline } from '../../platform/deadline.js';
import { tellAll } from '../hint.js';
import type { PostgresPool } from './pool.js';

/** A connection of its own, as node-postgres has it. */
interface Client {
  connect(): Promise<unknown>;
  query(text: string): Promise<unknown>;
  end(): Promise<unknown>;
  on(event: 'error', listener: () => void): unknown;
  on(event: 'notification', listener: (message: { payload?: string }) => void): unknown;
  unref?(): unknown;
}

/** What node-postgres' pool makes its connections of. */
interface Insides {
  readonly Client?: new (options: unknown) => Client;
  readonly options?: unknown;
  /** Has the app ended the pool? */
  readonly ending?: boolean;
}

type Inside = Insides & Required<Pick<Insides, 'Client' | 'options'>>;

/** One for all tables: a holder that writes its table's name in another way is heard too. */
export const CHANNEL = 'axios_bearer';

// ms. The first try after a loss; each is twice as late as the one before, give or take.
const FIRST = 250;
const LATEST = 30_000;
// ms. A connection that a router has forgotten says nothing of it: it is asked now and then.
const EVERY = 30_000;
const ANSWER = 10_000;
// ms between two that are told of a gap. Thousands that all read at once would fill the app's pool.
const PACE = 1;

const listening = new WeakMap<PostgresPool, Listening>();

/** Can this pool make a connection that listens? */
export function canListen(pool: PostgresPool): boolean {
  const { Client, options } = pool as PostgresPool & Insides;
  return typeof Client === 'function' && typeof options === 'object';
}

/** Calls `changed` at a notification with that payload, and after each gap in listening. One connection does for a pool. */
export function listen(pool: PostgresPool, payload: string, changed: () => void): () => void {
  const one = listening.get(pool) ?? new Listening(pool as PostgresPool & Inside);
  listening.set(pool, one);
  return one.add(payload, changed);
}

class Listening {
  readonly #pool: Inside;
  readonly #listeners = new Map<string, Set<() => void>>();
  #client: Client | undefined;
  #timer: Timer | undefined;
  #failures = 0;

  constructor(pool: Inside) {
    this.#pool = pool;
  }

  add(payload: string, changed: () => void): () => void {
    // A function of its own: one that is given twice would be heard once, and removed for both.
    const hear = () => changed();
    const heard = this.#listeners.get(payload) ?? new Set();
    this.#listeners.set(payload, heard.add(hear));
    if (!this.#client && !this.#timer) void this.#begin();
    return () => {
      heard.delete(hear);
      if (heard.size === 0 && this.#listeners.get(payload) === heard) this.#listeners.delete(payload);
      if (this.#listeners.size === 0) this.#end();
    };
  }

  async #begin(): Promise<void> {
    this.#timer = undefined;
    let client: Client | undefined;
    try {
      client = this.#newClient();
      await startListening(client);
    } catch {
      return this.#lose(client);
    }
    if (this.#client !== client) return;
    this.#ask(client);
    await this.#tellAll();
  }

  /** Not a connection of the pool: it would be one less for the app, and the pool's end would wait for it. */
  #newClient(): Client {
    const client = new this.#pool.Client(this.#pool.options);
    this.#client = client;
    const lose = () => this.#lose(client);
    client.on('error', lose);
    client.on('notification', ({ payload }) => tellAll(this.#listeners.get(payload ?? '') ?? []));
    return client;
  }

  /** Is the connection still there? */
  #ask(client: Client): void {
    const ask = async () => {
      try {
        await answered(() => client.query('select 1'));
      } catch {
        return this.#lose(client);
      }
      this.#failures = 0;
      if (this.#pool.ending) this.#end();
      else if (this.#client === client) this.#ask(client);
    };
    this.#timer = startTimer(EVERY, ask);
  }

  #lose(client: Client | undefined): void {
    if (this.#client !== client) return;
    this.#end();
    if (this.#pool.ending) return;
    const delay = Math.min(FIRST * 2 ** this.#failures, LATEST) * (0.5 + Math.random());
    this.#failures++;
    this.#timer = startTimer(delay, () => void this.#begin());
  }

  #end(): void {
    this.#timer?.stop();
    this.#timer = undefined;
    const client = this.#client;
    this.#client = undefined;
    client?.end().catch(() => {});
  }

  async #tellAll(): Promise<void> {
    for (const heard of [...this.#listeners.values()]) {
      tellAll(heard);
      await pause(PACE);
    }
  }
}

/** It keeps no process alive. */
function startListening(client: Client): Promise<unknown> {
  return answered(async () => {
    const connected = client.connect();
    client.unref?.();
    await connected;
    // Over TLS it has another socket by now.
    client.unref?.();
    await client.query(`listen ${CHANNEL}`);
  });
}

function answered<T>(task: () => Promise<T>): Promise<T> {
  return withDeadline(task, { ms: ANSWER, late: () => new Error('It took too long') });
}
