import { createRequire } from 'node:module';
import axios, { type AxiosError, type AxiosInstance, type CreateAxiosDefaults } from 'axios';
import type { AxiosAuthRefreshOptions } from 'axios-bearer/axios-auth-refresh';
import * as ourEntry from 'axios-bearer/axios-auth-refresh';
import type { ApiVideo, TokenAnswer } from 'axios-bearer/testing';
import { roundTrip, startServer } from '../support/kit.js';

type Entry = typeof ourEntry;
export type Create = Entry['createAuthRefresh'];
// biome-ignore lint/suspicious/noExplicitAny: what an app's refresh function is given
export type Failed = any;

/** Its CommonJS build: the other one is no module to node. It takes the axios under test. */
export const peer: Entry = createRequire(import.meta.url)('axios-auth-refresh');
export const ours: Entry = ourEntry;
export const both = [
  ['axios-auth-refresh', peer],
  ['axios-bearer/axios-auth-refresh', ours],
] as const;

export interface App {
  server: ApiVideo;
  api: AxiosInstance;
  /** Past all interceptors. */
  plain: AxiosInstance;
  /** Where an app keeps its token, such as localStorage. */
  storage: { tokens: TokenAnswer };
  /** The errors that the refresh function was called with. */
  calls: AxiosError[];
  id: number;
  /** POST /auth/refresh, stored; through `plain` unless told otherwise. */
  renew(through?: AxiosInstance): Promise<string>;
  eject(): void;
}

export interface AppOptions extends AxiosAuthRefreshOptions {
  server?: ApiVideo;
  axios?: CreateAxiosDefaults;
  /** The app's refresh function. Default: as in the README, it renews and writes the header. */
  refresh?: (failed: Failed, app: App) => Promise<unknown>;
  /** The app's own request interceptor, which puts the stored token on: it is added after ours, as in the README. */
  injects?: boolean;
  /** Options made of the app. */
  more?: (app: App) => AxiosAuthRefreshOptions;
}

export async function documentedRefresh(failed: Failed, { renew }: App): Promise<void> {
  // biome-ignore lint/complexity/useLiteralKeys: as their README has it
  failed.response.config.headers['Authorization'] = `Bearer ${await renew()}`;
}

export async function storingRefresh(_: Failed, { renew }: App): Promise<void> {
  await renew();
}

/** An app that is signed in, its token expired. */
export async function appWith({ createAuthRefresh }: Entry, given: AppOptions = {}): Promise<App> {
  const { server: known, axios: defaults, refresh = documentedRefresh, injects = true, more, ...options } = given;
  const server = known ?? (await startServer());
  const api = axios.create({ baseURL: server.url, ...defaults });
  const plain = axios.create({ baseURL: server.url });
  const app: App = {
    server,
    api,
    plain,
    storage: { tokens: server.issue() },
    calls: [],
    id: -1,
    renew: async (through = plain) => {
      const { data } = await through.post('/auth/refresh', { refreshToken: app.storage.tokens.refresh_token });
      app.storage.tokens = data;
      return data.access_token;
    },
    eject: () => api.interceptors.response.eject(app.id),
  };
  app.id = createAuthRefresh(
    api,
    (failed) => {
      app.calls.push(failed);
      return refresh(failed, app);
    },
    { ...options, ...more?.(app) },
  );
  if (injects) inject(app);
  server.expire();
  return app;
}

export function inject({ api, storage }: Pick<App, 'api' | 'storage'>): void {
  api.interceptors.request.use((config) => {
    config.headers.Authorization = `Bearer ${storage.tokens.access_token}`;
    return config;
  });
}

/** How a request ends: its status, or what it failed with. */
export function end(request: Promise<unknown>): Promise<unknown> {
  return request.then(
    (answer) => (answer as { status?: number } | undefined)?.status ?? answer,
    (error) => error?.response?.status ?? error?.code ?? error?.message ?? error,
  );
}

/** The same, of something that may never end: others go there and back 30 times meanwhile, however busy the machine. */
export function endOrHang({ server }: { server: ApiVideo }, request: Promise<unknown>): Promise<unknown> {
  return Promise.race([end(request), roundTrip(server, 30).then(() => 'hangs')]);
}

export function times<T>(n: number, make: (i: number) => T): T[] {
  return Array.from({ length: n }, (_, i) => make(i));
}

/** What came, and how it was answered. */
export function wire({ log }: ApiVideo): string[] {
  return log.map(({ method, path, status }) => `${method} ${path} ${status}`);
}
