import axios from 'axios';
import { monotonicNow } from '../platform/deadline.js';
import { isCanceled } from './cancellation.js';
import { type Config, extensible, isOff } from './config.js';
import { ABSENT, type Exchange, type Installation } from './exchange.js';
import { type Headers, headersOf, nameOf, removeOurs } from './header.js';
import { ownOf } from './override.js';
import { isReplayable } from './replayable.js';
import { send } from './send.js';

interface OurAdapter {
  (sent: Config): ReturnType<typeof send>;
  exchange?: Exchange;
}

/**
 * The request interceptor: puts our adapter in the place of the request's own, so that all else is done at the wire. It
 * neither waits nor throws: axios would send the request all the same.
 */
export function attach(installation: Installation, given: Config): Config {
  if (isCanceled(given)) return given;
  const config = extensible(given);
  if (!isOff(config)) removeOurs(headersOf(config));
  const exchange = exchangeOf(installation, config);
  const adapter: OurAdapter = (sent) => {
    giveBack(config, adapter, exchange);
    if (sent !== config) giveBack(sent, adapter, exchange);
    const mine = begun(exchange, sent);
    const answer = send(mine);
    if (!mine.thrown) return answer;
    // Where axios runs a transform, it throws at once: older versions pass the response interceptors by then.
    answer.catch(() => {});
    throw mine.thrown.error;
  };
  adapter.exchange = exchange;
  config.adapter = adapter as never;
  if (exchange.isDeferred) config.transformRequest = NONE;
  return config;
}

const NONE: never[] = [];

function exchangeOf(installation: Installation, config: Config): Exchange {
  const past = pastOf(config, installation);
  const transformRequest = past ? past.transformRequest : ownOf(config, 'transformRequest');
  const { data } = config;
  const isDeferred = isReplayable(data) || !isPlain(transformRequest);
  const headers: Headers | undefined = data || isDeferred ? headersOf(config) : undefined;
  return {
    installation,
    config: undefined as never,
    requests: undefined as never,
    ownAdapter: past ? past.ownAdapter : ownOf(config, 'adapter'),
    transformRequest,
    transformResponse: undefined,
    isDeferred,
    data,
    unsigned: undefined,
    contentType: headers && entryOf(headers, 'Content-Type'),
    contentLength: headers && entryOf(headers, 'Content-Length'),
    since: monotonicNow(),
    thrown: undefined,
    checked: undefined as never,
    adapter: undefined as never,
    sent: undefined as never,
    order: 0,
    began: 0,
    replays: 0,
    turn: 0,
    ourStatus: undefined,
    ownStatus: ABSENT,
    ourRedirect: undefined,
    ownRedirect: ABSENT,
    ourFetch: undefined,
    ownFetch: ABSENT,
    hasAskedStatus: false,
    refusal: undefined,
    transformed: undefined,
  };
}

/** It sets out. Sent a second time, by an installation that is further from the wire, it begins anew. */
function begun(exchange: Exchange, config: Config): Exchange {
  const isFirst = exchange.config === undefined;
  const mine = isFirst ? exchange : anew(exchange, config);
  mine.config = config;
  mine.transformResponse = config.transformResponse;
  return mine;
}

function anew(exchange: Exchange, config: Config): Exchange {
  const { header } = exchange.installation.settings;
  if (header) removeOurs(headersOf(config), [header]);
  return { ...exchange, isDeferred: false, replays: 0, refusal: undefined, unsigned: undefined };
}

/** A config that was kept before it came to the adapter, and is sent again, still has our adapter. */
function pastOf(config: Config, installation: Installation): Exchange | undefined {
  const past = (config.adapter as OurAdapter | undefined)?.exchange;
  return past?.installation === installation ? past : undefined;
}

function entryOf(headers: Headers, header: string): Exchange['contentType'] {
  const name = nameOf(headers, header);
  return name === undefined ? undefined : [name, headers[name]];
}

/** None, or the one default transform of our copy of axios: it reads no header that could be ours. */
function isPlain(transforms: Exchange['transformRequest']): boolean {
  if (!transforms || transforms === ABSENT) return true;
  const [usual] = axios.defaults.transformRequest as unknown[];
  return Array.isArray(transforms) && transforms.length === 1 && transforms[0] === usual;
}

function giveBack(config: Config, ours: OurAdapter, { ownAdapter, transformRequest, isDeferred }: Exchange): void {
  if ((config.adapter as unknown) !== ours) return;
  if (ownAdapter === ABSENT) delete config.adapter;
  else config.adapter = ownAdapter;
  if (!isDeferred) return;
  if (transformRequest === ABSENT) delete config.transformRequest;
  else config.transformRequest = transformRequest;
}
