import { retryAfter } from 'axios-retry';

/** ms; exponential, jittered, capped. */
export interface Backoff {
  /** The first delay. Default 250. */
  initial: number;
  /** Each delay is so many times the one before. Default 2. */
  factor: number;
  /** No delay is longer, and no server's wish beyond it is waited for. Default 30 000. */
  cap: number;
}

/** How many refreshes that did not help are borne. */
export interface RefreshWindow {
  /** Default 5. */
  limit: number;
  /** ms. Default 30 000. */
  interval: number;
}

// Clients that failed together must not come back together.
const JITTER = 0.2;

/** The delay after so many failures in a row, with up to a fifth on top. */
export function delayAfter(failures: number, { initial, factor, cap }: Backoff, random = Math.random()): number {
  const delay = initial * factor ** Math.max(0, failures - 1);
  return Math.min(cap, delay * (1 + JITTER * random));
}

/** What the server asks for: `Retry-After` (RFC 9110 §10.2.3, seconds or a date), api.video's own header; 0: nothing. */
export function askedDelay(error: unknown): number {
  const headers = (error as { response?: { headers?: Record<string, unknown> } })?.response?.headers;
  if (!headers) return 0;
  const wish = headers['retry-after'] ?? headers['x-ratelimit-retry-after'];
  return retryAfter({ response: { headers: { 'retry-after': wish } } } as never);
}

/** Counts refreshes that did not help, over a sliding interval. Pure: it is told the time. */
export class Breaker {
  #marks: number[] = [];

  constructor(readonly window: RefreshWindow) {}

  mark(now: number): void {
    this.#marks = [...this.#recent(now), now];
  }

  count(now: number): number {
    return this.#recent(now).length;
  }

  /** ms until a 401 may start a refresh again; 0: it may now. */
  openFor(now: number): number {
    const recent = this.#recent(now);
    const first = recent[recent.length - this.window.limit];
    return first === undefined ? 0 : first + this.window.interval - now;
  }

  // A mark from the future means the clock was set back: it says nothing any more.
  #recent(now: number): number[] {
    return this.#marks.filter((mark) => mark <= now && now - mark < this.window.interval);
  }
}
