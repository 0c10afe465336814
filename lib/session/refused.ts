import { monotonicNow, startTimer } from '../platform/deadline.js';
import { isLive } from '../token.js';
import { type Current, type Found, isSameToken } from './current.js';
import type { AskReason } from './pending.js';
import type { Requests } from './requests.js';
import type { SharedPromise } from './shared-promise.js';
import { isDoubted, type State } from './state.js';
import { isRenewable } from './steps.js';

/** What a request has met so far that was refused with a 401. */
export interface Refusal {
  /** Its method and where it goes, such as `get https://api.example/videos/*`. */
  readonly target: string;
  /** May it be sent more than twice? Nothing was done, or doing it again does no harm. */
  isRepeatable: boolean;
  /** Will it be sent again at all? If not, its refresh is for the requests that come next. */
  isResent: boolean;
  /** Is the next replay its last one? Then it had better bear a token that a refresh brings. */
  isLast: boolean;
  /** ms until its timeout ends its waiting. */
  readonly patience: number;
  /** `WWW-Authenticate` of its latest 401. */
  challenge: string | undefined;
  /** Its place among all sends. */
  order: number;
  /** The tokens that it was refused with. */
  readonly refused: Current[];
  /** The token before the current one, where that is what it is to be sent with. */
  before: Current | undefined;
  /** So many times was it sent again with a token that had been refused, after a pause. */
  repeats: number;
  /** Ends its latest pause; `undefined`: it has not paused since it was refused. */
  endPause: (() => void) | undefined;
  /** So many refreshes has it caused, or waited for. */
  refreshes: number;
}

// A token that two refreshes could not mend will not be mended by a third.
const MOST_REFRESHES = 2;
// The second pause is so many times the first.
const LATER = 4;

/**
 * The token to send a refused request again with: a newer one that is there; the one before, if that is still good and the
 * new one was not accepted yet; the same, after a pause, if it was just made; else what a refresh brings.
 *
 * @throws ERR_BEARER_IDENTITY; what ended the session, if that has ended since the request was sent
 */
export function tokenAfter401(requests: Requests, sent: Current, refusal: Refusal): Found {
  const { life } = requests;
  const { pending, holding } = life;
  refusal.endPause = undefined;
  if (holding.state.is === 'unread') return afterReading(requests, sent, refusal);
  const identity = life.parts.identityOf(sent);
  const brought = (by: SharedPromise<Current | undefined>) =>
    refusal.isResent ? requests.outcome(by, identity) : undefined;
  if (pending?.kind === 'signIn') return brought(pending.shared);
  // The session has ended, by a sign-out here or elsewhere or by close(): the server's answer is the right one.
  if (!life.current && !isRejected(holding.state)) return undefined;
  requests.assertSame(sent);
  refusal.refused.push(sent);
  const other = unrefused(requests, sent, refusal);
  if (other) return isSentOften(refusal) ? undefined : other;
  const current = requests.held(life.current);
  if (isHopeless(requests, current, refusal)) return undefined;
  doubt(requests, refusal.order);
  if (!isRenewable(life, current)) return undefined;
  const ms = pauseBefore(requests, current, refusal);
  if (ms !== undefined) return afterPause(requests, sent, refusal, ms);
  const isProven = !life.parts.breaker.isUnproven(current.generation);
  // The refresh that made it has not helped.
  if (!isProven || isMadeFor(requests, current, refusal)) giveUp(requests, current, refusal);
  if (!mayRefresh(requests, current, refusal, isProven)) return undefined;
  refusal.refreshes++;
  const cause: AskReason = { reason: 'refused', challenge: refusal.challenge };
  const renewal = life.renewal(cause);
  // The request may end before it can bear the token that is made for its target.
  if (life.pending) life.parts.targets.made(refusal.target, life.pending, monotonicNow());
  return brought(renewal);
}

function isRejected(state: State): boolean {
  return state.is === 'ended' && typeof state.why === 'object';
}

/** One that this request was not refused with: the current one, or, while that is new, the one before it. */
function unrefused({ life }: Requests, sent: Current, refusal: Refusal): Current | undefined {
  const { current, parts } = life;
  if (parts.previous && isSameToken(parts.previous, sent)) parts.previous = undefined;
  const isRefused = (token: Current) => refusal.refused.some((each) => isSameToken(each, token));
  if (!current || !isRefused(current)) return current;
  const { isResent, isLast, isRepeatable } = refusal;
  const isNew = parts.breaker.isNew(current.generation, monotonicNow());
  const before = isResent && !(isLast && isRepeatable) && isNew ? parts.previous : undefined;
  refusal.before = before && isLive(before.token, Date.now()) && !isRefused(before) ? before : undefined;
  return refusal.before;
}

/** It may have done something at each send, so it is sent again once. */
function isSentOften({ isRepeatable, refused }: Refusal): boolean {
  return !isRepeatable && refused.length > 1;
}

/** Once, however many requests say so. */
function doubt(requests: Requests, order: number): void {
  const { life } = requests;
  requests.lastRefused = Math.max(requests.lastRefused, order);
  if (!isDoubted(life.holding.state)) life.apply({ is: 'doubted' });
}

/** Was it made for this very target, by this request or another one, and not accepted there yet? */
function isMadeFor({ life }: Requests, { generation }: Current, { refreshes, target }: Refusal): boolean {
  return refreshes > 0 || life.parts.targets.wasMadeFor(target, generation, monotonicNow());
}

/** ms to wait before the same token is tried again; `undefined`: it was tried often enough, or was good before. */
function pauseBefore(requests: Requests, current: Current, refusal: Refusal): number | undefined {
  const { life } = requests;
  const { isResent, isRepeatable, isLast, refused, repeats, patience } = refusal;
  if (!isResent || (isRepeatable && isLast)) return undefined;
  const isNew = life.parts.breaker.isNew(current.generation, monotonicNow());
  if (!isNew && !isMadeFor(requests, current, refusal)) return undefined;
  const { initial, cap } = life.settings.backoff;
  const late = initial * LATER;
  const pauses = isRepeatable ? [initial, late] : [late];
  const wanted = isRepeatable || refused.length === 1 ? pauses[repeats] : undefined;
  if (wanted === undefined) return undefined;
  const ms = Math.min(wanted, cap);
  // The caller had rather have the server's answer than a timeout.
  return ms < patience ? ms : undefined;
}

async function afterPause(requests: Requests, sent: Current, refusal: Refusal, ms: number): Promise<Current> {
  const { pauses } = requests.life.parts;
  refusal.repeats++;
  await new Promise<void>((resolve) => {
    const timer = startTimer(ms, resolve);
    // Somebody waits for the request: the process must not end before.
    timer.keepAlive(true);
    refusal.endPause = () => {
      timer.stop();
      resolve();
    };
    pauses.add(refusal.endPause);
  });
  pauses.delete(refusal.endPause as () => void);
  requests.assertSame(sent);
  return requests.held(requests.life.current);
}

/** Has its target refused so many good tokens that another would be refused as well? */
function isHopeless({ life }: Requests, current: Current, { target }: Refusal): boolean {
  return isLive(current.token, Date.now()) && life.parts.targets.isMarked(target, monotonicNow());
}

/**
 * Would a refresh help, after so many that did not? A token past its end is always refreshed.
 *
 * @param isProven was a request with the current one accepted?
 */
function mayRefresh(requests: Requests, current: Current, refusal: Refusal, isProven: boolean): boolean {
  const { life } = requests;
  const { breaker, targets } = life.parts;
  const now = monotonicNow();
  if (isSentOften(refusal)) return false;
  if (refusal.refreshes >= MOST_REFRESHES || (refusal.refreshes > 0 && isProven)) return false;
  if (!isLive(current.token, Date.now())) return true;
  if (isHopeless(requests, current, refusal)) return false;
  return life.pending !== undefined || breaker.openFor(now) === 0 || targets.letPass(refusal.target, now);
}

/** A token that a refresh had made was refused all the same. */
export function giveUp({ life }: Requests, token: Current, { target }: Refusal): undefined {
  const { breaker, targets } = life.parts;
  const now = monotonicNow();
  // Of a token that is no longer in use it is not known whether others accepted it.
  const isInUse = life.current !== undefined && isSameToken(life.current, token);
  targets.refused(target, token.generation, isInUse && !breaker.isUnproven(token.generation), now);
  const isNews = breaker.noHelp(token.generation, now);
  const retryAfter = breaker.openFor(now);
  if (isNews && retryAfter > 0) life.events.emit('breakerOpen', () => ({ retryAfter }));
}

/** The store could not be read so far, and the token that was handed in is refused. */
async function afterReading(requests: Requests, sent: Current, refusal: Refusal): Promise<Current | undefined> {
  const read = requests.life.reading?.done();
  if (!refusal.isResent) requests.stopWaiting();
  await read;
  return tokenAfter401(requests, sent, refusal);
}
