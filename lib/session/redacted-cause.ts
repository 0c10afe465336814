import { own } from '../platform/own.js';
import { answerOf, messageIn } from '../sources/answer.js';

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
// To hide a shorter one would take letters out of every word.
const SHORTEST_SECRET = 4;

/**
 * Why something failed: the message without tokens, the code, the status, the OAuth error or the problem details. The error
 * itself stays here, as its config and its response may hold refresh tokens.
 */
export function redactedCause(error: unknown, known: string[]): Cause {
  const thrown = own<Thrown>(Object(error)) as Thrown;
  const { name, config } = thrown;
  const { status, fields } = answerOf(error);
  // Node keeps the error of an aborted call on its socket, where a later request's error may show it.
  if (config?.data) Reflect.deleteProperty(config, 'data');
  const secrets = known.filter((secret) => secret.length >= SHORTEST_SECRET).flatMap(formsOf);
  const hide = hiding(secrets);

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

/** As a server may echo it: as it is, encoded as in a form or a URL, in either case, or with its slashes escaped (PHP's JSON). */
function formsOf(secret: string): string[] {
  const form = new URLSearchParams({ '': secret }).toString().slice(1);
  const component = form.replaceAll('+', '%20').replace(/%(?:21|27|28|29|7E)/g, decodeURIComponent);
  const lower = [form, component].map((encoded) => encoded.replace(/%../g, (byte) => byte.toLowerCase()));
  return [secret, form, component, ...lower, secret.replaceAll('/', '\\/')];
}

function hiding(secrets: string[]): (text: unknown) => string {
  // The longest first: one may begin another.
  const escaped = secrets
    .sort((a, b) => b.length - a.length)
    .map((each) => each.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  const any = escaped.length > 0 ? new RegExp(escaped.join('|'), 'g') : undefined;
  return (text) => (any ? String(text).replace(any, '[token]') : String(text));
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
