import { isLive, type Token } from '../token.js';

/** A token in use. */
export interface Current {
  /** Which token of this holder it is: 1, then one more with each new access token. */
  readonly generation: number;
  readonly session: string;
  readonly token: Token;
  /** ms since the epoch, from when on it is to be refreshed behind the requests. */
  readonly dueAt: number;
}

/** What a request that asks for a token needs. */
export interface Need {
  /** ms that the token must live on. Default 0. */
  readonly minValidity?: number | undefined;
  /** It can't be sent again: a refresh under way is waited for, if it comes to something. Default `false`. */
  readonly hasOneChance?: boolean;
  /** May it wait for a refresh that a 401 has begun? Default `true`. */
  readonly mayWait?: boolean;
  /** It waits no longer: nothing is begun for it any more. */
  hasLeft?: boolean;
}

/** A token; a promise where it has to be waited for; `undefined`: there is none to be had. */
export type Found = Current | Promise<Current | undefined> | undefined;

/** A token that the store has not kept yet, and the refresh token that was presented for it. */
export interface Unsaved {
  readonly token: Token;
  readonly presented: string | undefined;
}

/** Has the store kept it? A hint may tell of our own write before the write itself has resolved. */
export function isSaved(unsaved: Unsaved | undefined, stored: Token | undefined): boolean {
  return unsaved?.token.accessToken === stored?.accessToken && unsaved?.token.refreshToken === stored?.refreshToken;
}

/** The same access token again is the same generation, whatever was in between. */
export function isSameToken(a: Current, b: Current): boolean {
  return a.generation === b.generation || (a.token.accessToken !== '' && a.token.accessToken === b.token.accessToken);
}

/** The same token of the same session, or none at both times. */
export function isSame(a: Current | undefined, b: Current | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.session === b.session && isSameToken(a, b));
}

/** Will it do for a request, with nothing to begin? */
export function isFresh({ dueAt, token }: Current, minValidity: number): boolean {
  const now = Date.now();
  // A clock may be mocked, and say nothing.
  return !(now >= dueAt) && (!minValidity || isLive(token, now, minValidity));
}

/** Is it this one's refresh token that was presented? The app may have handed in another one meanwhile. */
export function hasPresented(
  current: Current,
  asked: { session?: string | undefined; presented?: string | undefined },
) {
  return current.session === asked.session && current.token.refreshToken === asked.presented;
}
