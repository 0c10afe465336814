import { createHmac } from 'node:crypto';
import type { AxiosError, AxiosInstance, InternalAxiosRequestConfig } from 'axios';
import MockAdapter from 'axios-mock-adapter';
import rateLimit from 'axios-rate-limit';
import { CookieJar } from 'tough-cookie';
import { axiosRetryOf, cacheOf, convertCaseOf, type ModuleKind, wrapper } from './modules.js';

export interface Plugin {
  name: string;
  install(api: AxiosInstance, kind: ModuleKind): unknown;
}

/** From the registry, each as its own documentation installs it. */
const packages: Plugin[] = [
  { name: 'axios-retry', install: (api, kind) => axiosRetryOf[kind](api) },
  { name: 'axios-cache-interceptor', install: (api, kind) => cacheOf[kind].setupCache(api) },
  {
    name: 'axios-mock-adapter, all passed through (CommonJS only)',
    install: (api) => new MockAdapter(api, { onNoMatch: 'passthrough' }),
  },
  {
    name: 'axios-cookiejar-support (ES module only)',
    install: (api) => Object.assign(wrapper(api).defaults, { jar: new CookieJar() }),
  },
  {
    name: 'axios-rate-limit (CommonJS only)',
    install: (api) => rateLimit(api, { maxRequests: 5, perMilliseconds: 5 }),
  },
  { name: 'axios-case-converter', install: (api, kind) => convertCaseOf[kind](api) },
];

const byHand: Plugin[] = [
  { name: 'a logging interceptor', install: (api) => log(api) },
  { name: 'a case-converting interceptor', install: (api) => convertCase(api) },
  { name: 'an unwrapping interceptor', install: (api) => unwrap(api) },
  { name: 'an error-mapping interceptor', install: (api) => mapErrors(api) },
  { name: 'a request-signing interceptor', install: (api) => api.interceptors.request.use(sign) },
];

const together: Plugin = {
  name: 'all of these packages at once',
  install: (api, kind) => {
    for (const { install } of packages) install(api, kind);
  },
};

export const plugins = [...packages, together, ...byHand];

function log(api: AxiosInstance, lines: string[] = []): void {
  api.interceptors.request.use((config) => {
    lines.push(`> ${config.method} ${config.url}`);
    return config;
  });
  api.interceptors.response.use(
    (response) => {
      lines.push(`< ${response.status}`);
      return response;
    },
    (error: AxiosError) => {
      lines.push(`! ${error.message}`);
      throw error;
    },
  );
}

function convertCase(api: AxiosInstance): void {
  const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
  api.interceptors.request.use((config) => ({ ...config, data: rename(config.data, snake) }));
  api.interceptors.response.use((response) => ({ ...response, data: rename(response.data, camel) }));
}

function rename(value: unknown, change: (name: string) => string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [change(name), inner]));
}

function unwrap(api: AxiosInstance): void {
  api.interceptors.response.use((response) => response.data);
}

/** What an app makes of every failure. */
export class AppError extends Error {
  constructor(readonly status: number | undefined) {
    super(`The API said ${status}`);
  }
}

function mapErrors(api: AxiosInstance): void {
  api.interceptors.response.use(undefined, (error: AxiosError) => {
    throw new AppError(error.response?.status);
  });
}

export function signatureOf(method: string, url: string, client: unknown, body: string): string {
  return createHmac('sha256', 'secret').update([method, url, client, body].join('\n')).digest('hex');
}

/** Signs what it sees of a request: method, URL, a header, the body as JSON. */
export function sign(config: InternalAxiosRequestConfig): InternalAxiosRequestConfig {
  const { method = 'get', url = '', headers, data } = config;
  headers.set('X-Client', 'interop');
  headers.set('X-Signature', signatureOf(method, url, headers.get('X-Client'), data ? JSON.stringify(data) : ''));
  return config;
}
