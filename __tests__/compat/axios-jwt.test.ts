import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import axios, { type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';
import { fakeClock } from 'axios-bearer/testing';
import { Window } from 'happy-dom';
import { jwt, startJwtServer, tokenOf } from '../support/jwt.js';
import { atEnd, cleanUp, closeAtEnd, failureOf } from '../support/kit.js';
import { appWith, both, KEY, memoryStorage, ours, peer, refreshAt } from './axios-jwt.setup.js';

afterEach(cleanUp);

const UNABLE = 'Unable to refresh access token for request due to token refresh error: ';
const HEADERS = () => ({ headers: {} as Record<string, string> });

it('axios-bearer/axios-jwt exports what axios-jwt does, under the same names and types', () => {
  // Each has a class of its own behind these two.
  type Theirs = Omit<typeof peer, 'getBrowserLocalStorage' | 'getBrowserSessionStorage'>;
  const stand: Theirs = ours;
  expect(stand).toBe(ours);
  expect(Object.keys(ours).sort()).toEqual(
    Object.keys(peer)
      .filter((name) => !['default', '__esModule', 'module.exports'].includes(name))
      .sort(),
  );
});

describe.each(both)('%s, as documented: a request', (_, entry) => {
  it('bears the stored access token', async () => {
    const { api, server, storage } = await appWith(entry);
    expect((await api.get('/videos')).data).toEqual({ user: 'ada' });
    expect(server.headers[0]?.authorization).toBe(`Bearer ${storage.tokens?.accessToken}`);
    expect(server.refreshes).toBe(0);
  });

  it.each([
    ['X-Auth', undefined, 'x-auth', 'Bearer '],
    ['X-Auth', '', 'x-auth', ''],
    [undefined, 'JWT ', 'authorization', 'JWT '],
    [undefined, 'Token token=', 'authorization', 'Token token='],
    ['X-Token', 'v1:', 'x-token', 'v1:'],
  ])(
    'header: %j, headerPrefix: %j say where and how, also for a refreshed one',
    async (header, headerPrefix, name, prefix) => {
      const { api, server, storage } = await appWith(entry, {
        ends: 5,
        ...(header !== undefined && { header }),
        ...(headerPrefix !== undefined && { headerPrefix }),
      });
      await api.get('/public');
      await api.get('/public');
      const expected = `${prefix}${storage.tokens?.accessToken}`;
      expect(server.headers.slice(1).map((headers) => headers[name])).toEqual([expected, expected]);
      expect(server.refreshes).toBe(1);
    },
  );

  it('refreshes first where the access token has ended, and stores both new tokens', async () => {
    const { api, server, storage } = await appWith(entry, { ends: -60 });
    const before = storage.tokens;
    await api.get('/videos');
    expect(server.log).toEqual(['POST /refresh 200', 'GET /videos 200']);
    expect(storage.tokens).toEqual({ accessToken: expect.any(String), refreshToken: expect.any(String) });
    expect(storage.tokens?.refreshToken).not.toBe(before?.refreshToken);
  });

  it('takes a string for a new access token, and keeps the refresh token', async () => {
    const fresh = tokenOf('ada');
    const requestRefresh = jest.fn(async (_refreshToken: string) => fresh);
    const { api, storage } = await appWith(entry, { ends: -60, requestRefresh });
    const refreshToken = storage.tokens?.refreshToken;
    await api.get('/public');
    expect(storage.tokens).toEqual({ accessToken: fresh, refreshToken });
    expect(requestRefresh.mock.calls).toEqual([[refreshToken]]);
  });

  it('refreshes where there is a refresh token only', async () => {
    const { api, server, storage } = await appWith(entry, { ends: -60 });
    storage.put({ refreshToken: storage.tokens?.refreshToken });
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.refreshes).toBe(1);
  });

  it.each([
    [undefined, 9, 12],
    [30, 29, 32],
    ['1 min', 59, 62],
    ['2000', 1, 4],
    ['0.5h', 1_799, 1_802],
    ['50 MINUTES', 2_999, 3_002],
  ] as const)('tokenExpireFudge: %j refreshes at %d s before the end, and not at %d s', async (fudge, due, notYet) => {
    const config = { ...(fudge !== undefined && { tokenExpireFudge: fudge }) };
    const counts = [];
    for (const ends of [due, notYet]) {
      const { api, server } = await appWith(entry, { ends, ...config });
      // The second one is for a refresh behind the first one to be heard of.
      for (let i = 0; i < 2; i += 1) await api.get('/videos');
      counts.push(server.refreshes);
    }
    expect(counts).toEqual([1, 0]);
  });

  it('waits, with all others, for one refresh', async () => {
    const { api, server } = await appWith(entry, { ends: -60 });
    const arrived = server.holdRefresh();
    const answers = Promise.all(Array.from({ length: 20 }, () => api.get('/videos')));
    (await arrived)();
    expect((await answers).map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(server.refreshes).toBe(1);
  });

  it('goes out as it is where nobody is signed in, or without a refresh token', async () => {
    const { api, storage } = await appWith(entry, { ends: null });
    expect((await api.get('/public')).data).toEqual({ bearer: false });
    storage.put({ accessToken: tokenOf('ada') });
    expect((await api.get('/public')).data).toEqual({ bearer: false });
  });

  it('bears at once what another tab has stored, and nothing after it was taken out', async () => {
    const { api, server, storage } = await appWith(entry);
    const users = [];
    for (const user of ['ada', 'bob', 'ada']) {
      storage.put(server.issue(user));
      users.push((await api.get('/videos')).data.user);
    }
    storage.put(null);
    expect(users).toEqual(['ada', 'bob', 'ada']);
    expect((await api.get('/public')).data).toEqual({ bearer: false });
  });
});

describe.each(both)('%s, as documented: login and logout', (_, entry) => {
  it('a login through the same instance, and setAuthTokens not waited for: the next request bears the token', async () => {
    const { api, storage } = await appWith(entry, { ends: null });
    const { data } = await api.post('/login', { user: 'ada' });
    entry.setAuthTokens({ accessToken: data.access_token, refreshToken: data.refresh_token });
    expect((await api.get('/videos')).data).toEqual({ user: 'ada' });
    expect(storage.tokens).toEqual({ accessToken: data.access_token, refreshToken: data.refresh_token });
  });

  it('somebody else may log in after it', async () => {
    const { api, server } = await appWith(entry);
    await api.get('/videos');
    await entry.setAuthTokens(server.issue('bob'));
    expect((await api.get('/videos')).data).toEqual({ user: 'bob' });
  });

  it('clearAuthTokens ends it: nothing is stored, and the next request bears nothing', async () => {
    const { api, storage } = await appWith(entry);
    await api.get('/videos');
    await entry.clearAuthTokens();
    expect(storage.tokens).toBeNull();
    expect((await api.get('/public')).data).toEqual({ bearer: false });
  });

  it('isLoggedIn, getAccessToken and getRefreshToken tell what is stored', async () => {
    const { storage } = await appWith(entry, { ends: null });
    const all = () => Promise.all([entry.isLoggedIn(), entry.getAccessToken(), entry.getRefreshToken()]);
    expect(await all()).toEqual([false, undefined, undefined]);
    storage.put({ accessToken: 'a', refreshToken: 'r' });
    expect(await all()).toEqual([true, 'a', 'r']);
    storage.put({ accessToken: 'a' });
    expect(await all()).toEqual([false, 'a', undefined]);
    storage.put('null');
    expect(await all()).toEqual([false, undefined, undefined]);
  });

  it('setAccessToken changes that one, keeps what else is stored, and the next request bears it', async () => {
    const { api, server, storage } = await appWith(entry);
    storage.put({ ...storage.tokens, theme: 'dark' });
    const { accessToken } = server.issue('bob');
    await entry.setAccessToken(accessToken);
    expect(storage.tokens).toMatchObject({ accessToken, theme: 'dark', refreshToken: expect.any(String) });
    expect((await api.get('/videos')).data).toEqual({ user: 'bob' });
  });

  it('setAccessToken refuses where nobody is signed in, and quotes what it cannot read', async () => {
    const { storage } = await appWith(entry, { ends: null });
    await expect(entry.setAccessToken('a')).rejects.toThrow(
      new Error('Unable to update access token since there are no tokens currently stored'),
    );
    storage.put('totallynotjson');
    for (const call of [entry.setAccessToken('a'), entry.getAccessToken(), entry.isLoggedIn()]) {
      const error = await failureOf(call);
      expect([error.name, error.message]).toEqual(['SyntaxError', 'Failed to parse auth tokens: totallynotjson']);
    }
  });

  it('what is stored beside the tokens outlives a refresh that answers a string; an object takes its place', async () => {
    const answers: unknown[] = [tokenOf('ada', -60), { accessToken: tokenOf('ada'), refreshToken: 'r2', plan: 'pro' }];
    const requestRefresh = async () => answers.shift() as string;
    const { storage } = await appWith(entry, { ends: -60, requestRefresh });
    storage.put({ ...storage.tokens, theme: 'dark' });
    await entry.refreshTokenIfNeeded(requestRefresh);
    expect(storage.tokens).toMatchObject({ theme: 'dark' });
    await entry.refreshTokenIfNeeded(requestRefresh);
    expect(storage.tokens).toEqual({ accessToken: expect.any(String), refreshToken: 'r2', plan: 'pro' });
  });
});

describe.each(both)('%s, as documented: a refresh that fails', (_, entry) => {
  it.each([401, 422])('with %d clears both tokens, and says so', async (status) => {
    const { api, server, storage } = await appWith(entry, { ends: -60 });
    server.refuse(status);
    const error = await failureOf(api.get('/videos'));
    expect(error.message).toBe(`${UNABLE}Got ${status} on token refresh; clearing both auth tokens`);
    expect(error).toBeInstanceOf(Error);
    expect(storage.tokens).toBeNull();
    expect((await api.get('/public')).data).toEqual({ bearer: false });
  });

  it.each([400, 403])('with %d keeps them', async (status) => {
    const { api, server, storage } = await appWith(entry, { ends: -60 });
    const before = storage.tokens;
    server.refuse(status);
    const text = `${UNABLE}Failed to refresh auth token: Request failed with status code ${status}`;
    await expect(api.get('/videos')).rejects.toThrow(text);
    expect(storage.tokens).toEqual(before);
  });

  it.each<[string, () => Promise<string>, string]>([
    [
      'with an error of the app’s',
      () => Promise.reject(new Error('Server error')),
      'Failed to refresh auth token: Server error',
    ],
    ['with what is no error', () => Promise.reject('oops'), 'Failed to refresh auth token and failed to parse error'],
    [
      'to answer with tokens',
      async () => ({ access_token: 'wrongkey!' }) as never,
      'Failed to refresh auth token: requestRefresh must either return a string or an object with an accessToken',
    ],
  ])('%s keeps them too', async (_name, requestRefresh, text) => {
    const clock = fakeClock();
    atEnd(() => clock.restore());
    const { api, storage } = await appWith(entry, { ends: -60, requestRefresh });
    const before = storage.tokens;
    const ends = [
      failureOf(api.get('/videos')),
      failureOf(entry.authTokenInterceptor({ requestRefresh, getStorage: () => storage })(HEADERS())),
      failureOf(entry.refreshTokenIfNeeded(requestRefresh)),
    ];
    // Ours tries three more times.
    for (let i = 0; i < 40; i += 1) await clock.advance(250);
    const texts = (await Promise.all(ends)).map(({ message }) => message.replace(UNABLE, ''));
    expect(texts).toEqual([text, text, text]);
    expect(storage.tokens).toEqual(before);
  });
});

describe.each(both)('%s, as documented: authTokenInterceptor', (_, entry) => {
  const bare = async (ends?: number) => {
    const server = closeAtEnd(await startJwtServer());
    const storage = memoryStorage(ends === undefined ? null : server.issue('ada', ends));
    const config = { requestRefresh: refreshAt(server), getStorage: () => storage };
    return { server, storage, config };
  };

  it('is a request interceptor for use(): attaches, and refreshes ahead of the end', async () => {
    const { server, config } = await bare(5);
    const api = axios.create({ baseURL: server.url });
    const id = api.interceptors.request.use(entry.authTokenInterceptor(config));
    expect((await api.get('/videos')).data).toEqual({ user: 'ada' });
    expect(server.log).toEqual(['POST /refresh 200', 'GET /videos 200']);
    api.interceptors.request.eject(id);
    expect((await api.get('/public')).data).toEqual({ bearer: false });
  });

  it('does not see a 401: it is the caller’s', async () => {
    const { server, config } = await bare(3600);
    const api = axios.create({ baseURL: server.url });
    api.interceptors.request.use(entry.authTokenInterceptor(config));
    server.expire();
    await expect(api.get('/videos')).rejects.toMatchObject({ response: { status: 401 } });
    expect(server.refreshes).toBe(0);
  });

  it('returns the config it was given: as it was where nobody is signed in, else with the header', async () => {
    const { storage, server, config } = await bare();
    const interceptor = entry.authTokenInterceptor({ ...config, header: 'Auth', headerPrefix: 'Prefix ' });
    const given = { url: '/', ...HEADERS() };
    expect(await interceptor(given)).toBe(given);
    expect(given).toEqual({ url: '/', headers: {} });
    const { accessToken } = server.issue('ada');
    storage.put({ accessToken, refreshToken: 'r' });
    expect(await interceptor(given)).toBe(given);
    expect(given.headers).toEqual({ Auth: `Prefix ${accessToken}` });
    expect(await interceptor({ url: '/' })).toEqual({ url: '/' });
  });

  it('called many times at once asks for one refresh', async () => {
    const { server, config } = await bare(-60);
    const interceptor = entry.authTokenInterceptor(config);
    const all = await Promise.all([1, 2, 3].map(() => interceptor(HEADERS())));
    expect(new Set(all.map(({ headers }) => headers.Authorization)).size).toBe(1);
    expect(server.refreshes).toBe(1);
  });

  it.each([401, 422])('clears both tokens when the refresh is answered %d', async (status) => {
    const { server, storage, config } = await bare(-60);
    server.refuse(status);
    await expect(entry.authTokenInterceptor(config)(HEADERS())).rejects.toThrow(
      new Error(`${UNABLE}Got ${status} on token refresh; clearing both auth tokens`),
    );
    expect(storage.tokens).toBeNull();
  });
});

describe.each(both)('%s, as documented: refreshTokenIfNeeded', (_, entry) => {
  const stored = async (tokens: object | null) => {
    const server = closeAtEnd(await startJwtServer());
    const storage = memoryStorage(tokens);
    entry.applyStorage(storage);
    return { server, storage, requestRefresh: refreshAt(server) };
  };

  it('answers the stored token as long as it lives, with or without a refresh token', async () => {
    const accessToken = tokenOf('ada');
    const { requestRefresh, server } = await stored({ accessToken });
    expect(await entry.refreshTokenIfNeeded(requestRefresh)).toBe(accessToken);
    expect(server.refreshes).toBe(0);
  });

  it.each([
    ['has ended', () => tokenOf('ada', -60)],
    ['is about to end', () => tokenOf('ada', 5)],
    ['does not say when it ends', () => jwt({ sub: 'ada' })],
    ['is missing', () => undefined],
  ])('asks for a new one where it %s, and stores it', async (_name, accessToken) => {
    const { storage } = await stored({ accessToken: accessToken(), refreshToken: 'refreshtoken' });
    expect(await entry.refreshTokenIfNeeded(async () => 'newaccesstoken')).toBe('newaccesstoken');
    expect(storage.tokens).toEqual({ accessToken: 'newaccesstoken', refreshToken: 'refreshtoken' });
  });

  it('heeds the tokenExpireFudge that was given last, to whichever interceptor', async () => {
    const answers = [];
    for (const tokenExpireFudge of ['2 min', '10s'] as const) {
      const { storage } = await stored({ accessToken: tokenOf('ada', 60), refreshToken: 'r' });
      const requestRefresh = async () => 'new';
      entry.authTokenInterceptor({ requestRefresh, tokenExpireFudge, getStorage: () => storage });
      answers.push((await entry.refreshTokenIfNeeded(requestRefresh)) === 'new');
    }
    expect(answers).toEqual([true, false]);
  });

  it.each([
    ['nobody is signed in', null],
    ['there is an access token only, and it has ended', { accessToken: tokenOf('ada', -60) }],
  ])('has nothing to refresh with where %s, and says so', async (_name, tokens) => {
    const { requestRefresh } = await stored(tokens);
    await expect(entry.refreshTokenIfNeeded(requestRefresh)).rejects.toThrow(new Error('No refresh token available'));
  });

  it.each([
    [401, 'Got 401 on token refresh; clearing both auth tokens', null],
    [422, 'Got 422 on token refresh; clearing both auth tokens', null],
    [400, 'Failed to refresh auth token: Request failed with status code 400', { refreshToken: 'r' }],
  ])('answered %d fails with axios-jwt’s text', async (status, text, left) => {
    const { server, storage, requestRefresh } = await stored({ refreshToken: 'r' });
    server.refuse(status);
    await expect(entry.refreshTokenIfNeeded(requestRefresh)).rejects.toThrow(new Error(text));
    expect(storage.tokens).toEqual(left);
  });
});

describe.each(both)('%s, as documented: installing', (_, entry) => {
  const requestRefresh = async () => tokenOf('ada');
  const handlersOf = (api: AxiosInstance) =>
    (api.interceptors.request as unknown as { handlers: InternalAxiosRequestConfig[] }).handlers;

  it('useAuthTokenInterceptor is its old name', () => {
    expect(entry.useAuthTokenInterceptor).toBe(entry.applyAuthTokenInterceptor);
  });

  it('adds one request interceptor, and returns nothing', () => {
    const api = axios.create();
    expect(entry.applyAuthTokenInterceptor(api, { requestRefresh })).toBeUndefined();
    expect(handlersOf(api)).toHaveLength(1);
  });

  it('refuses what is no axios instance', () => {
    const install = () => entry.applyAuthTokenInterceptor({ foo: 'bar' } as never, { requestRefresh });
    expect(install).toThrow(new Error('invalid axios instance: [object Object]'));
  });

  it('takes axios itself, and absolute URLs', async () => {
    const { server, storage } = await appWith(entry);
    entry.applyAuthTokenInterceptor(axios, { requestRefresh, getStorage: () => storage });
    atEnd(() => {
      axios.interceptors.request.clear();
      axios.interceptors.response.clear();
    });
    expect((await axios.get(`${server.url}/videos`)).data).toEqual({ user: 'ada' });
  });

  it('twice on one instance, as its README does: the second one’s storage counts', async () => {
    const { api, server } = await appWith(entry);
    const second = memoryStorage(server.issue('bob', -60));
    entry.applyAuthTokenInterceptor(api, { requestRefresh: refreshAt(server), getStorage: () => second });
    expect((await api.get('/videos')).data).toEqual({ user: 'bob' });
    expect(server.refreshes).toBe(1);
  });

  it('applyStorage moves the instances that name no storage; undefined moves nothing', async () => {
    const server = closeAtEnd(await startJwtServer());
    const api = axios.create({ baseURL: server.url });
    entry.applyAuthTokenInterceptor(api, { requestRefresh });
    for (const user of ['ada', 'bob']) {
      entry.applyStorage(memoryStorage(server.issue(user)));
      entry.applyStorage(undefined);
      expect((await api.get('/videos')).data).toEqual({ user });
      expect(await entry.isLoggedIn()).toBe(true);
    }
  });
});

describe.each(both)('%s, as documented: in a browser', (_, entry) => {
  beforeEach(() => {
    const { localStorage, sessionStorage } = new Window({ url: 'https://app.example.com/' });
    Object.assign(globalThis, { window: { localStorage, sessionStorage } });
    atEnd(() => Reflect.deleteProperty(globalThis, 'window'));
  });

  it.each(['localStorage', 'sessionStorage'] as const)(
    '%s keeps the tokens, under the same key and in the same form',
    async (name) => {
      const getStorage = { localStorage: entry.getBrowserLocalStorage, sessionStorage: entry.getBrowserSessionStorage }[
        name
      ];
      entry.authTokenInterceptor({ requestRefresh: async () => '', getStorage });
      const kept = entry.setAuthTokens({ accessToken: 'a', refreshToken: 'r' });
      // There already: a page may be left without waiting.
      expect(window[name].getItem(KEY)).toBe('{"accessToken":"a","refreshToken":"r"}');
      await kept;
      expect(await entry.getAccessToken()).toBe('a');
      await entry.clearAuthTokens();
      expect(window[name].getItem(KEY)).toBeNull();
    },
  );

  it('localStorage is the default', async () => {
    const server = closeAtEnd(await startJwtServer());
    const api = axios.create({ baseURL: server.url });
    entry.applyAuthTokenInterceptor(api, { requestRefresh: refreshAt(server) });
    window.localStorage.setItem(KEY, JSON.stringify(server.issue('ada')));
    expect((await api.get('/videos')).data).toEqual({ user: 'ada' });
    window.localStorage.clear();
    expect((await api.get('/public')).data).toEqual({ bearer: false });
  });

  it('a storage is a class with get, set and remove', async () => {
    const storage = entry.getBrowserLocalStorage();
    await storage?.set('k', 'v');
    expect([await storage?.get('k'), await storage?.remove('k'), await storage?.get('k')]).toEqual([
      'v',
      undefined,
      null,
    ]);
  });
});

describe.each(both)('%s, as documented: without a window', (_, entry) => {
  it('there is no browser storage', () => {
    expect([entry.getBrowserLocalStorage(), entry.getBrowserSessionStorage()]).toEqual([undefined, undefined]);
  });
});
