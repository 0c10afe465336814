import type { AxiosResponse } from 'axios';
import { configError } from '../errors.js';
import type { Config } from './config.js';
import type { Exchange, Installation } from './exchange.js';
import { type Headers, nameOf } from './header.js';
import { isPlainlyRelative, parse } from './origins.js';

/** Fields of a config that are ours while its adapter runs. */
type Overridden = Partial<Pick<Config, 'validateStatus' | 'beforeRedirect'>> & {
  fetchOptions?: { redirect?: string } | undefined;
};
const FIELDS = ['validateStatus', 'beforeRedirect', 'fetchOptions'] as const;

/** Puts on a config what it needs on the wire. @returns what takes it off again, from it and from the answer's */
export function override(exchange: Exchange): (answer: unknown) => void {
  const { config, installation } = exchange;
  const ours: Overridden = {};
  const { validateStatus } = config;
  exchange.isJudged = false;
  if (validateStatus && installation.hasResponseInterceptor()) ours.validateStatus = lenient(validateStatus, exchange);
  guardRedirects(exchange, ours);
  const own = ownOf(config, ours);
  Object.assign(config, ours);
  return (answer) => {
    restore(config, own, ours);
    const other = (answer as AxiosResponse | undefined)?.config;
    if (other && other !== config) restore(other, own, ours);
  };
}

/** Not what somebody has put on Object.prototype. */
function ownOf(config: Overridden, ours: Overridden): Overridden {
  const own: Overridden = {};
  for (const field of FIELDS)
    if (Object.hasOwn(ours, field) && Object.hasOwn(config, field)) own[field] = config[field] as never;
  return own;
}

/** Somebody else may have changed a field meanwhile. */
function restore(config: Overridden, own: Overridden, ours: Overridden): void {
  for (const field of FIELDS) {
    if (!Object.hasOwn(ours, field) || config[field] !== ours[field]) continue;
    if (Object.hasOwn(own, field)) config[field] = own[field] as never;
    else delete config[field];
  }
}

/** Lets a 401 pass, which may never become an error: making one costs more than the request itself. */
function lenient(own: NonNullable<Config['validateStatus']>, exchange: Exchange): Config['validateStatus'] {
  return (status) => {
    if (status !== 401) return own(status);
    exchange.isJudged = true;
    return true;
  };
}

/** The token crosses no redirect to another origin. Axios sees to that for Authorization in its newer versions only. */
function guardRedirects({ config, installation, sent }: Exchange, ours: Overridden): void {
  const { header } = installation.settings;
  if (!header || !sent.token.accessToken) return;
  const { baseURL, url = '', fetchOptions } = config as Config & Overridden;
  const own = Object.hasOwn(config, 'beforeRedirect') ? config.beforeRedirect : undefined;
  const isAtHome = !own && baseURL && isPlainlyRelative(url);
  ours.beforeRedirect = isAtHome
    ? fromHome(installation, baseURL, header)
    : dropAbroad(header, () => installation.destination(config)?.origin, own);
  // fetch follows by itself, and knows of no secret header but Authorization.
  if (header.toLowerCase() === 'authorization' || fetchOptions?.redirect === 'manual') return;
  ours.fetchOptions = { ...fetchOptions, redirect: 'error' };
}

/** The same for nearly all requests. */
function fromHome(installation: Installation, baseURL: string, header: string): Config['beforeRedirect'] {
  if (installation.home?.baseURL !== baseURL) {
    installation.home = { baseURL, beforeRedirect: dropAbroad(header, () => parse(baseURL)?.origin, undefined) };
  }
  return installation.home.beforeRedirect;
}

interface Redirect {
  href?: string;
  headers: Headers;
}

function dropAbroad(
  header: string,
  home: () => string | undefined,
  own: Config['beforeRedirect'],
): Config['beforeRedirect'] {
  return (options, ...rest) => {
    const { href, headers } = options as Redirect;
    const name = nameOf(headers, header);
    if (name && parse(href)?.origin !== home()) delete headers[name];
    own?.(options, ...rest);
  };
}

/** `beforeSend` may have changed where a request goes. @throws ERR_BEARER_CONFIG where its token may not go there */
export function assertDestination({ config, installation, requests }: Exchange): void {
  if (!installation.originReason(config, requests)) return;
  const origin = installation.destination(config)?.origin;
  throw configError(
    'origins',
    `what beforeSend() changes a request to: ${origin} is not among them, so nothing was sent`,
    undefined,
  );
}
