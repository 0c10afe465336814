import { retryAfter } from 'axios-retry';
import { readHeader } from './headers.js';

/** How long is waited between attempts to refresh: exponential, with up to a fifth on top, capped. */
export interface Backoff {
  /** The first delay, in ms. Default 250. */
  initial: number;
  /** Each delay is so many times the one before. Default 2. */
  factor: number;
  /** No delay is longer, in ms, and no server's wish beyond it is waited for. Default 30 000. */
  cap: number;
}

/** How many refreshes that did not help are borne. */
export interface RefreshWindow {
  /** So many within an interval. Default 5. */
  limit: number;
  /** How far back they are counted, and how long no 401 starts another one, in ms. Default 30 000. */
  interval: number;
}

// Clients that failed together must not come back together.
const JITTER = 0.2;

/** The delay after so many failures in a row, with up to a fifth on top. */
export function delayAfter(failures: number, { initial, factor, cap }: Backoff, random = Math.random()): number {
  return Math.min(cap, initial * factor ** (failures - 1) * (1 + JITTER * random));
}

/** What the server asks for, in ms: `Retry-After` (RFC 9110 §10.2.3, seconds or a date) or api.video's own; 0: nothing. */
export function askedDelay(error: unknown): number {
  const headers = (error as { response?: { headers?: unknown } })?.response?.headers;
  const wish = readHeader(headers, 'retry-after') ?? readHeader(headers, 'x-ratelimit-retry-after');
  const asked = retryAfter({ response: { headers: { 'retry-after': wish } } } as never);
  return Number.isFinite(asked) ? asked : 0;
}

/** How long nothing is tried, after attempts that failed in a row. It is told the time. */
export class HoldOff {
  failures = 0;
  #since = 0;
  #ms = 0;

  constructor(readonly backoff: Backoff) {}

  /** @returns ms until the next attempt */
  failed(asked: number, now: number): number {
    this.failures++;
    this.#since = now;
    // Whole ms: a timer would come a fraction too early.
    this.#ms = Math.ceil(asked ? Math.max(asked, this.backoff.initial) : delayAfter(this.failures, this.backoff));
    return this.#ms;
  }

  /** ms. A clock that was set back does not prolong it. */
  left(now: number): number {
    const gone = now - this.#since;
    return gone < 0 ? 0 : Math.max(0, this.#ms - gone);
  }

  over(): void {
    this.failures = 0;
    this.#ms = 0;
  }
}

/**
 * Counts tokens that were refused although a refresh had just made them: at most so many per interval, or a server that
 * always says 401 would have us refresh for ever. It is told the time.
 */
export class Breaker<Made> {
  #marks: number[] = [];
  #unproven: Made | undefined;
  #marked: Made | undefined;

  constructor(readonly window: RefreshWindow) {}

  made(token: Made): void {
    this.#unproven = token;
  }

  /** Some answer was no 401: making it did help. */
  helped(token: Made): void {
    if (this.#unproven === token) this.#unproven = undefined;
  }

  isUnproven(token: Made): boolean {
    return this.#unproven === token;
  }

  /** Counted once, however many requests say so. @returns was it news? */
  noHelp(token: Made, now: number): boolean {
    if (this.#marked === token) return false;
    this.#marked = token;
    this.#marks = [...this.#recent(now), now];
    return true;
  }

  count(now: number): number {
    return this.#recent(now).length;
  }

  /** ms until a 401 may start a refresh again; 0: it may now. */
  openFor(now: number): number {
    const { limit, interval } = this.window;
    const first = this.#recent(now).at(-limit);
    return first === undefined ? 0 : first + interval - now;
  }

  // A mark from the future means the clock was set back: it says nothing any more.
  #recent(now: number): number[] {
    return this.#marks.filter((mark) => mark <= now && now - mark < this.window.interval);
  }
}
