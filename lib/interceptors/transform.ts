import type { AxiosHeaders, AxiosResponse } from 'axios';
import type { Config } from './config.js';
import type { Exchange } from './exchange.js';
import { headersOf } from './header.js';

type Transforms = Config['transformRequest'] | Config['transformResponse'];
type Transform = (this: Config, data: unknown, headers: unknown, status?: number) => unknown;

interface Message {
  data?: unknown;
  headers: unknown;
  status?: number;
}

/** The config's own transforms, as axios applies them. */
export function transform(transforms: Transforms, config: Config, { data, headers, status }: Message): unknown {
  const all = (transforms ? [transforms].flat() : []) as Transform[];
  return all.reduce<unknown>((result, each) => each.call(config, result, normalized(headers), status), data);
}

function normalized(headers: unknown): unknown {
  (headers as Partial<AxiosHeaders>).normalize?.(false);
  return headers;
}

/** Does to a response what axios does after an adapter, once. @throws what a transform throws */
export function transformResponse(exchange: Exchange, response: AxiosResponse): void {
  if (exchange.transformed === response) return;
  exchange.transformed = response;
  const { config } = exchange as { config: Config & { response?: AxiosResponse } };
  response.headers = (headersOf(config).constructor as typeof AxiosHeaders).from(response.headers as never);
  // Where a transform of axios's newer versions finds it.
  config.response = response;
  try {
    response.data = transform(exchange.transformResponse, config, response);
  } finally {
    delete config.response;
  }
}
