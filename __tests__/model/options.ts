/** The session's: small enough for every bound to be reached. All times are ms. */
export const OPTIONS = {
  refreshTimeout: 1_000,
  refreshRetries: 2,
  backoff: { initial: 100, factor: 2, cap: 2_000 },
  refreshWindow: { limit: 3, interval: 600_000 },
} as const;
export const MAX_REPLAYS = 4;
/** Requests are all to one target: after so many new tokens that it refused it may be marked, and its 401s handed on. */
export const MARKED = 1;

const { refreshTimeout, refreshRetries, backoff } = OPTIONS;
// The delays, with a fifth on top.
const DELAYS = (backoff.initial + backoff.initial * backoff.factor) * 1.2;
/** For so long a caller waits, from when it joins: DESIGN calls it B. */
export const BOUND = (refreshRetries + 1) * refreshTimeout + DELAYS;
/** For so long the mark of another holder is waited for. */
export const HOLD = 7 * refreshTimeout;
/** After so long `close()` is done. */
export const CLOSING = 5 * refreshTimeout;

/** Of an access token, at the server. */
export const LIFETIME = 60_000;

/** What the token endpoint asks for, with `Retry-After`: less than the backoff's cap, and more. */
export const SHORT_WISH = 1_000;
export const LONG_WISH = 120_000;
