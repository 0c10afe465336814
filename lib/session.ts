import type { AxiosInstance } from 'axios';
import { delayAfter } from './backoff.js';
import { type BearerError, bearerError } from './errors.js';
import type { BearerEvent, BearerEvents, Listener } from './events.js';
import { abortable } from './flight.js';
import type { TokenFlight } from './holder.js';
import { Keeper } from './keeper.js';
import type { SessionOptions } from './options.js';
import { canRefresh } from './renewal.js';
import type { TokenSource } from './sources/source.js';
import { type Current, isBlank, isFresh, reasonOf, type SessionState } from './state.js';
import { isLive, type Token, type TokenResponse } from './token.js';
import { awaitedBounds } from './vault.js';

/** What `session.token()` is asked for. */
export interface TokenRequest {
  /** ms that the token should live on; at most nine tenths of its life count. Default 0. */
  minValidity?: number;
  /** Ends this waiting with its reason, never the refresh. Default: none. */
  signal?: AbortSignal;
}

/** Who is signed in, and what is asked of them: by the app, and by each request. Knows no axios. */
export class TokenSession {
  /** Whose sibling the source's `client` is: the first instance that was served. @internal */
  sibling: AxiosInstance | undefined;
  readonly #keeper: Keeper;
  /** Call it on every change of `state`, as React's `useSyncExternalStore` does. Returns the way to stop. */
  readonly subscribe: (changed: () => void) => () => void;
  /** The same as `state`, for `useSyncExternalStore`. */
  readonly getSnapshot: () => SessionState;

  /** @throws ERR_BEARER_CONFIG, ERR_BEARER_TOKEN */
  constructor(options: SessionOptions, client: (signal: AbortSignal) => AxiosInstance) {
    this.#keeper = new Keeper(options, client);
    this.subscribe = this.#keeper.state.subscribe;
    this.getSnapshot = this.#keeper.state.getSnapshot;
  }

  /** Read it to show who is signed in. It carries no token, and is the same object until something changes. */
  get state(): SessionState {
    return this.getSnapshot();
  }

  /** Call it to hear of what happens. Returns the way to stop. Listeners never delay or break a request. @see {@link BearerEvents} */
  on<E extends BearerEvent>(event: E, listener: Listener<E>): () => void {
    return this.#keeper.events.on(event, listener);
  }

  /**
   * Call it for a token to use elsewhere: a WebSocket, fetch, gRPC. It shares the flight of the requests.
   *
   * @throws ERR_BEARER_SIGNED_OUT, or what the refresh failed with; the signal's reason
   */
  async token({ minValidity, signal }: TokenRequest = {}): Promise<string> {
    signal?.throwIfAborted();
    const found = this.lookup(minValidity);
    const current = found instanceof Promise ? await abortable(found, signal, () => this.left()) : found;
    return this.#held(current).token.accessToken;
  }

  /**
   * Call it to have a new token whatever the old one's age, say after a 401 that axios did not see. Joins the refresh
   * under way, if any.
   *
   * @throws ERR_BEARER_SIGNED_OUT, or what the refresh failed with
   */
  async refresh(): Promise<Token> {
    const keeper = this.#keeper;
    const reading = keeper.restore();
    if (reading) await this.#outcome(reading);
    const { current } = keeper.state;
    if (!keeper.flight && !(current ? keeper.renewable(current) : keeper.obtainable)) throw this.signedOutError();
    return this.#held(await this.#outcome(keeper.renewal(), current?.identity)).token;
  }

  /**
   * Call it after a login, with its tokens; or without, to ask the source: `obtain`, else `refresh({})`, with which a
   * page finds its refresh cookie again. Requests made meanwhile wait.
   *
   * @throws ERR_BEARER_TOKEN, ERR_BEARER_STORE; without tokens, ERR_BEARER_CONFIG or what the source failed with
   */
  async signIn(tokens?: TokenResponse): Promise<Token> {
    const { state, settings } = this.#keeper;
    const { source } = settings;
    if (reasonOf(state.phase) === 'closed') throw this.signedOutError();
    const asks = source.obtain || canRefresh(source, undefined);
    const given = tokens === undefined && !asks ? source.tokens : tokens;
    const stored = given === undefined ? undefined : this.#keeper.firstOf(given);
    // What the app's own function thinks of them must be known before they are stored.
    if (stored) this.#keeper.identityOf(stored);
    if (!stored && !asks) {
      throw bearerError(
        'ERR_BEARER_CONFIG',
        'signIn() needs tokens: the source has no obtain(), and refresh() needs a refresh token',
      );
    }
    return this.#held(await this.#keeper.signIn(stored).join()).token;
  }

  /**
   * Call it at logout. From now on nothing is refreshed and nobody is signed in again by itself; the token is revoked
   * where the source can (RFC 7009). Requests that wait end with ERR_BEARER_SIGNED_OUT.
   *
   * @throws ERR_BEARER_STORE when the store could not be cleared; signed out here all the same
   */
  async signOut(): Promise<void> {
    const token = this.#keeper.end({ status: 'signed-out', reason: 'signOut' });
    const revoked = token && this.#keeper.revoke(token, awaitedBounds());
    await this.#keeper.forget().finally(() => revoked);
  }

  /** Call it when the session is needed no longer: no timer, no listener, no waiting request is left. Stored tokens stay. */
  close(): void {
    this.#keeper.end({ status: 'signed-out', reason: 'closed' });
  }

  /** @internal */
  get source(): TokenSource {
    return this.#keeper.settings.source;
  }

  /** @internal */
  emit<E extends BearerEvent>(event: E, payload: () => BearerEvents[E]): void {
    this.#keeper.events.emit(event, payload);
  }

  /** @internal */
  holdCookies(): void {
    this.#keeper.holdCookies();
  }

  /** @internal */
  signedOutError(): BearerError {
    return this.#keeper.state.signedOutError();
  }

  /** A token at hand, whatever its age, unless a sign-in is to replace it. @internal */
  get atHand(): Current | undefined {
    const { state, flight } = this.#keeper;
    return flight?.urgent ? undefined : state.current;
  }

  /** Will the token at hand do, with nothing to wait for and nothing to begin? @internal */
  isFresh(minValidity = 0): boolean {
    const { atHand } = this;
    return atHand !== undefined && isFresh(atHand, minValidity);
  }

  /** Is there no token, and none to be had without a sign-in? @internal */
  get isIdle(): boolean {
    const { unread, flight, state, obtainable } = this.#keeper;
    return !unread && !flight?.urgent && !state.current && !obtainable;
  }

  /** @internal */
  get isRefreshing(): boolean {
    return this.#keeper.flight !== undefined;
  }

  /**
   * The token to send a request with; a promise where it has to be waited for; `undefined`: there is none to be had.
   * `newest`: wait for a refresh under way, if it comes to something.
   *
   * @internal
   */
  lookup(minValidity = 0, newest = false): Current | Promise<Current | undefined> | undefined {
    const keeper = this.#keeper;
    const reading = keeper.restore();
    // What the store holds decides what is to be done, as if it had been known from the start.
    if (reading) return this.#outcome(reading).then(() => this.lookup(minValidity, newest));
    if (keeper.flight?.urgent) return this.#outcome(keeper.flight, keeper.arriving);
    const { current } = keeper.state;
    if (current) {
      if (newest && keeper.flight) return this.#outcome(keeper.flight, current.identity, true);
      if (isFresh(current, minValidity) || !keeper.renewable(current)) return current;
      const flight = keeper.renewal();
      return isLive(current.token, Date.now(), minValidity) ? current : this.#outcome(flight, current.identity, true);
    }
    return keeper.obtainable ? this.#outcome(keeper.renewal()) : undefined;
  }

  /**
   * A request was refused with a 401: the token to send it again with; `undefined`: no new one would help, or none is to
   * be had. `replays`: so many times it was refused again, with newer tokens.
   *
   * @throws ERR_BEARER_IDENTITY
   * @internal
   */
  recover(sent: Current, replays: number): Current | Promise<Current | undefined> | undefined {
    const keeper = this.#keeper;
    const { breaker, settings } = keeper;
    if (keeper.flight?.urgent) return this.#outcome(keeper.flight, sent.identity);
    const { current } = keeper.state;
    if (!current) return undefined;
    if (current !== sent) return ofSame(sent.identity, current);
    const unhelpful = replays > 0 || breaker.isUnproven(sent);
    if (unhelpful) this.noHelp(sent);
    if (replays > 1) return undefined;
    const now = Date.now();
    if (!keeper.flight && (!keeper.renewable(current) || breaker.openFor(now) > 0)) return undefined;
    const delay = unhelpful ? delayAfter(breaker.count(now), settings.backoff) : 0;
    return this.#outcome(keeper.renewal(delay), sent.identity);
  }

  /** A request that waited has given up. @internal */
  left(): void {
    this.#keeper.flight?.leave();
  }

  /** Is who sends it still signed in? @throws ERR_BEARER_SIGNED_OUT, ERR_BEARER_IDENTITY @internal */
  assertSame(sent: Current): void {
    ofSame(sent.identity, this.#held(this.#keeper.state.current));
  }

  /** @internal */
  helped(sent: Current): void {
    this.#keeper.breaker.helped(sent);
  }

  /** @internal */
  noHelp(sent: Current): void {
    const { breaker } = this.#keeper;
    const news = breaker.noHelp(sent, Date.now());
    const retryAfter = breaker.openFor(Date.now());
    if (news && retryAfter > 0) this.emit('breakerOpen', () => ({ retryAfter }));
  }

  /** What the flight brings to one who waits. Who waited as one user gets no token of another. */
  async #outcome(flight: TokenFlight, identity?: string, oldWillDo = false): Promise<Current | undefined> {
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

  #held(current: Current | undefined): Current {
    if (!current) throw this.signedOutError();
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
