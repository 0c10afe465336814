import type { AxiosInstance, InternalAxiosRequestConfig } from 'axios';
import type { LimitFunction } from 'p-limit';
import type { RequestInfo, SkipReason } from '../events.js';
import type { InstallSettings } from '../options.js';
import type { Current } from '../session/current.js';
import type { Session } from '../session/session.js';

/** Options of one request, as `config.bearer`. */
export interface BearerRequestOptions {
  /** Whose token. Default: the installed session's. */
  session?: Session | undefined;
  /**
   * ms that the token must live on: a long upload is preceded by a refresh rather than cut by an expiry. At most nine
   * tenths of the token's life count. Default 0.
   */
  minValidity?: number | undefined;
  /** `false`: after a 401 the session is refreshed, but this request is not sent again. Default `true`. */
  replay?: boolean | undefined;
}

declare module 'axios' {
  interface AxiosRequestConfig {
    /** axios-bearer: options of this request, or `false` to leave it alone. */
    bearer?: false | BearerRequestOptions;
  }
}

/** A request's config, as axios's interceptors get it. */
export type Config = InternalAxiosRequestConfig;

/** One installation: an instance, whose sessions serve it, and how. */
export interface Guard {
  readonly instance: AxiosInstance;
  readonly settings: InstallSettings;
  sessionOf(config: Config): Session | undefined | Promise<Session | undefined>;
  /** What keeps the token from where this request goes. */
  barrier(config: Config, session: Session): SkipReason | undefined;
  /** The final URL, as axios builds it; `undefined`: it would go nowhere. */
  destination(config: Config): URL | undefined;
  /** Is our response interceptor still there? */
  hears(): boolean;
  /** What was last written into a header. */
  latest?: { accessToken: string; value: string };
  /** The gate: how many of those that waited are on the wire at a time. */
  readonly gate: LimitFunction;
}

/** Where a config may bear something of ours. */
export type Worn = Partial<Pick<Config, 'adapter' | 'validateStatus' | 'beforeRedirect'>> & {
  fetchOptions?: { redirect?: string };
};

/** What we know of a request on its way. */
export interface Journey {
  readonly guard: Guard;
  readonly session: Session;
  readonly options: BearerRequestOptions;
  /** When it was first to be sent: its `timeout` counts from here while it waits. */
  readonly since: number;
  /** As it was when it set out: an adapter may answer with another. */
  readonly config: Config;
  /** The body as it was before the transforms. */
  readonly data: unknown;
  /** What it bears of ours for the time on the wire only, and what it bore there before. */
  readonly worn: Worn;
  readonly own: Worn;
  /** The token that it was last sent with. */
  sent: Current;
  replays: number;
  /** Did the adapter ask whether a 401 may pass? One that judges nothing answers with it as it is. */
  asked: boolean;
  /** `Content-Length`, where the caller has declared it. */
  readonly declared: unknown;
  /** An answer has arrived. The config may be sent again, and then travels anew. */
  home: boolean;
}

/** One request's way through the chain, shared by the handler on its way down and the one on its way up. */
export interface Passage {
  journey?: Journey;
  /** Called with the config of an error, where the request could not set out. */
  restore?: (config: Config) => void;
  /** The one that was begun before it, and goes on after it. */
  readonly outer?: Passage | undefined;
}

/**
 * A journey as `config.bearer` carries it: a class, since axios copies plain objects; private, since configs are
 * printed and logged.
 */
class Ticket {
  readonly #journey: Journey;

  constructor(journey: Journey) {
    this.#journey = journey;
  }

  get journey(): Journey {
    return this.#journey;
  }
}

export function begin(config: Config, journey: Journey): void {
  config.bearer = new Ticket(journey) as BearerRequestOptions;
}

export function journeyOf(config: Config | undefined): Journey | undefined {
  return config?.bearer instanceof Ticket ? config.bearer.journey : undefined;
}

const NONE: BearerRequestOptions = {};

/** What the caller asked for, also on a config that has travelled before. */
export function requestOptions(config: Config): false | BearerRequestOptions {
  return journeyOf(config)?.options ?? config.bearer ?? NONE;
}

/** A request as events tell of it: nothing that could be a secret. */
export function requestInfo({ method = 'get', url = '' }: Config): RequestInfo {
  return {
    method,
    url: String(url)
      .replace(/[?#].*/s, '')
      .replace(/\/\/[^/@]*@/, '//'),
  };
}
