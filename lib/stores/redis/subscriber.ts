import { pause } from '../../platform/deadline.js';
import type { Connection, Redis } from './redis.js';

// ms until a connection that was lost is made anew: at first, and at most.
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;

type Listeners = Set<() => void>;

/**
 * The one connection on which all stores of a client listen: there while anybody does, and made anew when it is lost. Each
 * time that it begins to listen, there was a gap before, and the listeners are told.
 */
export class Subscriber {
  readonly #connect: NonNullable<Redis['connect']>;
  readonly #channels = new Map<string, Listeners>();
  #connection: Connection | undefined;
  #runs = false;

  constructor(connect: NonNullable<Redis['connect']>) {
    this.#connect = connect;
  }

  /** @returns the way to stop */
  listen(channel: string, changed: () => void): () => void {
    const listeners = this.#channels.get(channel) ?? new Set();
    const isFirst = listeners.size === 0;
    listeners.add(changed);
    this.#channels.set(channel, listeners);
    if (!this.#runs) void this.#run();
    else if (isFirst && this.#connection) this.#subscribe(this.#connection, [channel]).catch(() => {});
    return () => this.#leave(channel, changed);
  }

  #leave(channel: string, changed: () => void): void {
    const listeners = this.#channels.get(channel);
    if (!listeners?.delete(changed) || listeners.size > 0) return;
    this.#channels.delete(channel);
    if (this.#channels.size === 0) this.#connection?.end();
    else this.#connection?.unsubscribe(channel).catch(() => {});
  }

  async #run(): Promise<void> {
    this.#runs = true;
    for (let ms = FIRST_PAUSE; this.#channels.size > 0; ms = Math.min(2 * ms, LONGEST_PAUSE)) {
      const listened = await this.#once().catch(() => false);
      if (listened) ms = FIRST_PAUSE;
      // Not at once with all the others that have lost theirs.
      if (this.#channels.size > 0) await pause(ms * (0.5 + Math.random() / 2));
    }
    this.#runs = false;
  }

  /** One connection, from its begin to its end. */
  async #once(): Promise<boolean> {
    let lost!: () => void;
    const over = new Promise<void>((resolve) => {
      lost = resolve;
    });
    const connection = await this.#connect({ message: (channel) => this.#tell(channel), lost });
    try {
      this.#connection = connection;
      await Promise.race([over, this.#subscribe(connection, [...this.#channels.keys()])]);
      if (this.#channels.size > 0) await over;
      return true;
    } finally {
      this.#connection = undefined;
      connection.end();
    }
  }

  async #subscribe(connection: Connection, channels: string[]): Promise<void> {
    if (channels.length === 0) return;
    await connection.subscribe(channels);
    for (const channel of channels) this.#tell(channel);
  }

  #tell(channel: string): void {
    for (const changed of [...(this.#channels.get(channel) ?? [])]) changed();
  }
}
