import { own } from './platform/own.js';

/** An answer, by the names of its fields. */
export type Fields = Record<string, unknown>;

/** How tokens came. */
export interface How {
  /** Handed in by the app rather than just answered: then a time in the past is believed. */
  handedIn?: boolean;
  /** Just handed in after a login, or as a newer token: it is good, whatever our clock says. */
  isLogin?: boolean;
}

// A shorter life than this is no life to plan by: it would have every request refresh.
const SHORTEST_LIFE = 1_000;
// ms. A token that was just made and ends sooner by our clock tells of that clock: it is ahead by nearly a life.
const SHORTEST_BY_CLOCK = 60_000;

/** The names of an absolute time. */
export const TIMES = ['expires_at', 'expiry_date', 'expires_on', 'expiresAt'];

/** When the access token ends, by `expires_in`, an absolute time, or a JWT's own claims. Saved ones: the times go first. */
export function expiryOf(fields: Fields, accessToken: string, issuedAt: number, how: How): number | undefined {
  const { handedIn } = how;
  const life = lifeOf(fields, accessToken, issuedAt, how);
  // A clock may be mocked, and say nothing.
  if (!Number.isFinite(issuedAt + life) || (!handedIn && life <= 0)) return undefined;
  return issuedAt + (handedIn ? life : Math.max(life, SHORTEST_LIFE));
}

/** ms; NaN: unknown. What counts is how long a new token lives, not until when: the server's clock, or ours, may be hours off. */
function lifeOf(fields: Fields, accessToken: string, issuedAt: number, { handedIn, isLogin }: How): number {
  const seconds = finite(fields.expires_in ?? fields.expiresIn);
  const end = TIMES.map((name) => instant(fields[name], name)).find((time) => time !== undefined);
  const { exp, iat } = own(claimsOf(accessToken));
  const [ends = Number.NaN, began = Number.NaN] = [finite(exp), finite(iat)];
  const byClock = (end ?? ends * 1_000) - issuedAt;
  // An answer that was saved, `expires_in` and all, is older than now.
  if (handedIn && !isLogin && Number.isFinite(byClock)) return byClock;
  if (seconds !== undefined) return seconds * 1_000;
  const isNew = !handedIn || (isLogin && !(fields.refresh_token ?? fields.refreshToken));
  if (!isNew) return byClock;
  const isMisled = !(byClock >= SHORTEST_BY_CLOCK);
  const life = (ends - began) * 1_000;
  if (Number.isFinite(life) && (end === undefined || isMisled)) return life;
  return isMisled ? Number.NaN : byClock;
}

// In seconds a date of our days is below this, in ms above: 1973, and the year 5138.
const SECONDS_BELOW = 1e11;

/** ms since the epoch. */
function instant(value: unknown, name: string): number | undefined {
  const number = finite(value);
  if (number === undefined) return typeof value === 'string' ? finite(Date.parse(value)) : undefined;
  return name !== 'expiresAt' && number < SECONDS_BELOW ? number * 1_000 : number;
}

export function finite(value: unknown): number | undefined {
  const readable =
    ['number', 'bigint'].includes(typeof value) || value instanceof Date || (typeof value === 'string' && value.trim());
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
