import type { Fields } from '../expiry.js';
import { own } from '../own.js';

/** What a failed token request says of itself. */
export interface Answer {
  /** HTTP status. */
  readonly status: number | undefined;
  /** The fields of its body, such as `error` and `error_description` (RFC 6749 §5.2). */
  readonly fields: Fields;
}

/**
 * The server's answer in an error, whichever client threw it: axios, got, ky, ofetch, superagent, simple-oauth2,
 * openid-client, or the app's own around fetch. An answer without a token may be handed in as it is.
 */
export function answerOf(error: unknown): Answer {
  const thrown = fieldsOf(error);
  const response = fieldsOf(thrown.response);
  const data = fieldsOf(thrown.data);
  const bodies = [response.data, response.body, data.payload, data, thrown].map(fieldsOf);
  const places = [response, fieldsOf(thrown.output), thrown];
  const statuses = places.flatMap(({ status, statusCode }) => [status, statusCode]);
  return {
    status: statuses.find((status) => typeof status === 'number') as number | undefined,
    fields: bodies.find((body) => typeof body.error === 'string') ?? bodies.find((body) => 'title' in body) ?? own({}),
  };
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
  'invalid_refresh_token',
]);

/** Is it an OAuth error that another try with the same refresh token can't mend? Whatever its status, a bad day's apart. */
export function isFinal(error: unknown): boolean {
  const { status = 0, fields } = answerOf(error);
  return FINAL.has(fields.error as string) && !mayPass(status);
}

/** Request Timeout, Too Early, Too Many Requests, and all that the server itself is to blame for. */
export function mayPass(status: number): boolean {
  return status >= 500 || [408, 425, 429].includes(status);
}
