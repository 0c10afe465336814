import { shared } from '../platform/shared.js';
import { digest } from './digest.js';

// As many as a server with thousands of sessions holds for some hours. The oldest go first.
const REMEMBERED = 10_000;

/** The access tokens that sessions of this process have held, as digests, and how many there were. */
interface Held {
  readonly digests: Set<number>;
  count: number;
}

let known: Held | undefined;

/** Not made where this file is loaded: a bundler would keep it, used or not. */
function held(): Held {
  known ??= shared('held', (): Held => ({ digests: new Set(), count: 0 }));
  return known;
}

/** @returns how many were remembered so far: `isFading` says when it must be done again */
export function rememberAccessToken(accessToken: string): number {
  const all = held();
  if (!accessToken) return all.count;
  const { digests } = all;
  const key = digest(accessToken);
  digests.delete(key);
  digests.add(key);
  if (digests.size > REMEMBERED) digests.delete(digests.values().next().value as number);
  return ++all.count;
}

/** Were so many others remembered since then that this one may be forgotten soon? */
export function isFading(rememberedAt: number): boolean {
  return held().count - rememberedAt > REMEMBERED / 2;
}

/** Did a session of this process hold it? Then a header with it is ours, in whatever config it stands. */
export function isOurs(accessToken: string): boolean {
  return held().digests.has(digest(accessToken));
}
