import type { AxiosError } from 'axios';
import { isRetryableError } from 'axios-retry';
import type { Fields } from '../expiry.js';
import { own } from '../platform/own.js';

/** What a failed token request says of itself. */
export interface Answer {
  /** HTTP status. */
  readonly status: number | undefined;
  /** The fields of its body, such as `error` and `error_description` (RFC 6749 §5.2). */
  readonly fields: Fields;
}

// So many causes beneath an error are looked at.
const DEEPEST = 2;

/**
 * The server's answer in an error, whichever client threw it: axios, got, ky, ofetch, superagent, simple-oauth2, MSAL,
 * openid-client, or the app's own around fetch. An answer without a token may be handed in as it is.
 */
export function answerOf(error: unknown, depth = 0): Answer {
  const thrown = fieldsOf(error);
  const response = fieldsOf(thrown.response);
  const bodies = [...bodiesOf(thrown), thrown, ofMsal(thrown)];
  const places = [response, fieldsOf(thrown.output), thrown];
  const statuses = places.flatMap(({ status, statusCode }) => [status, statusCode]);
  const status = statuses.find((each) => typeof each === 'number') as number | undefined;
  // An error of the app's own may have the client's as its cause.
  if (status === undefined && typeof thrown.error !== 'string' && thrown.cause && depth < DEEPEST)
    return answerOf(thrown.cause, depth + 1);
  return {
    status,
    fields: bodies.find((body) => typeof body.error === 'string') ?? bodies.find((body) => 'title' in body) ?? own({}),
  };
}

/** MSAL has names of its own for them. */
function ofMsal({ errorCode, errorMessage }: Fields): Fields {
  return own<Fields>({ error: errorCode, error_description: errorMessage });
}

function bodiesOf({ response, data }: Fields): Fields[] {
  const { data: parsed, body } = fieldsOf(response);
  return [parsed, body, fieldsOf(data).payload, data].map(fieldsOf);
}

// A page says nothing.
const TEXT = /^[^<{[][^<]{0,199}$/;

/** What an answer says for people, in any other way than an OAuth error or problem details have it: a message, or a text. */
export function messageIn(error: unknown): string | undefined {
  const thrown = fieldsOf(error);
  const { data } = fieldsOf(thrown.response);
  if (typeof data === 'string' && TEXT.test(data)) return data;
  const bodies = bodiesOf(thrown).flatMap((body) => [body, fieldsOf(body.error)]);
  const said = bodies.flatMap(({ message, detail, errors }) => [message, detail, errors]).flat();
  return said.find((each) => typeof each === 'string') as string | undefined;
}

/** got hands a body on as text. */
function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'string') return own<Fields>(Object(value));
  try {
    return own<Fields>(Object(JSON.parse(value)));
  } catch {
    return own({});
  }
}

const FINAL = new Set([
  // RFC 6749 §5.2
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  // RFC 8707 §2
  'invalid_target',
  // OpenID Connect Core §3.1.2.6
  'interaction_required',
  'login_required',
  'consent_required',
  'account_selection_required',
  // GitHub, Slack
  'bad_refresh_token',
  'incorrect_client_credentials',
  'bad_client_secret',
  'invalid_client_id',
  'invalid_refresh_token',
  'token_revoked',
  // Zoho
  'invalid_code',
]);

// RFC 6749 §4.1.2.1, RFC 8628 §3.5, and what services call their limits.
const PASSING =
  /^(?:temporarily_unavailable|server_error|slow_down|authorization_pending)$|rate.?limit|too.?many.?requests|throttl/i;

/** Will it be better later? By its status, or by the name of its error, whatever the status. */
export function isTransient(error: unknown): boolean {
  const { status = 0, fields } = answerOf(error);
  return isTransientStatus(status) || PASSING.test(String(fields.error));
}

// Method Not Allowed, Proxy Authentication Required, Misdirected Request, Upgrade Required, Request Header Fields Too Large.
const OF_GATEWAYS = [405, 407, 421, 426, 431];

/**
 * May it be of a proxy, a firewall or an ingress that stands before the token endpoint? By its status; or as its body is a
 * page or a text. With 400 and 401, frameworks answer pages of their own, and with 403 texts.
 */
export function isOfGateway(error: unknown): boolean {
  const { data, body } = fieldsOf(fieldsOf(error).response);
  const { status = 0 } = answerOf(error);
  if (status <= 401) return false;
  if (OF_GATEWAYS.includes(status)) return true;
  const text = data ?? body;
  return typeof text === 'string' && (status === 403 ? /^\s*</ : /^\s*[^\s{[]/).test(text);
}

/** Is it an OAuth error that another try with the same refresh token can't mend? Whatever its status, a bad day's apart. */
export function isFinal(error: unknown): boolean {
  const { status = 0, fields } = answerOf(error);
  return FINAL.has(fields.error as string) && !isTransientStatus(status);
}

/** Request Timeout, Too Early, and what axios-retry tries again: Too Many Requests, and what the server is to blame for. */
export function isTransientStatus(status: number): boolean {
  return [408, 425].includes(status) || isRetryableError({ response: { status } } as AxiosError);
}
