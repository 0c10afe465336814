import type { Token } from '../token.js';

/** A token in use. */
export interface Current {
  /** Which token of this holder it is: 1, then one more with each new access token. */
  readonly generation: number;
  readonly session: string;
  readonly token: Token;
  /** ms since the epoch, from when on it is to be refreshed behind the requests. */
  readonly dueAt: number;
}

/** A token that the store has not kept yet, and the refresh token that was presented for it. */
export interface Unsaved {
  readonly token: Token;
  readonly presented: string | undefined;
}

/** The same access token again is the same generation, whatever was in between. */
export function isSameToken(a: Current, b: Current): boolean {
  return a.generation === b.generation || (a.token.accessToken !== '' && a.token.accessToken === b.token.accessToken);
}
