import type { AxiosHeaders } from 'axios';
import { whileWanted } from './cancellation.js';
import type { Exchange, Unsigned } from './exchange.js';
import { headersOf } from './header.js';

/** The app's `beforeSend` for one send, where that bears a token, or cookies do. It finds the same config before each. */
export async function askApp(exchange: Exchange): Promise<void> {
  const { installation, config, sent, replays } = exchange;
  const { beforeSend, header } = installation.settings;
  const { token } = sent;
  if (!beforeSend || !(token.accessToken || header === false)) return;
  const { headers } = keepUnsigned(exchange);
  const asked = (async () => beforeSend(config, { replay: replays, token }))();
  await whileWanted(exchange, asked);
  // It may have put a plain object there: it becomes headers of the same copy of axios.
  config.headers = (headers.constructor as typeof AxiosHeaders).from(config.headers as never) as never;
}

function keepUnsigned(exchange: Exchange): Unsigned {
  const { config } = exchange;
  headersOf(config);
  const { baseURL, url, params, data, headers } = config;
  exchange.unsigned ??= { baseURL, url, params, data, headers: headers.concat() } as Unsigned;
  if (params) config.params = copyOf(params);
  return exchange.unsigned;
}

/** Parameters may be changed in place. */
function copyOf(params: unknown): unknown {
  if (params instanceof URLSearchParams) return new URLSearchParams(params);
  return Object.prototype.toString.call(params) === '[object Object]' ? { ...(params as object) } : params;
}

/** Takes off what `beforeSend` has put on for the send before: a longer URL, a body with a token, its length. */
export function takeOffSigned({ config, unsigned }: Exchange): void {
  if (unsigned) Object.assign(config, unsigned, { headers: unsigned.headers.concat() });
}
