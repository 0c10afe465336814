import { own } from '../platform/own.js';
import { answerOf, messageIn } from '../sources/answer.js';
import type { Token } from '../token.js';

/** An error's cause that is fit to be logged. */
export interface Cause extends Error {
  code?: unknown;
  status?: number;
  error?: string;
  error_description?: string;
  error_uri?: string;
  title?: string;
  detail?: string;
}

// RFC 6749 §5.2, RFC 9457 §3.1
const FIELDS = ['error', 'error_description', 'error_uri', 'title', 'detail'] as const;

interface Thrown extends Cause {
  cause?: unknown;
  errors?: unknown;
  config?: { data?: unknown };
}

// An error's cause may have a cause: fetch's has the socket's.
const DEEPEST = 3;
const LONGEST_REASON = 300;

/**
 * Why something failed: the message without tokens, the code, the status, the OAuth error or the problem details. The error
 * itself stays here, as its config and its response may hold refresh tokens.
 */
export function redactedCause(error: unknown, tokens: Token[]): Cause {
  const thrown = own<Thrown>(Object(error)) as Thrown;
  const { name, config } = thrown;
  const { status, fields } = answerOf(error);
  // Node keeps the error of an aborted call on its socket, where a later request's error may show it.
  if (config?.data) Reflect.deleteProperty(config, 'data');
  const secrets = tokens
    .flatMap(({ accessToken, refreshToken = '' }) => [accessToken, refreshToken])
    // A server that echoes its form echoes it encoded.
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .filter((secret) => secret);
  const hide = (text: unknown) =>
    secrets.reduce<string>((kept, secret) => kept.replaceAll(secret, '[token]'), String(text));

  const cause: Cause = new Error(hide(typeof error === 'object' ? textOf(thrown) : error));
  if (name) cause.name = name;
  const code = [thrown, ...beneath(thrown)].find((each) => typeof each.code === 'string')?.code;
  if (code) cause.code = code;
  if (status) cause.status = status;
  for (const field of FIELDS) if (typeof fields[field] === 'string') cause[field] = hide(fields[field]);
  const said = cause.error_description ?? cause.detail ?? messageIn(error);
  if (said) cause.detail = hide(said);
  return cause;
}

/** What happened at each address (AggregateError), or at the socket (fetch). */
function beneath({ cause, errors }: Thrown): Thrown[] {
  const all = [cause, ...(Array.isArray(errors) ? errors : [])].filter(
    (each) => each !== null && typeof each === 'object',
  );
  return all.map((each) => own<Thrown>(each) as Thrown);
}

/** Its message, and those of what is beneath it. */
function textOf(error: Thrown): string {
  const messagesOf = (each: Thrown, depth: number): unknown[] =>
    depth > DEEPEST ? [] : [each.message, ...beneath(each).flatMap((next) => messagesOf(next, depth + 1))];
  const messages = messagesOf(error, 1).filter((message) => message && typeof message === 'string');
  return [...new Set(messages)].join(': ') || (error.message ?? 'it threw an object without a message');
}

/** For a message, in one line: what the server said, else what was thrown; and the status. */
export function reasonOf(cause: Cause): string {
  const { message = '', code, status, error, error_description, title, detail } = own(cause);
  const said = [error ?? title, error_description ?? detail].filter(Boolean).join(', ');
  const line = (said || message).replace(/\s+/g, ' ').slice(0, LONGEST_REASON);
  const number = String(status ?? code ?? '');
  return line.includes(number) ? line : `${line} (${number})`;
}
