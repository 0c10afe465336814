import type { Token } from '../token.js';
import type { Current } from './current.js';

/** What follows from a transition. */
export type Effect =
  | { do: 'tell'; what: 'signedIn' | 'refreshed'; current: Current; adopted: boolean }
  | { do: 'tell'; what: 'signedOut' }
  | { do: 'revoke'; token: Token }
  /** Write a sign-out above the tokens of this session. `only`: if the store still has this one. */
  | { do: 'signOut'; session: string; only?: Token };

export function tells(what: 'signedIn' | 'refreshed', current: Current, adopted = false): Effect {
  return { do: 'tell', what, current, adopted };
}

/** A user was signed in, and is no more. */
export function tellsEnd(current: Current | undefined): Effect[] {
  return current ? [{ do: 'tell', what: 'signedOut' }] : [];
}

/** Each token once. */
export function revokes(...tokens: (Token | undefined)[]): Effect[] {
  return [...new Set(tokens)].flatMap((token) => (token ? [{ do: 'revoke', token }] : []));
}
