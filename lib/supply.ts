import { delayAfter } from './backoff.js';
import { type BearerError, bearerError } from './errors.js';
import type { TokenFlight } from './holder.js';
import type { Keeper } from './keeper.js';
import { type Current, isBlank, isFresh } from './state.js';
import { isLive } from './token.js';

/** What each request asks of the session: which token, is it worth waiting for another, and what a refusal means. */
export class Supply {
  readonly #keeper: Keeper;

  constructor(keeper: Keeper) {
    this.#keeper = keeper;
  }

  /** A token at hand, whatever its age, unless a sign-in is to replace it. */
  get atHand(): Current | undefined {
    const { state, flight } = this.#keeper;
    return flight?.urgent ? undefined : state.current;
  }

  /** Will the token at hand do, with nothing to wait for and nothing to begin? */
  isFresh(minValidity = 0): boolean {
    const { atHand } = this;
    return atHand !== undefined && isFresh(atHand, minValidity);
  }

  /** Is there no token, and none to be had without a sign-in? */
  get isIdle(): boolean {
    const { unread, flight, state, obtainable } = this.#keeper;
    return !unread && !flight?.urgent && !state.current && !obtainable;
  }

  /** Is a flight under way, of whatever kind? */
  get isRefreshing(): boolean {
    return this.#keeper.flight !== undefined;
  }

  /**
   * The token to send a request with; a promise where it has to be waited for; `undefined`: there is none to be had.
   * `newest`: wait for a refresh under way, if it comes to something.
   */
  lookup(minValidity = 0, newest = false): Current | Promise<Current | undefined> | undefined {
    const keeper = this.#keeper;
    const reading = keeper.restore();
    // What the store holds decides what is to be done, as if it had been known from the start.
    if (reading) return this.outcome(reading).then(() => this.lookup(minValidity, newest));
    if (keeper.flight?.urgent) return this.outcome(keeper.flight, keeper.arriving);
    const { current } = keeper.state;
    if (current) {
      if (newest && keeper.flight) return this.outcome(keeper.flight, current.identity, true);
      if (isFresh(current, minValidity) || !keeper.renewable(current)) return current;
      const flight = keeper.renewal();
      return isLive(current.token, Date.now(), minValidity) ? current : this.outcome(flight, current.identity, true);
    }
    return keeper.obtainable ? this.outcome(keeper.renewal()) : undefined;
  }

  /**
   * A request was refused with a 401: the token to send it again with; `undefined`: no new one would help, or none is to
   * be had. `replays`: so many times it was refused again, with newer tokens.
   *
   * @throws ERR_BEARER_IDENTITY
   */
  recover(sent: Current, replays: number): Current | Promise<Current | undefined> | undefined {
    const keeper = this.#keeper;
    const { breaker, settings } = keeper;
    if (keeper.flight?.urgent) return this.outcome(keeper.flight, sent.identity);
    const { current } = keeper.state;
    if (!current) return undefined;
    if (current !== sent) return ofSame(sent.identity, current);
    const unhelpful = replays > 0 || breaker.isUnproven(sent);
    if (unhelpful) this.noHelp(sent);
    if (replays > 1) return undefined;
    const now = Date.now();
    if (!keeper.flight && (!keeper.renewable(current) || breaker.openFor(now) > 0)) return undefined;
    const delay = unhelpful ? delayAfter(breaker.count(now), settings.backoff) : 0;
    return this.outcome(keeper.renewal(delay), sent.identity);
  }

  /** A request that waited has given up. */
  left(): void {
    this.#keeper.flight?.leave();
  }

  /** Is who sends it still signed in? @throws ERR_BEARER_SIGNED_OUT, ERR_BEARER_IDENTITY */
  assertSame(sent: Current): void {
    ofSame(sent.identity, this.held(this.#keeper.state.current));
  }

  /** It was sent with this token, and the answer was no refusal. */
  helped(sent: Current): void {
    this.#keeper.breaker.helped(sent);
  }

  /** It was sent with this token, which a refresh had just made, and refused. */
  noHelp(sent: Current): void {
    const { breaker } = this.#keeper;
    const now = Date.now();
    const news = breaker.noHelp(sent, now);
    const retryAfter = breaker.openFor(now);
    if (news && retryAfter > 0) this.#keeper.emit('breakerOpen', () => ({ retryAfter }));
  }

  /** What the flight brings to one who waits. Who waited as one user gets no token of another. */
  async outcome(flight: TokenFlight, identity?: string, oldWillDo = false): Promise<Current | undefined> {
    try {
      const landed = await flight.join();
      return landed && ofSame(identity, landed);
    } catch (error) {
      const { current, phase } = this.#keeper.state;
      if (oldWillDo && current && isLive(current.token, Date.now())) return ofSame(identity, current);
      // Nobody was found to be signed in; what that means for a request, `whenSignedOut` says.
      if (isBlank(phase) && (error as BearerError).code === 'ERR_BEARER_REJECTED') return undefined;
      throw error;
    }
  }

  /** @throws ERR_BEARER_SIGNED_OUT, or what ended the session */
  held(current: Current | undefined): Current {
    if (!current) throw this.#keeper.state.signedOutError();
    return current;
  }
}

function ofSame(identity: string | undefined, current: Current): Current {
  if (identity === undefined || identity === current.identity) return current;
  throw bearerError(
    'ERR_BEARER_IDENTITY',
    'Another user signed in while the request waited; it was not sent in their name',
  );
}
