import { bearerError } from '../errors.js';
import type { InstallOptions, SessionOptions } from '../options.js';
import { abortable, abortReason, monotonicNow } from '../platform/deadline.js';
import { own } from '../platform/own.js';
import { isThenable } from '../platform/thenable.js';
import { WeakRefs } from '../platform/weak-refs.js';
import { isLive, type Token, type TokenResponse } from '../token.js';
import { canRefresh } from './ask.js';
import type { BearerEvent, BearerEvents, Listener } from './events.js';
import { unhelpful } from './failure.js';
import type { AnyAxios, Joins, TokenRequest } from './joins.js';
import { Lifecycle } from './lifecycle.js';
import { Requests } from './requests.js';
import { closeOf, signInAgain, signInByAsking, signInWith, signOutOf, updateWith } from './sign-in.js';
import type { SessionState } from './snapshot.js';
import { isObtainable, isRenewable } from './steps.js';
import { cannotRefresh } from './telling.js';

/** What a session is made of. */
interface Inside {
  readonly life: Lifecycle;
  readonly requests: Requests;
  readonly joins: Joins<Session>;
  /** How each installation is taken off. An instance has several, under several headers; they are dropped with the instance. */
  installed?: WeakRefs<() => void>;
  subscribe?: (changed: () => void) => () => void;
  getSnapshot?: () => SessionState;
}

/** Known to every copy of this package. */
const INSIDE = Symbol.for('axios-bearer.session');

/** A user's session: what `bearer` and `createSession` return. A class, since axios copies plain objects in a config. */
export class Session {
  /** A function, since proxies and reactive stores hand on no private fields, and wrap objects. @internal */
  declare readonly [INSIDE]: () => Inside; // Not a field: a bundler would keep the class, used or not.

  /** @internal */
  constructor(options: SessionOptions, joins: Joins<Session>) {
    const life = new Lifecycle(options, (...args) => joins.client(inside.requests.sibling, ...args));
    const inside: Inside = { life, requests: new Requests(life), joins };
    this[INSIDE] = () => inside;
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
    const inside = this[INSIDE]();
    inside.installed ??= new WeakRefs();
    const { installed } = inside;
    const uninstall = inside.joins.install(this, instance, options, (gone) => installed.delete(gone));
    installed.add(uninstall);
    return uninstall;
  }

  /** Call it on every change of `state`, as React's `useSyncExternalStore` does. Returns the way to stop. */
  get subscribe(): (changed: () => void) => () => void {
    const inside = this[INSIDE]();
    inside.subscribe ??= (changed) => inside.life.snapshot.subscribe(changed);
    return inside.subscribe;
  }

  /** The same as `state`, for `useSyncExternalStore`. */
  get getSnapshot(): () => SessionState {
    const inside = this[INSIDE]();
    inside.getSnapshot ??= () => inside.life.snapshot.value;
    return inside.getSnapshot;
  }

  /** Read it to show whether a user is signed in. It carries no token, and is the same object until something changes. */
  get state(): SessionState {
    return this[INSIDE]().life.snapshot.value;
  }

  /** Call it to hear of what happens. Returns the way to stop. Listeners never delay or break a request. @see {@link BearerEvents} @throws ERR_BEARER_CONFIG without a listener */
  on<E extends BearerEvent>(event: E, listener: Listener<E>): () => void {
    return this[INSIDE]().life.events.on(event, listener);
  }

  /**
   * Call it for a token to use elsewhere: a WebSocket, fetch, gRPC. It shares the refresh of the requests.
   *
   * @throws ERR_BEARER_SIGNED_OUT, or what the refresh failed with; the signal's reason
   */
  async token(request?: TokenRequest): Promise<string> {
    const { minValidity, signal } = own(request);
    if (signal?.aborted) throw abortReason(signal);
    const { requests } = this[INSIDE]();
    const need = { minValidity };
    const found = requests.tokenFor(need);
    const current = isThenable(found) ? await abortable(found, signal, () => requests.stopWaiting(need)) : found;
    return requests.held(current).token.accessToken;
  }

  /**
   * Call it to have a new token whatever the old one's age, say after a 401 that axios did not see. It joins the refresh
   * under way, if any, and does not wait for the end of a hold-off that a network error began. While new tokens are refused
   * as the old ones were (`refreshWindow`), it makes one only when this one is past its end.
   *
   * @throws ERR_BEARER_SIGNED_OUT, ERR_BEARER_CONFIG when no token can follow this one, or what the refresh failed with
   */
  async refresh(): Promise<Token> {
    const { life, requests } = this[INSIDE]();
    const { identity } = requests;
    // With nothing to read, the refresh is claimed in this very tick.
    if (life.holding.state.is === 'unread') await life.reading?.done();
    const looking = life.reading?.again();
    if (looking) await looking.shared.join();
    const { current, pending } = life;
    if (!pending) {
      if (!current && !isObtainable(life)) throw life.signedOutError();
      if (current && !isRenewable(life, current)) throw cannotRefresh(life.holding.state, life.settings.source);
      const retryAfter = life.parts.breaker.openFor(monotonicNow());
      if (retryAfter > 0 && current && isLive(current.token, Date.now())) throw unhelpful(retryAfter);
      life.parts.outage.endIfOffline();
    }
    return requests.held(await requests.outcome(life.renewal({ reason: 'asked' }), identity)).token;
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
    const { life, requests } = this[INSIDE]();
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
    if (given === undefined) return requests.held(await signInByAsking(life).join()).token;
    const token = life.tokenOf(given, undefined, true);
    const isKnown = token.refreshToken && life.parts.refreshTokens.isInUse(token.refreshToken);
    return (await (isKnown ? signInAgain : signInWith)(life, token, given)).token;
  }

  /**
   * Call it with newer tokens of the same user that came another way: in a response header, from a native layer. They
   * serve at once, and waiting requests go on; without a refresh token of their own they keep the one that is stored. Not
   * to be awaited in the source: it waits for the refresh under way. What that has brought, the source returns.
   *
   * @returns the token, once the store has it
   * @throws ERR_BEARER_SIGNED_OUT, ERR_BEARER_TOKEN, ERR_BEARER_STORE; ERR_BEARER_IDENTITY when they are another user's
   */
  update(tokens: TokenResponse): Promise<Token> {
    return updateWith(this[INSIDE]().life, tokens);
  }

  /**
   * Call it at logout. From now on nothing is refreshed and nobody is signed in again by itself; the token is revoked
   * where the source can (RFC 7009). Requests that wait end with ERR_BEARER_SIGNED_OUT.
   *
   * @throws ERR_BEARER_STORE when the sign-out could not be stored; signed out here all the same
   */
  signOut(): Promise<void> {
    return signOutOf(this[INSIDE]().life);
  }

  /**
   * Call it when the session is needed no longer: no timer, no listener, no waiting request is left. Stored tokens stay.
   *
   * @returns resolved when a refresh under way is stored or given up, within five times `refreshTimeout`: wait for it
   * before the store's connection is closed, and let a deployment's grace period be longer
   */
  close(): Promise<void> {
    const { life, installed } = this[INSIDE]();
    for (const uninstall of installed?.all ?? []) uninstall();
    return closeOf(life);
  }
}

/** What the interceptors ask; `undefined`: it is no session. A proxy of one, a clone, and one of another copy of this package are. */
export function requestsOf(session: unknown): Requests | undefined {
  const inside = (session as Partial<Session> | undefined | null)?.[INSIDE];
  return typeof inside === 'function' ? inside().requests : undefined;
}

/** Does it serve any instance? */
export function isInstalled(session: Session): boolean {
  return Boolean(session[INSIDE]().installed?.all.length);
}
