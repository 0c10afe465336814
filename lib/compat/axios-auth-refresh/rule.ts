import type { AxiosError, AxiosResponse } from 'axios';
import { type Registration, settle } from '../internal.js';
import type { AxiosAuthRefreshOptions, RefreshAuthCall } from './options.js';

/** One call of `createAuthRefresh`. */
export interface Rule {
  call: RefreshAuthCall;
  options: AxiosAuthRefreshOptions;
  /** Of the response interceptor: the app may eject it by its id. */
  registration: Registration;
}

/** What axios makes of a response, by the request's own `validateStatus`; `undefined`: no error. */
export function errorOf(response: AxiosResponse): AxiosError | undefined {
  try {
    settle(response, response.config?.validateStatus);
    return undefined;
  } catch (error) {
    return error as AxiosError;
  }
}

export function startsRefresh(
  { interceptNetworkError, maxRetries = 3, shouldRefresh, statusCodes = [401] }: AxiosAuthRefreshOptions,
  error: AxiosError,
  isNetwork: boolean,
): boolean {
  if (maxRetries < 1) return false;
  if (isNetwork) return Boolean(interceptNetworkError);
  if (!shouldRefresh) return statusCodes.includes(error.response?.status as number);
  try {
    return shouldRefresh(error);
  } catch (thrown) {
    console.error('axios-bearer: shouldRefresh threw an error, which counts as no', thrown);
    return false;
  }
}
