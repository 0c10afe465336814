import type { StoreEntry } from '../stores/store.js';
import type { Token } from '../token.js';
import { type Current, isSame } from './current.js';
import { Failure } from './failure.js';
import {
  apply,
  ask,
  type Base,
  type Draft,
  isBase,
  isWanted,
  known,
  look,
  type Obtained,
  type Outcome,
  type Protocol,
  read,
  revoke,
  take,
  write,
} from './protocol.js';
import { currentIn, type Holding } from './state.js';

/**
 * Under the lock: one attempt to have a newer token.
 *
 * @param begunWith the token that a newer one was asked for
 * @param obtained what `obtain()` has brought in an earlier attempt, or a person before this one
 * @throws Failure
 */
export function* refreshSteps(begunWith?: Current, obtained?: Obtained): Protocol<Outcome> {
  const before = begunWith ?? currentIn((yield* look()).holding.state);
  if (!(yield* isWanted())) return { kind: 'unwanted' };
  yield* take(yield* read());
  const { holding, heeds, newSession } = yield* look();
  const { state, stored } = holding;
  const base = yield* known();
  const current = currentIn(state);
  if (state.is === 'active' && state.unsaved) {
    const { token, presented } = state.unsaved;
    return yield* keep(state.current.session, token, { base, presented });
  }
  if (!isSame(before, current)) return yield* drop(obtained, current);
  if (state.is === 'empty') {
    const first = obtained ?? { session: newSession() };
    first.token ??= yield* ask();
    return yield* keep(first.session, first.token, { base });
  }
  if (state.is !== 'active') return yield* drop(obtained);
  const { session, token } = state.current;
  if (obtained?.token) return yield* keep(session, obtained.token, { base, presented: token.refreshToken });
  if (stored && heeds(stored) && isBase(stored, session, token.refreshToken)) {
    return { kind: 'marked', entry: stored };
  }
  return yield* renew(session, token, base);
}

/** Another token, or a sign-out, came first: what was obtained is not used, and revoked unless an earlier attempt has stored it. */
function* drop(obtained: Obtained | undefined, current?: Current): Protocol<Outcome> {
  if (obtained?.token && obtained.session !== current?.session) yield* revoke(obtained.token);
  return { kind: 'adopted' };
}

function* renew(session: string, token: Token, found: number): Protocol<Outcome> {
  const base = yield* mark(session, token, found);
  if (typeof base !== 'number') return base;
  let made: Token;
  try {
    made = yield* ask(token);
  } catch (failure) {
    if (failure instanceof Failure) yield* failed(session, token, failure, base);
    throw failure;
  }
  yield* apply({ is: 'made', session, unsaved: { token: made, presented: token.refreshToken } });
  return yield* keep(session, made, { base, presented: token.refreshToken });
}

/** Tells the other holders of the store that this refresh token is about to be presented. @returns the mark's version */
function* mark(session: string, token: Token, base: number): Protocol<Outcome | number> {
  const { marks, holder, heeds } = yield* look();
  if (!marks(token)) return base;
  // Another holder that had the lock before may still change the entry, but not spend its refresh token.
  const mayReplace = (found: StoreEntry) => isBase(found, session, token.refreshToken) && !heeds(found);
  const { won, entry } = yield* write({ session, token, sent: holder }, base, mayReplace);
  yield* take(entry);
  if (won && (yield* isWanted())) return entry.version;
  if (won) {
    yield* quietly(rewrite(session, token, { base: entry.version, presented: token.refreshToken }));
    return { kind: 'adopted' };
  }
  return isBase(entry, session, token.refreshToken) ? { kind: 'marked', entry } : { kind: 'adopted' };
}

/** No token came: may this refresh token be presented again? */
function* failed(
  session: string,
  token: Token,
  { kind, error, afterRejection }: Failure,
  base: number,
): Protocol<void> {
  const { serves, marks, holding } = yield* look();
  const presented = token.refreshToken;
  // The app may have handed in a newer access token meanwhile.
  const inUse = currentIn(holding.state)?.token ?? token;
  if (afterRejection) yield* apply({ is: 'mustObtain', session, presented });
  else if (kind === 'rejected') yield* apply({ is: 'rejected', session, presented, error, serves: serves(inUse) });
  const { state } = (yield* look()).holding;
  if (state.is !== 'active' || state.current.session !== session) return;
  if (afterRejection || kind === 'rejected' || marks(token)) {
    yield* quietly(rewrite(session, state.current.token, { base, presented }));
  }
}

/** Writes the token as it is held now: without its mark, and without a refresh token that was refused for good. */
function* rewrite(session: string, token: Token, { base, presented }: Base): Protocol<void> {
  const { entry } = yield* write({ session, token }, base, (found) => isBase(found, session, presented));
  yield* take(entry);
}

/** Writes what the source has brought, and takes it into use. */
function* keep(
  session: string,
  token: Token,
  { base, presented, sent, quiet = false }: Base & { sent?: string | undefined; quiet?: boolean },
): Protocol<Outcome> {
  const draft: Draft = { session, token, sent };
  const mayReplace = (found: StoreEntry) => {
    // What the app hands in says nothing of the refresh token: another holder may be presenting it.
    if (quiet) draft.sent = found.sent;
    return isBase(found, session, presented);
  };
  const { won, entry } = yield* write(draft, base, mayReplace);
  const { currentOf } = yield* look();
  if (won) yield* apply({ is: 'kept', entry, current: currentOf(session, token), quiet });
  // The sign-out, or the other session, may be known here already.
  else if (!(yield* take(entry, token)) && (!entry.token || entry.session !== session)) yield* revoke(token);
  return { kind: won ? 'kept' : 'adopted' };
}

/** Should the store fail, nothing is lost but time. */
function* quietly(protocol: Protocol<void>): Protocol<void> {
  try {
    yield* protocol;
  } catch {}
}

/** Under the lock: the option `tokens`, where nothing is stored. */
export function* plantSteps(session: string, token: Token): Protocol<void> {
  if (yield* take(yield* read())) return;
  // A sign-in or sign-out here meanwhile comes first.
  if ((yield* look()).holding.state.is !== 'unread') return;
  yield* keep(session, token, { base: yield* known() });
}

/**
 * Under the lock: a token that the app has handed in. It is in use already.
 *
 * @param own has it a refresh token of its own?
 */
export function* updateSteps(session: string, handedIn: Token, own: boolean): Protocol<Outcome> {
  yield* take(yield* read());
  const active = activeIn((yield* look()).holding, session);
  const before = active?.unsaved;
  // A token is in use at once when the app hands it in: this one came later, and is stored by its own update().
  if (before && before.token === active.current.token && before.token !== handedIn) return { kind: 'adopted' };
  // What a refresh has brought meanwhile, and the store lacks, is older.
  if (before && before.token.accessToken !== handedIn.accessToken) {
    yield* keep(session, before.token, { base: yield* known(), presented: before.presented });
  }
  const { holding } = yield* look();
  const state = activeIn(holding, session);
  const { stored } = holding;
  // Another sign-in, or a sign-out, supersedes it; the end of this holder does not.
  if (!state && (holding.state.is !== 'closed' || stored?.session !== session)) return { kind: 'adopted' };
  const presented = stored?.token?.refreshToken;
  // A refresh token that the store lacks is newer than the one that is stored.
  const isNewest = own || state?.unsaved?.token.accessToken === handedIn.accessToken;
  const token = isNewest ? handedIn : { ...handedIn, ...(presented && { refreshToken: presented }) };
  return yield* keep(session, token, { base: yield* known(), presented, sent: stored?.sent, quiet: true });
}

function activeIn({ state }: Holding, session: string) {
  return state.is === 'active' && state.current.session === session ? state : undefined;
}
