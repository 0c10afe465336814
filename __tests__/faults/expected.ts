import type { BearerErrorCode } from 'axios-bearer';

/** What becomes of a request with a token that has ended, while the token endpoint plays a fault. */
export interface Expected {
  /** 200: the answer. */
  caller: 200 | BearerErrorCode;
  /** `waited for`: kept, and the token request goes on though the caller has its error. */
  session: 'kept' | 'waited for' | 'over';
  asked: 'once' | 'once, and no attempt is over' | 'at each attempt' | 'at most at each attempt';
  /** The token endpoint's, as `cause.status` tells it. */
  status?: number;
  /** ms, from and to. */
  retryAfter?: [from: number, to: number];
  /** ms at least between two attempts. */
  pause?: number;
  /** Of the new token, in seconds; missing: unknown. */
  life?: number;
  /** The refresh token that the next refresh presents. */
  next: 'the old one' | 'the new one';
}

/** So short that a test need not wait. */
export const BACKOFF = { initial: 5, factor: 2, cap: 500 };
export const REFRESH_RETRIES = 1;

export const unavailable: Expected = {
  caller: 'ERR_BEARER_UNAVAILABLE',
  session: 'kept',
  asked: 'at each attempt',
  retryAfter: [BACKOFF.initial, BACKOFF.initial * BACKOFF.factor * 1.2],
  next: 'the old one',
};

/** The refresh token may be spent by now: it is not presented again while the answer may still come. */
export const unanswered: Expected = {
  caller: 'ERR_BEARER_UNAVAILABLE',
  session: 'waited for',
  asked: 'once, and no attempt is over',
  next: 'the old one',
};

/** The answer is no token. */
export const malformed: Expected = { ...unavailable, caller: 'ERR_BEARER_TOKEN' };

/** How it fails is the adapter's matter: with the redirect's status, or as a network does. */
export const unmoved: Expected = { ...unavailable, asked: 'at most at each attempt' };

export const failed = (status: number): Expected => ({ ...unavailable, status });

/** A status that another try would not change, and that is no refusal either. */
export const odd = (status: number): Expected => ({ ...unavailable, status, asked: 'once' });

/** A wish that is waited for. */
export const slowedDown = (ms: number): Expected => ({ ...failed(429), retryAfter: [ms, ms], pause: ms });

/** A wish beyond the cap. A date is in whole seconds, and counts from the answer's own, which a busy server sends late. */
export const putOff = (ms: number): Expected => ({ ...odd(429), retryAfter: [ms - 2_000, ms + 5_000] });

export const rejected = (status: number): Expected => ({
  caller: 'ERR_BEARER_REJECTED',
  session: 'over',
  asked: 'once',
  status,
  next: 'the old one',
});

/** A refusal in words of the server's own, which is known by its staying the same. */
export const insisted = (status: number): Expected => ({ ...rejected(status), asked: 'at each attempt' });

/** @param life seconds */
export const fine = (life?: number, next: Expected['next'] = 'the new one'): Expected => ({
  caller: 200,
  session: 'kept',
  asked: 'once',
  next,
  ...(life !== undefined && { life }),
});
