import { bearerError } from '../errors.js';
import type { StoreEntry } from '../stores/store.js';
import type { Token } from '../token.js';
import {
  apply,
  ask,
  isWanted,
  known,
  look,
  type Obtained,
  type Protocol,
  read,
  revoke,
  take,
  write,
} from './protocol.js';

/** At the start and at a hint. */
export function* readAgainSteps(): Protocol<void> {
  const entry = yield* read();
  if (!(yield* take(entry))) yield* apply({ is: 'found', entry: undefined });
}

/** Under the lock: a sign-in that asks the source. */
export function* signInByAskingSteps(obtained: Obtained): Protocol<void> {
  obtained.token ??= yield* ask();
  yield* signInWithSteps(obtained.session, obtained.token);
}

/** A sign-in with what the source has brought: of no use when somebody has signed in or out meanwhile. */
export function* signInWithSteps(session: string, token: Token): Protocol<void> {
  if (!(yield* isWanted())) throw overtaken();
  yield* signInSteps(session, token);
}

/** A sign-in. The last one wins. @throws ERR_BEARER_SIGNED_OUT, ERR_BEARER_IDENTITY */
export function* signInSteps(session: string, token: Token): Protocol<void> {
  yield* apply({ is: 'signingIn', session });
  const isOthers = function* (found: StoreEntry): Protocol<boolean> {
    return found.session !== session && (yield* isWanted());
  };
  const { won, entry } = yield* write({ session, token }, yield* known(), isOthers);
  if (!won && entry.session !== session) throw overtaken();
  if (!(yield* isWanted())) {
    yield* apply({ is: 'overtaken', entry });
    throw overtaken();
  }
  const { currentOf } = yield* look();
  if (won) return yield* apply({ is: 'signedIn', entry, current: currentOf(session, token) });
  // It had been stored, and another holder has gone on from there.
  yield* take(entry);
  if (!entry.token) throw bearerError('ERR_BEARER_SIGNED_OUT', 'Another holder of the store signed out meanwhile');
}

export function overtaken() {
  return bearerError('ERR_BEARER_IDENTITY', 'Another sign-in took the place of this one');
}

/** A sign-out. If the store holds one that we did not know of, nothing is written. */
export function* signOutSteps(session: string): Protocol<void> {
  // It names the session that has ended: a `signIn` of that session that writes again finds that it was signed out.
  const draft = { session };
  const isToken = function* (found: StoreEntry): Protocol<boolean> {
    if (!found.token) return false;
    // The session that was to end is gone. Another one is ended only if the app has not signed in since.
    if (found.session !== draft.session && !(yield* isWanted())) return false;
    draft.session = found.session;
    yield* apply({ is: 'disowned', session: found.session });
    yield* revoke(found.token);
    return true;
  };
  const { entry } = yield* write(draft, yield* known(), isToken);
  yield* take(entry);
}

/** A session has ended here, and ends in the store as well. `only`: unless that has a newer access token than this one. */
export function* endInStoreSteps(session: string, only?: Token): Protocol<void> {
  const isEnded = ({ session: found, token }: StoreEntry) =>
    found === session && token !== undefined && (!only || token.accessToken === only.accessToken);
  const { entry } = yield* write({ session }, yield* known(), isEnded);
  yield* take(entry);
}
