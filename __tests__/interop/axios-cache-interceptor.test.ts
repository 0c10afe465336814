import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AxiosCacheInstance, CacheOptions } from 'axios-cache-interceptor';
import { cleanUp, deferred, failureOf, startHttpServer, times, until } from '../support/kit.js';
import { type ClientOptions, clientWith, closeSessions, installed, type Variant, variants } from './client.js';
import { cacheOf } from './modules.js';

/** What came to the server: which user's token, and the ETag that was asked about. */
let came: string[];
let headers: Record<string, string>;
let url: string;
/** Requests that are answered only when this resolves. */
let held: Record<string, Promise<void>>;
beforeEach(async () => {
  came = [];
  held = {};
  headers = { etag: '"1"', 'cache-control': 'max-age=60' };
  ({ url } = await startHttpServer(async (req, res) => {
    const user = req.headers.authorization?.replace('Bearer ', '') ?? 'nobody';
    const etag = req.headers['if-none-match'];
    came.push([user, etag].filter(Boolean).join(' '));
    await held[user];
    if (user === 'expired') return res.writeHead(401).end();
    if (etag === '"1"') return res.writeHead(304, headers).end();
    return res.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ user }));
  }));
});
afterEach(async () => {
  closeSessions();
  await cleanUp();
});

/** The refresh needs no network: it makes `ada` of everybody. */
function caching({ kind, order }: Variant, cache: CacheOptions = {}, options: ClientOptions = {}) {
  const { setupCache } = cacheOf[kind];
  const { api, ...house } = clientWith({ url }, { kind, order }, (instance) => setupCache(instance, cache), {
    source: async () => 'ada',
    tokens: 'ada',
    ...options,
  });
  return { api: api as AxiosCacheInstance, ...house };
}

const whoIsThat = async (api: AxiosCacheInstance) => (await api.get<{ user: string }>('/me')).data.user;

describe.each(variants)(`axios-cache-interceptor, ${installed} (its own peer range begins at 1.19)`, (variant) => {
  it('stores what the replay brought, and serves it from then on', async () => {
    const { api, observed } = caching(variant, {}, { tokens: 'expired' });
    const first = await api.get('/me');
    const second = await api.get('/me');
    expect([first.cached, second.cached, second.data.user]).toEqual([false, true, 'ada']);
    expect(came).toEqual(['expired', 'ada']);
    expect(observed).toMatchObject({ requests: 2, answers: [200, 200], failures: [] });
  });

  it('sends 20 requests that are the same as one, which is recovered for all', async () => {
    const { api } = caching(variant, {}, { tokens: 'expired' });
    expect(new Set(await Promise.all(times(20, () => whoIsThat(api))))).toEqual(new Set(['ada']));
    expect(came).toEqual(['expired', 'ada']);
  });

  it('stores no 401: a request that failed is sent the next time', async () => {
    const refresh = () => Promise.reject(new Error('no network'));
    const { api, session } = caching(variant, {}, { tokens: 'expired', source: refresh });
    expect((await failureOf(api.get('/me'))).response?.status).toBe(401);
    await session.signIn('ada');
    expect(await whoIsThat(api)).toBe('ada');
  });

  it('asks with its ETag on the replay too, and takes the 304', async () => {
    headers = { etag: '"1"', 'cache-control': 'max-age=0' };
    const { api, session } = caching(variant);
    await api.get('/me');
    await session.signIn('expired');
    const { status, data } = await api.get('/me');
    expect([status, data.user]).toEqual([200, 'ada']);
    expect(came).toEqual(['ada', 'expired "1"', 'ada "1"']);
  });

  describe('and another user signs in', () => {
    it('serves them what it stored for the one before, as it does without us: its key knows of no user', async () => {
      const { api, session } = caching(variant);
      await whoIsThat(api);
      await session.signIn('bob');
      expect(await whoIsThat(api)).toBe('ada');
    });

    it('does so under Vary: Authorization too, unlike without us: it looks the request up before our header is on', async () => {
      headers = { vary: 'Authorization', 'cache-control': 'max-age=60' };
      const { api, session } = caching(variant);
      await whoIsThat(api);
      await whoIsThat(api);
      await session.signIn('bob');
      expect(await whoIsThat(api)).toBe('ada');
    });

    it('does not where the user is in the key', async () => {
      const user = { name: 'ada' };
      const generateKey = cacheOf[variant.kind].buildKeyGenerator(
        ({ baseURL = '', url = '', method, params, data }, meta) => ({
          url: baseURL + url,
          method,
          params,
          data,
          user: user.name,
          ...meta,
        }),
      );
      const { api, session } = caching(variant, { generateKey });
      await whoIsThat(api);
      await session.signIn('bob');
      user.name = 'bob';
      expect([await whoIsThat(api), await whoIsThat(api)]).toEqual(['bob', 'bob']);
      expect(came).toEqual(['ada', 'bob']);
    });

    it('does not where the storage is cleared at each sign-in and sign-out', async () => {
      const { api, session } = caching(variant);
      for (const event of ['signedIn', 'signedOut'] as const) session.on(event, () => api.storage.clear?.());
      await whoIsThat(api);
      await session.signIn('bob');
      expect(await whoIsThat(api)).toBe('bob');
      await session.signOut();
      expect(await whoIsThat(api)).toBe('nobody');
    });

    it('does where an answer for the one before was on its way when it was cleared', async () => {
      const { api, session } = caching(variant);
      session.on('signedIn', () => api.storage.clear?.());
      const [ada, bob] = [deferred(), deferred()];
      held = { ada: ada.promise, bob: bob.promise };
      const first = whoIsThat(api);
      await until(() => came.includes('ada'));
      await session.signIn('bob');
      const second = whoIsThat(api);
      await until(() => came.includes('bob'));
      ada.resolve();
      expect(await first).toBe('ada');
      bob.resolve();
      expect([await second, await whoIsThat(api)]).toEqual(['bob', 'ada']);
    });
  });

  describe('and there is no token', () => {
    it('serves what it stored after a sign-out as well, unless whenSignedOut rejects', async () => {
      for (const [whenSignedOut, ending] of [['send', 'ada'] as const, ['reject', 'ERR_BEARER_SIGNED_OUT'] as const]) {
        const { api, session } = caching(variant, {}, { whenSignedOut });
        await whoIsThat(api);
        await session.signOut();
        expect(await whoIsThat(api).catch((error) => error.code)).toBe(ending);
      }
    });

    it('serves nothing stored while a token is refreshed, and drops it where the refresh fails', async () => {
      const refresh = () => Promise.reject(new Error('no network'));
      const { api, session } = caching(variant, {}, { source: refresh });
      await whoIsThat(api);
      await session.signIn({ accessToken: 'ada', expiresIn: 0 });
      expect((await failureOf(api.get('/me'))).code).toBe('ERR_BEARER_UNAVAILABLE');
      await session.signIn('ada');
      expect((await api.get('/me')).cached).toBe(false);
    });
  });
});
