import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { AxiosInstance } from 'axios';
import axiosRetry from 'axios-retry';
import { cleanUp, failureOf, never, refreshing, startClient } from './support/kit.js';

afterEach(cleanUp);

type Scene = Awaited<ReturnType<typeof startClient>>;

/** How a request comes to each of our errors after a 401. */
const met401: [string, Parameters<typeof startClient>[0], (scene: Scene) => Promise<unknown>][] = [
  [
    'ERR_BEARER_REJECTED',
    {},
    ({ server, api }) => {
      server.fault('/auth/refresh', { status: 400 });
      return api.get('/echo/x');
    },
  ],
  [
    'ERR_BEARER_UNAVAILABLE',
    { refreshRetries: 0 },
    ({ server, api }) => {
      server.fault('/auth/refresh', { status: 503 });
      return api.get('/echo/x');
    },
  ],
  ['ERR_BEARER_TOKEN', { refreshRetries: 0, source: async () => ({}) as never }, ({ api }) => api.get('/echo/x')],
  ['ERR_BEARER_BODY', {}, ({ api }) => api.put('/echo/x', Readable.from(['a']))],
  [
    'ERR_BEARER_IDENTITY',
    { source: () => never },
    async ({ server, api, session }) => {
      const request = api.get('/echo/x');
      request.catch(() => {});
      await new Promise((resolve) => session.on('waiting', resolve));
      await session.signIn(server.issue());
      return request;
    },
  ],
  [
    'ERR_BEARER_SIGNED_OUT',
    { source: () => never },
    async ({ api, session }) => {
      const request = api.get('/echo/x');
      request.catch(() => {});
      await new Promise((resolve) => session.on('waiting', resolve));
      await session.signOut();
      return request;
    },
  ],
];

describe('An error of ours after a 401', () => {
  it.each(met401)('%s has that 401 as its response, its request, and its status', async (code, options, fail) => {
    const made = await startClient(options);
    made.server.expire();
    const error = await failureOf(fail(made));
    expect([error.code, error.status, error.response.status]).toEqual([code, 401, 401]);
    expect(error.request).toBe(error.response.request);
    expect(error.config.url).toBe('/echo/x');
  });

  it('has neither where nothing was sent', async () => {
    const { server, api, session } = await startClient({ refreshRetries: 0 });
    await session.signIn({ ...server.issue(), expires_in: 0 });
    server.fault('/auth/refresh', { status: 503 });
    const error = await failureOf(api.get('/echo/x'));
    expect([error.code, error.status, error.response]).toEqual(['ERR_BEARER_UNAVAILABLE', undefined, undefined]);
  });
});

describe('axios-retry that retries everything', () => {
  /** How often the request was begun. */
  function begun(api: AxiosInstance) {
    const count = { requests: 0 };
    axiosRetry(api, { retries: 2, retryCondition: () => true, retryDelay: () => 1 });
    api.interceptors.request.use((config) => {
      count.requests++;
      return config;
    });
    return count;
  }
  const retried = ['ERR_BEARER_UNAVAILABLE', 'ERR_BEARER_TOKEN'];

  it.each(met401)('%s is tried again only if another try could mend it', async (code, options, fail) => {
    const made = await startClient({ ...options, backoff: { initial: 60_000 } });
    const count = begun(made.api);
    made.server.expire();
    expect((await failureOf(fail(made))).code).toBe(code);
    expect(count.requests).toBe(retried.includes(code) ? 3 : 1);
  });

  it('does not try again a request that nobody is signed in for', async () => {
    const { api, server } = await startClient({
      tokens: undefined,
      whenSignedOut: 'reject',
      source: { needsRefreshToken: true, refresh: refreshing },
    });
    const count = begun(api);
    for (let i = 1; i <= 2; i += 1) {
      expect((await failureOf(api.get('/echo'))).code).toBe('ERR_BEARER_SIGNED_OUT');
      expect(count.requests).toBe(i);
    }
    expect(server.stats.requests).toBe(0);
  });
});
