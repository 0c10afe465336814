import { AxiosError, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';

/**
 * What went wrong, for `error.code`:
 *
 * - `ERR_BEARER_SIGNED_OUT` nobody is signed in, or the session was closed. Call `signIn()`.
 * - `ERR_BEARER_REJECTED` the authorization server refused for good: the session ended. Sign in again.
 * - `ERR_BEARER_UNAVAILABLE` no token could be had just now; the session lives. Try again after `retryAfter` ms.
 * - `ERR_BEARER_BODY` a one-shot body can't be sent again. Wrap it: `replayable(() => body)`.
 * - `ERR_BEARER_IDENTITY` another user signed in while the request waited; it was not sent in their name.
 * - `ERR_BEARER_TOKEN` the source answered with something that is no usable token.
 * - `ERR_BEARER_STORE` the token store failed.
 * - `ERR_BEARER_CONFIG` an option is wrong; the message names it.
 */
export type BearerErrorCode =
  | 'ERR_BEARER_SIGNED_OUT'
  | 'ERR_BEARER_REJECTED'
  | 'ERR_BEARER_UNAVAILABLE'
  | 'ERR_BEARER_BODY'
  | 'ERR_BEARER_IDENTITY'
  | 'ERR_BEARER_TOKEN'
  | 'ERR_BEARER_STORE'
  | 'ERR_BEARER_CONFIG';

/**
 * What leaves axios-bearer when it fails. It is an `AxiosError`: where a request met a 401, `response` is that 401.
 * No property of it carries a token.
 */
export interface BearerError extends AxiosError {
  /** What went wrong. */
  code: BearerErrorCode;
  /** ms until trying again makes sense; on `ERR_BEARER_UNAVAILABLE`, `_TOKEN` and `_STORE`, and where a service was refused. */
  retryAfter?: number;
  /** Why, as an error without secrets; `status` and `error` (RFC 6749 §5.2) in it are the token endpoint's, if it answered. */
  cause?: Error;
}

/** Call it in a `catch`: was it axios-bearer that failed? Recognised by `code`, so it works across module copies. */
export function isBearerError(error: unknown): error is BearerError {
  return String((error as BearerError | undefined)?.code).startsWith('ERR_BEARER_');
}

interface Details {
  cause?: Error | undefined;
  retryAfter?: number | undefined;
}

/** @internal */
export function bearerError(code: BearerErrorCode, message: string, details: Details = {}): BearerError {
  const error = new AxiosError(message, code) as BearerError;
  if (details.cause) error.cause = details.cause;
  if (details.retryAfter !== undefined) error.retryAfter = details.retryAfter;
  return error;
}

/** The same failure for one request of the many that waited: its own config, and the 401 it met. @internal */
export function forRequest(
  { message, code, cause, retryAfter }: BearerError,
  config: InternalAxiosRequestConfig,
  response?: AxiosResponse,
): BearerError {
  const error = bearerError(code, message, { cause, retryAfter });
  error.config = config;
  if (FINAL.has(code)) letBe(config);
  if (!response) return error;
  return Object.assign(error, { response, request: response.request, status: response.status });
}

/** What another try can't mend, or what it would send in another user's name. */
const FINAL = new Set<string>([
  'ERR_BEARER_SIGNED_OUT',
  'ERR_BEARER_REJECTED',
  'ERR_BEARER_BODY',
  'ERR_BEARER_IDENTITY',
] satisfies BearerErrorCode[]);

/** To axios-retry, an error without an answer is the network's, and worth a retry of any method. */
function letBe(config: InternalAxiosRequestConfig): void {
  const retry = config['axios-retry'];
  if (!retry?.retryCondition) return;
  const { retryCondition } = retry;
  config['axios-retry'] = {
    ...retry,
    retryCondition: (error) => !FINAL.has(error.code ?? '') && retryCondition(error),
  };
}

/** The option's name is quoted, so that a search for it finds the line to change; its value is not: it may be a token. @internal */
export function configError(option: string, expected: string, got: unknown): BearerError {
  const shown = typeof got === 'number' || got == null ? String(got) : `a value of type ${typeof got}`;
  return bearerError('ERR_BEARER_CONFIG', `axios-bearer: option "${option}" must be ${expected}; got ${shown}`);
}

/** Of each option that is given. @throws ERR_BEARER_CONFIG, naming the option @internal */
export function checkTypes(type: 'string' | 'object' | 'function' | 'boolean', given: Record<string, unknown>): void {
  for (const [option, value] of Object.entries(given)) {
    if (value !== undefined && typeof value !== type)
      throw configError(option, type === 'object' ? 'an object' : `a ${type}`, value);
  }
}
