import axios, { type AxiosError, type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';
import { createAuthRefresh } from 'axios-auth-refresh';
import type { TokenAnswer } from 'axios-bearer/testing';

/** A client that is signed in, and is to see its requests through an expired token. */
export interface Contender {
  readonly name: string;
  readonly title: string;
  install(api: AxiosInstance, tokens: TokenAnswer): void;
}

/** As its README has it, with its default options. */
export const axiosAuthRefresh: Contender = {
  name: 'axios-auth-refresh',
  title: 'axios-auth-refresh, with its defaults',
  install: (api, tokens) => {
    let held = tokens;
    const ask = tokenEndpoint(api);
    api.interceptors.request.use((config) => withToken(config, held.access_token));
    createAuthRefresh(api, async (failedRequest) => {
      held = await ask(held.refresh_token);
      withToken(failedRequest.response.config, held.access_token);
    });
  },
};

type Retriable = InternalAxiosRequestConfig & { _retry?: boolean };

/** What most apps have: a flag, a queue, and a `_retry` on the config. Found in a thousand answers and copied since. */
export const copiedSnippet: Contender = {
  name: 'copied snippet',
  title: 'the copied isRefreshing / failedQueue snippet',
  install: (api, tokens) => {
    let held = tokens;
    let isRefreshing = false;
    let failedQueue: { resolve: (token: string) => void; reject: (error: unknown) => void }[] = [];
    const ask = tokenEndpoint(api);

    const processQueue = (error: unknown, token = '') => {
      for (const { resolve, reject } of failedQueue) error ? reject(error) : resolve(token);
      failedQueue = [];
    };

    api.interceptors.request.use((config) => withToken(config, held.access_token));
    api.interceptors.response.use(undefined, async (error: AxiosError) => {
      const request = error.config as Retriable;
      if (error.response?.status !== 401 || request._retry) throw error;

      if (isRefreshing) {
        const token = await new Promise<string>((resolve, reject) => failedQueue.push({ resolve, reject }));
        return api(withToken(request, token));
      }

      request._retry = true;
      isRefreshing = true;
      try {
        held = await ask(held.refresh_token);
        processQueue(null, held.access_token);
        return api(withToken(request, held.access_token));
      } catch (refreshError) {
        processQueue(refreshError);
        throw refreshError;
      } finally {
        isRefreshing = false;
      }
    });
  },
};

/** Their refresh call goes through an instance of its own, past the interceptors: through the same one it would hang. */
function tokenEndpoint({ defaults: { baseURL, adapter } }: AxiosInstance) {
  const client = axios.create({ baseURL: baseURL!, adapter: adapter! });
  return async (refreshToken: string) => (await client.post<TokenAnswer>('/auth/refresh', { refreshToken })).data;
}

function withToken(config: InternalAxiosRequestConfig, token: string): InternalAxiosRequestConfig {
  config.headers.set('Authorization', `Bearer ${token}`);
  return config;
}
