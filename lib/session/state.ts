import type { BearerError } from '../errors.js';
import { isNewer, type StoreEntry } from '../stores/store.js';
import type { Token } from '../token.js';
import { type Current, hasPresented, isSameToken, isSaved, type Unsaved } from './current.js';
import { type Effect, revokes, tells, tellsEnd } from './effects.js';
import { remember } from './remember.js';
import type { SessionEvent } from './session-event.js';

// A holder that signs in or out more often than this between two looks into the store has forgotten the first.
const REMEMBERED = 8;

/** Everything a session can be. */
export type State =
  /** The store has not been asked yet. `seed`: the option `tokens`. */
  | { readonly is: 'unread'; readonly seed?: Token | undefined }
  /** Nobody has signed in yet, and nobody out: `obtain()` may be tried. */
  | { readonly is: 'empty' }
  | Active
  /** Only `signIn()` leads on, or a newer entry in the store. `elsewhere`: another holder signed out. */
  | { readonly is: 'ended'; readonly why: 'signOut' | 'elsewhere' | BearerError }
  | { readonly is: 'closed' };

interface Active {
  readonly is: 'active';
  readonly current: Current;
  readonly unsaved?: Unsaved | undefined;
  /** Its refresh token was refused for good: it serves to its end. */
  readonly rejection?: BearerError | undefined;
  /** The same, and the source can obtain another. */
  readonly mustObtain?: boolean;
  /** A 401 refused its access token. */
  readonly doubted?: boolean;
}

/** All that a holder of a session knows. */
export interface Holding {
  readonly state: State;
  /** The newest entry that is known to be stored. */
  readonly stored?: StoreEntry | undefined;
  /** Sessions that were signed out here: none of their tokens is ever taken again. */
  readonly signedOut: readonly string[];
  /** Sessions of sign-ins that are under way, or have failed and may be stored all the same. */
  readonly arriving?: readonly string[];
  /** Signed out before the store was read: what it holds then is what was signed out. */
  readonly signedOutUnread?: boolean;
}

/** A holding, and what follows from it. */
export interface Next {
  readonly holding: Holding;
  readonly effects: Effect[];
}

/** The one way from state to state. Pure: no clock, no promise, no axios. */
export function transition(holding: Holding, event: SessionEvent): Next {
  const { state } = holding;
  const active = state.is === 'active' ? state : undefined;
  const to = (next: State, effects: Effect[] = []) => ({ holding: { ...holding, state: next }, effects });
  switch (event.is) {
    case 'found':
      return found(holding, event);
    case 'emptied':
      return stay(holding.stored === event.before ? { ...holding, stored: undefined } : holding);
    case 'made':
      return active?.current.session === event.session ? to({ ...active, unsaved: event.unsaved }) : stay(holding);
    case 'kept':
      return isNewer(event.entry, holding.stored) ? kept(holding, event) : stay(holding);
    case 'signingIn':
      return stay({ ...holding, arriving: remember(holding.arriving, event.session, REMEMBERED) });
    case 'signedIn':
      if (state.is === 'closed' || !isNewer(event.entry, holding.stored)) return stay(holding);
      if (holding.signedOut.includes(event.entry.session)) return endAgain(holding, event.entry);
      return activate(holding, event.entry, event.current, false);
    case 'overtaken':
      return isNewer(event.entry, holding.stored) ? stay({ ...holding, stored: event.entry }) : stay(holding);
    case 'updated':
      if (!active) return stay(holding);
      return to({ is: 'active', current: event.current, unsaved: event.unsaved }, [tells('refreshed', event.current)]);
    case 'rejected':
      if (!active)
        return state.is === 'closed' || event.session ? stay(holding) : to({ is: 'ended', why: event.error });
      if (!hasPresented(active.current, event)) return stay(holding);
      if (!event.serves || active.doubted) return end(holding, event.error);
      return to({ ...withoutRefreshToken(active), rejection: event.error });
    case 'mustObtain':
      if (!active || !hasPresented(active.current, event)) return stay(holding);
      return to({ ...withoutRefreshToken(active), mustObtain: true });
    case 'doubted':
      if (!active) return stay(holding);
      return active.rejection ? end(holding, active.rejection) : to({ ...active, doubted: true });
    case 'trusted':
      return active ? to({ ...active, doubted: false }) : stay(holding);
    case 'over':
      return active?.rejection ? end(holding, active.rejection) : stay(holding);
    case 'disowned':
      // It may have come into use again since the sign-out was asked for.
      return active?.current.session === event.session ? signOut(holding) : stay(disown(holding, event.session));
    case 'seeded':
      return state.is === 'unread' ? to({ is: 'unread', seed: event.seed }) : stay(holding);
    case 'signOut':
      return signOut(holding);
    case 'close':
      return to({ is: 'closed' }, tellsEnd(currentIn(state)));
  }
}

/** Was the current token refused by a 401, and not accepted with a request that was sent later? */
export function isDoubted(state: State): boolean {
  return state.is === 'active' && state.doubted === true;
}

export function currentIn(state: State): Current | undefined {
  return state.is === 'active' ? state.current : undefined;
}

function found(holding: Holding, { entry, current, lost }: Extract<SessionEvent, { is: 'found' }>): Next {
  const { state, stored, signedOut, signedOutUnread } = holding;
  if (!isNewer(entry, stored)) {
    const isFirst = state.is === 'unread' && !state.seed;
    return stay(isFirst ? { ...holding, state: { is: 'empty' } } : holding);
  }
  if (state.is === 'closed') return stay({ ...holding, stored: entry });
  // What was made of another session's tokens, or of one that has ended, is of no use.
  const isOver = !entry.token || currentIn(state)?.session !== entry.session;
  const unsaved = state.is === 'active' ? state.unsaved?.token : undefined;
  const overruled = isOver ? revokes(lost, unsaved) : [];
  if (!entry.token || !current) {
    const ended = state.is === 'ended' ? state : ({ is: 'ended', why: 'elsewhere' } as const);
    const next = { ...holding, stored: entry, signedOutUnread: false, state: ended };
    return { holding: next, effects: [...overruled, ...tellsEnd(currentIn(state))] };
  }
  const isDisowned = signedOut.includes(entry.session) || signedOutUnread;
  const next = isDisowned ? endAgain(holding, entry) : activate(holding, entry, current, true);
  return { ...next, effects: [...overruled, ...next.effects] };
}

function kept(holding: Holding, { entry, current, quiet }: Extract<SessionEvent, { is: 'kept' }>): Next {
  const { state } = holding;
  if (state.is === 'closed') return stay({ ...holding, stored: entry });
  if (state.is === 'ended' && holding.signedOut.includes(entry.session)) {
    // Signed out here while it was under way: it was kept for the other holders until the sign-out is stored.
    const next = endAgain(holding, entry);
    return { ...next, effects: [...next.effects, { do: 'revoke', token: current.token }] };
  }
  const next = activate(holding, entry, current, false);
  return quiet ? { ...next, effects: next.effects.filter((effect) => effect.do !== 'tell') } : next;
}

function activate(holding: Holding, stored: StoreEntry, current: Current, adopted: boolean): Next {
  const before = holding.state.is === 'active' ? holding.state : undefined;
  const same = before?.current.session === stored.session ? before : undefined;
  // A later entry with the refresh token that was presented does not supersede what was made of it.
  const isBase = adopted && same?.unsaved?.presented === stored.token?.refreshToken;
  const unsaved = isBase && !isSaved(same?.unsaved, stored.token) ? same?.unsaved : undefined;
  const isKnown = same && isSameToken(same.current, current);
  const isKept = isKnown && same.current.token.refreshToken === current.token.refreshToken;
  const isUnchanged = isKept && same.current.token.expiresAt === current.token.expiresAt;
  const state: State = isKept
    ? { ...same, ...(!isUnchanged && { current }), unsaved }
    : { is: 'active', current, unsaved };
  const effects = isKnown && adopted ? [] : [tells(same ? 'refreshed' : 'signedIn', current, adopted)];
  if (!adopted && !same) effects.push(...revokes(before?.unsaved?.token));
  return { holding: { ...holding, stored, signedOutUnread: false, state }, effects };
}

function withoutRefreshToken(state: Active): Active {
  const { refreshToken, ...token } = state.current.token;
  return { ...state, current: { ...state.current, token, dueAt: token.expiresAt ?? Number.POSITIVE_INFINITY } };
}

function end(holding: Holding, why: BearerError): Next {
  const current = currentIn(holding.state);
  const effects = tellsEnd(current);
  // Another holder may have been given tokens that nobody has refused.
  if (current) effects.push({ do: 'signOut', session: current.session, only: current.token });
  return { holding: { ...holding, state: { is: 'ended', why } }, effects };
}

/** It was signed out here: the sign-out is written above it. */
function endAgain(holding: Holding, entry: StoreEntry): Next {
  const next = { ...disown(holding, entry.session), stored: entry, signedOutUnread: false };
  return { holding: next, effects: [{ do: 'signOut', session: entry.session }] };
}

function signOut(before: Holding): Next {
  const { state, arriving = [] } = before;
  const session = currentIn(state)?.session;
  const next = [...(session ? [session] : []), ...arriving].reduce(disown, before);
  const ended: State = { is: 'ended', why: 'signOut' };
  const holding = { ...next, arriving: [], signedOutUnread: state.is === 'unread', state: ended };
  return { holding, effects: tellsEnd(currentIn(state)) };
}

function disown(holding: Holding, session: string): Holding {
  return { ...holding, signedOut: remember(holding.signedOut, session, REMEMBERED) };
}

function stay(holding: Holding): Next {
  return { holding, effects: [] };
}
