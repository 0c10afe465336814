import type { AxiosInstance } from 'axios';
import { Alarm } from './alarm.js';
import { Breaker, HoldOff } from './backoff.js';
import { type BearerEvents, Events } from './events.js';
import { Failure } from './failure.js';
import { type Bounds, Flight } from './flight.js';
import { readSessionOptions, type SessionOptions, type SessionSettings } from './options.js';
import { canRefresh, newSession } from './renewal.js';
import { type Current, isBlank, type Phase, reasonOf, State } from './state.js';
import { memoryStore } from './stores/memory.js';
import type { Stored } from './stores/store.js';
import { dueAt, readToken, type Token, type TokenResponse } from './token.js';
import { awaitedBounds, Vault } from './vault.js';

export type TokenFlight = Flight<Current | undefined>;

/** Holds the token: what is published, lost, stored and revoked, and the one flight that may change it. */
export abstract class Holder {
  readonly settings: SessionSettings;
  readonly state = new State();
  readonly events = new Events();
  readonly breaker: Breaker<Current>;
  flight: TokenFlight | undefined;
  cookies = false;
  protected readonly vault: Vault;
  protected readonly holdOff: HoldOff;
  /** Of the newest token, also after a sign-out. */
  protected generation = 0;
  /** Tokens handed in, until the store has been asked whether it knows better. */
  unread: { seed: Stored | undefined } | undefined;
  /** What the store has not kept yet, and what it was made of. */
  protected unsaved: { token: Token; stale: Current } | undefined;
  /** The latest sign-ins that the store failed, though it may hold one all the same. */
  protected failedSignIns: Stored[] = [];
  readonly #alarm = new Alarm();

  constructor(
    options: SessionOptions,
    readonly client: (signal: AbortSignal) => AxiosInstance,
  ) {
    this.settings = readSessionOptions(options);
    const { store, backoff, refreshWindow, refreshTimeout } = this.settings;
    this.breaker = new Breaker(refreshWindow);
    this.holdOff = new HoldOff(backoff);
    this.vault = new Vault(store ?? memoryStore(), refreshTimeout);
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
    if (isBlank(this.state.phase) && !this.flight) this.plant(this.firstOf(''));
  }

  /** The first generation of a new sign-in. @throws ERR_BEARER_TOKEN */
  firstOf(tokens: TokenResponse): Stored {
    const token = readToken(tokens, { now: Date.now(), handedIn: true, cookies: this.cookies });
    return { session: newSession(), generation: this.generation + 1, token };
  }

  identityOf({ session, token }: Stored): string {
    return this.settings.identity?.(token) ?? session;
  }

  /** @throws ERR_BEARER_STORE */
  async forget(): Promise<void> {
    await this.vault.replace(undefined, awaitedBounds()).catch(throwError);
  }

  async revoke(token: Token, bounds: Bounds = new Flight()): Promise<void> {
    const { source, refreshTimeout } = this.settings;
    const task = async (signal: AbortSignal) =>
      source.revoke?.(token, { signal, attempt: 0, client: this.client(signal) });
    await bounds.within(refreshTimeout, () => undefined, task).catch(() => {});
  }

  protected launch(flight: TokenFlight, task: () => Promise<Current | undefined>): void {
    this.flight?.giveWayTo(flight);
    this.flight = flight;
    this.state.set(this.state.phase, true);
    const done = (settle: () => void) => {
      if (this.flight !== flight) return;
      this.flight = undefined;
      this.state.set(this.state.phase, false);
      this.arm();
      settle();
      this.landed();
    };
    task().then(
      (current) => done(() => flight.land(current)),
      (error) => done(() => flight.fail(errorOf(error))),
    );
  }

  /** What there is to do once a flight is over. */
  protected abstract landed(): void;

  protected publish(stored: Stored, signedIn: boolean): Current {
    const { leeway } = this.settings;
    const { session, generation, token } = stored;
    const { unsaved } = this;
    this.unsaved = undefined;
    // Of the same session it may be what was stored, or its revocation the end of what was.
    if (unsaved && unsaved.stale.session !== session) void this.revoke(unsaved.token);
    this.generation = generation;
    this.vault.remember(token);
    const current = { ...stored, identity: this.identityOf(stored), dueAt: dueAt(token, leeway) };
    this.unread = undefined;
    this.holdOff.over();
    this.state.set({ status: 'active', current }, false);
    this.arm();
    if (signedIn) this.emit('signedIn', () => ({ generation }));
    return current;
  }

  /** @returns the newest token that was held */
  protected lose(phase: Phase): Token | undefined {
    const token = this.unsaved?.token ?? this.state.current?.token;
    this.unsaved = undefined;
    this.unread = undefined;
    this.state.set(phase, false);
    this.arm();
    if (token) this.emit('signedOut', () => ({ reason: reasonOf(phase) ?? 'rejected' }));
    return token;
  }

  /** Into our own store, which fails nobody and is read by nobody else. */
  protected plant(seed: Stored): void {
    void this.vault.store.replace(seed);
    this.publish(seed, false);
  }

  protected async replace(flight: TokenFlight, stored: Stored): Promise<Current | undefined> {
    await this.vault.replace(stored, flight, () => {
      this.failedSignIns = [...this.failedSignIns.slice(-2), stored];
      this.undo(stored);
    });
    return this.flight === flight ? this.publish(stored, true) : undefined;
  }

  /** Whoever asked for this sign-in was told that it failed: should the store hold it all the same, it goes again. */
  protected undo(failed: Stored): void {
    const right = () => {
      const { current } = this.state;
      return current && { session: current.session, generation: current.generation, token: current.token };
    };
    this.vault.amend(failed, right).catch(() => {});
  }

  /** The timer of `keepFresh`, set anew after each change. */
  protected arm(): void {
    const { current } = this.state;
    const now = Date.now();
    const kept = this.settings.keepFresh && current && this.renewable(current);
    this.#alarm.set(kept ? Math.max(current.dueAt, now + this.holdOff.left(now)) : Number.POSITIVE_INFINITY, () =>
      this.ring(),
    );
  }

  protected abstract ring(): void;
}

/** What leaves is the error, not what we make of it. */
export function errorOf(failure: unknown): unknown {
  return failure instanceof Failure ? failure.error : failure;
}

function throwError(failure: unknown): never {
  throw errorOf(failure);
}
