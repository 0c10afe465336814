import { isRetryableError } from 'axios-retry';
import { askedDelay } from './backoff.js';
import { type BearerError, bearerError, isBearerError } from './errors.js';
import type { TokenSource } from './sources/source.js';

/**
 * An attempt that failed, and what it means for the session:
 *
 * - `ended`: a definite refusal. The session is over.
 * - `again`: transient, throttled or malformed. Tried again after the backoff.
 * - `alone`: the deadline passed. Tried again only if no request came to wait meanwhile: it might be the source's own.
 * - `later`: no retry mends it now. The session is kept, the next request tries.
 * - `now`: the same attempt goes on outside the lock.
 */
export class Failure {
  constructor(
    readonly error: BearerError,
    readonly retry: 'ended' | 'again' | 'alone' | 'later' | 'now',
    /** ms that the server asked for; 0: it did not. */
    readonly askedDelay = 0,
  ) {}
}

const DEFINITE = [400, 401, 403];

/** What the source threw: definite, throttled or transient. */
export function sourceFailure(error: unknown, source: TokenSource, secrets: (string | undefined)[]): Failure {
  const cause = harmless(error, secrets);
  const status = statusOf(error);
  if (source.isRejected ? source.isRejected(error) : DEFINITE.includes(status ?? 0)) {
    const message = 'The session ended: the source was refused a token for good. Sign in again';
    return new Failure(bearerError('ERR_BEARER_REJECTED', message, { cause }), 'ended');
  }
  const unavailable = bearerError('ERR_BEARER_UNAVAILABLE', 'No token could be had just now; the session is kept', { cause });
  const retry = status === undefined || isRetryableError(error as never) ? 'again' : 'later';
  return new Failure(unavailable, retry, askedDelay(error));
}

export function deadlineFailure(ms: number): Failure {
  const message =
    `The source did not answer within ${ms} ms (refreshTimeout). If it sends through the guarded instance, ` +
    'that request waits for the refresh it is part of: send it with ctx.client';
  return new Failure(bearerError('ERR_BEARER_UNAVAILABLE', message), 'alone');
}

/** A malformed answer keeps its own name; anything else that has none comes from the store. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (isBearerError(error)) return new Failure(error, 'again');
  return new Failure(bearerError('ERR_BEARER_STORE', 'The token store failed; see cause', { cause: harmless(error) }), 'again');
}

function statusOf(error: unknown): number | undefined {
  const { response, status } = (error ?? {}) as { response?: { status?: number }; status?: number };
  return response?.status ?? status;
}

/**
 * Why it failed, fit to be logged: the message without tokens, the code, the status, the OAuth error (RFC 6749 §5.2).
 * The error itself stays here, as its config and its answer may hold refresh tokens.
 */
function harmless(error: unknown, secrets: (string | undefined)[] = []): Error {
  const { name, message, code, response } = (error ?? {}) as Error & { code?: unknown; response?: { data?: unknown } };
  const hide = (text: string) => secrets.reduce<string>((kept, secret) => (secret ? kept.split(secret).join('[token]') : kept), text);
  const cause = new Error(hide(String(message ?? error)));
  cause.name = name ?? cause.name;
  const status = statusOf(error);
  const oauth = (response?.data as { error?: unknown } | undefined)?.error;
  return Object.assign(
    cause,
    typeof code === 'string' && { code },
    status !== undefined && { status },
    typeof oauth === 'string' && { error: hide(oauth) },
  );
}
