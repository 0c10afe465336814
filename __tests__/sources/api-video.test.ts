import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type CreateAxiosDefaults } from 'axios';
import { bearer, type InstallOptions, memoryStore, type SessionOptions } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import type { ApiVideo, ApiVideoOptions } from 'axios-bearer/testing';
import {
  cleanUp,
  closeAtEnd,
  codeOf,
  failureOf,
  installClock,
  recordEvents,
  settle,
  startServer,
} from '../support/kit.js';

afterEach(cleanUp);

type Options = Partial<SessionOptions> &
  InstallOptions & {
    apiKey?: string | false;
    delegatedToken?: string;
    on?: ApiVideoOptions;
    axios?: CreateAxiosDefaults;
  };

async function signedIn({ apiKey, delegatedToken, on, axios: defaults, ...options }: Options = {}) {
  const server = await startServer(on);
  const api = axios.create({ baseURL: server.url, ...defaults });
  const key = apiKey === false ? {} : { apiKey: apiKey ?? server.apiKey };
  const source = apiVideo({ ...key, ...(delegatedToken && { delegatedToken }), baseURL: server.url });
  const session = closeAtEnd(bearer(api, { backoff: { initial: 2, cap: 8 }, ...options, source }));
  return { server, api, session };
}

const paths = ({ log }: ApiVideo) => log.map(({ path }) => path);

describe('apiVideo with an API key', () => {
  it('obtains the first token by POST /auth/api-key, and the first request never meets a 401', async () => {
    const { server, api } = await signedIn();
    await api.get('/videos');
    expect(server.log).toMatchObject([
      { method: 'POST', path: '/auth/api-key', status: 200 },
      { method: 'GET', path: '/videos', status: 200, authorized: true },
    ]);
  });

  it('asks nothing before the first request', async () => {
    const { server } = await signedIn();
    await settle();
    expect(server.stats.requests).toBe(0);
  });

  it('asks once for a storm of first requests', async () => {
    const { server, api } = await signedIn();
    await Promise.all(Array.from({ length: 50 }, () => api.get('/videos')));
    expect(server.stats).toMatchObject({ apiKey: 1, refresh: 0, ok: 50, unauthorized: 0 });
  });

  it('refreshes an expired token by POST /auth/refresh: 100 requests, one refresh, the key is not used again', async () => {
    const { server, api } = await signedIn();
    await api.get('/videos');
    server.expire();
    await Promise.all(Array.from({ length: 100 }, () => api.get('/videos')));
    expect(server.stats).toMatchObject({ apiKey: 1, refresh: 1, reuse: 0, ok: 101 });
  });

  it('rotates: refresh after refresh, each refresh token is presented once', async () => {
    const { server, api, session } = await signedIn();
    for (let i = 0; i < 5; i += 1) {
      await api.get('/videos');
      server.expire();
    }
    await session.refresh();
    expect(server.stats).toMatchObject({ apiKey: 1, refresh: 5, reuse: 0, ok: 5 });
  });

  it('keeps the refresh token where the server does not rotate', async () => {
    const { server, api } = await signedIn({ on: { rotate: false } });
    for (let i = 0; i < 3; i += 1) {
      await api.get('/videos');
      server.expire();
    }
    expect(server.stats).toMatchObject({ apiKey: 1, refresh: 2, ok: 3 });
  });

  it('uses the API key again, once, when the refresh token is dead; nobody notices', async () => {
    const { server, api, session } = await signedIn();
    await api.get('/videos');
    const seen = recordEvents(session);
    server.expire();
    server.revokeRefreshTokens();
    await Promise.all(Array.from({ length: 20 }, () => api.get('/videos')));
    expect(server.stats).toMatchObject({ apiKey: 2, refresh: 1, ok: 21 });
    const names = seen.map(([name]) => name);
    expect(names).not.toContain('signedOut');
    expect(names.filter((name) => name === 'refreshed')).toHaveLength(1);
    server.expire();
    await api.get('/videos');
    expect(server.stats).toMatchObject({ apiKey: 2, refresh: 2, ok: 22 });
  });

  it('does not use the API key because the refresh endpoint is down', async () => {
    const { server, api } = await signedIn();
    await api.get('/videos');
    server.expire();
    server.fault('/auth/refresh', { status: 503 }, { times: 2 });
    await api.get('/videos');
    expect(server.stats).toMatchObject({ apiKey: 1, refresh: 3, ok: 2 });
  });

  it('presents a dead refresh token once, also when the API key endpoint is down for a while', async () => {
    const { server, api } = await signedIn();
    await api.get('/videos');
    server.expire();
    server.revokeRefreshTokens();
    server.fault('/auth/api-key', { status: 503 }, { times: 2 });
    await api.get('/videos');
    expect(server.stats).toMatchObject({ apiKey: 4, refresh: 1, ok: 2 });
  });

  it('tries the key endpoint again after a transient failure, and waits as long as it asks', async () => {
    const { server, api, session } = await signedIn();
    const seen = recordEvents(session);
    server.fault('/auth/api-key', { status: 429, headers: { 'X-RateLimit-Retry-After': '0' } });
    server.fault('/auth/api-key', 'reset');
    await api.get('/videos');
    expect(server.stats).toMatchObject({ apiKey: 3, ok: 1 });
    expect(seen.filter(([name]) => name === 'refreshFailed')).toHaveLength(2);
  });

  it('a wish beyond the cap fails at once, and says when to come back', async () => {
    const { server, api } = await signedIn({ backoff: { initial: 2, cap: 1_000 } });
    server.fault('/auth/api-key', { status: 429, headers: { 'X-RateLimit-Retry-After': '60' } });
    const error = await failureOf(api.get('/videos'));
    expect(error.code).toBe('ERR_BEARER_UNAVAILABLE');
    expect(error.retryAfter).toBeGreaterThan(55_000);
    expect(error.retryAfter).toBeLessThanOrEqual(60_000);
    expect(server.stats.requests).toBe(1);
  });

  it('a wrong API key is a definite refusal: told at once, clearly, and not tried with every request', async () => {
    const { server, api, session } = await signedIn({ apiKey: 'wrong-key', backoff: { initial: 1 } });
    const error = await failureOf(api.get('/videos'));
    expect(error).toMatchObject({ code: 'ERR_BEARER_REJECTED', isAxiosError: true, cause: { status: 400 } });
    expect(JSON.stringify(error) + error.stack + error.cause.stack).not.toContain('wrong-key');
    for (let i = 0; i < 5; i += 1) await codeOf(api.get('/videos'));
    expect(server.stats.apiKey).toBe(1);
    expect(session.state.status).toBe('failed');
  });

  it.each(['html', 'truncated-json', 'empty'] as const)(
    'an answer that is %s is refused at the door (L11)',
    async (fault) => {
      const { server, api } = await signedIn({ refreshRetries: 0 });
      server.fault('/auth/api-key', fault);
      expect(await codeOf(api.get('/videos'))).toMatch(/^ERR_BEARER_(TOKEN|UNAVAILABLE)$/);
      expect(paths(server)).toEqual(['/auth/api-key']);
    },
  );

  it('sends neither key nor token call with an Authorization of the instance', async () => {
    const { server, api } = await signedIn({ axios: { headers: { Authorization: 'Bearer old' } } });
    const came: unknown[] = [];
    server.fault((request) => {
      if (request.path.startsWith('/auth')) came.push(request.headers.authorization);
      return false;
    }, 'hang');
    await api.get('/videos');
    server.expire();
    await api.get('/videos');
    expect(came).toEqual([undefined, undefined]);
  });

  it('works on a timer too, the cron job of their docs', async () => {
    const clock = installClock();
    const { server, api, session } = await signedIn({ keepFresh: true });
    await api.get('/videos');
    for (let i = 0; i < 3; i += 1) {
      await clock.advance(55 * 60_000 + 50);
      while (session.state.status === 'refreshing') await settle();
    }
    expect(server.stats).toMatchObject({ apiKey: 1, refresh: 3, reuse: 0 });
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.stats.unauthorized).toBe(0);
  });

  it('goes on after a restart from what the store holds, without the key', async () => {
    const store = memoryStore();
    const { server, api, session } = await signedIn({ store });
    await api.get('/videos');
    session.close();
    const again = axios.create({ baseURL: server.url });
    closeAtEnd(bearer(again, { store, source: apiVideo({ apiKey: server.apiKey, baseURL: server.url }) }));
    server.expire();
    await again.get('/videos');
    expect(server.stats).toMatchObject({ apiKey: 1, refresh: 1, reuse: 0 });
  });

  it('after signOut() does not sign in by itself, and does with signIn()', async () => {
    const { server, api, session } = await signedIn();
    await api.get('/videos');
    await session.signOut();
    expect((await failureOf(api.get('/videos'))).response.status).toBe(401);
    expect(server.stats.apiKey).toBe(1);
    await session.signIn();
    await api.get('/videos');
    expect(server.stats).toMatchObject({ apiKey: 2, ok: 2 });
  });
});

describe('apiVideo with tokens of one’s own', () => {
  it('refreshes them, with no API key in the app', async () => {
    const { server, api, session } = await signedIn({ apiKey: false });
    await session.signIn(server.issue());
    server.expire();
    await api.get('/videos');
    expect(server.stats).toMatchObject({ apiKey: 0, refresh: 1, ok: 1 });
  });

  it('ends with a definite refusal when the refresh token is dead: the 401 is in the error', async () => {
    const { server, api, session } = await signedIn({ apiKey: false });
    await session.signIn(server.issue());
    server.expire();
    server.revokeRefreshTokens();
    const error = await failureOf(api.get('/videos'));
    expect(error).toMatchObject({ code: 'ERR_BEARER_REJECTED', response: { status: 401 } });
    expect(session.state.status).toBe('failed');
  });

  it('without a refresh token hands the 401 on, and asks nobody', async () => {
    const { server, api, session } = await signedIn({ apiKey: false });
    await session.signIn('at_unknown');
    expect((await failureOf(api.get('/videos'))).response.status).toBe(401);
    expect(paths(server)).toEqual(['/videos']);
  });

  it('with an API key besides falls back on it', async () => {
    const { server, api, session } = await signedIn();
    await session.signIn('at_unknown');
    await api.get('/videos');
    expect(server.stats).toMatchObject({ apiKey: 1, refresh: 0, ok: 1, unauthorized: 1 });
  });

  it('signed out, with nothing at all, sends requests as they are', async () => {
    const { api } = await signedIn({ apiKey: false });
    expect((await api.get('/public')).data).toEqual({ authorization: false });
  });
});

describe('apiVideo’s origins', () => {
  it('are api.video’s by default, so an instance needs no baseURL', () => {
    expect(apiVideo().origins).toEqual(['https://ws.api.video']);
    expect(apiVideo({ baseURL: 'https://sandbox.api.video' }).origins).toEqual(['https://sandbox.api.video']);
    expect(() => closeAtEnd(bearer(axios.create(), { source: apiVideo({ apiKey: 'k' }) }))).not.toThrow();
  });

  it('hold the token in: another origin gets none, and its 401 starts nothing', async () => {
    const { server, api } = await signedIn();
    const other = await startServer();
    expect((await api.get(`${other.url}/public`)).data).toEqual({ authorization: false });
    expect((await failureOf(api.get(`${other.url}/videos`))).response.status).toBe(401);
    expect(server.stats.requests).toBe(0);
  });

  it('the token endpoints are those of its own baseURL, whatever the instance’s is', async () => {
    const [server, mirror] = [await startServer(), await startServer()];
    const api = axios.create({ baseURL: mirror.url });
    const source = apiVideo({ apiKey: server.apiKey, baseURL: server.url });
    closeAtEnd(bearer(api, { source }));
    await api.get('/public');
    expect([paths(server), paths(mirror)]).toEqual([['/auth/api-key'], ['/public']]);
  });

  it('a baseURL that is none is told at once', () => {
    expect(() => apiVideo({ apiKey: 'k', baseURL: 'ws.api.video' })).toThrow();
  });
});

describe('apiVideo with a delegated upload token', () => {
  const file = (text = 'a film') => {
    const form = new FormData();
    form.append('file', new Blob([text]), 'film.mp4');
    return form;
  };
  /** A token as an owner of the account makes it, for a page that has no account. */
  async function delegated(options: Options = {}) {
    const { server, api: owner, session } = await signedIn();
    const { token } = (await owner.post('/upload-tokens', { ttl: 0 })).data as { token: string };
    session.close();
    const key = options.apiKey === false ? {} : { apiKey: server.apiKey };
    const api = axios.create({ baseURL: server.url, ...options.axios });
    const source = apiVideo({ ...key, delegatedToken: token, baseURL: server.url });
    const page = closeAtEnd(bearer(api, { ...options, source }));
    server.reset();
    const came: { path: string; query: object; authorization: string | undefined }[] = [];
    server.fault(({ path, query, headers }) => {
      came.push({ path, query: { ...query }, authorization: headers.authorization });
      return false;
    }, 'hang');
    return { server, api, token, page, came };
  }

  it('uploads with ?token= and no Bearer, asks for no access token, and tells why: source', async () => {
    const { server, api, token, page, came } = await delegated();
    const seen = recordEvents(page);
    const { status, data } = await api.post('/upload', file());
    expect([status, data.source.bytes]).toEqual([201, 6]);
    expect(came).toEqual([{ path: '/upload', query: { token }, authorization: undefined }]);
    expect(server.stats).toMatchObject({ apiKey: 0, refresh: 0 });
    expect(seen).toMatchObject([['skipped', { method: 'post', reason: 'source' }]]);
    expect(JSON.stringify(seen)).not.toContain(token);
  });

  it('works with nothing but the delegated token, as in a browser', async () => {
    const { api } = await delegated({ apiKey: false, whenSignedOut: 'reject' });
    expect((await api.post('/upload', file())).status).toBe(201);
  });

  it('hands a 401 on: nothing is refreshed, nothing is sent again', async () => {
    const { server, api } = await delegated();
    server.fault('/upload', { status: 401 });
    const error = await failureOf(api.post('/upload', file()));
    expect([error.response.status, error.code]).toEqual([401, 'ERR_BAD_REQUEST']);
    expect(paths(server)).toEqual(['/upload']);
  });

  it('leaves every other request to the API key', async () => {
    const { server, api, came } = await delegated();
    await api.get('/videos');
    const { videoId } = (await api.post('/videos', { title: 'x' })).data;
    await api.post(`/videos/${videoId}/source`, file());
    expect(server.stats).toMatchObject({ apiKey: 1, ok: 3 });
    expect(came.filter(({ query }) => 'token' in query)).toEqual([]);
    expect(came.slice(1).every(({ authorization }) => authorization?.startsWith('Bearer at_'))).toBe(true);
  });

  it.each<[string, object | URLSearchParams]>([
    ['an object', { part: '1' }],
    ['URLSearchParams', new URLSearchParams({ part: '1' })],
  ])('keeps the params that the request has as %s', async (_, params) => {
    const { api, token, came } = await delegated();
    await api.post('/upload', file(), { params });
    expect(came).toMatchObject([{ query: { token, part: '1' } }]);
  });

  it.each<[string, () => object | URLSearchParams | undefined]>([
    ['no params', () => undefined],
    ['an object', () => ({ part: '1' })],
    ['URLSearchParams', () => new URLSearchParams({ part: '1' })],
  ])('is there once when a request is sent again by its config, with %s', async (_, makeParams) => {
    const { server, api, token, came } = await delegated();
    server.fault('/upload', { status: 503 });
    const failed = await failureOf(api.post('/upload', file(), { params: makeParams() }));
    expect((await api.request(failed.config)).status).toBe(201);
    expect(came.map(({ query }) => (query as { token: unknown }).token)).toEqual([token, token]);
  });

  it('leaves the caller’s own params object as it was', async () => {
    const { api } = await delegated();
    const params = { part: '1' };
    await api.post('/upload', file(), { params });
    expect(params).toEqual({ part: '1' });
  });

  it.each(['upload', '/upload', '/upload/', '/upload?part=1', '%origin%/upload'])('recognises %s', async (url) => {
    const { server, api, token, came } = await delegated();
    await codeOf(api.post(url.replace('%origin%', server.url), file()));
    expect(came).toMatchObject([{ query: { token } }]);
    expect(server.stats.apiKey).toBe(0);
  });

  it('recognises it under a baseURL with a path, and by config alone', async () => {
    const { server, api, token, came } = await delegated();
    await codeOf(api.request({ url: '/upload', method: 'POST', data: file() }));
    await codeOf(api.post('/upload', file(), { baseURL: `${server.url}/v1` }));
    expect(came).toMatchObject([{ query: { token } }, { path: '/v1/upload', query: { token } }]);
  });

  it.each(['/uploads', '/videos/upload-later', '/echo/uploaded'])('is not taken in by %s', async (url) => {
    const { api, came } = await delegated();
    await codeOf(api.post(url, {}));
    expect(came.filter(({ query }) => 'token' in query)).toEqual([]);
  });

  it('is not spent on a GET', async () => {
    const { api, came } = await delegated();
    await codeOf(api.get('/upload'));
    expect(came.filter(({ query }) => 'token' in query)).toEqual([]);
  });

  it('goes to its own origin only (L19)', async () => {
    const { api, token } = await delegated();
    const other = await startServer();
    const queries: object[] = [];
    other.fault(({ query }) => {
      queries.push({ ...query });
      return false;
    }, 'hang');
    await codeOf(api.post(`${other.url}/upload`, file()));
    expect(JSON.stringify(queries)).not.toContain(token);
    expect(queries).toHaveLength(1);
  });

  it('is off for a request that is left alone', async () => {
    const { api, came } = await delegated();
    await codeOf(api.post('/upload', file(), { bearer: false }));
    expect(came).toEqual([{ path: '/upload', query: {}, authorization: undefined }]);
  });
});
