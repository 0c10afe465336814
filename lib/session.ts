import type { AxiosInstance } from 'axios';
import { Breaker, delayAfter } from './backoff.js';
import { type BearerError, bearerError } from './errors.js';
import { type BearerEvent, type BearerEvents, Events, type Listener, type SignOutReason } from './events.js';
import { asFailure, type Failure } from './failure.js';
import { abortable, type Bounds, clearTimer, Flight, setTimer } from './flight.js';
import { readSessionOptions, type SessionOptions, type SessionSettings } from './options.js';
import { canRefresh, newSession, type Outcome, renew, storing } from './renewal.js';
import type { TokenSource } from './sources/source.js';
import { memoryStore } from './stores/memory.js';
import { type Stored, sameGeneration, type TokenStore } from './stores/store.js';
import { dueAt, isLive, readToken, type Token, type TokenResponse } from './token.js';

/** What a user interface wants to know. Carries no token, and is the same object until something changes. */
export type SessionState =
  | { readonly status: 'signed-out' }
  | { readonly status: 'active'; readonly generation: number; readonly expiresAt?: number; readonly scope?: string }
  | { readonly status: 'refreshing'; readonly generation?: number; readonly expiresAt?: number; readonly scope?: string }
  | { readonly status: 'failed'; readonly error: BearerError };

/** A generation in use: what rests in the store, and what each request asks of it. */
export interface Current extends Stored {
  readonly identity: string;
  readonly dueAt: number;
}

type Phase =
  /** With a reason, nobody is signed in again but by `signIn()`. */
  | { status: 'signed-out'; reason?: SignOutReason }
  | { status: 'active'; current: Current }
  | { status: 'failed'; error: BearerError };

export interface TokenRequest {
  /** ms that the token should live at least. Default 0. */
  minValidity?: number;
  /** Ends this waiting, never the refresh. */
  signal?: AbortSignal;
}

// A timer is for convenience: a token that lives for a second is refreshed by the requests that need it.
const SHORTEST_TICK = 1_000;

/** One holder of tokens, and everything that happens to them. Knows no axios. */
export class TokenSession {
  /** @internal */
  client!: (signal: AbortSignal) => AxiosInstance;
  readonly #settings: SessionSettings;
  readonly #store: TokenStore;
  readonly #events = new Events();
  readonly #breaker: Breaker;
  readonly #subscribers = new Set<() => void>();
  readonly #unsubscribe: (() => void) | undefined;
  #phase: Phase = { status: 'signed-out' };
  #flight: Flight<Current | undefined> | undefined;
  #snapshot: SessionState = { status: 'signed-out' };
  #timer: ReturnType<typeof setTimer> | undefined;
  /** Tokens handed in, until the store has been asked whether it knows better. */
  #unread: { seed: Stored | undefined } | undefined;
  #cookies = false;
  #failures = 0;
  #holdOff: { since: number; ms: number; error: BearerError } | undefined;
  /** Made by a refresh, and not yet accepted by any answer. */
  #unproven: Current | undefined;
  /** Already counted as no help. */
  #marked: Current | undefined;
  /** Its refresh token was refused for good, and the source is to obtain another. */
  #refused: Stored | undefined;

  /** @throws ERR_BEARER_CONFIG, ERR_BEARER_TOKEN */
  constructor(options: SessionOptions) {
    this.#settings = readSessionOptions(options);
    this.#breaker = new Breaker(this.#settings.refreshWindow);
    this.#store = this.#settings.store ?? memoryStore();
    this.#unsubscribe = this.#store.subscribe?.(() => void this.#readAgain());
    const seed = options.tokens == null ? undefined : this.#firstOf(options.tokens);
    this.#unread = { seed };
    if (this.#settings.store) this.#restore();
    else this.#seed(seed);
  }

  get state(): SessionState {
    return this.#snapshot;
  }

  /** Call it on every change of `state`, as React's `useSyncExternalStore` does. Returns the way to stop. */
  readonly subscribe = (changed: () => void): (() => void) => {
    this.#subscribers.add(changed);
    return () => void this.#subscribers.delete(changed);
  };

  readonly getSnapshot = (): SessionState => this.#snapshot;

  /** Call it to hear of what happens. Returns the way to stop. Listeners never delay or break a request. */
  on<E extends BearerEvent>(event: E, listener: Listener<E>): () => void {
    return this.#events.on(event, listener);
  }

  /**
   * Call it for a token to use elsewhere: a WebSocket, fetch, gRPC. It shares the flight of the requests.
   *
   * @throws ERR_BEARER_SIGNED_OUT, or whatever the refresh failed with; the signal's reason
   */
  async token({ minValidity, signal }: TokenRequest = {}): Promise<string> {
    signal?.throwIfAborted();
    const found = this.lookup(minValidity);
    const current = found instanceof Promise ? await abortable(found, signal) : found;
    if (!current) throw this.signedOutError();
    return current.token.accessToken;
  }

  /** Call it to have a new token whatever the old one's age. Joins the refresh under way, if any. */
  async refresh(): Promise<Token> {
    const current = this.#current;
    if (!this.#flight?.urgent && !(current ? this.#renewable(current) : this.#obtainable)) throw this.signedOutError();
    const renewed = await this.#outcome(this.#renewal(), current?.identity);
    if (!renewed) throw this.signedOutError();
    return renewed.token;
  }

  /**
   * Call it after a login, with its tokens; or without, to ask the source: `obtain`, else `refresh({})`, with which a
   * page finds its refresh cookie again. Requests made meanwhile wait.
   *
   * @throws ERR_BEARER_TOKEN, ERR_BEARER_STORE; without tokens, whatever the source failed with
   */
  async signIn(tokens?: TokenResponse): Promise<Token> {
    const { source } = this.#settings;
    if (this.#closed) throw this.signedOutError();
    const stored = tokens === undefined ? undefined : this.#firstOf(tokens);
    if (!stored && !source.obtain && !canRefresh(source, undefined)) {
      throw bearerError('ERR_BEARER_CONFIG', 'signIn() needs tokens: the source has no obtain(), and its refresh() needs a refresh token');
    }
    this.#failures = 0;
    this.#holdOff = undefined;
    const flight = new Flight<Current | undefined>(true);
    this.#launch(flight, () => (stored ? this.#takeOver(flight, stored) : this.#fly(flight, { signIn: true })));
    const current = await flight.join();
    if (!current) throw this.signedOutError();
    return current.token;
  }

  /**
   * Call it at logout. From now on nothing is refreshed and nobody is signed in again by itself; the token is revoked
   * where the source can.
   *
   * @throws ERR_BEARER_STORE when the store could not be cleared; signed out here all the same
   */
  async signOut(): Promise<void> {
    const current = this.#current;
    this.#end({ status: 'signed-out', reason: 'signOut' });
    const revoked = current && this.#revoke(current.token);
    try {
      await storing(new Flight(), this.#settings.refreshTimeout, () => this.#store.replace(undefined));
    } catch (failure) {
      throw asFailure(failure).error;
    } finally {
      await revoked;
    }
  }

  /** Call it when the session is needed no longer: no timer, no listener, no waiting request is left. The tokens stay in the store. */
  close(): void {
    const flight = this.#flight;
    this.#end({ status: 'signed-out', reason: 'closed' });
    flight?.abort();
    this.#unsubscribe?.();
  }

  /** @internal */
  get source(): TokenSource {
    return this.#settings.source;
  }

  /** @internal */
  emit<E extends BearerEvent>(event: E, payload: () => BearerEvents[E]): void {
    this.#events.emit(event, payload);
  }

  /** The session lives in httpOnly cookies: it counts as active from the start. @internal */
  holdCookies(): void {
    this.#cookies = true;
    if (this.#phase.status === 'signed-out' && !this.#phase.reason && !this.#flight) this.#seed(this.#firstOf(''));
  }

  /** A token that will do, with nothing to wait for and nothing to begin? @internal */
  isFresh(minValidity = 0): boolean {
    const current = this.#current;
    return Boolean(current && !this.#flight?.urgent && this.#isFresh(current, minValidity));
  }

  /** The token to send a request with; a promise where it has to be waited for; `undefined`: there is none to be had. @internal */
  lookup(minValidity = 0): Current | Promise<Current | undefined> | undefined {
    if (this.#flight?.urgent) return this.#outcome(this.#flight);
    const current = this.#current;
    if (current) {
      if (this.#isFresh(current, minValidity) || !this.#renewable(current)) return current;
      const flight = this.#renewal();
      return isLive(current.token, Date.now(), minValidity) ? current : this.#outcome(flight, current.identity, true);
    }
    if (this.#unread && !this.#flight) return this.#outcome(this.#restore());
    return this.#obtainable ? this.#outcome(this.#renewal(), undefined) : undefined;
  }

  /**
   * A request was refused with a 401: the token to send it again with, or `undefined`: no new token would help, or none
   * is to be had. `replayed`: it was refused again, with a token made for it.
   *
   * @internal
   * @throws ERR_BEARER_IDENTITY
   */
  recover(sent: Current, replayed: boolean): Current | Promise<Current | undefined> | undefined {
    const current = this.#current;
    if (this.#flight?.urgent) return this.#outcome(this.#flight, sent.identity);
    if (!current) return undefined;
    if (current !== sent) return this.#ofSame(sent.identity, current);
    const unhelpful = replayed || this.#unproven === sent;
    if (unhelpful) this.noHelp(sent);
    const now = Date.now();
    if (!this.#flight && (!this.#renewable(current) || this.#breaker.openFor(now) > 0)) return undefined;
    const delay = unhelpful ? delayAfter(this.#breaker.count(now), this.#settings.backoff) : 0;
    return this.#outcome(this.#renewal(delay), sent.identity);
  }

  /** An answer other than a 401: the refresh that made this token did help. @internal */
  helped(sent: Current): void {
    if (this.#unproven === sent) this.#unproven = undefined;
  }

  /** The refresh that made this token did not help. Counted once, however many requests say so. @internal */
  noHelp(sent: Current): void {
    if (this.#marked === sent) return;
    this.#marked = sent;
    this.#breaker.mark(Date.now());
    const retryAfter = this.#breaker.openFor(Date.now());
    if (retryAfter > 0) this.emit('breakerOpen', () => ({ retryAfter }));
  }

  /** @internal */
  signedOutError(): BearerError {
    if (this.#phase.status === 'failed') return this.#phase.error;
    const why = this.#closed ? 'The session was closed' : 'Nobody is signed in: call signIn()';
    return bearerError('ERR_BEARER_SIGNED_OUT', why);
  }

  get #current(): Current | undefined {
    return this.#phase.status === 'active' ? this.#phase.current : undefined;
  }

  get #closed(): boolean {
    return this.#phase.status === 'signed-out' && this.#phase.reason === 'closed';
  }

  /** With no token, may the source be asked for a first one? Not after a sign-out, nor after a definite refusal. */
  get #obtainable(): boolean {
    return Boolean(this.source.obtain && this.#phase.status === 'signed-out' && !this.#phase.reason);
  }

  #renewable({ token }: Stored): boolean {
    return canRefresh(this.source, token) || Boolean(this.source.obtain);
  }

  #isFresh(current: Current, minValidity: number): boolean {
    const now = Date.now();
    return now < current.dueAt && (!minValidity || isLive(current.token, now, minValidity));
  }

  /** What the flight brings to one who waits. Who waited as one user gets no token of another. */
  async #outcome(flight: Flight<Current | undefined>, identity?: string, oldWillDo = false): Promise<Current | undefined> {
    try {
      const landed = await flight.join();
      return landed && this.#ofSame(identity, landed);
    } catch (error) {
      const current = this.#current;
      if (oldWillDo && current && isLive(current.token, Date.now())) return this.#ofSame(identity, current);
      // A page that looked for its cookie and found none is signed out; that is no failure of its requests.
      if (flight.urgent && this.#phase.status === 'signed-out' && !this.#phase.reason) return undefined;
      throw error;
    }
  }

  #ofSame(identity: string | undefined, current: Current): Current {
    if (identity === undefined || identity === current.identity) return current;
    throw bearerError('ERR_BEARER_IDENTITY', 'Another user signed in while the request waited; it was not sent in their name');
  }

  /** The flight under way, or a new one: claimed before anything is awaited. */
  #renewal(delay = 0): Flight<Current | undefined> {
    if (this.#flight) return this.#flight;
    const flight = new Flight<Current | undefined>();
    const wait = this.#waitLeft();
    if (wait > 0) {
      const { code, message, cause } = this.#holdOff!.error;
      flight.fail(bearerError(code, message, { cause, retryAfter: wait }));
      return flight;
    }
    const generation = this.#current?.generation ?? 0;
    this.#launch(flight, () => this.#fly(flight, { delay }));
    this.emit('refreshing', () => ({ generation }));
    return flight;
  }

  /** A clock that was set back must not prolong it. */
  #waitLeft(): number {
    if (!this.#holdOff) return 0;
    const gone = Date.now() - this.#holdOff.since;
    return gone < 0 ? 0 : this.#holdOff.ms - gone;
  }

  #launch(flight: Flight<Current | undefined>, task: () => Promise<Current | undefined>): void {
    this.#flight?.giveWayTo(flight);
    this.#flight = flight;
    this.#changed();
    const landing = task();
    const done = (settle: () => void) => {
      if (this.#flight !== flight) return;
      this.#flight = undefined;
      this.#changed();
      this.#arm();
      settle();
    };
    landing.then(
      (current) => done(() => flight.land(current)),
      (error) => done(() => flight.fail(error)),
    );
  }

  /** Attempt after attempt, with the backoff between them, until there is a token or none to be had. */
  async #fly(flight: Flight<Current | undefined>, { delay = 0, signIn = false }): Promise<Current | undefined> {
    if (delay) await flight.pause(delay);
    for (;;) {
      const waiting = flight.waiting;
      try {
        const outcome = await this.#attempt(flight, signIn);
        if (this.#flight !== flight) return void this.#drop(outcome);
        if (this.#take(outcome, signIn)) return this.#current;
      } catch (error) {
        if (this.#flight !== flight) return undefined;
        const failure = asFailure(error);
        if (failure.retry === 'now') continue;
        if (failure.retry === 'ended') throw this.#refusedForGood(failure, signIn);
        await flight.pause(this.#failed(failure, flight.waiting > waiting));
        if (this.#flight !== flight) return undefined;
      }
    }
  }

  #attempt(flight: Bounds, signIn: boolean): Promise<Outcome> {
    const { source, refreshTimeout } = this.#settings;
    const stale = this.#current;
    return renew({
      source,
      store: this.#store,
      flight,
      refreshTimeout,
      client: this.client,
      attempt: this.#failures,
      cookies: this.#cookies,
      signIn,
      stale,
      refused: this.#refused,
      onRefused: () => {
        this.#refused = stale;
      },
    });
  }

  /** @returns is there a token to go on with, or the certainty that there is none? */
  #take(outcome: Outcome, signIn: boolean): boolean {
    if (outcome.kind === 'dropped') {
      this.#drop(outcome);
      throw asFailure(new Error('The stored token was replaced during the refresh'));
    }
    const adopted = outcome.kind === 'adopted';
    if (!outcome.stored) {
      this.#end({ status: 'signed-out', reason: 'elsewhere' }, false);
      return true;
    }
    const first = signIn || !this.#current;
    const current = this.#publish(outcome.stored);
    const { generation } = current;
    if (first) this.emit('signedIn', () => ({ generation }));
    else this.emit('refreshed', () => ({ ...expiry(current), generation, adopted }));
    if (!adopted && !first) this.#unproven = current;
    return !adopted || isLive(current.token, Date.now());
  }

  /** Too late to be used: nobody should hold a token that nobody knows of. */
  #drop(outcome: Outcome): void {
    if (outcome.kind === 'renewed') void this.#revoke(outcome.stored.token);
    if (outcome.kind === 'dropped') void this.#revoke(outcome.token);
  }

  #refusedForGood({ error }: Failure, signIn: boolean): BearerError {
    this.emit('refreshFailed', () => ({ error }));
    if (signIn && this.#current) return error;
    if (signIn && !this.source.obtain) this.#phase = { status: 'signed-out' };
    else this.#end({ status: 'failed', error }, false);
    return error;
  }

  /** @returns ms until the next attempt. @throws when there is none for now */
  #failed({ error, retry, askedDelay }: Failure, joined: boolean): number {
    const { backoff, refreshRetries } = this.#settings;
    this.#failures++;
    const retryAfter = askedDelay ? Math.max(askedDelay, backoff.initial) : delayAfter(this.#failures, backoff);
    error.retryAfter = retryAfter;
    this.#holdOff = { since: Date.now(), ms: retryAfter, error };
    this.emit('refreshFailed', () => ({ error, retryAfter }));
    const last = this.#failures > refreshRetries || retry === 'later' || (retry === 'alone' && joined);
    if (last || retryAfter > backoff.cap) throw error;
    return retryAfter;
  }

  #publish(stored: Stored): Current {
    const { identity, leeway } = this.#settings;
    const current: Current = {
      ...stored,
      identity: identity ? identity(stored.token) : stored.session,
      dueAt: dueAt(stored.token, leeway),
    };
    this.#phase = { status: 'active', current };
    this.#unread = undefined;
    this.#failures = 0;
    this.#holdOff = undefined;
    this.#refused = undefined;
    this.#unproven = undefined;
    this.#changed();
    this.#arm();
    return current;
  }

  /** The first generation of a new sign-in. */
  #firstOf(tokens: TokenResponse): Stored {
    const token = readToken(tokens, { now: Date.now(), handedIn: true, cookies: this.#cookies });
    return { session: newSession(), generation: (this.#current?.generation ?? 0) + 1, token };
  }

  #seed(seed: Stored | undefined): void {
    this.#unread = undefined;
    if (!seed) return;
    this.#publish(seed);
    this.#store.replace(seed).catch(() => {});
  }

  async #takeOver(flight: Flight<Current | undefined>, stored: Stored): Promise<Current | undefined> {
    try {
      await storing(flight, this.#settings.refreshTimeout, () => this.#store.replace(stored));
    } catch (failure) {
      throw asFailure(failure).error;
    }
    if (this.#flight !== flight) return undefined;
    const current = this.#publish(stored);
    this.emit('signedIn', () => ({ generation: current.generation }));
    return current;
  }

  /** What the store holds goes before what was handed in: it is at least as new. */
  #restore(): Flight<Current | undefined> {
    const flight = new Flight<Current | undefined>(true);
    this.#launch(flight, async () => {
      try {
        const stored = await storing(flight, this.#settings.refreshTimeout, () => this.#store.read());
        if (this.#flight !== flight) return undefined;
        const seed = this.#unread?.seed ?? (this.#cookies ? this.#firstOf('') : undefined);
        if (!stored && seed) return this.#takeOver(flight, seed);
        this.#unread = undefined;
        return stored && this.#publish(stored);
      } catch (failure) {
        throw asFailure(failure).error;
      }
    });
    return flight;
  }

  /** The store gave a hint. */
  async #readAgain(): Promise<void> {
    if (this.#flight || !this.#current) return;
    const before = this.#current;
    const stored = await storing(new Flight(), this.#settings.refreshTimeout, () => this.#store.read()).catch(() => before);
    if (this.#flight || this.#current !== before || sameGeneration(stored, before)) return;
    this.#take({ kind: 'adopted', stored }, stored?.session !== before.session);
  }

  #end(phase: Phase, settle = true): void {
    const flight = settle ? this.#flight : undefined;
    const ended = this.#phase.status === 'active';
    if (settle) this.#flight = undefined;
    this.#phase = phase;
    this.#unread = undefined;
    this.#arm();
    this.#changed();
    flight?.fail(this.signedOutError());
    const reason = phase.status === 'signed-out' ? (phase.reason ?? 'signOut') : 'rejected';
    if (ended) this.emit('signedOut', () => ({ reason }));
  }

  async #revoke(token: Token): Promise<void> {
    const { source, refreshTimeout } = this.#settings;
    if (!source.revoke || !token.accessToken) return;
    const task = async (signal: AbortSignal) => source.revoke?.(token, { signal, attempt: 0, client: this.client(signal) });
    await new Flight().within(refreshTimeout, () => new Error(), task).catch(() => {});
  }

  /** The timer of `keepFresh`, set anew after each change. */
  #arm(): void {
    clearTimer(this.#timer);
    const current = this.#current;
    if (!this.#settings.keepFresh || !current || current.dueAt === Number.POSITIVE_INFINITY || !this.#renewable(current)) return;
    const wait = Math.max(current.dueAt - Date.now(), this.#waitLeft(), SHORTEST_TICK);
    this.#timer = setTimer(() => (Date.now() < current.dueAt ? this.#arm() : void this.#renewal()), wait);
    this.#timer.unref?.();
  }

  #changed(): void {
    const phase = this.#phase;
    const held = phase.status === 'active' ? { ...expiry(phase.current), generation: phase.current.generation } : {};
    if (this.#flight) this.#snapshot = { status: 'refreshing', ...held };
    else if (phase.status === 'active') this.#snapshot = { status: 'active', generation: phase.current.generation, ...held };
    else this.#snapshot = phase.status === 'failed' ? { status: 'failed', error: phase.error } : { status: 'signed-out' };
    for (const changed of [...this.#subscribers]) changed();
  }
}

function expiry({ token: { expiresAt, scope } }: Current): { expiresAt?: number; scope?: string } {
  return { ...(expiresAt !== undefined && { expiresAt }), ...(scope !== undefined && { scope }) };
}
