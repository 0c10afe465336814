import { readHeader } from './platform/headers.js';

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
// More retries than this never end.
const MOST_COUNTED = 1_000;
// ms. No delay is shorter.
const SHORTEST = 1;
// ms. A server that asks for more has mistaken the unit, or the option `cap` should say so.
const LONGEST_ASKED = 5 * 60_000;

/** The delay after so many failures in a row, with up to a fifth on top. */
export function delayAfter(failures: number, { initial, factor, cap }: Backoff, random = Math.random()): number {
  // An `initial` of 0 grows too: a source that fails at once must not be asked a thousand times a second.
  const delay = Math.max(initial, SHORTEST) * factor ** (failures - 1) * (1 + JITTER * random);
  return Math.max(SHORTEST, Math.min(cap, delay));
}

/** The longest that so many retries are waited for, in ms, beside the attempts themselves. */
export function delaysOf(retries: number, backoff: Backoff): number {
  if (retries > MOST_COUNTED) return Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let failures = 1; failures <= retries; failures++) sum += delayAfter(failures, backoff, 1);
  return sum;
}

/**
 * What the server asks for, in ms: `Retry-After` (RFC 9110 §10.2.3, seconds or a date) or api.video's own; 0: nothing. Some
 * clients put the headers on the error itself, or throw the response.
 */
export function askedDelay(error: unknown): number {
  const { response, headers = response?.headers } = Object(error);
  const wish = readHeader(headers, 'retry-after') ?? readHeader(headers, 'x-ratelimit-retry-after');
  const seconds = Number(wish);
  const asked = Number.isNaN(seconds) ? Date.parse(String(wish)) - answeredAt(headers) : seconds * 1_000;
  return Number.isFinite(asked) ? Math.min(Math.max(0, asked), LONGEST_ASKED) : 0;
}

/** When the answer was sent, by the clock of the server that names a date in it; ours may be set wrong. */
function answeredAt(headers: unknown): number {
  const date = Date.parse(String(readHeader(headers, 'date')));
  return Number.isNaN(date) ? Date.now() : date;
}

/** How long nothing is tried, after attempts that failed in a row. Pure: `now` is passed in, by a monotonic clock. */
export class HoldOff {
  /** So many attempts in a row have failed. */
  failures = 0;
  /** It was the network that failed, so that being online again ends it. */
  offline = false;
  #since = 0;
  #ms = 0;

  constructor(readonly backoff: Backoff) {}

  /** @returns ms until the next attempt */
  failed(asked: number, offline: boolean, now: number): number {
    this.failures++;
    this.offline = offline && !asked;
    this.#since = now;
    // Whole ms: a timer would come a fraction too early.
    this.#ms = Math.ceil(asked ? Math.max(asked, this.backoff.initial) : delayAfter(this.failures, this.backoff));
    return this.#ms;
  }

  /** ms until the next attempt may come; 0: it may now. */
  remaining(now: number): number {
    return Math.max(0, this.#ms - (now - this.#since));
  }

  /** Ends the waiting; the failures still count. */
  end(): void {
    this.#ms = 0;
  }

  reset(): void {
    this.failures = 0;
    this.end();
  }
}
