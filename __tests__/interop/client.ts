import axios, { type AxiosInstance, type CreateAxiosDefaults } from 'axios';
import { bearer, type InstallOptions, type Session, type SessionOptions } from 'axios-bearer';
import type { ApiVideo } from 'axios-bearer/testing';
import { axiosOf, type ModuleKind, moduleKinds } from './modules.js';
import { type Sight, watch } from './observe.js';

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

export interface Household {
  api: AxiosInstance;
  session: Session;
  /** What the neighbour saw. */
  sight: Sight;
}

export type HouseOptions = Partial<SessionOptions> & InstallOptions & { defaults?: CreateAxiosDefaults };

const sessions: Session[] = [];

/** For `afterEach`. */
export function moveOut(): void {
  for (const session of sessions.splice(0)) session.close();
}

/** A neighbour and axios-bearer on one instance; signed in, unless `options` say otherwise. */
export function household(
  server: Pick<ApiVideo, 'url'> & Partial<ApiVideo>,
  { kind, order }: Variant,
  moveIn: (api: AxiosInstance) => unknown,
  { defaults, ...options }: HouseOptions = {},
): Household {
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
  const sight = watch(api, moveIn);
  const session = early ?? install();
  sessions.push(session);
  return { api, session, sight };
}
