import type { AxiosInstance } from 'axios';
import { bearerError, isBearerError } from '../errors.js';
import { startTimer, withDeadline } from '../platform/deadline.js';
import { onOnline } from '../platform/online.js';
import { own } from '../platform/own.js';
import { answerNow } from '../platform/thenable.js';
import type { SourceContext, TokenSource } from '../sources/source.js';
import type { Lock } from '../stores/store.js';
import { readToken, type Token, type TokenResponse } from '../token.js';
import { deadlineFailure, Failure, sourceFailure, storeFailure } from './failure.js';
import type { AskReason } from './pending.js';
import { type Cause, reasonOf } from './redacted-cause.js';

/** The client for a source's requests. `mayStillSend` is asked before each of them. */
export type ClientFactory = (signal: AbortSignal, mayStillSend: () => boolean) => AxiosInstance;

/** What one call of the source works with. */
export interface Asking {
  readonly source: TokenSource;
  readonly refreshTimeout: number;
  readonly client: ClientFactory;
  /** So many attempts in a row failed before this one. */
  readonly attempt: number;
  /** Why it is asked. */
  readonly cause: AskReason;
  /** The session lives in cookies: a response may bring no token. */
  readonly cookies: boolean;
  /** What no error may quote. */
  readonly known: string[];
  /** Nothing is sent once it is lost. */
  readonly lock?: Lock | undefined;
  /** Is `obtain()` called, rather than `refresh()`? */
  readonly obtains: boolean;
  /** What the attempts of this refresh were answered so far, where the same 4xx to each ends the session. */
  readonly statuses: number[] | undefined;
  /** No other attempt of this refresh follows. */
  readonly isLast: boolean;
  /** ms after which a service that was refused asks again. */
  readonly cap: number;
  /** May a call that was not answered in time have spent the refresh token? */
  readonly spends: boolean;
  /** A person signs in: there is no deadline. */
  readonly interactive: boolean;
  /** Called with a token that came after the deadline. */
  onLate(token: Token): void;
}

// A token request that may have spent its refresh token is let finish for so many times `refreshTimeout`.
const PATIENCE = 4;

/**
 * Calls the source for a new token, under one deadline. A call that may have spent its refresh token is not ended at
 * `refreshTimeout`: its answer may be the only token left.
 *
 * @throws Failure
 */
export async function ask(asking: Asking, token: Token | undefined): Promise<Token> {
  const { refreshTimeout, spends, interactive, lock } = asking;
  assertHeld(lock, asking.known);
  if (interactive) return refreshOrObtain(asking, token, new AbortController().signal);
  const ms = spends ? refreshTimeout * PATIENCE : refreshTimeout;
  const option = spends ? `${PATIENCE} × refreshTimeout` : 'refreshTimeout';
  let isLate = false;
  const late = () => {
    isLate = true;
    return deadlineFailure(ms, option);
  };
  const task = (signal: AbortSignal) => {
    const work = refreshOrObtain(asking, token, signal);
    work.then(
      (made) => isLate && (spends || asking.obtains) && asking.onLate(made),
      () => {},
    );
    return spends ? untilOnline(work, refreshTimeout, late) : work;
  };
  return withDeadline(task, { ms, late });
}

/** @throws Failure */
function assertHeld(lock: Lock | undefined, known: string[]): void {
  try {
    if (!isHeld(lock)) throw new Error('The lock was lost before anything was sent');
  } catch (error) {
    throw storeFailure(error, known);
  }
}

function isHeld(lock: Partial<Lock> | undefined): boolean {
  return !lock?.signal?.aborted && answerNow('isHeld', lock?.isHeld, lock?.isHeld?.()) !== false;
}

/** The network was gone: what is older than `refreshTimeout` when it is back, and is not answered in one turn, is lost. */
function untilOnline<T>(work: Promise<T>, refreshTimeout: number, late: () => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    let isOld = false;
    const age = startTimer(refreshTimeout, () => {
      isOld = true;
    });
    const stop = onOnline(() => isOld && startTimer(0, () => reject(late())));
    work.then(resolve, reject).finally(() => {
      age.stop();
      stop();
    });
  });
}

/** Refresh, and when that is refused for good, obtain. */
async function refreshOrObtain(asking: Asking, token: Token | undefined, signal: AbortSignal): Promise<Token> {
  const { source } = asking;
  if (asking.obtains) return obtain(asking, signal, false);
  try {
    return await call(asking, (ctx) => source.refresh?.({ ...token }, ctx), signal, token);
  } catch (failure) {
    if (!token || !source.obtain || !(failure instanceof Failure) || failure.kind !== 'rejected') throw failure;
    if (source.interactive) throw new Failure(failure.error, 'retry-unlocked', { afterRejection: true });
    return obtain(asking, signal, true);
  }
}

/** @param afterRejection the refresh token was rejected before */
async function obtain(asking: Asking, signal: AbortSignal, afterRejection: boolean): Promise<Token> {
  try {
    return await call(asking, asking.source.obtain, signal);
  } catch (error) {
    const failure = Object.assign(error as Failure, { afterRejection });
    if (failure.kind !== 'rejected' || asking.interactive) throw failure;
    // Nobody signs a service in: it asks again, as a secret that was just rotated may be known everywhere by then.
    throw new Failure(failure.error, 'unavailable', { askedDelay: asking.cap, afterRejection });
  }
}

type Response = Promise<TokenResponse> | undefined;
type Method = (ctx: SourceContext) => Response;

async function call(asking: Asking, method: Method | undefined, signal: AbortSignal, previous?: Token): Promise<Token> {
  const { source, attempt, client, cause, cookies, lock, interactive } = asking;
  const { reason, challenge } = cause;
  const ctx = { signal, attempt, reason, ...(challenge && { challenge }), client: client(signal, () => isHeld(lock)) };
  let response: TokenResponse;
  try {
    response = await outOfOwnWay(source, () => method?.call(source, ctx));
    return readToken(response, { now: Date.now(), previous, cookies });
  } catch (error) {
    const failure = failureOf(error, response, asking);
    // A person has closed the login dialog: it is not opened again by itself.
    if (interactive && failure.kind === 'retryable') throw new Failure(failure.error, 'unavailable');
    throw failure;
  }
}

function failureOf(error: unknown, response: TokenResponse, asking: Asking): Failure {
  try {
    return judge(error, response, asking);
  } catch {
    // A proxy, a getter: it throws when it is looked at.
    return judge(new Error('it threw what can’t be read'), response, asking);
  }
}

/** A refusal may come as an answer without a token (GitHub, Slack). Any other says itself what is wrong with it. */
function judge(error: unknown, response: TokenResponse, asking: Asking): Failure {
  if (!isBearerError(error) || error.code !== 'ERR_BEARER_TOKEN') return sourceFailure(error, asking);
  // A page, or nothing, is no answer.
  const saysWhy = typeof response === 'object' && Object.keys(response ?? {}).length > 0;
  const failure = saysWhy ? sourceFailure(response, asking) : undefined;
  if (failure?.kind === 'rejected') return failure;
  const { cause } = failure?.error ?? {};
  const { error: name, title, detail } = own(cause as Cause | undefined);
  const said = cause && (name ?? title ?? detail) ? `. It said: ${reasonOf(cause)}` : '';
  return new Failure(bearerError('ERR_BEARER_TOKEN', error.message + said, said ? { cause } : {}), 'retryable');
}

let asked: TokenSource | undefined;

/** The source in its synchronous part: a request made there is the token request itself, and must not wait for it. */
export function askedSource(): TokenSource | undefined {
  return asked;
}

function outOfOwnWay(source: TokenSource, method: () => Response): Response {
  asked = source;
  try {
    return method();
  } finally {
    asked = undefined;
  }
}

/** Can the source make a new token of this one? */
export function canRefresh(source: TokenSource, token: Token | undefined): boolean {
  return Boolean(source.refresh && (token?.refreshToken || !source.needsRefreshToken));
}
