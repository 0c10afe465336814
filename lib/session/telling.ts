import { type BearerError, bearerError } from '../errors.js';
import type { TokenSource } from '../sources/source.js';
import type { Current } from './current.js';
import type { Effect } from './effects.js';
import type { Events, SignOutReason } from './events.js';
import { factsOf } from './snapshot.js';
import type { State } from './state.js';

/** Tells the listeners what has happened to a session. */
export function tellEffect(events: Events, effect: Effect, state: State, held: Current | undefined): void {
  if (effect.do !== 'tell') return;
  if (effect.what === 'signedOut') {
    events.emit('signedOut', () => ({ reason: reasonOf(state) }));
    return;
  }
  const { current, adopted } = effect;
  // What is told late may be so no longer: the session has ended meanwhile.
  if (current.session !== held?.session) return;
  if (effect.what === 'signedIn') events.emit('signedIn', () => ({ generation: current.generation }));
  else events.emit('refreshed', () => ({ ...factsOf(current), adopted }));
}

function reasonOf(state: State): SignOutReason {
  if (state.is !== 'ended') return 'closed';
  return typeof state.why === 'object' ? 'rejected' : state.why;
}

/** What is told where a token is asked for, and there is none. */
export function signedOutError(state: State): BearerError {
  if (state.is === 'ended' && typeof state.why === 'object') return state.why;
  return bearerError('ERR_BEARER_SIGNED_OUT', whySignedOut(state));
}

function whySignedOut(state: State): string {
  if (state.is === 'closed') return 'The session was closed';
  if (state.is !== 'ended') return 'Nobody is signed in: call signIn()';
  const where = state.why === 'elsewhere' ? 'by another holder of the store' : 'by signOut()';
  return `The session was signed out ${where}: call signIn()`;
}

/** What `session.refresh()` is told where no token can follow the one that is held. */
export function cannotRefresh(state: State, { refresh }: TokenSource): BearerError {
  if (state.is === 'active' && state.rejection) return state.rejection;
  const why = refresh
    ? 'refresh() of the source needs a refresh token, and there is none'
    : 'the source has neither refresh() nor obtain()';
  return bearerError('ERR_BEARER_CONFIG', `No token can follow this one: ${why}. Call signIn() with new tokens`);
}
