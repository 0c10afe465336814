import { delaysOf } from '../backoff.js';
import type { BearerError } from '../errors.js';
import type { SessionOptions } from '../options.js';
import { monotonicNow } from '../platform/deadline.js';
import { readSessionOptions, type SessionSettings } from '../read-options.js';
import { PrivateStore } from '../stores/memory.js';
import { dueAt, isNothing, readToken, sealed, type Token, type TokenResponse } from '../token.js';
import { rememberAccessToken } from './access-tokens.js';
import { Alarm, needsAlarm } from './alarm.js';
import type { ClientFactory } from './ask.js';
import { BoundedStore } from './bounded-store.js';
import type { Current } from './current.js';
import { Events } from './events.js';
import type { Life } from './life.js';
import type { Mark } from './mark.js';
import { Parts } from './parts.js';
import { isAnswer, newPending, type Pending, type PendingOptions, settleAs, type Work } from './pending.js';
import { Reading } from './reading.js';
import { insteadOf, refreshOnce, renew } from './renewal.js';
import { plantNow } from './seed.js';
import type { SessionEvent } from './session-event.js';
import { failedPromise, type SharedPromise } from './shared-promise.js';
import { Snapshot } from './snapshot.js';
import { currentIn, type Holding, type State, transition } from './state.js';
import { act } from './steps.js';
import { signedOutError, tellEffect } from './telling.js';

/** The only caller of `transition()`: it starts, shares and ends what is under way, one thing at a time. */
export class Lifecycle implements Life {
  readonly settings: SessionSettings;
  readonly events = new Events();
  readonly snapshot = new Snapshot();
  readonly parts: Parts;
  readonly store: BoundedStore;
  /** Where a store was given. */
  readonly reading: Reading | undefined;
  /** ms that a caller may wait for a token. */
  readonly bound: number;
  holding: Holding;
  cookies = false;
  /** Counts what the app asks for: an older sign-in or sign-out gives way to a newer one. */
  wishes = 0;
  /** The mark of another holder that is waited for, or was. */
  mark: Mark | undefined;
  /** Called at a hint of the store. */
  onHint: (() => void) | undefined;
  #alarm: Alarm | undefined;
  #pending: Pending | undefined;
  #generation = 0; // Of the newest token, also after a sign-out.
  #toldLast: BearerError | undefined;

  constructor(
    options: SessionOptions,
    readonly client: ClientFactory,
  ) {
    this.settings = readSessionOptions(options);
    const { source, store, backoff, refreshTimeout, refreshRetries, tokens } = this.settings;
    this.bound = (refreshRetries + 1) * refreshTimeout + delaysOf(refreshRetries, backoff);
    this.parts = new Parts(this.settings, () => this.changed());
    this.store = new BoundedStore(store ?? new PrivateStore(), refreshTimeout, !store, source.secrets);
    this.reading = store && new Reading(this);
    const seed = isNothing(tokens) ? undefined : this.tokenOf(tokens);
    this.holding = { state: store ? { is: 'unread', seed } : { is: 'empty' }, signedOut: [] };
    if (!store && seed) plantNow(this, seed);
    this.reading?.begin();
  }

  /** What is under way, and has not brought its token yet. What stands still counts as nothing: another one is begun. */
  get pending(): Pending | undefined {
    return this.#pending && !this.#pending.isDone && monotonicNow() <= this.#pending.over ? this.#pending : undefined;
  }

  /** Is this still what is under way? */
  isCurrent(pending: Pending): boolean {
    return this.#pending === pending;
  }

  get current(): Current | undefined {
    return currentIn(this.holding.state);
  }

  /** A token that requests may be sent with, whatever its age. */
  get serving(): Current | undefined {
    return this.current ?? this.reading?.provisional;
  }

  tokenOf(tokens: TokenResponse, previous?: Token, isLogin = false): Token {
    return readToken(tokens, { now: Date.now(), handedIn: true, isLogin, previous, cookies: this.cookies });
  }

  /** Numbers a token, so that it can come into use. */
  currentOf(session: string, token: Token): Current {
    const before = this.current ?? this.reading?.seed;
    const isSame = token.accessToken !== '' && before?.token.accessToken === token.accessToken;
    const generation = isSame ? before.generation : Math.max(this.#generation, before?.generation ?? 0) + 1;
    rememberAccessToken(token.accessToken);
    return { generation, session, token: sealed(token), dueAt: dueAt(token, this.settings.leeway) };
  }

  /** Why there is no token. */
  signedOutError(): BearerError {
    return signedOutError(this.holding.state);
  }

  /**
   * Something has happened: the state follows, then the store and the source, then those that watch.
   *
   * @param tell calls what it is given, at once or, where the store's lock is held, when that is free
   */
  apply(event: SessionEvent, tell: (watchers: () => void) => void = (watchers) => watchers()): void {
    const before = this.holding.state;
    const { holding, effects } = transition(this.holding, event);
    this.holding = holding;
    const { current } = this;
    if (!current) this.parts.previous = undefined;
    else if (current !== currentIn(before)) this.#takeIntoUse(current, before, event.is);
    if (current?.generation !== currentIn(before)?.generation) this.parts.endPauses();
    const ended = event.is === 'signOut' || event.is === 'close' ? this.#pending : undefined;
    if (ended) {
      this.#pending = undefined;
      this.parts.reset();
    }
    for (const effect of effects) act(this, effect);
    tell(() => {
      this.changed();
      // A listener that hears of a refusal may sign out: those that wait are told of the refusal all the same.
      ended?.shared.reject(signedOutError(before.is === 'ended' ? before : this.holding.state));
      if (event.is === 'rejected') this.tellFailure(event.error);
      for (const effect of effects) tellEffect(this.events, effect, holding.state, this.current);
    });
  }

  /** A new read, refresh or sign-in: claimed before anything is awaited. Those that waited for the one before wait for this one. */
  start(kind: Pending['kind'], work: Work, options: PendingOptions = {}): Pending {
    const most = (ms: number) => (this.settings.source.interactive ? Number.POSITIVE_INFINITY : ms);
    const limits = { bound: most(this.bound), lasts: most(this.store.holdMs) };
    const pending = newPending(kind, { ...options, ...limits, begunWith: this.current });
    const earlier = this.#pending?.isDone ? undefined : this.#pending;
    earlier?.shared.replaceWith(pending.shared, (error) => insteadOf(this, earlier, error));
    this.#pending = pending;
    const end = () => {
      if (this.isCurrent(pending)) this.#pending = undefined;
      this.changed();
      if (!this.#pending && this.reading) queueMicrotask(() => this.reading?.catchUp());
    };
    settleAs(pending, work(pending), end);
    this.changed();
    return pending;
  }

  /** The refresh under way, or a new one. */
  renewal(cause: Pending['cause']): SharedPromise<Current | undefined> {
    const { pending } = this;
    if (pending) return pending.shared;
    const { error } = this.parts.outage;
    if (error) return failedPromise(error);
    const { shared } = this.start('refresh', (mine) => renew(this, mine, refreshOnce), { cause });
    this.events.emit('refreshing', () => ({ generation: this.#generation }));
    return shared;
  }

  close(): void {
    if (this.holding.state.is === 'closed') return;
    this.parts.stop();
    this.apply({ is: 'close' });
    this.reading?.stop();
  }

  /** Told once, wherever it is met. */
  tellFailure(error: BearerError, retryAfter?: number): void {
    if (error === this.#toldLast) return;
    this.#toldLast = error;
    this.events.emit('refreshFailed', () => ({ error, ...(retryAfter !== undefined && { retryAfter }) }));
  }

  /** The snapshot and the alarm follow what has changed. */
  changed(): void {
    const failure = this.settings.source.obtain && this.#toldLast;
    this.snapshot.update(this.holding.state, this.serving, this.pending !== undefined, failure);
    this.#alarm ??= needsAlarm(this) ? new Alarm() : undefined;
    this.#alarm?.set(this);
  }

  #takeIntoUse(current: Current, before: State, by: SessionEvent['is']): void {
    this.#generation = Math.max(this.#generation, current.generation);
    const isOwn = this.holding.arriving?.includes(current.session);
    if (this.reading && before.is === 'unread' && by === 'found' && !isOwn)
      this.parts.seeded = { stored: current.session, seed: this.reading.session };
    const pending = this.#pending;
    this.parts.tookIntoUse(current, before, pending);
    this.#toldLast = undefined;
    if (pending && (pending.kind !== 'signIn' || by === 'signedIn')) pending.isDone = isAnswer(current, pending);
    // What a refresh has brought is told when the lock is free. For the token of an `update()` no lock is held.
    if (by === 'updated' && pending?.isDone) pending.shared.resolve(current);
    this.reading?.reset();
    this.store.remember(current.token);
  }
}
