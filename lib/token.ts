import { bearerError } from './errors.js';
import { expiryOf, type Fields, finite, type How, TIMES } from './expiry.js';
import { own } from './platform/own.js';

/** Tokens as the session holds them. All times are ms since the epoch. */
export interface Token {
  /** Empty in a cookie session. */
  readonly accessToken: string;
  /** Missing when the server gave none: then nothing but `obtain` or a new sign-in follows it. */
  readonly refreshToken?: string;
  /** By our clock: when the answer came. */
  readonly issuedAt: number;
  /** Unknown when the server did not say: then only a 401 tells. */
  readonly expiresAt?: number;
  /** Names divided by spaces (RFC 6749 §3.3), where the server told. */
  readonly scope?: string;
  /** The other fields of the token response, such as `id_token` or `instance_url`. A refresh that leaves one out keeps it. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** The wire shape of RFC 6749 §5.1. @inline */
interface WireToken {
  /** Visible ASCII. Missing in tokens that are handed in: the refresh token alone is enough. */
  access_token?: string | null | undefined;
  /** Missing: the old one is kept (RFC 6749 §6). */
  refresh_token?: string | null | undefined;
  /** Seconds. Zero, negative or unreadable means unknown. */
  expires_in?: number | string | null | undefined;
  /** Seconds or ms since the epoch, or a date as text, as openid-client, Supabase and Strava have it. */
  expires_at?: number | string | Date | null | undefined;
  /** The same, as Google's libraries have it. */
  expiry_date?: number | string | null | undefined;
  /** The same, as Entra has it. */
  expires_on?: number | string | null | undefined;
  /** Names divided by spaces (RFC 6749 §3.3). */
  scope?: string | null | undefined;
}

/** The same in camelCase, as many backends send it, and as a saved {@link Token} reads. @inline */
interface CamelToken {
  /** Visible ASCII. Missing in tokens that are handed in: the refresh token alone is enough. */
  accessToken?: string | null | undefined;
  /** Missing: the old one is kept (RFC 6749 §6). */
  refreshToken?: string | null | undefined;
  /** Seconds. Zero, negative or unreadable means unknown. */
  expiresIn?: number | string | null | undefined;
  /** ms since the epoch, or a date as text. */
  expiresAt?: number | string | Date | null | undefined;
  /** ms since the epoch; read in tokens that are handed in only. Default: now. */
  issuedAt?: number | undefined;
  /** Names divided by spaces (RFC 6749 §3.3). */
  scope?: string | null | undefined;
}

/**
 * What a source may answer, and what `tokens` and `signIn()` take: the wire shape of RFC 6749 §5.1, the same in
 * camelCase, a bare access token, or nothing at all for a session that lives in httpOnly cookies (`header: false`).
 * Other fields are kept in `Token.extra`.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: an async function without a return is meant to fit
export type TokenResponse = WireToken | CamelToken | string | null | undefined | void;

interface Reading extends How {
  now: number;
  /** The token that was refreshed: what the answer leaves out is kept from it (RFC 6749 §6). */
  previous?: Token | undefined;
  /** A cookie session's answer carries no token. */
  cookies?: boolean;
}

const VISIBLE_ASCII = /^[\x21-\x7E]+$/;
// No server takes a header of that size: a longer token would be refused for ever, and not by a 401.
const LONGEST = 64 * 1024;
const ANSWERED = 'The source must answer with';
const HANDED_IN = 'The option tokens, signIn() and update() take';

/**
 * A source's answer, checked at the door (RFC 6749 §5.1).
 *
 * @throws ERR_BEARER_TOKEN if there is no access token in it, or one that a header can't carry
 */
export function readToken(answer: TokenResponse, how: Reading): Token {
  const reading = own(how) as Reading;
  const { now, previous, handedIn, cookies } = reading;
  const given = (typeof answer === 'string' && !cookies ? { accessToken: bare(answer) } : Object(answer)) as Fields;
  const fields = own(given);
  const accessToken = fields.access_token ?? fields.accessToken;
  const refreshToken = fields.refresh_token ?? fields.refreshToken;
  if (refreshToken) assertToken('refresh token', refreshToken, reading);
  const nextRefreshToken = (refreshToken || previous?.refreshToken) as string | undefined;
  const renewable = nextRefreshToken ? { refreshToken: nextRefreshToken } : {};
  if (!accessToken && cookies) {
    const end = expiryOf(fields, '', now, reading);
    return sealed({ accessToken: '', issuedAt: now, ...renewable, ...(end !== undefined && { expiresAt: end }) });
  }
  // It is refreshed before the first request.
  if (!accessToken && refreshToken && handedIn)
    return sealed({ accessToken: '', ...renewable, issuedAt: now, expiresAt: now, ...extraOf(given) });
  assertToken('access token', accessToken, reading);

  const scope = typeof fields.scope === 'string' ? fields.scope : previous?.scope;
  const issuedAt = handedIn ? (finite(fields.issuedAt) ?? now) : now;
  const expiresAt = expiryOf(fields, accessToken, issuedAt, reading);

  return sealed({
    accessToken,
    issuedAt,
    ...renewable,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(scope !== undefined && { scope }),
    ...extraOf(given, previous?.extra),
  } as Token);
}

/**
 * Frozen: it is handed out, and what the session holds must not change by that. A frozen `{ ...token }` would have a hidden
 * class of its own in V8, which is larger than the token; a copy that is filled shares one with the others.
 */
export function sealed(token: Token): Token {
  return Object.isFrozen(token) ? token : Object.freeze(Object.assign({}, token));
}

const OWN = ['access_token', 'accessToken', 'refresh_token', 'refreshToken'];
const READ = [...OWN, ...TIMES, 'expires_in', 'expiresIn', 'issuedAt', 'scope', 'token_type', 'extra'];

function extraOf(given: Fields, previous?: Fields): { extra?: Fields } {
  const { extra: more } = own(given);
  const saved = typeof more === 'object' ? carried(more as Fields) : undefined;
  const extra = { ...previous, ...saved, ...carried(given, READ) };
  return Object.keys(extra).length > 0 ? { extra: Object.freeze(extra) } : {};
}

/** A copy of the fields that JSON can carry: with any other, no store could keep the token. */
function carried(fields: Fields | null, except: string[] = []): Fields {
  const kept: Fields = {};
  for (const name of Object.keys(fields ?? {}).filter((each) => !except.includes(each))) {
    try {
      kept[name] = JSON.parse(JSON.stringify(fields?.[name]));
    } catch {}
  }
  return kept;
}

/** Tokens as an app holds them when nobody is signed in: nothing, or fields with nothing in them. */
export function isNothing(tokens: TokenResponse): boolean {
  if (!tokens || typeof tokens !== 'object') return !tokens;
  const fields = own(tokens as Fields);
  const names = Object.keys(tokens);
  return (
    (names.length === 0 && !Array.isArray(tokens)) ||
    (OWN.some((name) => name in fields) && OWN.every((name) => !fields[name]))
  );
}

/** A truncated JSON, a page of HTML or a form arrives as a string too. A token may end with `=` (RFC 6750 §2.1). */
function bare(answer: string): string | undefined {
  return /^[[{"<]|&|=[^=]/.test(answer) ? undefined : answer;
}

function assertToken(name: string, value: unknown, { handedIn }: Reading): asserts value is string {
  if (typeof value === 'string' && value.length <= LONGEST && VISIBLE_ASCII.test(value)) return;
  // The value itself may be half a secret: only its kind is told.
  const got = typeof value === 'string' ? kindOf(value) : typeof value;
  throw bearerError(
    'ERR_BEARER_TOKEN',
    `${handedIn ? HANDED_IN : ANSWERED} { access_token, refresh_token?, expires_in? } or a bare token. ` +
      `Expected the ${name} to be at most ${LONGEST} visible ASCII characters, got ${got}`,
  );
}

function kindOf(text: string): string {
  if (!text) return 'an empty string';
  return text.length > LONGEST ? `${text.length} of them` : 'other characters';
}

const LONGEST_LEEWAY = 5 * 60_000;

/** From when on a refresh should be under way, while the token still serves. Never more than half its life ahead. */
export function dueAt({ issuedAt, expiresAt }: Token, leeway?: number): number {
  if (expiresAt === undefined) return Number.POSITIVE_INFINITY;
  const life = Math.max(0, expiresAt - issuedAt);
  return expiresAt - Math.min(leeway ?? LONGEST_LEEWAY, leeway === undefined ? life / 5 : life / 2);
}

/** Will the token live for another `minValidity` ms? More than nine tenths of its life is asked of no token. */
export function isLive({ issuedAt, expiresAt }: Token, now: number, minValidity = 0): boolean {
  if (expiresAt === undefined) return true;
  return now < expiresAt - Math.min(minValidity, 0.9 * Math.max(0, expiresAt - issuedAt));
}
