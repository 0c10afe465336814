import type { AxiosInstance } from 'axios';
import { type BearerError, bearerError } from '../errors.js';
import { isThenable } from '../platform/thenable.js';
import type { TokenSource } from '../sources/source.js';
import { isLive } from '../token.js';
import { type Current, type Found, isFresh, isSameToken, type Need } from './current.js';
import type { BearerEvent, BearerEvents } from './events.js';
import type { Lifecycle } from './lifecycle.js';
import { EXPIRY, FIRST, lateAfter, type Pending } from './pending.js';
import type { SharedPromise } from './shared-promise.js';
import { isDoubted } from './state.js';
import { isObtainable, isRenewable } from './steps.js';

/** What requests ask of a session: which token, is another one worth waiting for, and what a refusal means. */
export class Requests {
  /** The first instance that was served: the source's `client` is a sibling of it. */
  sibling: AxiosInstance | undefined;
  /** The highest number of a request that was refused with the current token: one sent later may prove that token. */
  lastRefused = 0;
  #sends = 0;
  #outcome:
    | { joined: object; identity: string | undefined; before: Current | undefined; of: Promise<Current | undefined> }
    | undefined;

  constructor(readonly life: Lifecycle) {}

  get source(): TokenSource {
    return this.life.settings.source;
  }

  emit<E extends BearerEvent>(event: E, payload: () => BearerEvents[E]): void {
    this.life.events.emit(event, payload);
  }

  /** The place of a request among all that are sent: a later one has a higher number. */
  nextSend(): number {
    return ++this.#sends;
  }

  /** Is there no token, and none to be had without a sign-in? */
  get isIdle(): boolean {
    const { holding, pending, current } = this.life;
    const isSettled = holding.state.is !== 'unread' && pending?.kind !== 'signIn';
    return isSettled && !current && !isObtainable(this.life) && !this.life.reading?.isDue();
  }

  /** Of the user that something is asked for now, as far as that is known. */
  get identity(): string | undefined {
    const { pending, serving, parts, reading } = this.life;
    if (pending?.kind === 'signIn') return pending.identity;
    return serving ? parts.identityOf(serving) : reading?.identity;
  }

  /** Is anything under way? */
  get isBusy(): boolean {
    return this.life.pending !== undefined;
  }

  /** The token to send a request with; a promise where it has to be waited for; `undefined`: there is none to be had. */
  tokenFor(need: Need): Found {
    const { life } = this;
    const { minValidity = 0, hasOneChance = false, mayWait = true } = need;
    if (life.pending?.kind === 'signIn') return this.#afterSignIn(life.pending, need);
    const reading = life.reading?.first() ?? life.reading?.again();
    if (reading) return this.#afterReading(reading, need);
    const { pending } = life;
    const current = life.serving;
    if (!current) return isObtainable(life) ? this.outcome(life.renewal(FIRST)) : undefined;
    if (pending && hasOneChance) return this.outcome(pending.shared, life.parts.identityOf(current), true);
    if (pending && isDoubted(life.holding.state) && mayWait) return this.#orLate(pending, current);
    if (isFresh(current, minValidity) || !life.current) return current;
    if (!isRenewable(life, current)) return this.#toItsEnd(current);
    const refresh = life.renewal(EXPIRY);
    const isGood = isLive(current.token, Date.now(), minValidity);
    return isGood ? current : this.outcome(refresh, life.parts.identityOf(current), true);
  }

  /** The token of this moment, for a request that has waited for `found` and then for its turn. @throws as `assertSame` */
  tokenNow(found: Current, need: Need): Found {
    this.assertSame(found);
    const same = (now: Current | undefined) => this.#ofSame(this.life.parts.identityOf(found), this.held(now));
    const now = this.tokenFor(need);
    return isThenable(now) ? now.then(same) : same(now);
  }

  /** A request that waited has given up. */
  stopWaiting(need?: Need): void {
    if (need) need.hasLeft = true;
    this.life.pending?.shared.leave();
  }

  /** Is the user that a request is sent for still signed in? @throws ERR_BEARER_SIGNED_OUT, ERR_BEARER_IDENTITY */
  assertSame(sent: Current): void {
    if (sent === this.life.serving) return;
    this.#ofSame(this.life.parts.identityOf(sent), this.held(this.life.serving));
  }

  /** A request with this token was accepted: it got another response than a refusal. `order`: its `nextSend()`. */
  accepted(sent: Current, order: number): void {
    const { life } = this;
    life.parts.breaker.accepted(sent.generation);
    if (isDoubted(life.holding.state) && order > this.lastRefused && life.current && isSameToken(life.current, sent)) {
      life.apply({ is: 'trusted' });
    }
  }

  /** What a refresh or sign-in brings to a request that waits. One that waited as one user gets no token of another. */
  outcome(
    shared: SharedPromise<Current | undefined>,
    identity?: string,
    mayFail = false,
  ): Promise<Current | undefined> {
    const joined = shared.join();
    const before = mayFail ? undefined : this.life.current;
    const known = this.#outcome;
    // Thousands wait for the same: a promise for each would be a quarter of a kilobyte.
    if (known?.joined === joined && known.identity === identity && known.before === before) return known.of;
    const of = joined.then(
      (brought) => brought && this.#ofSame(identity, brought),
      (error) => this.#afterFailure(error, identity, before),
    );
    this.#outcome = { joined, identity, before, of };
    return of;
  }

  /** @throws ERR_BEARER_SIGNED_OUT, or what ended the session */
  held(current: Current | undefined): Current {
    if (!current) throw this.life.signedOutError();
    return current;
  }

  /** @param refused the token that is of no use */
  #afterFailure(error: BearerError, identity: string | undefined, refused: Current | undefined): Current | undefined {
    const { current, holding } = this.life;
    const isOfUse = current && isLive(current.token, Date.now()) && !(refused && isSameToken(refused, current));
    if (isOfUse) return this.#ofSame(identity, current);
    // Nobody was found to be signed in; what that means for a request, `whenSignedOut` says.
    if (error.code === 'ERR_BEARER_REJECTED' && holding.state.is === 'empty' && !this.source.obtain) return undefined;
    throw error;
  }

  /** What a refresh brings that a 401 has begun; if that takes longer than `refreshTimeout`, the token that is there. */
  #orLate(pending: Pending, current: Current): Promise<Current | undefined> {
    const identity = this.life.parts.identityOf(current);
    const brought = this.outcome(pending.shared, identity, true);
    const late = lateAfter(pending, this.life.settings.refreshTimeout).then(() => {
      const { serving } = this.life;
      if (!serving || !isLive(serving.token, Date.now())) return brought;
      return this.#ofSame(identity, serving);
    });
    return Promise.race([brought, late]);
  }

  /** A token that nothing can follow is used to its end. After that only the server can tell, unless it was refused. */
  #toItsEnd(current: Current): Current | undefined {
    const { holding } = this.life;
    if (holding.state.is !== 'active' || !holding.state.rejection || isLive(current.token, Date.now())) return current;
    this.life.apply({ is: 'over' });
    throw this.life.signedOutError();
  }

  /** Waits for the store to be read, and decides again. */
  async #afterReading({ shared }: Pick<Pending, 'shared'>, need: Need): Promise<Current | undefined> {
    const { identity } = this;
    try {
      await shared.join();
    } catch (error) {
      if (!this.life.serving) throw error;
    }
    return this.#goOn(identity, need);
  }

  /** Tokens that were handed in may be over already: then they are refreshed first. */
  async #afterSignIn({ shared, identity }: Pending, need: Need): Promise<Current | undefined> {
    const brought = await this.outcome(shared, identity);
    if (!brought || isFresh(brought, 0)) return brought;
    return this.#goOn(this.life.parts.identityOf(brought), need);
  }

  /** Decides again, for one that still waits. */
  async #goOn(identity: string | undefined, need: Need): Promise<Current | undefined> {
    const current = need.hasLeft ? undefined : await this.tokenFor(need);
    return current && this.#ofSame(identity, current);
  }

  /** @throws ERR_BEARER_IDENTITY */
  #ofSame(identity: string | undefined, current: Current): Current {
    if (identity === undefined || identity === this.life.parts.identityOf(current)) return current;
    throw bearerError(
      'ERR_BEARER_IDENTITY',
      'Another user signed in while the request waited; it was not sent in their name',
    );
  }
}
