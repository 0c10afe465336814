import { isRetryableError } from 'axios-retry';
import { askedDelay } from './backoff.js';
import { type BearerError, bearerError } from './errors.js';
import type { TokenSource } from './sources/source.js';
import type { Token } from './token.js';

/**
 * An attempt that failed, and what it means for the session:
 *
 * - `ended`: a definite refusal. The session is over.
 * - `again`: transient, throttled or malformed. Tried again after the backoff.
 * - `later`: no retry mends it now. The session is kept, the next request tries.
 * - `now`: the same attempt goes on, outside the lock.
 */
export class Failure {
  constructor(
    readonly error: BearerError,
    readonly retry: 'ended' | 'again' | 'later' | 'now',
    /** ms that the server asked for; 0: it did not. */
    readonly askedDelay = 0,
  ) {}
}

const DEFINITE = [400, 401, 403];

/** What the source threw: definite, throttled or transient. */
export function sourceFailure(error: unknown, source: TokenSource, known: Token[]): Failure {
  const cause = harmless(error, known);
  if (isDefinite(error, source, cause.status)) {
    return new Failure(
      bearerError('ERR_BEARER_REJECTED', 'A token was refused for good: sign in again', { cause }),
      'ended',
    );
  }
  const unavailable = bearerError('ERR_BEARER_UNAVAILABLE', 'No token could be had just now; the session is kept', {
    cause,
  });
  // A good status whose body broke on its way is the network's doing.
  const answered = (cause.status ?? 0) >= 300;
  const retry = answered && !isRetryableError(error as never) ? 'later' : 'again';
  return new Failure(unavailable, retry, askedDelay(error));
}

/** A judge that fails judges nothing: only a definite refusal ends a session. */
function isDefinite(error: unknown, source: TokenSource, status: number | undefined): boolean {
  try {
    return source.isRejected ? source.isRejected(error) : DEFINITE.includes(status as number);
  } catch {
    return false;
  }
}

/**
 * The source missed its deadline. `stuck`: it went on after it was aborted, and requests came to wait for it that might
 * be its own, so that trying again would only have them wait longer.
 */
export function deadlineFailure(ms: number, stuck: boolean): Failure {
  const message =
    `The source did not answer within ${ms} ms (refreshTimeout). If it sends through the guarded instance, ` +
    'that request waits for the refresh it is part of: send it with ctx.client';
  return new Failure(bearerError('ERR_BEARER_UNAVAILABLE', message), stuck ? 'later' : 'again');
}

export function storeFailure(error: unknown, tokens: Token[] = []): Failure {
  const cause = harmless(error, tokens);
  return new Failure(bearerError('ERR_BEARER_STORE', 'The token store failed; see cause', { cause }), 'again');
}

interface Cause extends Error {
  code?: unknown;
  status?: number;
  error?: string;
  error_description?: string;
  error_uri?: string;
}

// RFC 6749 §5.2
const OAUTH = ['error', 'error_description', 'error_uri'] as const;

/**
 * Why it failed, fit to be logged: the message without tokens, the code, the status, the OAuth error. The error itself
 * stays here, as its config and its answer may hold refresh tokens.
 */
function harmless(error: unknown, tokens: Token[]): Cause {
  type Answer = { status?: number; data?: Record<string, unknown> | null };
  type Thrown = Cause & { response?: Answer; config?: { data?: unknown } };
  const { name, message, code, status, response, config } = (error ?? {}) as Thrown;
  // Clients other than axios put the answer's words on the error itself.
  const said = (response?.data ?? error ?? {}) as Record<string, unknown>;
  // Node keeps the error of an aborted call on its socket, where a later request's error may show it.
  if (config?.data) delete config.data;
  const secrets = tokens
    .flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken])
    .filter((secret) => secret);
  const hide = (text: unknown) =>
    secrets.reduce<string>((kept, secret) => kept.replaceAll(secret as string, '[token]'), String(text));

  const text = message ?? (typeof error === 'object' ? 'it threw an object without a message' : error);
  const cause: Cause = new Error(hide(text));
  if (name) cause.name = name;
  if (typeof code === 'string') cause.code = code;
  if (response?.status ?? status) cause.status = response?.status ?? status;
  for (const field of OAUTH) if (typeof said[field] === 'string') cause[field] = hide(said[field]);
  return cause;
}
