import { digest } from './digest.js';

// As many as a server with thousands of sessions holds for some hours. The oldest go first.
const REMEMBERED = 10_000;

/** The access tokens that sessions of this process have held, as digests. */
const held = new Set<number>();

let count = 0;

/** @returns how many were remembered so far: `isFading` says when it must be done again */
export function rememberAccessToken(accessToken: string): number {
  if (!accessToken) return count;
  count++;
  const key = digest(accessToken);
  held.delete(key);
  held.add(key);
  if (held.size > REMEMBERED) held.delete(held.values().next().value as number);
  return count;
}

/** Were so many others remembered since that one still in use might be forgotten? */
export function isFading(rememberedAt: number): boolean {
  return count - rememberedAt > REMEMBERED / 2;
}

/** Did a session of this process hold it? Then a header with it is ours, in whatever config it stands. */
export function isOurs(accessToken: string): boolean {
  return held.has(digest(accessToken));
}
