import type { AxiosInstance } from 'axios';
import type { AnyAxios } from '../any-axios.js';
import { abortable, abortReason } from '../deadline.js';
import { type BearerError, bearerError } from '../errors.js';
import type { BearerEvent, BearerEvents, Listener } from '../events.js';
import type { InstallOptions, SessionOptions } from '../options.js';
import type { TokenSource } from '../sources/source.js';
import { isThenable } from '../thenable.js';
import type { Token, TokenResponse } from '../token.js';
import { canRefresh } from './ask.js';
import type { Joins, TokenRequest } from './joins.js';
import { Lifecycle } from './lifecycle.js';
import { Requests } from './requests.js';
import { closeOf, signInAgain, signInByAsking, signInWith, signOutOf, updateWith } from './sign-in.js';
import type { SessionState } from './snapshot.js';
import { isObtainable, isRenewable } from './steps.js';
import { cannotRefresh } from './telling.js';

/**
 * The session of a user, for any number of instances: what `bearer` and `createSession` return. A class, since axios
 * copies plain objects in a config.
 */
export class Session {
  /** The first instance that was served: the source's `client` is a sibling of it. @internal */
  sibling: AxiosInstance | undefined;
  /** What requests ask for. @internal */
  readonly requests: Requests;
  readonly #life: Lifecycle;
  readonly #joins: Joins<Session>;
  #installed: Map<AnyAxios, () => void> | undefined;
  #subscribe: ((changed: () => void) => () => void) | undefined;
  #getSnapshot: (() => SessionState) | undefined;
  /** @internal */
  constructor(options: SessionOptions, joins: Joins<Session>) {
    this.#joins = joins;
    this.#life = new Lifecycle(options, (...args) => joins.client(this.sibling, ...args));
    this.requests = new Requests(this.#life);
  }

  /**
   * Call it once per axios instance that this session is to serve; a second time changes nothing. The source's `client`
   * is a sibling of the first one. Children that `instance.create()` makes inherit no interceptors, hence no session.
   *
   * @param instance the axios instance, or axios itself
   * @param options how this instance is served
   * @returns the way to uninstall
   * @throws ERR_BEARER_CONFIG, naming the option
   */
  install(instance: AnyAxios, options: InstallOptions = {}): () => void {
    const leave = this.#joins.install(this, instance, options);
    const uninstall = () => {
      leave();
      if (this.#installed?.get(instance) === uninstall) this.#installed.delete(instance);
    };
    this.#installed ??= new Map();
    this.#installed.set(instance, uninstall);
    return uninstall;
  }

  /** Call it on every change of `state`, as React's `useSyncExternalStore` does. Returns the way to stop. */
  get subscribe(): (changed: () => void) => () => void {
    this.#subscribe ??= (changed) => this.#life.snapshot.subscribe(changed);
    return this.#subscribe;
  }

  /** The same as `state`, for `useSyncExternalStore`. */
  get getSnapshot(): () => SessionState {
    this.#getSnapshot ??= () => this.#life.snapshot.value;
    return this.#getSnapshot;
  }

  /** Read it to show who is signed in. It carries no token, and is the same object until something changes. */
  get state(): SessionState {
    return this.#life.snapshot.value;
  }

  /** Call it to hear of what happens. Returns the way to stop. Listeners never delay or break a request. @see {@link BearerEvents} */
  on<E extends BearerEvent>(event: E, listener: Listener<E>): () => void {
    return this.#life.events.on(event, listener);
  }

  /**
   * Call it for a token to use elsewhere: a WebSocket, fetch, gRPC. It shares the refresh of the requests.
   *
   * @throws ERR_BEARER_SIGNED_OUT, or what the refresh failed with; the signal's reason
   */
  async token({ minValidity, signal }: TokenRequest = {}): Promise<string> {
    if (signal?.aborted) throw abortReason(signal);
    const found = this.requests.tokenFor(minValidity);
    const current = isThenable(found) ? await abortable(found, signal, () => this.requests.stopWaiting()) : found;
    return this.requests.held(current).token.accessToken;
  }

  /**
   * Call it to have a new token whatever the old one's age, say after a 401 that axios did not see. It joins the refresh
   * under way, if any, and does not wait for the end of a hold-off that a network error began.
   *
   * @throws ERR_BEARER_SIGNED_OUT, ERR_BEARER_CONFIG when no token can follow this one, or what the refresh failed with
   */
  async refresh(): Promise<Token> {
    const life = this.#life;
    // With nothing to read, the refresh is claimed in this very tick.
    if (life.holding.state.is === 'unread') await life.reading?.done();
    const looking = life.reading?.again();
    if (looking) await looking.shared.join();
    const { current, pending } = life;
    if (!pending) {
      if (!current && !isObtainable(life)) throw life.signedOutError();
      if (current && !isRenewable(life, current)) throw cannotRefresh(life.holding.state, life.settings.source);
      life.parts.outage.endIfOffline();
    }
    return this.requests.held(await this.requests.outcome(life.renewal(), current && life.parts.identityOf(current)))
      .token;
  }

  /**
   * Call it after a login, with its tokens; or without, to ask the source: `obtain`, else `refresh({})`, with which a
   * page finds its refresh cookie again. Requests made meanwhile wait. With a refresh token that was spent here, it takes
   * what the store has instead.
   *
   * A sign-in that fails leaves the state as it was; with ERR_BEARER_STORE it may have been stored.
   *
   * @throws ERR_BEARER_TOKEN, ERR_BEARER_STORE, ERR_BEARER_IDENTITY when another sign-in took its place; without tokens,
   * ERR_BEARER_CONFIG or what the source failed with
   */
  async signIn(tokens?: TokenResponse): Promise<Token> {
    const life = this.#life;
    const { source } = life.settings;
    if (life.holding.state.is === 'closed') throw life.signedOutError();
    const asks = source.obtain || canRefresh(source, undefined);
    const given = tokens === undefined && !asks ? source.tokens : tokens;
    if (given === undefined && !asks) {
      throw bearerError(
        'ERR_BEARER_CONFIG',
        'signIn() needs tokens: the source has no obtain(), and refresh() needs a refresh token',
      );
    }
    if (given === undefined) return this.requests.held(await signInByAsking(life).join()).token;
    const token = life.tokenOf(given);
    return (
      await (token.refreshToken && life.parts.refreshTokens.isInUse(token.refreshToken) ? signInAgain : signInWith)(
        life,
        token,
      )
    ).token;
  }

  /**
   * Call it with newer tokens of the same user that came another way: in a response header, from a native layer. They
   * serve at once, and waiting requests go on; without a refresh token of their own they keep the one that is stored.
   *
   * @returns the token, once the store has it
   * @throws ERR_BEARER_SIGNED_OUT, ERR_BEARER_TOKEN, ERR_BEARER_STORE; ERR_BEARER_IDENTITY when they are another user's
   */
  update(tokens: TokenResponse): Promise<Token> {
    return updateWith(this.#life, tokens);
  }

  /**
   * Call it at logout. From now on nothing is refreshed and nobody is signed in again by itself; the token is revoked
   * where the source can (RFC 7009). Requests that wait end with ERR_BEARER_SIGNED_OUT.
   *
   * @throws ERR_BEARER_STORE when the sign-out could not be stored; signed out here all the same
   */
  signOut(): Promise<void> {
    return signOutOf(this.#life);
  }

  /**
   * Call it when the session is needed no longer: no timer, no listener, no waiting request is left. Stored tokens stay.
   *
   * @returns resolved when a refresh under way is stored or given up, within five times `refreshTimeout`: wait for it
   * before the store's connection is closed, and let a deployment's grace period be longer
   */
  close(): Promise<void> {
    for (const uninstall of [...(this.#installed?.values() ?? [])]) uninstall();
    return closeOf(this.#life);
  }

  /** @internal */
  get source(): TokenSource {
    return this.#life.settings.source;
  }

  /** @internal */
  emit<E extends BearerEvent>(event: E, payload: () => BearerEvents[E]): void {
    this.#life.events.emit(event, payload);
  }

  /** @internal */
  holdCookies(): void {
    this.#life.holdCookies();
  }

  /** @internal */
  signedOutError(): BearerError {
    return this.#life.signedOutError();
  }
}
