import type { AxiosInstance } from 'axios';
import { Breaker, HoldOff } from './backoff.js';
import { type BearerError, bearerError } from './errors.js';
import { type BearerEvents, Events } from './events.js';
import { Failure, storeFailure } from './failure.js';
import { type Bounds, clearTimer, Flight, setTimer } from './flight.js';
import { readSessionOptions, type SessionOptions, type SessionSettings } from './options.js';
import { bounded, canRefresh, errorOf, newSession, type Outcome, renew } from './renewal.js';
import { type Current, factsOf, isBlank, type Phase, reasonOf, State } from './state.js';
import { memoryStore } from './stores/memory.js';
import { type Stored, sameGeneration, type TokenStore } from './stores/store.js';
import { dueAt, isLive, readToken, type Token, type TokenResponse } from './token.js';

export type TokenFlight = Flight<Current | undefined>;

// The timer is for convenience: a token that lives for a second is refreshed by the requests that need it.
const SHORTEST_TICK = 1_000;

/** Keeps the token: everything that changes it passes here, one flight at a time. Knows nothing of requests. */
export class Keeper {
  readonly settings: SessionSettings;
  readonly state = new State();
  readonly events = new Events();
  readonly breaker: Breaker<Current>;
  readonly #store: TokenStore;
  readonly #holdOff: HoldOff;
  readonly #unsubscribe: (() => void) | undefined;
  flight: TokenFlight | undefined;
  cookies = false;
  /** Of the newest token, also after a sign-out. */
  #generation = 0;
  /** Tokens handed in, until the store has been asked whether it knows better. */
  #unread: { seed: Stored | undefined } | undefined;
  /** The sign-in under way that asks the source. */
  #asking: TokenFlight | undefined;
  #lastError: BearerError | undefined;
  /** The latest tokens: no error may quote them. */
  #known: Token[] = [];
  /** The store gave a hint during a flight. */
  #hinted = false;
  /** The source refused it for good, and is to obtain another. */
  #refused: Current | undefined;
  #timer: ReturnType<typeof setTimer> | undefined;

  constructor(
    options: SessionOptions,
    readonly client: (signal: AbortSignal) => AxiosInstance,
  ) {
    this.settings = readSessionOptions(options);
    const { store, backoff, refreshWindow } = this.settings;
    this.breaker = new Breaker(refreshWindow);
    this.#holdOff = new HoldOff(backoff);
    this.#store = store ?? memoryStore();
    this.#unsubscribe = this.#store.subscribe?.(() => this.#readLater());
    const seed = options.tokens == null ? undefined : this.firstOf(options.tokens);
    if (store) this.#restoreLater(seed);
    else if (seed) this.#plant(seed);
  }

  emit<E extends keyof BearerEvents>(event: E, payload: () => BearerEvents[E]): void {
    this.events.emit(event, payload);
  }

  /** With no token, may the source be asked for a first one? Not after a sign-out, nor after a definite refusal. */
  get obtainable(): boolean {
    return Boolean(this.settings.source.obtain && isBlank(this.state.phase));
  }

  renewable({ token }: Stored): boolean {
    return canRefresh(this.settings.source, token) || Boolean(this.settings.source.obtain);
  }

  /** The session lives in httpOnly cookies: it counts as active from the start. */
  holdCookies(): void {
    this.cookies = true;
    if (isBlank(this.state.phase) && !this.flight) this.#plant(this.firstOf(''));
  }

  /** The first generation of a new sign-in. @throws ERR_BEARER_TOKEN */
  firstOf(tokens: TokenResponse): Stored {
    const token = readToken(tokens, { now: Date.now(), handedIn: true, cookies: this.cookies });
    return { session: newSession(), generation: this.#generation + 1, token };
  }

  identityOf({ session, token }: Stored): string {
    return this.settings.identity?.(token) ?? session;
  }

  /** The flight under way, or a new one: claimed before anything is awaited. */
  renewal(delay = 0): TokenFlight {
    if (this.flight) return this.flight;
    const flight: TokenFlight = new Flight();
    const wait = this.#holdOff.left(Date.now());
    if (wait > 0 && this.#lastError) {
      const { code, message, cause } = this.#lastError;
      flight.fail(bearerError(code, message, { cause, retryAfter: wait }));
      return flight;
    }
    this.#launch(flight, () => this.#fly(flight, delay));
    this.emit('refreshing', () => ({ generation: this.#generation }));
    return flight;
  }

  /** With tokens of a login; or without, to ask the source, once for all who want that. */
  signIn(stored: Stored | undefined): TokenFlight {
    if (!stored && this.flight && this.flight === this.#asking) return this.flight;
    this.#holdOff.over();
    const flight: TokenFlight = new Flight(true);
    this.#asking = stored ? undefined : flight;
    this.#launch(flight, () => (stored ? this.#replace(flight, stored) : this.#fly(flight)));
    return flight;
  }

  /** What the store holds goes before what was handed in: it is at least as new. `undefined`: it was asked already. */
  restore(): TokenFlight | undefined {
    const unread = this.#unread;
    if (!unread) return undefined;
    if (this.flight) return this.flight;
    const flight: TokenFlight = new Flight(true);
    this.#launch(flight, async () => {
      const stored = await bounded(flight, this.settings.refreshTimeout, () => this.#store.read());
      if (this.flight !== flight) return undefined;
      const seed = unread.seed ?? (this.cookies ? this.firstOf('') : undefined);
      if (!stored && seed) return this.#replace(flight, seed);
      this.#unread = undefined;
      return stored && this.#publish(stored, true);
    });
    return flight;
  }

  /** Nobody is signed in from now on; who waits hears it now. @returns the token that was held */
  end(phase: Phase): Token | undefined {
    const { flight } = this;
    this.flight = undefined;
    const token = this.#lose(phase);
    flight?.fail(this.state.signedOutError());
    if (reasonOf(phase) === 'closed') this.#unsubscribe?.();
    return token;
  }

  /** @throws ERR_BEARER_STORE */
  async forget(): Promise<void> {
    try {
      await bounded(awaitedFlight(), this.settings.refreshTimeout, () => this.#store.replace(undefined), this.#known);
    } catch (failure) {
      throw errorOf(failure);
    }
  }

  async revoke(token: Token, bounds: Bounds = new Flight()): Promise<void> {
    const { source, refreshTimeout } = this.settings;
    if (!source.revoke || !token.accessToken) return;
    const task = async (signal: AbortSignal) =>
      source.revoke?.(token, { signal, attempt: 0, client: this.client(signal) });
    await bounds.within(refreshTimeout, () => undefined, task).catch(() => {});
  }

  /** A write that a sign-out overtook in the store. */
  #undo(): void {
    if (reasonOf(this.state.phase) === 'signOut') this.forget().catch(() => {});
  }

  #launch(flight: TokenFlight, task: () => Promise<Current | undefined>): void {
    this.flight?.giveWayTo(flight);
    this.flight = flight;
    this.state.set(this.state.phase, true);
    const done = (settle: () => void) => {
      if (this.flight !== flight) return;
      this.flight = undefined;
      this.state.set(this.state.phase, false);
      this.#arm();
      settle();
      if (this.#hinted) this.#readLater();
    };
    task().then(
      (current) => done(() => flight.land(current)),
      (error) => done(() => flight.fail(error instanceof Failure ? error.error : error)),
    );
  }

  /** Attempt after attempt, with the backoff between them, until there is a token or none to be had. */
  async #fly(flight: TokenFlight, delay = 0): Promise<Current | undefined> {
    if (delay) await flight.pause(delay);
    while (this.flight === flight) {
      try {
        const outcome = await this.#attempt(flight);
        if (this.flight !== flight) this.#drop(outcome);
        else if (this.#take(outcome, flight.urgent)) return this.state.current;
      } catch (error) {
        if (this.flight !== flight || !(error instanceof Failure)) throw error;
        if (error.retry !== 'now') await flight.pause(this.#failed(error, flight));
      }
    }
    return undefined;
  }

  #attempt(flight: TokenFlight): Promise<Outcome> {
    const { source, refreshTimeout } = this.settings;
    const stale = this.state.current;
    return renew({
      source,
      store: this.#store,
      flight,
      refreshTimeout,
      known: [...this.#known],
      client: this.client,
      attempt: this.#holdOff.failures,
      cookies: this.cookies,
      signIn: flight.urgent,
      stale,
      generation: this.#generation,
      refused: stale !== undefined && stale === this.#refused,
      isWanted: () => this.flight === flight || reasonOf(this.state.phase) === 'closed',
      onRefused: () => {
        this.#refused = stale;
      },
    });
  }

  /** @returns is there a token to go on with, or the certainty that there is none? */
  #take(outcome: Outcome, signIn: boolean): boolean {
    if (outcome.kind === 'dropped') {
      this.#drop(outcome);
      throw storeFailure(new Error('The tokens were replaced during the refresh'));
    }
    const { stored } = outcome;
    if (!stored) {
      this.#lose({ status: 'signed-out', reason: 'elsewhere' });
      return true;
    }
    const adopted = outcome.kind === 'adopted';
    const first = signIn || !this.state.current;
    const current = this.#publish(stored, first);
    if (!first) this.emit('refreshed', () => ({ ...factsOf(current), adopted }));
    if (!first && !adopted) this.breaker.made(current);
    return !adopted || isLive(current.token, Date.now());
  }

  /** Too late to be used: nobody should hold a token that nobody knows of. After `close()` the store knows of it. */
  #drop(outcome: Outcome): void {
    if (reasonOf(this.state.phase) === 'closed') return;
    if (outcome.kind === 'renewed') {
      this.#undo();
      void this.revoke(outcome.stored.token);
    }
    if (outcome.kind === 'dropped') void this.revoke(outcome.token);
  }

  /** @returns ms until the next attempt. @throws when there is none for now */
  #failed({ error, retry, askedDelay }: Failure, { urgent }: TokenFlight): number {
    const { backoff, refreshRetries, source } = this.settings;
    if (retry === 'ended') {
      this.emit('refreshFailed', () => ({ error }));
      // A page that looks for its cookie and finds none is signed out; that is no failure.
      if (!urgent || (!this.state.current && source.obtain)) this.#lose({ status: 'failed', error });
      throw error;
    }
    const retryAfter = this.#holdOff.failed(askedDelay, Date.now());
    error.retryAfter = retryAfter;
    this.#lastError = error;
    this.emit('refreshFailed', () => ({ error, retryAfter }));
    const last = this.#holdOff.failures > refreshRetries || retry === 'later';
    if (last || retryAfter > backoff.cap) throw error;
    return retryAfter;
  }

  #publish(stored: Stored, signedIn: boolean): Current {
    const { leeway } = this.settings;
    const { generation, token } = stored;
    this.#generation = generation;
    this.#known = [...this.#known.slice(-2), token];
    const current = { ...stored, identity: this.identityOf(stored), dueAt: dueAt(token, leeway) };
    this.#unread = undefined;
    this.#holdOff.over();
    this.state.set({ status: 'active', current }, false);
    this.#arm();
    if (signedIn) this.emit('signedIn', () => ({ generation }));
    return current;
  }

  #lose(phase: Phase): Token | undefined {
    const token = this.state.current?.token;
    this.#unread = undefined;
    this.state.set(phase, false);
    this.#arm();
    const reason = phase.status === 'signed-out' ? (phase.reason ?? 'signOut') : 'rejected';
    if (token) this.emit('signedOut', () => ({ reason }));
    return token;
  }

  /** Into our own store, which fails nobody and is read by nobody else. */
  #plant(seed: Stored): void {
    void this.#store.replace(seed);
    this.#publish(seed, false);
  }

  async #replace(flight: TokenFlight, stored: Stored): Promise<Current | undefined> {
    await bounded(flight, this.settings.refreshTimeout, () => this.#store.replace(stored), [
      ...this.#known,
      stored.token,
    ]);
    if (this.flight === flight) return this.#publish(stored, true);
    this.#undo();
    return undefined;
  }

  #restoreLater(seed: Stored | undefined): void {
    this.#unread = { seed };
    this.restore();
  }

  /** Nobody waits for it, so nobody hears of its failure: the next flight reads again. */
  #readLater(): void {
    this.#readAgain().catch(() => {});
  }

  /** The store gave a hint. */
  async #readAgain(): Promise<void> {
    const { current, phase } = this.state;
    const out = phase.status === 'failed' || isBlank(phase) || reasonOf(phase) === 'elsewhere';
    this.#hinted = this.flight !== undefined;
    if (this.#hinted || (!current && !out)) return;
    const read = bounded(new Flight(), this.settings.refreshTimeout, () => this.#store.read(), this.#known);
    const stored = await read;
    if (this.flight || this.state.phase !== phase || sameGeneration(stored, current)) return;
    this.#take({ kind: 'adopted', stored }, stored?.session !== current?.session);
  }

  /** The timer of `keepFresh`, set anew after each change. */
  #arm(): void {
    clearTimer(this.#timer);
    const { current } = this.state;
    if (!this.settings.keepFresh || !current || current.dueAt === Number.POSITIVE_INFINITY || !this.renewable(current))
      return;
    const now = Date.now();
    const wait = Math.max(current.dueAt - now, this.#holdOff.left(now), SHORTEST_TICK);
    this.#timer = setTimer(() => this.#tick(current), wait);
    this.#timer.unref?.();
  }

  /** A timer may be early: where the clock was set, or the delay was longer than timers go. */
  #tick({ dueAt }: Current): void {
    const now = Date.now();
    if (now < dueAt || this.#holdOff.left(now) > 0) this.#arm();
    else this.renewal();
  }
}

/** The bounds of what somebody waits for from the start. */
export function awaitedFlight(): Bounds {
  const flight = new Flight<void>();
  flight.waiting = 1;
  return flight;
}
