import type { AxiosInstance } from 'axios';
import { type BearerError, bearerError } from './errors.js';
import type { BearerEvent, BearerEvents, Listener } from './events.js';
import { abortable } from './flight.js';
import { Keeper } from './keeper.js';
import type { SessionOptions } from './options.js';
import { canRefresh } from './renewal.js';
import type { TokenSource } from './sources/source.js';
import { reasonOf, type SessionState } from './state.js';
import { Supply } from './supply.js';
import type { Token, TokenResponse } from './token.js';
import { awaitedBounds } from './vault.js';

/** What `session.token()` is asked for. */
export interface TokenRequest {
  /** ms that the token should live on; at most nine tenths of its life count. Default 0. */
  minValidity?: number;
  /** Ends this waiting with its reason, never the refresh. Default: none. */
  signal?: AbortSignal;
}

/** Who is signed in: what the app asks and is told. Knows no axios. */
export class TokenSession {
  /** Whose sibling the source's `client` is: the first instance that was served. @internal */
  sibling: AxiosInstance | undefined;
  /** What requests ask for. @internal */
  readonly supply: Supply;
  readonly #keeper: Keeper;
  /** Call it on every change of `state`, as React's `useSyncExternalStore` does. Returns the way to stop. */
  readonly subscribe: (changed: () => void) => () => void;
  /** The same as `state`, for `useSyncExternalStore`. */
  readonly getSnapshot: () => SessionState;

  /** @throws ERR_BEARER_CONFIG, ERR_BEARER_TOKEN */
  constructor(options: SessionOptions, client: (signal: AbortSignal) => AxiosInstance) {
    this.#keeper = new Keeper(options, client);
    this.supply = new Supply(this.#keeper);
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
    const found = this.supply.lookup(minValidity);
    const current = found instanceof Promise ? await abortable(found, signal, () => this.supply.left()) : found;
    return this.supply.held(current).token.accessToken;
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
    if (reading) await this.supply.outcome(reading);
    const { current } = keeper.state;
    if (!keeper.flight && !(current ? keeper.renewable(current) : keeper.obtainable)) {
      throw keeper.state.signedOutError();
    }
    return this.supply.held(await this.supply.outcome(keeper.renewal(), current?.identity)).token;
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
    if (reasonOf(state.phase) === 'closed') throw state.signedOutError();
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
    return this.supply.held(await this.#keeper.signIn(stored).join()).token;
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
}
