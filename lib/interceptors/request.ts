import axios from 'axios';
import { monotonicNow } from '../deadline.js';
import { isCanceled } from './cancellation.js';
import { type Config, extensible } from './config.js';
import type { Installation, Taken } from './exchange.js';
import { type Headers, headersOf, nameOf, removeOurs } from './header.js';

import { isReplayable } from './replayable.js';
import { send } from './send.js';

type Adapter = (sent: Config) => ReturnType<typeof send>;
interface OurAdapter extends Adapter {
  installation?: Installation;
  taken?: Taken;
}

/**
 * The request interceptor: puts our adapter in the place of the request's own, so that all else is done at the wire. It
 * neither waits nor throws: axios would send the request all the same.
 */
export function attach(installation: Installation, given: Config): Config {
  if (isCanceled(given)) return given;
  const config = extensible(given);
  if (config.bearer !== false) removeOurs(headersOf(config));
  const taken = takenFrom(config, installation);
  const adapter: OurAdapter = (sent) => {
    giveBack(taken.config, adapter);
    giveBack(sent, adapter);
    return send(installation, sent, taken);
  };
  adapter.installation = installation;
  adapter.taken = taken;
  config.adapter = adapter as Config['adapter'] as never;
  if (taken.isDeferred) config.transformRequest = NONE;
  return config;
}

const NONE: never[] = [];

function takenFrom(config: Config, installation: Installation): Taken {
  const { adapter, data, transformRequest } = originalOf(config, installation);
  const isDeferred = isReplayable(data) || (transformRequest !== undefined && !isPlain(transformRequest));
  const headers: Headers | undefined = data || isDeferred ? headersOf(config) : undefined;
  return {
    config,
    adapter,
    data,
    transformRequest,
    isDeferred,
    contentType: headers && entryOf(headers, 'Content-Type'),
    contentLength: headers && entryOf(headers, 'Content-Length'),
    since: config.timeout ? monotonicNow() : 0,
  };
}

/** A config that was kept before it came to the adapter, and is sent again, still has our adapter. */
function originalOf(config: Config, installation: Installation): Pick<Config, 'adapter' | 'data' | 'transformRequest'> {
  const adapter = Object.hasOwn(config, 'adapter') ? (config.adapter as OurAdapter | undefined) : undefined;
  if (adapter?.installation !== installation || !adapter.taken) return config;
  const { taken } = adapter;
  return { ...taken, data: config.data };
}

function entryOf(headers: Headers, header: string): Taken['contentType'] {
  const name = nameOf(headers, header);
  return name === undefined ? undefined : [name, headers[name]];
}

/** The one default transform of our copy of axios: it reads no header that could be ours. */
function isPlain(transforms: Config['transformRequest']): boolean {
  const [usual] = axios.defaults.transformRequest as unknown[];
  return Array.isArray(transforms) && transforms.length === 1 && transforms[0] === usual;
}

function giveBack(config: Config, ours: OurAdapter): void {
  if ((config.adapter as unknown) !== ours) return;
  const { adapter, transformRequest, isDeferred } = ours.taken as Taken;
  if (adapter === undefined) delete config.adapter;
  else config.adapter = adapter;
  if (!isDeferred) return;
  if (transformRequest === undefined) delete config.transformRequest;
  else config.transformRequest = transformRequest;
}
