import type { AxiosError, AxiosInstance, AxiosRequestConfig, InternalAxiosRequestConfig } from 'axios';

/** Called with the error of the request that failed. Its promise tells when it can be sent again. */
// biome-ignore lint/suspicious/noExplicitAny: apps read `error.response.config.headers` without a check
export type RefreshAuthCall = (error: any) => Promise<any>;

/** As axios-auth-refresh has them. */
export interface AxiosAuthRefreshOptions {
  /** Answers that start a refresh. Default `[401]`. */
  statusCodes?: Array<number>;
  /** Called with each error that has an answer: does it start a refresh? Takes the place of `statusCodes`. */
  shouldRefresh?(error: AxiosError): boolean;
  /** Sends a request again after a refresh, with its own interceptors. What it answers is final. Default: the instance itself. */
  retryInstance?: AxiosInstance;
  /** Start a refresh on a request that got no answer at all, too: a browser hides a 401 without CORS headers. Default `false`. */
  interceptNetworkError?: boolean;
  /** One refresh for all that need it; requests made meanwhile wait. `false`: each failed request refreshes for itself. Default `true`. */
  deduplicateRefresh?: boolean;
  /** Called with each request that has waited, before it is sent: what it returns is sent. */
  onRetry?: (
    requestConfig: InternalAxiosRequestConfig,
  ) => InternalAxiosRequestConfig | Promise<InternalAxiosRequestConfig>;
  /** So often at most is one request sent again, each time after another refresh. More than 2 is 2. Default 3. */
  maxRetries?: number;
}

/** For code that names it: with this entry imported every request config has `skipAuthRefresh`. */
export interface AxiosAuthRefreshRequestConfig extends AxiosRequestConfig {
  /** Leave this one alone: it starts no refresh, and waits for none. */
  skipAuthRefresh?: boolean;
}

declare module 'axios' {
  interface AxiosRequestConfig {
    /** axios-bearer/axios-auth-refresh: leave this one alone. It starts no refresh, and waits for none. */
    skipAuthRefresh?: boolean;
  }
}
