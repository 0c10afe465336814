import { monotonicNow, pause } from '../platform/deadline.js';
import type { SourceContext } from '../sources/source.js';
import { isLive } from '../token.js';
import { type Current, isSameToken } from './current.js';
import { errorOf, waitedTooLong } from './failure.js';
import type { Obtained } from './protocol.js';
import { SharedPromise } from './shared-promise.js';

/** Why the source is asked. */
export interface AskReason {
  readonly reason: SourceContext['reason'];
  /** Of the 401 that made it necessary. */
  readonly challenge?: string | undefined;
}

/** What is under way. Requests without a usable token wait for it; others go on with the token they have. */
export interface Pending extends Pick<Limits, 'lasts'> {
  readonly kind: 'read' | 'refresh' | 'signIn';
  readonly shared: SharedPromise<Current | undefined>;
  /** ms, by the monotonic clock. */
  readonly begun: number;
  readonly cause: AskReason;
  /** The identity that signs in, where that is known. */
  readonly identity?: string | undefined;
  /** What tells the tokens that the app has signed in with from others. */
  readonly given?: string | undefined;
  /** What its attempts were answered, where that may be a refusal. */
  readonly statuses: number[];
  /**
   * ms, by the monotonic clock: after this it counts as stuck, and another one may begin. In workerd the promises and timers of
   * a request never settle once the request is over, and it may be that request which has begun this.
   */
  over: number;
  /** It has brought what it was for, and is about to end: a request that comes now does not wait for it. */
  isDone: boolean;
  /** Its token, once it has come. */
  brought?: Current | undefined;
  /** The token in use when it began: any other good one that comes meanwhile will do. */
  begunWith: Current | undefined;
  /** Resolves when it takes too long for a request that has a token to go on with. */
  late?: Promise<void> | undefined;
  /** What `obtain()` has brought: asked for once, however many attempts it takes to store it. */
  obtained: Obtained | undefined;
}

/** What is to be done, to its end. */
export type Work = (pending: Pending) => Promise<Current | undefined>;

export interface PendingOptions {
  readonly cause?: AskReason;
  readonly identity?: string | undefined;
  readonly given?: string | undefined;
}

interface Limits {
  /** ms that a request may wait for it. */
  readonly bound: number;
  /** ms that an attempt takes at most; a person may take any time. */
  readonly lasts: number;
  /** The token in use. */
  readonly begunWith: Current | undefined;
}

export const SIGN_IN: AskReason = { reason: 'signIn' };
export const FIRST: AskReason = { reason: 'first' };
export const EXPIRY: AskReason = { reason: 'expiry' };

export function newPending(kind: Pending['kind'], options: PendingOptions & Limits): Pending {
  const begun = monotonicNow();
  const { identity, given, begunWith, bound, lasts, cause = SIGN_IN } = options;
  const shared = new SharedPromise<Current | undefined>(bound, () => waitedTooLong(bound));
  const known = { kind, shared, begun, cause, identity, given, begunWith, lasts };
  return { ...known, over: begun + lasts, statuses: [], isDone: false, obtained: undefined };
}

/** Settles as `work` does, after `end` was called. */
export function settleAs(pending: Pending, work: Promise<Current | undefined>, end: () => void): void {
  const { shared } = pending;
  const succeed = (current: Current | undefined) => {
    end();
    pending.brought = current;
    shared.resolve(current);
  };
  const fail = (error: unknown) => {
    end();
    shared.reject(errorOf(error));
  };
  work.then(succeed, fail);
}

/** Is this what it was for? The same token, with its refresh token taken away, is not what a refresh is for. */
export function isAnswer(current: Current, { kind, begunWith }: Pending): boolean {
  if (kind === 'read') return true;
  const isOld = kind === 'refresh' && begunWith !== undefined && isSameToken(begunWith, current);
  return !isOld && isLive(current.token, Date.now());
}

/** Resolves `ms` after it was begun, or when it has settled before: one timer for all that ask. */
export function lateAfter(pending: Pending, ms: number): Promise<void> {
  const end = (wake: () => void) => void pending.shared.settled.then(wake, wake);
  pending.late ??= pause(Math.max(0, pending.begun + ms - monotonicNow()), end);
  return pending.late;
}
