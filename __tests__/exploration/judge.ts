import type { StoreEntry } from '../../lib/stores/store.js';
import type { Draft } from './draft.js';
import { numberOf, type OpKind, type World } from './world.js';

/** Each write that takes effect. */
export function judgeWrite(draft: Draft, before: StoreEntry, next: StoreEntry, by: OpKind) {
  if (next.token && !next.token.accessToken.startsWith(`${next.session}.`))
    draft.breaks("A token was stored as another user's (L21)");
  if (!next.token || by === 'signIn') {
    if (before.session === next.session && before.token && next.token && isOlder(next, before)) {
      draft.breaks('A sign-in was written anew above what had become of it (L4)');
    }
    return;
  }
  if (!before.token) return draft.breaks(`A ${by} undid a sign-out (L4)`);
  if (before.session !== next.session) return draft.breaks(`A ${by} undid another sign-in (L4)`);
  if (isOlder(next, before)) draft.breaks('A rotated token was replaced by its spent predecessor (L4)');
}

function isOlder(next: StoreEntry, before: StoreEntry): boolean {
  const [a, b] = [next, before].map(({ token }) => token?.refreshToken);
  return a !== undefined && b !== undefined && numberOf(a).number < numberOf(b).number;
}

/** Nothing is under way any more, but what was given up. */
export function isQuiet({ holders }: World): boolean {
  return holders.every(({ ops }) => ops.length === 0);
}

/** @returns the law that is broken where nothing is under way */
export function judgeQuiet(world: World): string | undefined {
  const { register, facts, holders, families } = world;
  for (const session of facts.signedOut) {
    if (register.token && register.session === session) return 'A session is stored whose sign-out had resolved (L22)';
  }
  for (const session in families) {
    const { newest, excused, over } = families[session] as World['families'][string];
    const isLive = register.session === session && register.token && !excused && !facts.ending.includes(session);
    if (!isLive) continue;
    if (over) return 'A session in use was revoked';
    const name = `${session}.${newest}`;
    const isStored = register.token?.refreshToken === name;
    const isHeld = holders.some(
      ({ holding: { state } }) => state.is === 'active' && state.unsaved?.token.refreshToken === name,
    );
    if (!isStored && !isHeld) return 'The newest refresh token is nowhere: the session is lost';
  }
  return undefined;
}
