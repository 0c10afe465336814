import type { AxiosInstance } from 'axios';
import { type BearerError, bearerError } from './errors.js';
import { Failure, storeFailure } from './failure.js';
import { Flight } from './flight.js';
import { Holder, type TokenFlight } from './holder.js';
import type { SessionOptions } from './options.js';
import { type Outcome, renew } from './renewal.js';
import { type Current, factsOf, isBlank, type Phase, reasonOf } from './state.js';
import { type Stored, sameGeneration, supersedes } from './stores/store.js';
import { isLive, type Token } from './token.js';

/** Keeps the token fresh: everything that changes it starts here, one flight at a time. Knows nothing of requests. */
export class Keeper extends Holder {
  readonly #unsubscribe: (() => void) | undefined;
  /** The sign-in under way that asks the source. */
  #asking: TokenFlight | undefined;
  /** Who is being signed in, where that is known. */
  arriving: string | undefined;
  #lastError: BearerError | undefined;
  /** The store gave a hint during a flight. */
  #hinted = false;
  /** The source refused it for good, and is to obtain another. */
  #refused: Current | undefined;

  constructor(options: SessionOptions, client: (signal: AbortSignal) => AxiosInstance) {
    super(options, client);
    this.#unsubscribe = this.vault.store.subscribe?.(() => this.#readLater());
    const tokens = options.tokens ?? this.settings.source.tokens;
    const seed = tokens == null ? undefined : this.firstOf(tokens);
    if (!options.store) {
      if (seed) this.plant(seed);
      return;
    }
    this.unread = { seed };
    this.restore();
  }

  /** The flight under way, or a new one: claimed before anything is awaited. */
  renewal(delay = 0): TokenFlight {
    if (this.flight) return this.flight;
    const flight: TokenFlight = new Flight();
    const wait = this.holdOff.left(Date.now());
    if (wait > 0 && this.#lastError) {
      const { code, message, cause } = this.#lastError;
      flight.fail(bearerError(code, message, { cause, retryAfter: wait }));
      return flight;
    }
    this.launch(flight, () => this.#fly(flight, delay));
    this.emit('refreshing', () => ({ generation: this.generation }));
    return flight;
  }

  /** With tokens of a login; or without, to ask the source, once for all who want that. */
  signIn(stored: Stored | undefined): TokenFlight {
    if (!stored && this.flight && this.flight === this.#asking) return this.flight;
    this.holdOff.over();
    const flight: TokenFlight = new Flight(true);
    this.#asking = stored ? undefined : flight;
    this.arriving = stored && this.identityOf(stored);
    this.launch(flight, () => (stored ? this.replace(flight, stored) : this.#fly(flight)));
    return flight;
  }

  /** What the store holds goes before what was handed in: it is at least as new. `undefined`: it was asked already. */
  restore(): TokenFlight | undefined {
    const unread = this.unread;
    if (!unread) return undefined;
    if (this.flight) return this.flight;
    const flight: TokenFlight = new Flight(true);
    this.launch(flight, async () => {
      const stored = await this.vault.read(flight);
      if (this.flight !== flight) return undefined;
      const seed = unread.seed ?? (this.cookies ? this.firstOf('') : undefined);
      if (!stored && seed) return this.replace(flight, seed);
      this.unread = undefined;
      return stored && this.publish(stored, true);
    });
    return flight;
  }

  /** Nobody is signed in from now on; who waits hears it now. @returns the token that was held */
  end(phase: Phase): Token | undefined {
    const { flight } = this;
    this.flight = undefined;
    const token = this.lose(phase);
    flight?.fail(this.state.signedOutError());
    if (reasonOf(phase) === 'closed') this.#unsubscribe?.();
    return token;
  }

  protected override landed(): void {
    if (this.#hinted) this.#readLater();
  }

  protected override ring(): void {
    this.renewal();
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
    // The flight may have given up on a slow store: what was made then is still the newest token there is.
    const isKept = () => !flight.urgent && stale !== undefined && this.state.current === stale && !this.flight?.urgent;
    return renew({
      source,
      store: this.vault.store,
      flight,
      refreshTimeout,
      known: this.vault.known,
      client: this.client,
      attempt: this.holdOff.failures,
      cookies: this.cookies,
      signIn: flight.urgent,
      stale,
      generation: this.generation,
      refused: stale !== undefined && stale === this.#refused,
      isWanted: (asked = false) =>
        this.flight === flight || isKept() || (asked && reasonOf(this.state.phase) === 'closed'),
      unsaved: () => (!flight.urgent && this.unsaved?.stale === stale ? this.unsaved?.token : undefined),
      onMade: (token) => {
        // Also while a sign-in is under way: it may fail.
        if (stale && this.state.current === stale && !flight.urgent) this.unsaved = { token, stale };
      },
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
      const { unsaved } = this;
      this.lose({ status: 'signed-out', reason: 'elsewhere' });
      if (unsaved) void this.revoke(unsaved.token);
      return true;
    }
    if (this.failedSignIns.some((failed) => sameGeneration(stored, failed))) {
      this.undo(stored);
      throw storeFailure(new Error('The store holds a sign-in that had failed'));
    }
    const adopted = outcome.kind === 'adopted';
    const first = signIn || stored.session !== this.state.current?.session;
    const current = this.publish(stored, first);
    if (!first) this.emit('refreshed', () => ({ ...factsOf(current), adopted }));
    if (!first && !adopted) this.breaker.made(current);
    return !adopted || isLive(current.token, Date.now());
  }

  /** Too late to be used: nobody should hold a token that nobody knows of. After `close()` the store knows of it. */
  #drop(outcome: Outcome): void {
    if (reasonOf(this.state.phase) === 'closed' || outcome.kind === 'adopted') return;
    const token = outcome.kind === 'renewed' ? outcome.stored.token : outcome.token;
    if (token !== this.unsaved?.token) void this.revoke(token);
  }

  /** @returns ms until the next attempt. @throws when there is none for now */
  #failed({ error, retry, askedDelay }: Failure, { urgent }: TokenFlight): number {
    const { backoff, refreshRetries, source } = this.settings;
    if (retry === 'ended') {
      this.emit('refreshFailed', () => ({ error }));
      // A page that looks for its cookie and finds none is signed out; that is no failure.
      if (!urgent || (!this.state.current && source.obtain)) this.lose({ status: 'failed', error });
      throw error;
    }
    const retryAfter = this.holdOff.failed(askedDelay, Date.now());
    error.retryAfter = retryAfter;
    this.#lastError = error;
    this.emit('refreshFailed', () => ({ error, retryAfter }));
    const last = this.holdOff.failures > refreshRetries || retry === 'later';
    if (last || retryAfter > backoff.cap) throw error;
    return retryAfter;
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
    const stored = await this.vault.read(new Flight());
    if (this.flight || this.state.phase !== phase || !supersedes(stored, current)) return;
    this.#take({ kind: 'adopted', stored }, false);
  }
}
