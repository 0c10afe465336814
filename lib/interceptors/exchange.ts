import type { AxiosAdapter, AxiosInstance, AxiosResponse } from 'axios';
import type { ParsedUrl } from '../platform/url.js';
import type { InstallSettings } from '../read-options.js';
import type { Current } from '../session/current.js';
import type { SkipReason } from '../session/events.js';
import type { Refusal } from '../session/refused.js';
import type { Requests } from '../session/requests.js';
import type { Session } from '../session/session.js';
import type { RequestLine } from '../session/targets.js';
import type { Config, Place } from './config.js';
import type { Gate } from './gate.js';

/** One installation: an instance, the sessions that serve it, and how. */
export interface Installation {
  readonly instance: AxiosInstance;
  readonly settings: InstallSettings;
  readonly hooks?: Hooks | undefined;
  sessionOf(config: Config): Session | undefined | PromiseLike<Session | undefined>;
  /** Why the token may not go where this request goes. */
  originReason(config: Config, requests: Requests): SkipReason | undefined;
  /** Where a request goes: a URL of that origin; `undefined`: nowhere. */
  destination(config: Config): ParsedUrl | undefined;
  /** Where a request goes, for all that are alike. */
  targetOf(request: RequestLine): string;
  /** Is our response interceptor registered still? Without it no request is recovered. */
  hasResponseInterceptor(): boolean;
  /** What was written into a header for a token. */
  readonly headerValues: WeakMap<Current, { value: string; rememberedAt: number }>;
  /** Requests that have waited are sent through it. */
  readonly gate: Gate;
  /** The `beforeRedirect` of nearly all requests: those that go to the origin of `baseURL`. */
  home?: { baseURL: string; beforeRedirect: Config['beforeRedirect'] };
}

/** What came back: a response, an error, or an error with the response that it is about. */
export interface Answer {
  response?: AxiosResponse | undefined;
  /** The adapter rejected, with `error`, whatever that is. */
  failed?: boolean;
  error?: unknown;
}

/** For the entries of this package that stand in for others. */
export interface Hooks {
  /** Called for each answer, in place of `shouldRefresh`: would a new token mend it? */
  isRefused(answer: Answer, config: Config): boolean | Promise<boolean>;
  /** Called before each replay, with the body before the transforms. The config that it makes is sent; if it throws, nothing is. */
  beforeReplay(config: Config, data: unknown): Promise<Config>;
}

type Entry = readonly [name: string, value: unknown];

/** What an app changes in a config that it signs. */
export type Unsigned = Pick<Config, 'baseURL' | 'url' | 'params' | 'data' | 'headers'>;

/** What stood on a config where something of ours stands while its adapter runs; `ABSENT`: nothing. */
export const ABSENT = Symbol('absent');
type Own<T> = T | typeof ABSENT;

/** What fetch is told beyond axios's own. */
export interface FetchOptions {
  redirect?: string;
}

/** One request of one installation, from the request interceptor to the answer that its caller gets. */
export interface Exchange {
  readonly installation: Installation;
  /** As axios handed it to the adapter, which may be a copy. */
  config: Config;
  /** Of the session that its token is of; set before anything is sent with one. */
  requests: Requests;
  /** The config's own adapter and transforms; others may put theirs in their place. */
  readonly ownAdapter: Own<Config['adapter']>;
  readonly transformRequest: Own<Config['transformRequest']>;
  transformResponse: Config['transformResponse'];
  /** The request's transforms are run once the token is on, and not by axios. */
  isDeferred: boolean;
  /** The body before the transforms. */
  readonly data: unknown;
  /** What `beforeSend` found at the first send. It finds the same at each replay. */
  unsigned: Unsigned | undefined;
  /** Headers that stood there before the transforms, as `[name, value]`: only these are the caller's own. */
  readonly contentType: Entry | undefined;
  readonly contentLength: Entry | undefined;
  /** ms by the monotonic clock. Its `timeout` counts from here while it waits. */
  readonly since: number;
  /** What a deferred transform has thrown. */
  thrown: { readonly error: unknown } | undefined;
  /** Where it was to go when its origin was checked. */
  checked: Place;
  /** Found at the first send. */
  adapter: AxiosAdapter;
  /** The token that it was last sent with, its place among all sends of the session, and when that was, in ms. */
  sent: Current;
  order: number;
  began: number;
  replays: number;
  /** Its place among those that wait at the gate. */
  turn: number;
  /** What is ours on the config while the adapter runs, and what stood there. */
  ourStatus: Config['validateStatus'] | undefined;
  ownStatus: Own<Config['validateStatus']>;
  ourRedirect: Config['beforeRedirect'] | undefined;
  ownRedirect: Own<Config['beforeRedirect']>;
  ourFetch: FetchOptions | undefined;
  ownFetch: Own<FetchOptions | undefined>;
  /** Did the adapter ask whether a 401 may pass? One that judges no status answers with it as it is. */
  hasAskedStatus: boolean;
  /** From the first 401 on. */
  refusal: Refusal | undefined;
  /** The response that the transforms have run on. */
  transformed: AxiosResponse | undefined;
}

/**
 * An answer that the response interceptor is to judge. It is thrown at the wire, since axios transforms what is returned
 * there: the body of a 401 that is mended is nobody's to read.
 */
export class HeldAnswer {
  constructor(
    readonly exchange: Exchange,
    readonly answer: Answer,
  ) {}
}
