import { askedDelay } from '../backoff.js';
import { type BearerError, bearerError } from '../errors.js';
import { answerNow } from '../platform/thenable.js';
import { isFinal, isOfGateway, isTransient } from '../sources/answer.js';
import type { TokenSource } from '../sources/source.js';
import { reasonOf, redactedCause } from './redacted-cause.js';

/**
 * An attempt that failed, and what it means for the session:
 *
 * - `rejected`: a definite refusal. The session ends with its access token.
 * - `retryable`: transient, throttled or malformed. Tried again after the backoff.
 * - `unavailable`: another try would not help now. The session is kept, and the next request tries.
 * - `retry-unlocked`: the same attempt goes on without the lock.
 */
export class Failure {
  /** ms that the server asked for; 0: it did not. */
  readonly askedDelay: number = 0;
  /** The network failed, not a server: being online again ends the hold-off. */
  readonly offline: boolean = false;
  /** The refresh token was refused for good before, and `obtain()` is what failed. */
  readonly afterRejection: boolean = false;

  constructor(
    readonly error: BearerError,
    readonly kind: 'rejected' | 'retryable' | 'unavailable' | 'retry-unlocked',
    details: Partial<Pick<Failure, 'askedDelay' | 'offline' | 'afterRejection'>> = {},
  ) {
    Object.assign(this, details);
  }
}

const DEFINITE = [400, 401, 403];

/** What a source is asked under. */
interface Asked {
  readonly source: TokenSource;
  /** What no error may quote. */
  readonly known: string[];
  /** What the attempts of this refresh were answered so far, where it may be told by that: a lasting 4xx, or 0. */
  readonly statuses: number[] | undefined;
  /** No other attempt follows. */
  readonly isLast: boolean;
}

/** What the source threw: definite, throttled or transient. */
export function sourceFailure(error: unknown, { source, known, statuses, isLast }: Asked): Failure {
  const cause = redactedCause(error, known);
  const reason = reasonOf(cause);
  const { status = 0 } = cause;
  const wish = askedDelay(error);
  // It says when to come back, or why it can't just now; or it is no word of the token endpoint.
  const passes = wish > 0 || isTransient(error) || isOfGateway(error);
  const isLasting = status >= 400 && !passes;
  statuses?.push(isLasting ? status : 0);
  // A refusal in words of the server's own is the same at each attempt.
  const isSame = statuses !== undefined && isLasting && statuses.every((each) => each === status);
  if (isDefinite(error, source, isLasting ? status : 0) || (isSame && isLast && statuses.length > 1)) {
    const message = `The token request was refused: ${reason}. Sign in again`;
    return new Failure(bearerError('ERR_BEARER_REJECTED', message, { cause }), 'rejected');
  }
  const message = `No token could be had just now: ${reason}. The session is kept`;
  const unavailable = bearerError('ERR_BEARER_UNAVAILABLE', message, { cause });
  // A good status, and a body that broke on its way: that is the network's doing.
  const answered = status >= 300;
  const kind = answered && !isSame && !passes ? 'unavailable' : 'retryable';
  return new Failure(unavailable, kind, { askedDelay: wish, offline: !answered });
}

/**
 * If `isRejected` throws, the error counts as not definite: only a definite refusal ends a session.
 *
 * @param status 0: it tells nothing
 */
function isDefinite(error: unknown, source: TokenSource, status: number): boolean {
  try {
    const said = answerNow('isRejected', source.isRejected, source.isRejected?.(error));
    return said ?? (isFinal(error) || DEFINITE.includes(status));
  } catch {
    return false;
  }
}

const OWN_INSTANCE =
  'If the source sends through the guarded instance, that request waits for the refresh it is part of: send it with ctx.client';

/** The source has not answered in time. */
export function deadlineFailure(ms: number, option: string): Failure {
  const message = `The source did not answer within ${ms} ms (${option}). ${OWN_INSTANCE}`;
  return new Failure(bearerError('ERR_BEARER_UNAVAILABLE', message), 'retryable', { offline: true });
}

/** What a request gets that has waited as long as the options say. */
export function waitedTooLong(ms: number): BearerError {
  const message = `No token came within ${Math.round(ms)} ms (refreshRetries, refreshTimeout, backoff). ${OWN_INSTANCE}`;
  return bearerError('ERR_BEARER_UNAVAILABLE', message);
}

/** Tokens that were made lately have been refused: one more is not made yet. */
export function unhelpful(retryAfter: number): BearerError {
  const message =
    'New tokens have been refused as the old ones were (refreshWindow): look at what the API says to them';
  return bearerError('ERR_BEARER_UNAVAILABLE', message, { retryAfter });
}

/** Another holder of the store has kept the lock. */
export function lockFailure(ms: number, error?: unknown): Failure {
  const cause = error === undefined ? undefined : redactedCause(error, []);
  const reason = cause ? `: ${reasonOf(cause)}` : '';
  const message = `Another holder of the token store kept its lock for ${Math.round(ms)} ms${reason}. The session is kept`;
  return new Failure(bearerError('ERR_BEARER_UNAVAILABLE', message, { cause }), 'unavailable');
}

export function storeFailure(error: unknown, known: string[] = []): Failure {
  const cause = redactedCause(error, known);
  return new Failure(
    bearerError('ERR_BEARER_STORE', `The token store failed: ${reasonOf(cause)}`, { cause }),
    'retryable',
  );
}

/** What leaves is the error, not what it means to us. */
export function errorOf(failure: unknown): unknown {
  return failure instanceof Failure ? failure.error : failure;
}
