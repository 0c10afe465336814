import type { AxiosInstance } from 'axios';
import { asFailure, deadlineFailure, Failure, sourceFailure } from './failure.js';
import type { Bounds } from './flight.js';
import type { SourceContext, TokenSource } from './sources/source.js';
import { type Held, type Stored, sameGeneration, type TokenStore } from './stores/store.js';
import { readToken, type Token, type TokenResponse } from './token.js';

/** What one attempt to renew works with. */
export interface Renewal {
  source: TokenSource;
  store: TokenStore;
  flight: Bounds;
  refreshTimeout: number;
  client: (signal: AbortSignal) => AxiosInstance;
  /** So many attempts in a row failed before this one. */
  attempt: number;
  /** The session lives in cookies: an answer may be empty. */
  cookies: boolean;
  /** A sign-in asks for a new session, whatever the store holds. */
  signIn: boolean;
  /** The generation that won't do any longer; `undefined`: there is none. */
  stale: Stored | undefined;
  /** The refresh token of this generation was refused for good: it is never presented again. */
  refused: Stored | undefined;
  onRefused: () => void;
}

/** `adopted`: another holder was there first. `dropped`: it was replaced meanwhile, and this token is of no use. */
export type Outcome =
  | { kind: 'renewed'; stored: Stored }
  | { kind: 'adopted'; stored: Stored | undefined }
  | { kind: 'dropped'; token: Token };

// Whoever queues for the lock may stand behind another holder's attempt, and then finds its work done.
const LOCK_PATIENCE = 2;

/**
 * One attempt: lock, read again, decide, ask the source, validate, commit, unlock.
 *
 * @throws Failure
 */
export async function renew(renewal: Renewal): Promise<Outcome> {
  const { source, store, stale, flight, refreshTimeout } = renewal;
  const early = source.interactive && !refreshes(renewal) ? await call(renewal, source.obtain, flight.signal) : undefined;
  const waitMs = refreshTimeout * LOCK_PATIENCE;
  return storing(flight, waitMs * 2, () =>
    store.exclusive<Outcome>(
      (held) => {
        if (!renewal.signIn && !sameGeneration(held.current, stale)) return adopt(held);
        return renewHeld(renewal, held, early);
      },
      { waitMs, signal: flight.signal },
    ),
  );
}

async function adopt({ current }: Held): Promise<Outcome> {
  return { kind: 'adopted', stored: current };
}

async function renewHeld(renewal: Renewal, { current, commit }: Held, early: Token | undefined): Promise<Outcome> {
  const { stale, signIn } = renewal;
  try {
    const token = early ?? (await ask(renewal, current?.token));
    const session = signIn || !current ? newSession() : current.session;
    const generation = Math.max(current?.generation ?? 0, stale?.generation ?? 0) + 1;
    const stored = { session, generation, token };
    return (await commit(stored)) ? { kind: 'renewed', stored } : { kind: 'dropped', token };
  } catch (error) {
    // No other holder may present a refresh token that was refused for good.
    if (!signIn && asFailure(error).retry === 'ended') await commit(undefined);
    throw error;
  }
}

/** It only tells one sign-in from another; it is no secret. */
export function newSession(): string {
  return Date.now().toString(36) + Math.random().toString(36).slice(2);
}

/** Can the source make a new token of this one? */
export function canRefresh(source: TokenSource, token: Partial<Token> | undefined): boolean {
  return Boolean(source.refresh && (token?.refreshToken || !source.needsRefreshToken));
}

/** Refresh rather than obtain? A sign-in obtains where it can. */
function refreshes({ source, signIn, stale, refused }: Renewal): boolean {
  if (signIn) return !source.obtain;
  return canRefresh(source, stale?.token) && !(refused && sameGeneration(refused, stale));
}

/** The ordered fallback under one deadline: refresh, and when that is refused for good, obtain. */
function ask(renewal: Renewal, token: Token | undefined): Promise<Token> {
  const { source, flight, signIn, refreshTimeout: ms } = renewal;
  return flight.within(ms, () => deadlineFailure(ms), async (signal) => {
    if (!refreshes(renewal)) return call(renewal, source.obtain, signal);
    const previous = signIn ? undefined : token;
    try {
      return await call(renewal, (ctx) => source.refresh?.(previous ?? {}, ctx), signal, previous);
    } catch (error) {
      if (!source.obtain || asFailure(error).retry !== 'ended') throw error;
      renewal.onRefused();
      if (source.interactive) throw new Failure(asFailure(error).error, 'now');
      return call(renewal, source.obtain, signal);
    }
  });
}

type Answer = Promise<TokenResponse> | undefined;

async function call(
  renewal: Renewal,
  method: ((ctx: SourceContext) => Answer) | undefined,
  signal: AbortSignal,
  previous?: Token,
): Promise<Token> {
  const { source, attempt, client, cookies } = renewal;
  let answer: TokenResponse;
  try {
    const ctx = { signal, attempt, client: client(signal) };
    answer = await outOfOwnWay(() => method?.call(source, ctx));
  } catch (error) {
    throw sourceFailure(error, source, [previous?.accessToken, previous?.refreshToken]);
  }
  return readToken(answer, { now: Date.now(), previous, cookies });
}

let asking = false;

/** Is a source in its synchronous part? A request made there is the refresh call itself, and must not wait for it. */
export function isAsking(): boolean {
  return asking;
}

function outOfOwnWay(method: () => Answer): Answer {
  asking = true;
  try {
    return method();
  } finally {
    asking = false;
  }
}

/** A call to the store, bounded, so that a store that hangs fails like one that is down. */
export async function storing<T>(flight: Bounds, ms: number, task: () => Promise<T>): Promise<T> {
  try {
    return await flight.within(ms, () => new Error(`The token store did not answer within ${ms} ms`), task);
  } catch (error) {
    throw asFailure(error);
  }
}
