import { delayAfter } from '../backoff.js';
import { monotonicNow } from '../deadline.js';
import { type BearerError, bearerError } from '../errors.js';
import { isLive } from '../token.js';
import { type Current, isSameToken } from './current.js';
import type { Lifecycle } from './lifecycle.js';
import type { Pending } from './pending.js';
import type { SharedPromise } from './shared-promise.js';
import { isObtainable, isRenewable } from './steps.js';

/** What requests ask of a session: which token, is another one worth waiting for, and what a refusal means. */
export class Requests {
  readonly #life: Lifecycle;

  constructor(life: Lifecycle) {
    this.#life = life;
  }

  /** A token at hand, whatever its age, unless a sign-in is to replace it. */
  get atHand(): Current | undefined {
    return this.#life.pending?.kind === 'signIn' ? undefined : this.#life.serving;
  }

  /** Will the token at hand do, with nothing to wait for and nothing to begin? */
  isFresh(minValidity = 0): boolean {
    const { atHand } = this;
    return atHand !== undefined && isFresh(atHand, minValidity);
  }

  /** Is there no token, and none to be had without a sign-in? */
  get isIdle(): boolean {
    const { holding, pending, current } = this.#life;
    const isSettled = holding.state.is !== 'unread' && pending?.kind !== 'signIn';
    return isSettled && !current && !isObtainable(this.#life) && !this.#life.reading?.isDue();
  }

  /** Is anything under way? */
  get isRefreshing(): boolean {
    return this.#life.pending !== undefined;
  }

  /**
   * The token to send a request with; a promise where it has to be waited for; `undefined`: there is none to be had.
   *
   * @param newest wait for a refresh under way, if it comes to something
   */
  tokenFor(minValidity = 0, newest = false): Current | Promise<Current | undefined> | undefined {
    const life = this.#life;
    const reading = life.reading?.first() ?? life.reading?.again();
    if (reading) return this.#afterReading(reading, () => this.tokenFor(minValidity, newest));
    const { pending } = life;
    if (pending?.kind === 'signIn') return this.#afterSignIn(pending, () => this.tokenFor(minValidity, newest));
    const current = life.serving;
    if (!current) return isObtainable(life) ? this.outcome(life.renewal()) : undefined;
    if (newest && pending) return this.outcome(pending.shared, life.parts.identityOf(current), true);
    if (isFresh(current, minValidity) || !life.current) return current;
    if (!isRenewable(life, current)) return this.#toItsEnd(current);
    const refresh = life.renewal();
    return isLive(current.token, Date.now(), minValidity)
      ? current
      : this.outcome(refresh, life.parts.identityOf(current), true);
  }

  /**
   * A request was refused with a 401: the token to send it again with; `undefined`: no new one would help, or none is to
   * be had.
   *
   * @param replays so many times it was refused again, with newer tokens
   * @throws ERR_BEARER_IDENTITY
   */
  tokenAfter401(sent: Current, replays: number): Current | Promise<Current | undefined> | undefined {
    const life = this.#life;
    const { parts, settings, pending } = life;
    const { breaker } = parts;
    if (life.holding.state.is === 'unread') return this.#afterFailedReading(sent, replays);
    if (pending?.kind === 'signIn') return this.outcome(pending.shared, life.parts.identityOf(sent));
    const { current } = life;
    if (!current) return undefined;
    if (!isSameToken(current, sent)) return this.#ofSame(life.parts.identityOf(sent), current);
    const { state } = life.holding;
    // Once, however many requests say so.
    if (state.is === 'active' && !state.doubted) life.apply({ is: 'doubted' });
    if (!life.current) return undefined;
    const unhelpful = replays > 0 || breaker.isUnproven(sent.generation);
    if (unhelpful) this.refused(sent);
    if (replays > 1) return undefined;
    const now = monotonicNow();
    if (!pending && (!isRenewable(life, current) || breaker.openFor(now) > 0)) return undefined;
    const delay = unhelpful ? delayAfter(breaker.count(now), settings.backoff) : 0;
    return this.outcome(life.renewal(delay), life.parts.identityOf(sent));
  }

  /** A request that waited has given up. */
  stopWaiting(): void {
    this.#life.pending?.shared.leave();
  }

  /** Is the user that a request is sent for still signed in? @throws ERR_BEARER_SIGNED_OUT, ERR_BEARER_IDENTITY */
  assertSame(sent: Current): void {
    this.#ofSame(this.#life.parts.identityOf(sent), this.held(this.#life.serving));
  }

  /** A request with this token was accepted: it got another response than a refusal. */
  accepted(sent: Current): void {
    const { parts, holding, current } = this.#life;
    parts.breaker.helped(sent.generation);
    if (holding.state.is === 'active' && holding.state.doubted && current && isSameToken(current, sent)) {
      this.#life.apply({ is: 'trusted' });
    }
  }

  /** A request was refused with this token, which a refresh had just made. */
  refused(sent: Current): void {
    const { parts, events } = this.#life;
    const { breaker } = parts;
    const now = monotonicNow();
    const isNews = breaker.noHelp(sent.generation, now);
    const retryAfter = breaker.openFor(now);
    if (isNews && retryAfter > 0) events.emit('breakerOpen', () => ({ retryAfter }));
  }

  /** What a refresh or sign-in brings to a request that waits. One that waited as one user gets no token of another. */
  async outcome(
    shared: SharedPromise<Current | undefined>,
    identity?: string,
    fallBackToCurrent = false,
  ): Promise<Current | undefined> {
    try {
      const brought = await shared.join();
      return brought && this.#ofSame(identity, brought);
    } catch (error) {
      const { current, holding } = this.#life;
      if (fallBackToCurrent && current && isLive(current.token, Date.now())) return this.#ofSame(identity, current);
      // Nobody was found to be signed in; what that means for a request, `whenSignedOut` says.
      if (holding.state.is === 'empty' && (error as BearerError).code === 'ERR_BEARER_REJECTED') return undefined;
      throw error;
    }
  }

  /** @throws ERR_BEARER_SIGNED_OUT, or what ended the session */
  held(current: Current | undefined): Current {
    if (!current) throw this.#life.signedOutError();
    return current;
  }

  /** A token that nothing can follow is used to its end. After that only the server can tell, unless it was refused. */
  #toItsEnd(current: Current): Current | undefined {
    const { holding } = this.#life;
    if (holding.state.is !== 'active' || !holding.state.refusal || isLive(current.token, Date.now())) return current;
    this.#life.apply({ is: 'over' });
    throw this.#life.signedOutError();
  }

  /** What the store holds decides what is to be done, as if it had been known from the start. */
  async #afterReading(
    { shared }: Pending,
    next: () => Current | Promise<Current | undefined> | undefined,
  ): Promise<Current | undefined> {
    try {
      await shared.join();
    } catch (error) {
      if (!this.#life.serving) throw error;
    }
    return next();
  }

  /** Tokens that were handed in may be over already: then they are refreshed first. */
  async #afterSignIn(
    { shared, identity }: Pending,
    next: () => Current | Promise<Current | undefined> | undefined,
  ): Promise<Current | undefined> {
    const brought = await this.outcome(shared, identity);
    if (!brought || isFresh(brought, 0)) return brought;
    const current = await next();
    return current && this.#ofSame(this.#life.parts.identityOf(brought), current);
  }

  /** @throws ERR_BEARER_IDENTITY */
  #ofSame(identity: string | undefined, current: Current): Current {
    if (identity === undefined || identity === this.#life.parts.identityOf(current)) return current;
    throw bearerError(
      'ERR_BEARER_IDENTITY',
      'Another user signed in while the request waited; it was not sent in their name',
    );
  }

  /** The store could not be read so far, and the token that was handed in is refused. */
  async #afterFailedReading(sent: Current, replays: number): Promise<Current | undefined> {
    await this.#life.reading?.done();
    const { current } = this.#life;
    if (!current || sent.token.accessToken !== current.token.accessToken) return current;
    return this.tokenAfter401(current, replays);
  }
}

/** Will it do, with nothing to begin? */
function isFresh({ dueAt, token }: Current, minValidity: number): boolean {
  const now = Date.now();
  return now < dueAt && (!minValidity || isLive(token, now, minValidity));
}
