import type { AxiosInstance } from 'axios';
import type { Config } from '../../interceptors/config.js';
import { othersIn, unshifts } from '../../interceptors/innermost.js';
import { transform } from '../../interceptors/transform.js';
import { applyChanges } from './headers.js';
import type { AxiosAuthRefreshOptions } from './options.js';
import type { RefreshSession } from './session.js';
import { inTime } from './time.js';

/** Thrown in place of a replay: another instance sends it, and whatever comes of it is the outcome. */
export class Handover {
  constructor(
    readonly config: Config,
    readonly instance: AxiosInstance,
  ) {}

  /** The body is transformed already. */
  send(): Promise<unknown> {
    return this.instance.request({ ...this.config, transformRequest: [], skipAuthRefresh: true });
  }
}

/** What `onRetry` makes of a request that has waited. */
export async function retried(
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

/** A body that `onRetry` has exchanged. It goes straight to the adapter, so nobody else would transform it. */
export function transformed(config: Config, data: unknown): Config {
  if (config.data === data) return config;
  config.headers.delete('Content-Length');
  config.data = transform(config.transformRequest, config, config);
  return config;
}

/** As axios has them. */
interface Handler {
  fulfilled: (config: Config) => Config | Promise<Config>;
  rejected: (error: unknown) => Config | Promise<Config>;
  runWhen?: ((config: Config) => boolean) | null;
}

// ms. An interceptor that takes longer is left out: it may be waiting for the answer to this very request.
const LONGEST_STEP = 3_000;

/**
 * Apps put their token on in a request interceptor, so those are asked once more. They get a copy, of which the headers
 * and the parameters count: what they do to the rest is done already.
 */
export async function throughInterceptors(
  { interceptors }: AxiosInstance,
  config: Config,
  data: unknown,
): Promise<Config> {
  // `cache`: axios-cache-interceptor waits for that very answer, unless it is told to keep out.
  const copy = { ...config, data, cache: false } as Config;
  const others = othersIn(interceptors.request) as unknown as Handler[];
  const asked = others.filter(({ runWhen }) => runWhen?.(copy) !== false);
  if (unshifts(copy)) asked.reverse();

  let passing = Promise.resolve(copy);
  for (const { fulfilled, rejected } of asked) {
    passing = inTime(passing.then(fulfilled, rejected), LONGEST_STEP, passing);
    await passing.catch(() => {});
  }
  const { headers, params } = await passing;
  return Object.assign(config, { headers, params });
}
