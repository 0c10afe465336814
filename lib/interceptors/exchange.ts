import type { AxiosAdapter, AxiosInstance, AxiosResponse } from 'axios';
import type { SkipReason } from '../events.js';
import type { InstallSettings } from '../options.js';
import type { Current } from '../session/current.js';
import type { Refusal } from '../session/refused.js';
import type { Requests } from '../session/requests.js';
import type { Session } from '../session/session.js';
import type { BearerRequestOptions, Config } from './config.js';
import type { Gate } from './gate.js';

/** One installation: an instance, the sessions that serve it, and how. */
export interface Installation {
  readonly instance: AxiosInstance;
  readonly settings: InstallSettings;
  readonly hooks: Hooks | undefined;
  sessionOf(config: Config): Session | undefined | PromiseLike<Session | undefined>;
  /** Why the token may not go where this request goes. */
  originReason(config: Config, requests: Requests): SkipReason | undefined;
  /** Where a request goes: a URL of that origin; `undefined`: nowhere. */
  destination(config: Config): URL | undefined;
  /** The final URL without its parameters, as axios builds it; `undefined`: it would go nowhere. */
  finalUrl(config: Config): URL | undefined;
  /** Is our response interceptor registered still? Without it nobody would recover a request. */
  hasResponseInterceptor(): boolean;
  /** What was written into a header for a token. */
  readonly headerValues: WeakMap<Current, { value: string; rememberedAt: number }>;
  /** Those that have waited are on the wire through it. */
  readonly gate: Gate;
  /** For the redirects of nearly all requests, whose origin is that of the `baseURL`. */
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
  /** Called before its first send. */
  begin(exchange: Exchange): void;
  /** Called for each answer, in place of `shouldRefresh`: would a new token mend it? */
  isRefused(answer: Answer, exchange: Exchange): boolean | Promise<boolean>;
  /** Called before each replay: the config that it makes is sent, and if it throws, nothing is. */
  beforeReplay(config: Config, exchange: Exchange): Promise<Config>;
}

type Entry = readonly [name: string, value: unknown];

/** What the request interceptor found on a config, and what of it our adapter gives back. */
export interface Taken {
  /** As the interceptor handed it on; axios may hand a copy to the adapter. */
  readonly config: Config;
  readonly adapter: Config['adapter'];
  /** The body before the transforms. */
  readonly data: unknown;
  readonly transformRequest: Config['transformRequest'];
  /** The transforms are run once the token is on, and not by axios. */
  isDeferred: boolean;
  /** Headers that stood there before the transforms, as `[name, value]`: only these are the caller's own. */
  readonly contentType: Entry | undefined;
  readonly contentLength: Entry | undefined;
  /** ms by the monotonic clock. Its `timeout` counts from here while it waits. */
  readonly since: number;
}

/** One request, from its first send to the answer that its caller gets. */
export interface Exchange {
  readonly installation: Installation;
  readonly requests: Requests;
  readonly options: BearerRequestOptions;
  /** As axios handed it to the adapter. */
  config: Config;
  /** What the request interceptor found on it. */
  readonly taken: Taken;
  adapter: AxiosAdapter;
  /** The token that it was last sent with. */
  sent: Current;
  /** Its place among all sends of the session. */
  order: number;
  replays: number;
  /** When it was last sent, in ms by the monotonic clock. */
  began: number;
  /** Its place among those that wait at the gate. */
  turn: number;
  /** Did the adapter ask whether a 401 may pass? One that judges no status answers with it as it is. */
  isJudged: boolean;
  /** From the first 401 on. */
  refusal: Refusal | undefined;
  /** The config's own; an adapter may put others in their place. */
  readonly transforms: Config['transformResponse'];
  /** The response whose data they have seen. */
  transformed: AxiosResponse | undefined;
}

export function exchangeOf(installation: Installation, requests: Requests, config: Config, taken: Taken): Exchange {
  return {
    installation,
    requests,
    options: config.bearer || NONE,
    config,
    taken,
    adapter: undefined as never,
    sent: undefined as never,
    order: 0,
    replays: 0,
    began: 0,
    turn: 0,
    isJudged: false,
    refusal: undefined,
    transforms: config.transformResponse,
    transformed: undefined,
  };
}

const NONE: BearerRequestOptions = {};

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
