import { AxiosHeaders, type AxiosInstance } from 'axios';
import { transform } from '../interceptors/body.js';
import { type Config, journeyOf } from '../interceptors/config.js';
import { othersIn, unshifts } from '../interceptors/innermost.js';
import { withChanges } from './axios-auth-refresh-headers.js';
import type { AxiosAuthRefreshOptions } from './axios-auth-refresh-options.js';
import type { RefreshSession } from './axios-auth-refresh-session.js';

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
  config.headers = withChanges(config, changes);
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

/**
 * Apps put their token on in a request interceptor, so those are asked once more. They get a copy, of which the headers
 * and the parameters count: what they do to the rest is done already.
 */
export async function throughInterceptors({ interceptors }: AxiosInstance, config: Config): Promise<Config> {
  const headers = new AxiosHeaders({ ...config.headers });
  const copy: Config = { ...config, headers, data: journeyOf(config)?.data };
  const others = othersIn(interceptors.request) as unknown as Handler[];
  const asked = others.filter(({ runWhen }) => runWhen?.(copy) !== false);
  if (unshifts(copy)) asked.reverse();
  const passed = await asked.reduce(
    (before, { fulfilled, rejected }) => before.then(fulfilled, rejected),
    Promise.resolve(copy),
  );
  return Object.assign(config, { headers: passed.headers, params: passed.params });
}
