import { monotonicNow, pause } from '../platform/deadline.js';
import type { StoreEntry } from '../stores/store.js';
import { isLive, type Token } from '../token.js';
import { refreshSteps } from './attempt.js';
import { type Current, isSame, isSameToken } from './current.js';
import { Failure, storeFailure } from './failure.js';
import { newId } from './ids.js';
import type { Life } from './life.js';
import { Mark } from './mark.js';
import type { Pending } from './pending.js';
import type { Outcome } from './protocol.js';
import { readAgainSteps, signInByAskingSteps, signInWithSteps } from './register.js';
import { run } from './run.js';
import { askSource, obtains, perform, revoke, underLock } from './steps.js';

// ms between two looks at a mark of another holder, where no hint comes.
const LOOK = 1_000;

const NOTHING_NEW = 'write() answered with an entry that is older than what read() had given';

type Attempt = (life: Life, pending: Pending) => Promise<Outcome>;

/** Attempt after attempt, with the backoff between them, until there is a token or none to be had. */
export async function renew(life: Life, pending: Pending, attempt: Attempt): Promise<Current | undefined> {
  try {
    return await attempts(life, pending, attempt);
  } finally {
    const { token } = pending.obtained ?? {};
    // Somebody has signed in or out meanwhile, so that nobody will hold it.
    if (token && !life.isCurrent(pending) && life.holding.state.is !== 'closed') void revoke(life, token);
  }
}

async function attempts(life: Life, pending: Pending, attempt: Attempt): Promise<Current | undefined> {
  while (life.isCurrent(pending)) {
    pending.over = monotonicNow() + pending.lasts;
    try {
      const outcome = await attempt(life, pending);
      if (outcome.kind !== 'unwanted') pending.obtained = undefined;
      if (outcome.kind === 'marked') await waitForMark(life, outcome.entry);
      const { current } = life;
      // Another one may have begun when the token had come and the store was not unlocked yet.
      if (!current || !(life.isCurrent(pending) || pending.isDone)) break;
      if (outcome.kind === 'kept' || isServed(pending, current)) return current;
      // It was to be replaced, and is the newest all the same.
      if (outcome.kind === 'adopted' && isSame(pending.begunWith, current)) throw storeFailure(new Error(NOTHING_NEW));
      pending.begunWith = current;
    } catch (failure) {
      if (!life.isCurrent(pending) || !(failure instanceof Failure)) throw failure;
      if (failure.kind === 'retry-unlocked') continue;
      const ms = failed(life, pending, failure);
      pending.over += ms;
      await life.parts.outage.sleep(ms);
    }
  }
  return undefined;
}

/** Is there a good token, and another one than that which a newer one was asked for? */
function isServed({ begunWith }: Pending, current: Current): boolean {
  return !(begunWith && isSameToken(begunWith, current)) && isLive(current.token, Date.now());
}

/** One attempt to refresh, or to obtain. */
export async function refreshOnce(life: Life, pending: Pending): Promise<Outcome> {
  const wanted = () => life.isCurrent(pending);
  const { source } = life.settings;
  const { current } = life;
  pending.obtained ??= { session: current?.session ?? newId() };
  const { obtained } = pending;
  // A login dialog can take minutes: no lock is held meanwhile.
  if (source.interactive && obtains(life, current?.token)) obtained.token ??= await byPerson(life, current);
  return underLock(life, refreshSteps(pending.begunWith, obtained), { waitMs: waitMs(life, pending), wanted });
}

/** One attempt to sign in by asking the source. */
export async function signInOnce(life: Life, pending: Pending): Promise<Outcome> {
  const wanted = () => life.isCurrent(pending);
  const { source } = life.settings;
  pending.obtained ??= { session: newId() };
  const { obtained } = pending;
  if (source.interactive && source.obtain) {
    obtained.token ??= await askSource(life, undefined);
    await run(signInWithSteps(obtained.session, obtained.token), perform(life, { wanted }));
  } else {
    await underLock(life, signInByAskingSteps(obtained), { waitMs: waitMs(life, pending), wanted });
  }
  return { kind: 'kept' };
}

/** ms that are left to wait for the lock. A person's time does not count. */
function waitMs({ bound, settings }: Life, { begun }: Pending): number {
  return settings.source.interactive ? bound : Math.max(0, bound - (monotonicNow() - begun));
}

async function byPerson(life: Life, current: Current | undefined): Promise<Token> {
  try {
    return await askSource(life, current?.token);
  } catch (failure) {
    if (failure instanceof Failure && failure.kind === 'rejected' && current) {
      const serves = isLive(current.token, Date.now());
      const { session, token } = current;
      const presented = token.refreshToken;
      life.apply({ is: 'rejected', session, presented, error: failure.error, serves });
    }
    throw failure;
  }
}

/** Waits until the other holder has written what its refresh token brought, or can't be at it any more. */
async function waitForMark(life: Life, entry: StoreEntry): Promise<void> {
  if (life.mark?.entry.id !== entry.id) life.mark = new Mark(entry, life.store.holdMs);
  const { mark } = life;
  const isThere = () => life.holding.stored !== undefined && mark.isOf(life.holding.stored);
  while (isThere() && mark.remaining > 0 && life.holding.state.is === 'active') {
    await pause(Math.min(LOOK, mark.remaining), (wake) => {
      life.onHint = wake;
    });
    await run(readAgainSteps(), perform(life)).catch(() => {});
  }
  life.onHint = undefined;
}

/** @returns ms until the next attempt. @throws when there is none for now */
function failed(life: Life, pending: Pending, failure: Failure): number {
  const { error, kind } = failure;
  const { backoff, refreshRetries, refreshTimeout, source } = life.settings;
  if (kind === 'rejected') {
    // A sign-in that fails leaves the state as it was.
    if (pending.kind === 'refresh') life.apply({ is: 'rejected', session: undefined, error, serves: false });
    life.tellFailure(error);
    throw error;
  }
  const retryAfter = life.parts.outage.failed(failure);
  life.tellFailure(error, retryAfter);
  // One attempt does not tell whether an answer is a refusal.
  const isOnlyOne = pending.statuses[0] && pending.statuses.length < 2;
  const isEnough = life.parts.outage.failures > refreshRetries && !isOnlyOne;
  const isLast = isEnough || kind === 'unavailable' || failure.askedDelay > backoff.cap;
  // Those that wait would hear of another attempt too late.
  const tooLate = monotonicNow() - pending.begun + retryAfter + refreshTimeout > life.bound;
  if (isLast || (tooLate && !source.interactive)) throw error;
  return retryAfter;
}

/** For those that waited: what had taken the place of this has failed, and left the state as it was. @throws error */
export function insteadOf(life: Life, { kind, begunWith, cause }: Pending, error: unknown) {
  const { current, holding } = life;
  const { is } = holding.state;
  if (kind === 'signIn' || is === 'ended' || is === 'closed') throw error;
  return kind === 'refresh' && isSame(current, begunWith) ? life.renewal(cause).settled : current;
}
