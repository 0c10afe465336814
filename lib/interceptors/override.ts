import { configError } from '../errors.js';
import { type Config, isAt, isOfOurCopy } from './config.js';
import { ABSENT, type Exchange, type FetchOptions } from './exchange.js';
import { type Headers, isAuthorization, nameOf } from './header.js';
import { isPlainlyRelative, parse } from './origins.js';
import { noteAbroad } from './redirects.js';

/** Fields of a config that are ours while its adapter runs. */
type Overridden = Config & { fetchOptions?: FetchOptions | undefined };

/** Puts on a config what it needs on the wire; `restore` takes it off. */
export function override(exchange: Exchange): void {
  const { config, installation } = exchange;
  const { validateStatus } = config;
  exchange.hasAskedStatus = false;
  // That of another copy of axios stays: we could make errors of our own copy only.
  if (validateStatus && isOfOurCopy(config) && installation.hasResponseInterceptor()) {
    exchange.ownStatus = ownOf(config, 'validateStatus');
    config.validateStatus = exchange.ourStatus = lenient(validateStatus, exchange);
  }
  guardRedirects(exchange);
}

/** Takes off what `override` has put on, from the config and from the answer's, which may be a copy. */
export function restore(exchange: Exchange, answer: { config?: unknown } | undefined | null): void {
  restoreIn(exchange.config, exchange);
  const other = answer?.config as Overridden | undefined;
  if (other && other !== exchange.config) restoreIn(other, exchange);
}

function restoreIn(config: Overridden, exchange: Exchange): void {
  putBack(config, 'validateStatus', exchange.ourStatus, exchange.ownStatus);
  putBack(config, 'beforeRedirect', exchange.ourRedirect, exchange.ownRedirect);
  putBack(config, 'fetchOptions', exchange.ourFetch, exchange.ownFetch);
}

/** Somebody else may have changed it meanwhile. */
function putBack<K extends keyof Overridden>(config: Overridden, field: K, ours: unknown, own: unknown): void {
  if (ours === undefined || config[field] !== ours) return;
  if (own === ABSENT) delete config[field];
  else config[field] = own as Overridden[K];
}

/** Not what somebody has put on Object.prototype. */
export function ownOf<K extends keyof Overridden>(config: Overridden, field: K): Overridden[K] | typeof ABSENT {
  return Object.hasOwn(config, field) ? config[field] : ABSENT;
}

/** Lets a 401 pass, which may never become an error: making one costs more than the request itself. */
function lenient(own: NonNullable<Config['validateStatus']>, exchange: Exchange): Config['validateStatus'] {
  return (status) => {
    if (status !== 401) return own(status);
    exchange.hasAskedStatus = true;
    return true;
  };
}

/** The token crosses no redirect to another origin. Axios sees to that for Authorization in its newer versions only. */
function guardRedirects(exchange: Exchange): void {
  const { installation, sent } = exchange;
  const config = exchange.config as Overridden;
  const { header } = installation.settings;
  if (!header || !sent.token.accessToken) return;
  const own = ownOf(config, 'beforeRedirect');
  exchange.ownRedirect = own;
  config.beforeRedirect = exchange.ourRedirect = dropAbroad(exchange, header, own === ABSENT ? undefined : own);
  const { fetchOptions } = config;
  // fetch follows by itself, and knows of no secret header but Authorization.
  if (isAuthorization(header) || fetchOptions?.redirect === 'manual') return;
  exchange.ownFetch = ownOf(config, 'fetchOptions');
  config.fetchOptions = exchange.ourFetch = { ...fetchOptions, redirect: 'error' };
}

/** The same for nearly all requests, which go to the `baseURL`. */
function dropAbroad(
  { config, installation }: Exchange,
  header: string,
  own: Config['beforeRedirect'],
): Config['beforeRedirect'] {
  const { baseURL, url = '' } = config;
  if (own || !baseURL || !isPlainlyRelative(url)) {
    return dropOutside(() => installation.destination(config)?.origin, header, own);
  }
  const { home } = installation;
  if (home?.baseURL === baseURL) return home.beforeRedirect;
  const beforeRedirect = dropOutside(originOfBase(baseURL), header, undefined);
  installation.home = { baseURL, beforeRedirect };
  return beforeRedirect;
}

/** By itself, as it is kept: it must hold no request. */
function originOfBase(baseURL: string): () => string | undefined {
  return () => parse(baseURL)?.origin;
}

interface Redirect {
  href?: string;
  headers: Headers;
}

function dropOutside(
  home: () => string | undefined,
  header: string,
  own: Config['beforeRedirect'],
): Config['beforeRedirect'] {
  return (options, ...rest) => {
    const { href, headers } = options as Redirect;
    if (parse(href)?.origin !== home()) {
      const name = nameOf(headers, header);
      if (name) delete headers[name];
      noteAbroad(options);
    }
    own?.(options, ...rest);
  };
}

/**
 * Since it was checked, a transform, `beforeSend`, or an interceptor that has kept the config may have changed where a
 * request goes. @throws ERR_BEARER_CONFIG where its token may not go there
 */
export function assertDestination({ config, installation, requests, sent, checked }: Exchange): void {
  if (isAt(config, checked) || !sent.token.accessToken || !installation.originReason(config, requests)) return;
  const { origin = 'a URL without an origin' } = installation.destination(config) ?? {};
  throw configError(
    'origins',
    `where a request was moved to: ${origin} is not among them, so nothing was sent`,
    undefined,
  );
}
