import axios, { type AxiosInstance, type CreateAxiosDefaults } from 'axios';
import { bearer, type InstallOptions, type Session, type SessionOptions } from 'axios-bearer';
import type { ApiVideo } from 'axios-bearer/testing';
import { axiosOf, type ModuleKind, moduleKinds } from './modules.js';
import { type Observed, observe } from './observe.js';

/** How an app was put together. */
export interface Variant {
  kind: ModuleKind;
  order: 'before' | 'after';
}

export const variants: Variant[] = moduleKinds.flatMap((kind) => [
  { kind, order: 'before' },
  { kind, order: 'after' },
]);

/** A title for `describe.each(variants)`. */
export const installed = `installed $order axios-bearer, axios ${axios.VERSION} as $kind`;

export interface ClientWithPlugin {
  api: AxiosInstance;
  session: Session;
  /** What the plugin's handlers were called with. */
  observed: Observed;
}

export type ClientOptions = Partial<SessionOptions> & InstallOptions & { defaults?: CreateAxiosDefaults };

const sessions: Session[] = [];

/** For `afterEach`: closes the sessions of all clients. */
export function closeSessions(): void {
  for (const session of sessions.splice(0)) session.close();
}

/** A plugin and axios-bearer on one instance; signed in, unless `options` say otherwise. */
export function clientWith(
  server: Pick<ApiVideo, 'url'> & Partial<ApiVideo>,
  { kind, order }: Variant,
  installPlugin: (api: AxiosInstance) => unknown,
  { defaults, ...options }: ClientOptions = {},
): ClientWithPlugin {
  const api = axiosOf[kind].create({ baseURL: server.url, ...defaults });
  const install = () =>
    bearer(api, {
      source: async ({ refreshToken }, { client }) => (await client.post('/auth/refresh', { refreshToken })).data,
      ...(server.issue && { tokens: server.issue() }),
      refreshRetries: 0,
      backoff: { initial: 1, factor: 1, cap: 5 },
      ...options,
    });
  const early = order === 'after' ? install() : undefined;
  const observed = observe(api, installPlugin);
  const session = early ?? install();
  sessions.push(session);
  return { api, session, observed };
}
