import { bearerError } from './errors.js';

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
}

/** The wire shape of RFC 6749 §5.1. @inline */
interface WireToken {
  /** Visible ASCII. */
  access_token: string;
  /** Missing: the old one is kept (RFC 6749 §6). */
  refresh_token?: string | null;
  /** Seconds. Zero, negative or unreadable means unknown. */
  expires_in?: number | string | null;
  /** Names divided by spaces (RFC 6749 §3.3). */
  scope?: string | null;
}

/** The same in camelCase, as many backends send it, and as a saved {@link Token} reads. @inline */
interface CamelToken {
  /** Visible ASCII. */
  accessToken: string;
  /** Missing: the old one is kept (RFC 6749 §6). */
  refreshToken?: string | null;
  /** Seconds. Zero, negative or unreadable means unknown. */
  expiresIn?: number | string | null;
  /** ms since the epoch. */
  expiresAt?: number | Date | null;
  /** ms since the epoch; read in tokens that are handed in only. Default: now. */
  issuedAt?: number;
  /** Names divided by spaces (RFC 6749 §3.3). */
  scope?: string | null;
}

/**
 * What a source may answer, and what `tokens` and `signIn()` take: the wire shape of RFC 6749 §5.1, the same in
 * camelCase, a bare access token, or nothing at all for a session that lives in httpOnly cookies (`header: false`).
 */
// biome-ignore lint/suspicious/noConfusingVoidType: an async function without a return is meant to fit
export type TokenResponse = WireToken | CamelToken | string | null | undefined | void;

interface Reading {
  now: number;
  /** The token that was refreshed: what the answer leaves out is kept from it (RFC 6749 §6). */
  previous?: Token | undefined;
  /** Handed in by the app rather than just answered: then a time in the past is believed. */
  handedIn?: boolean;
  /** A cookie session's answer carries no token. */
  cookies?: boolean;
}

type Fields = Record<string, unknown>;

// A shorter life than this is no life to plan by: it would have every request refresh.
const SHORTEST_LIFE = 1_000;
const VISIBLE_ASCII = /^[\x21-\x7E]+$/;
// No server takes a header of that size: a longer token would be refused for ever, and not by a 401.
const LONGEST = 64 * 1024;

/**
 * A source's answer, checked at the door (RFC 6749 §5.1).
 *
 * @throws ERR_BEARER_TOKEN if there is no access token in it, or one that a header can't carry
 */
export function readToken(answer: TokenResponse, { now, previous, handedIn, cookies }: Reading): Token {
  const fields = (typeof answer === 'string' ? { accessToken: bare(answer) } : (answer ?? {})) as Fields;
  const accessToken = fields.access_token ?? fields.accessToken;
  if (cookies && !accessToken) return { accessToken: '', issuedAt: now };
  assertToken('access token', accessToken);

  const refreshToken = fields.refresh_token ?? fields.refreshToken;
  if (refreshToken) assertToken('refresh token', refreshToken);
  const scope = typeof fields.scope === 'string' ? fields.scope : previous?.scope;
  const issuedAt = handedIn ? (finite(fields.issuedAt) ?? now) : now;
  const expiresAt = expiry(fields, accessToken, issuedAt, !handedIn);

  return {
    accessToken,
    issuedAt,
    ...((refreshToken || previous?.refreshToken) && {
      refreshToken: (refreshToken as string) || previous?.refreshToken,
    }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(scope !== undefined && { scope }),
  } as Token;
}

/** A truncated JSON, a page of HTML or a form arrives as a string too. A token may end with `=` (RFC 6750 §2.1). */
function bare(answer: string): string | undefined {
  return /^[[{"<]|&|=[^=]/.test(answer) ? undefined : answer;
}

function assertToken(name: string, value: unknown): asserts value is string {
  if (typeof value === 'string' && value.length <= LONGEST && VISIBLE_ASCII.test(value)) return;
  // The value itself may be half a secret: only its kind is told.
  const got = typeof value === 'string' ? kindOf(value) : typeof value;
  throw bearerError(
    'ERR_BEARER_TOKEN',
    `The source must answer with { access_token, refresh_token?, expires_in? } or a bare token. ` +
      `Expected the ${name} to be at most ${LONGEST} visible ASCII characters, got ${got}`,
  );
}

function kindOf(text: string): string {
  if (!text) return 'an empty string';
  return text.length > LONGEST ? `${text.length} of them` : 'other characters';
}

/** When the access token ends, by `expires_in`, an absolute time, or a JWT's own claim. */
function expiry(fields: Fields, accessToken: string, issuedAt: number, answered: boolean): number | undefined {
  const seconds = finite(fields.expires_in ?? fields.expiresIn);
  const claims = seconds === undefined && fields.expiresAt == null ? claimsOf(accessToken) : {};
  const [exp, iat] = [finite(claims.exp), finite(claims.iat)];
  const life =
    seconds !== undefined
      ? seconds * 1_000
      : // What counts is how long, not when: an answer's clock may be minutes from ours.
        answered && exp !== undefined && iat !== undefined
        ? (exp - iat) * 1_000
        : (finite(fields.expiresAt) ?? (exp ?? Number.NaN) * 1_000) - issuedAt;
  if (!Number.isFinite(life) || (answered && life <= 0)) return undefined;
  return issuedAt + (answered ? Math.max(life, SHORTEST_LIFE) : life);
}

function finite(value: unknown): number | undefined {
  const readable = typeof value === 'number' || value instanceof Date || (typeof value === 'string' && value.trim());
  const number = readable ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** What a JWT says of itself (RFC 7519 §4); `{}`: it is none. Nothing is verified: it is a hint. */
export function claimsOf(token: string | undefined): Fields {
  try {
    const payload = token?.split('.')[1] as string;
    return Object(JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/'))));
  } catch {
    return {};
  }
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
