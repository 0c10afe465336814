import type { AxiosInstance, InternalAxiosRequestConfig as Config } from 'axios';
import { othersFor, own, transform } from '../internal.js';
import { applyChanges } from './headers.js';
import type { AxiosAuthRefreshOptions } from './options.js';
import type { RefreshSession } from './session.js';
import { within } from './within.js';

/** Thrown in place of a replay: another instance sends the request, and its outcome is the request's. */
export class ResendElsewhere {
  constructor(
    readonly config: Config,
    readonly instance: AxiosInstance,
  ) {}

  /** The body is transformed already. */
  send(): Promise<unknown> {
    return this.instance.request({ ...this.config, transformRequest: [], skipAuthRefresh: true });
  }
}

/** The config of a request that has waited: with the headers that the refresh has written, then through `onRetry`. */
export async function afterRefresh(
  config: Config,
  { changes }: RefreshSession,
  { onRetry }: AxiosAuthRefreshOptions = {},
): Promise<Config> {
  applyChanges(config, changes);
  try {
    return (await onRetry?.(config)) ?? config;
  } catch (error) {
    console.error('axios-bearer: onRetry threw an error; the request goes on as it was', error);
    return config;
  }
}

/** Transforms a body that `onRetry` has put in the place of `before`: the config goes straight to the adapter. */
export function transformNew(config: Config, before: unknown): Config {
  if (config.data === before) return config;
  config.headers.delete('Content-Length');
  config.data = transform(config.transformRequest, config, config);
  return config;
}

/** As axios has them. */
interface Interceptor {
  fulfilled: (config: Config) => Config | Promise<Config>;
  rejected: (error: unknown) => Config | Promise<Config>;
}

// ms. An interceptor that takes longer is left out: it may be waiting for the response to this very request.
const LONGEST_STEP = 3_000;

/**
 * Apps put their token on in a request interceptor, so these run once more, on a copy. Only its headers and parameters
 * are taken over: the rest was done before the first send.
 */
export async function rerunInterceptors(
  { interceptors }: AxiosInstance,
  config: Config,
  data: unknown,
): Promise<Config> {
  // `cache`: axios-cache-interceptor waits for the response to this very request, unless it is told to keep out.
  const copy = { ...config, data, cache: false } as Config;
  let passing = Promise.resolve(copy);
  for (const { fulfilled, rejected } of othersFor(copy, interceptors.request) as unknown as Interceptor[]) {
    passing = within(LONGEST_STEP, passing.then(fulfilled, rejected), passing);
    await passing.catch(() => {});
  }
  const { headers, params } = own(await passing);
  return Object.assign(config, { headers, params });
}
