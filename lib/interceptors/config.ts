import { AxiosHeaders, type InternalAxiosRequestConfig } from 'axios';
import { own } from '../platform/own.js';
import type { RequestInfo } from '../session/events.js';
import type { Session } from '../session/session.js';

/** Options of one request, as `config.bearer`. */
export interface BearerRequestOptions {
  /** The request bears a token of this session. Default: the installed one. */
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
    bearer?: false | BearerRequestOptions | undefined;
  }
}

/** A request's config, as axios's interceptors get it. */
export type Config = InternalAxiosRequestConfig;

/** What tells where a request goes. */
export type Place = Pick<Config, 'baseURL' | 'url' | 'allowAbsoluteUrls'>;

export function placeOf({ baseURL, url, allowAbsoluteUrls }: Config): Place {
  return { baseURL, url, allowAbsoluteUrls };
}

/** Does it still go there? */
export function isAt(config: Config, { baseURL, url, allowAbsoluteUrls }: Place): boolean {
  return url === config.url && baseURL === config.baseURL && allowAbsoluteUrls === config.allowAbsoluteUrls;
}

/** Was it made by the copy of axios that is ours? Its adapters, and the errors that they throw, are of that copy. */
export function isOfOurCopy({ headers }: Partial<Config>): boolean {
  return headers instanceof AxiosHeaders;
}

const NONE: BearerRequestOptions = Object.create(null);

export function optionsOf(config: Config): BearerRequestOptions {
  const bearer = config.bearer ? own(config).bearer : undefined;
  return bearer ? own(bearer) : NONE;
}

/** Is it to be left alone? */
export function isOff(config: Config): boolean {
  return config.bearer === false && own(config).bearer === false;
}

// As URL parsers read it: slashes may lean either way, or be missing; the last @ counts.
const CREDENTIALS = /^(\s*(?:[a-z][a-z\d+.-]*:[/\\]*|[/\\]{2}))[^/\\]*@/i;

/** A request as events tell of it: nothing that could be a secret. */
export function requestInfo({ method = 'get', url = '' }: Config): RequestInfo {
  return {
    method,
    url: String(url)
      .replace(/[?#].*/s, '')
      .replace(CREDENTIALS, '$1'),
  };
}

/** Somebody may have frozen it; axios works on a copy too. */
export function extensible(config: Config): Config {
  if (Object.isExtensible(config)) return config;
  const own = Object.getOwnPropertyDescriptors(config);
  for (const each of Object.values(own))
    Object.assign(each, { configurable: true }, 'value' in each && { writable: true });
  return Object.create(Object.getPrototypeOf(config), own);
}
