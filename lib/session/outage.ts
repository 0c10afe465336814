import { type Backoff, HoldOff } from '../backoff.js';
import { type BearerError, bearerError } from '../errors.js';
import { monotonicNow, pause } from '../platform/deadline.js';
import { onOnline } from '../platform/online.js';
import type { Failure } from './failure.js';

/** Attempts that failed in a row: how long nothing is tried, and what is told meanwhile. */
export class Outage {
  readonly #holdOff: HoldOff;
  #error: BearerError | undefined;
  #wake: (() => void) | undefined;
  #stopWatching: (() => void) | undefined;

  /** @param changed called when it ends before its time */
  constructor(
    backoff: Backoff,
    readonly changed: () => void,
  ) {
    this.#holdOff = new HoldOff(backoff);
  }

  get failures(): number {
    return this.#holdOff.failures;
  }

  /** ms until the next attempt may come; 0: it may now. */
  get remaining(): number {
    return this.#holdOff.remaining(monotonicNow());
  }

  /** The error for requests that are made during the hold-off. */
  get error(): BearerError | undefined {
    const { remaining } = this;
    if (remaining === 0 || !this.#error) return undefined;
    const { code, message, cause } = this.#error;
    return bearerError(code, message, { cause, retryAfter: remaining });
  }

  /** @returns ms until the next attempt may come */
  failed({ error, askedDelay, offline }: Failure): number {
    this.#error = error;
    error.retryAfter = this.#holdOff.failed(askedDelay, offline, monotonicNow());
    if (offline) this.#stopWatching ??= onOnline(() => this.endIfOffline());
    return error.retryAfter;
  }

  /** The app asks for a refresh, or a browser is online again: what the network began is over. */
  endIfOffline(): void {
    if (!this.#holdOff.offline || this.remaining === 0) return;
    this.end();
    this.#wake?.();
    this.changed();
  }

  /** The next attempt may come now. */
  end(): void {
    this.#holdOff.end();
  }

  /** There is a token: an attempt that waits for its time finds it at once. */
  reset(): void {
    this.#holdOff.reset();
    this.#wake?.();
    this.stop();
  }

  stop(): void {
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }

  /** Resolves after `ms`, or when it ends before its time. */
  sleep(ms: number): Promise<void> {
    return pause(ms, (wake) => {
      this.#wake = wake;
    });
  }
}
