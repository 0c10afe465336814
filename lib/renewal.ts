import type { AxiosInstance } from 'axios';
import { isBearerError } from './errors.js';
import { deadlineFailure, Failure, sourceFailure } from './failure.js';
import type { Bounds } from './flight.js';
import type { SourceContext, TokenSource } from './sources/source.js';
import { type Held, readStored, type Stored, supersedes, type TokenStore } from './stores/store.js';
import { readToken, type Token, type TokenResponse } from './token.js';
import { bounded } from './vault.js';

/** What one attempt to renew works with. */
export interface Renewal {
  source: TokenSource;
  store: TokenStore;
  flight: Bounds;
  refreshTimeout: number;
  /** Tokens that no error may quote; the new one joins them. */
  known: Token[];
  client: (signal: AbortSignal) => AxiosInstance;
  /** So many attempts in a row failed before this one. */
  attempt: number;
  /** The session lives in cookies: an answer may be empty. */
  cookies: boolean;
  /** A sign-in asks for a new session, whatever the store holds. */
  signIn: boolean;
  /** The generation that won't do any longer; `undefined`: there is none. */
  stale: Stored | undefined;
  /** Of the newest token that this session had. */
  generation: number;
  /** The source refused `stale` for good: it is never presented again. */
  refused: boolean;
  /** Did nobody sign in or out meanwhile? `asked`: the source has answered, and what it gave may be the only token left. */
  isWanted: (asked?: boolean) => boolean;
  onRefused: () => void;
  /** Made of `stale`, but not kept by the store yet: asked under the lock, as an attempt before may have made it. */
  unsaved: () => Token | undefined;
  onMade: (token: Token) => void;
}

/** `adopted`: another holder was there first. `dropped`: it was replaced meanwhile, and this token is of no use. */
export type Outcome =
  | { kind: 'renewed'; stored: Stored }
  | { kind: 'adopted'; stored: Stored | undefined }
  | { kind: 'dropped'; token: Token };

// Whoever queues for the lock may stand behind another holder's attempt, and then finds its work done.
const LOCK_PATIENCE = 2;
// A slow commit keeps the lock, as whoever had it next would present a spent token; one that hangs must not keep it.
const COMMIT_PATIENCE = 4;
// The attempt's own deadline is to be heard of before the store's.
const GRACE = 100;

/**
 * One attempt: lock, read again, decide, ask the source, validate, commit, unlock.
 *
 * @throws Failure
 */
export async function renew(renewal: Renewal): Promise<Outcome> {
  const { source, store, stale, signIn, flight, refreshTimeout, known } = renewal;
  // A person takes their time, which is nothing to hold a lock for.
  const asksPerson = source.interactive && !refreshes(renewal);
  const early = asksPerson ? await call(renewal, source.obtain, new AbortController().signal) : undefined;
  const waitMs = refreshTimeout * LOCK_PATIENCE;
  const task = async (held: Held, { aborted }: AbortSignal): Promise<Outcome> => {
    const current = readStored(held.current);
    // Nobody waits for it any more: the next attempt is to have the lock.
    if (aborted || !renewal.isWanted()) throw new Error('The lock came too late');
    if (!signIn && supersedes(current, stale)) return { kind: 'adopted', stored: current };
    return renewHeld(renewal, { ...held, current }, early);
  };
  const queue = async (signal: AbortSignal) => {
    // A store may run it again, as a transaction that was rolled back, or keep its outcome to itself.
    let outcome: Promise<Outcome> | undefined;
    const run = (held: Held) => {
      outcome = task(held, signal);
      return outcome;
    };
    await store.exclusive(run, { waitMs, signal });
    if (!outcome) throw new Error('exclusive() did not run its task');
    return outcome;
  };
  return bounded(flight, waitMs * 2 + GRACE, queue, known);
}

async function renewHeld(
  renewal: Renewal,
  { current, commit, signal }: Held,
  early: Token | undefined,
): Promise<Outcome> {
  const { signIn, unsaved, flight, refreshTimeout, known } = renewal;
  const write = (next: Stored | undefined) =>
    bounded(flight, refreshTimeout * COMMIT_PATIENCE, () => commit(next), known);
  try {
    // The refresh token that made it is spent.
    const token = early ?? unsaved() ?? (await ask(renewal, signal));
    known.push(token);
    renewal.onMade(token);
    if (!renewal.isWanted(true)) return { kind: 'dropped', token };
    const session = signIn || !current ? newSession() : current.session;
    const stored = { session, generation: Math.max(current?.generation ?? 0, renewal.generation) + 1, token };
    return (await write(stored)) ? { kind: 'renewed', stored } : { kind: 'dropped', token };
  } catch (error) {
    // No other holder may present a refresh token that was refused for good.
    if (!signIn && error instanceof Failure && error.retry === 'ended') await write(undefined).catch(() => {});
    throw error;
  }
}

/** It only tells one sign-in from another; it is no secret. */
export function newSession(): string {
  return Date.now().toString(36) + Math.random().toString(36).slice(2);
}

/** Can the source make a new token of this one? */
export function canRefresh(source: TokenSource, token: Token | undefined): boolean {
  return Boolean(source.refresh && (token?.refreshToken || !source.needsRefreshToken));
}

/** Refresh rather than obtain? A sign-in obtains where it can. */
function refreshes({ source, signIn, stale, refused }: Renewal): boolean {
  return signIn ? !source.obtain : !refused && canRefresh(source, stale?.token);
}

const LATE = Symbol('late');

/** The ordered fallback under one deadline. A lock that is lost ends it: another holder may be at it already. */
async function ask(renewal: Renewal, held: AbortSignal): Promise<Token> {
  const { flight, refreshTimeout: ms } = renewal;
  const { waiting } = flight;
  let over = false;
  const task = (signal: AbortSignal) =>
    refreshOrObtain(renewal, signal).finally(() => {
      over = true;
    });
  try {
    return await flight.within(ms, () => LATE, task, held);
  } catch (error) {
    if (error !== LATE) throw error;
    await flight.pause(0);
    throw deadlineFailure(ms, !over && flight.waiting > waiting);
  }
}

/** Refresh, and when that is refused for good, obtain. */
async function refreshOrObtain(renewal: Renewal, signal: AbortSignal): Promise<Token> {
  const { source, signIn, stale } = renewal;
  if (!refreshes(renewal)) return call(renewal, source.obtain, signal);
  const previous = signIn ? undefined : stale?.token;
  try {
    return await call(renewal, (ctx) => source.refresh?.(previous ?? {}, ctx), signal, previous);
  } catch (error) {
    if (!source.obtain || (error as Failure).retry !== 'ended') throw error;
    renewal.onRefused();
    if (source.interactive) throw new Failure((error as Failure).error, 'now');
    return call(renewal, source.obtain, signal);
  }
}

type Answer = Promise<TokenResponse> | undefined;
type Method = (ctx: SourceContext) => Answer;

async function call(
  renewal: Renewal,
  method: Method | undefined,
  signal: AbortSignal,
  previous?: Token,
): Promise<Token> {
  const { source, attempt, client, cookies } = renewal;
  try {
    const answer = await outOfOwnWay(source, () => method?.call(source, { signal, attempt, client: client(signal) }));
    return readToken(answer, { now: Date.now(), previous, cookies });
  } catch (error) {
    // A malformed answer says itself what is wrong with it.
    if (isBearerError(error) && error.code === 'ERR_BEARER_TOKEN') throw new Failure(error, 'again');
    throw sourceFailure(error, source, renewal.known);
  }
}

let asking: TokenSource | undefined;

/** The source in its synchronous part: a request made there is the refresh call itself, and must not wait for it. */
export function askingSource(): TokenSource | undefined {
  return asking;
}

function outOfOwnWay(source: TokenSource, method: () => Answer): Answer {
  asking = source;
  try {
    return method();
  } finally {
    asking = undefined;
  }
}
