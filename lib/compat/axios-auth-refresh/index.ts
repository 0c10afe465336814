import type { AxiosInstance } from 'axios';
import { own } from '../internal.js';
import { intercept } from './interception.js';
import type { AxiosAuthRefreshOptions, RefreshAuthCall } from './options.js';

export type {
  AxiosAuthRefreshOptions,
  AxiosAuthRefreshRequestConfig,
  RefreshAuthCall,
} from './options.js';

/**
 * Call it once, where the instance is made: as axios-auth-refresh has it, on the engine of axios-bearer. After a 401
 * `refreshAuthCall` is run once for all requests that need it, and they are sent again.
 *
 * @param refreshAuthCall called with the error of the request that failed. Headers that it writes onto
 *   `error.response.config` go with the requests that were refused with the old ones.
 * @returns an id for `instance.interceptors.response.eject(id)`, which ends it all
 */
export function createAuthRefresh(
  instance: AxiosInstance,
  refreshAuthCall: RefreshAuthCall,
  options: AxiosAuthRefreshOptions = {},
): number {
  if (typeof refreshAuthCall !== 'function') {
    throw new TypeError('createAuthRefresh: refreshAuthCall must be a function that returns a promise');
  }
  return intercept(instance, refreshAuthCall, own(options));
}

/** @deprecated the name is `createAuthRefresh` */
export const createAuthRefreshInterceptor: typeof createAuthRefresh = createAuthRefresh;

export default createAuthRefresh;
