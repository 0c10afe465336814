import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosError, type AxiosRequestConfig } from 'axios';
import { isBearerError } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import type { ApiVideo } from 'axios-bearer/testing';
import {
  ALWAYS,
  cleanUp,
  clientOf,
  failureOf,
  freezeClock,
  hits,
  installClock,
  instantAt,
  QUICK,
  roundTrip,
  rules,
  SECOND,
  startClient,
  startServer,
  statusOf,
  statusOrError,
  times,
  watchEvent,
} from '../support/kit.js';

afterEach(cleanUp);

/** Refuses this token at every path, from now on. */
function refuseToken(server: ApiVideo, accessToken: string): () => void {
  return server.fault(({ headers }) => headers.authorization === `Bearer ${accessToken}`, { status: 401 }, ALWAYS);
}

describe('a request', () => {
  it.each([
    [0, 1, 1],
    [1, 2, 1],
    [2, 3, 2],
    [3, 4, 2],
    [4, 5, 2],
  ])(
    'L6 is replayed at most maxReplays (%i) times, then the server’s own 401 goes to the caller',
    async (max, sent, refreshes) => {
      const server = await startServer();
      const { api, session } = clientOf(server, { maxReplays: max, backoff: QUICK });
      const [replayed, refreshed] = [watchEvent(session, 'replayed'), watchEvent(session, 'refreshed')];
      const error = await failureOf(api.get('/always-401'));
      expect(hits(server, '/always-401')).toBe(sent);
      expect(replayed.all.map(({ replay }) => replay)).toEqual(times(max, (i) => i + 1));
      expect(axios.isAxiosError(error)).toBe(true);
      expect(isBearerError(error)).toBe(false);
      expect(error).toMatchObject({ code: 'ERR_BAD_REQUEST', config: { url: '/always-401' } });
      expect(statusOf(error)).toBe(401);
      expect(error.response?.data).toMatchObject({ type: expect.stringContaining('authentication-invalid-token') });
      // Without replays it is refreshed all the same, behind the request.
      await refreshed.count(refreshes);
      expect(server.stats.refresh).toBe(refreshes);
    },
  );

  it('L6 is replayed four times unless told otherwise', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { backoff: QUICK });
    expect(statusOf(await failureOf(api.get('/always-401')))).toBe(401);
    expect([hits(server, '/always-401'), server.stats.refresh]).toEqual([5, 2]);
  });

  it('L6 is not replayed for ever, however many replays are allowed: a fresh token refused is refreshed once more', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { maxReplays: 100, backoff: QUICK });
    expect(statusOf(await failureOf(api.get('/always-401')))).toBe(401);
    expect(server.stats.refresh).toBe(2);
    expect(hits(server, '/always-401')).toBe(5);
  });

  it.each([
    ['get', 5, 2],
    ['head', 5, 2],
    ['options', 5, 2],
    ['post', 2, 1],
    ['put', 2, 1],
    ['patch', 2, 1],
    ['delete', 2, 1],
  ])('L6 with the method %s, whose 401 does not say why, is sent %i times at most', async (method, sent, refreshes) => {
    const server = await startServer();
    const { api } = clientOf(server, { maxReplays: 100, backoff: QUICK });
    server.fault('/echo', { status: 401 }, ALWAYS);
    expect(statusOf(await failureOf(api.request({ method, url: '/echo' })))).toBe(401);
    expect([hits(server, '/echo'), server.stats.refresh]).toEqual([sent, refreshes]);
  });

  it.each([
    ['Bearer error="invalid_token"', 5, 2],
    ['Bearer realm="api", error=invalid_token', 5, 2],
    ['Bearer error_description="error=invalid_token"', 2, 1],
    ['Bearer error="invalid_request"', 2, 1],
  ])(
    'L6 with the method post, refused with the challenge %s, is sent %i times at most',
    async (challenge, sent, refreshes) => {
      const server = await startServer();
      const { api } = clientOf(server, { backoff: QUICK });
      server.fault('/echo', { status: 401, headers: { 'WWW-Authenticate': challenge } }, ALWAYS);
      expect(statusOf(await failureOf(api.post('/echo', { a: 1 })))).toBe(401);
      expect([hits(server, '/echo'), server.stats.refresh]).toEqual([sent, refreshes]);
    },
  );

  it.each([2, 3])('L6 needs one refresh only where the token just made is not good yet: %i 401s', async (refusals) => {
    const server = await startServer();
    const { api } = clientOf(server, { backoff: QUICK });
    server.fault('/echo', { status: 401 }, { times: refusals });
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
    expect(hits(server, '/echo')).toBe(refusals + 1);
  });

  it('L6 is mended by the second refresh when only the first new token was no good', async () => {
    const server = await startServer();
    const { api, session } = clientOf(server, { backoff: QUICK });
    const off = session.on('refreshed', () => {
      off();
      server.expire();
    });
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
    expect(hits(server, '/echo')).toBe(5);
  });

  it.each([
    ['the default backoff', {}, 250, SECOND],
    ['an initial delay of 100 ms', { initial: 100, factor: 7 }, 100, 400],
    ['a cap of 300 ms', { cap: 300 }, 250, 300],
    ['a cap below the initial delay', { initial: 20 * SECOND, cap: 15 * SECOND }, 15 * SECOND, 15 * SECOND],
  ])(
    'L6 is sent at once with the new token, again after a pause, and after a longer one, by %s',
    async (_, backoff, first, second) => {
      const clock = freezeClock();
      const server = await startServer();
      const { api, session } = clientOf(server, { backoff });
      const waiting = watchEvent(session, 'waiting');
      const request = failureOf(api.get('/always-401'));
      await waiting.count(2); // for the refresh, and by the 401 of the first replay
      await clock.advance(first - 1);
      await roundTrip(server);
      expect([hits(server, '/always-401'), server.stats.refresh]).toEqual([2, 1]);
      await clock.advance(1);
      await waiting.count(3);
      await clock.advance(second - 1);
      await roundTrip(server);
      expect([hits(server, '/always-401'), server.stats.refresh]).toEqual([3, 1]);
      await clock.advance(1);
      expect(statusOf(await request)).toBe(401); // with no pause before the last refresh, nor after
      expect([hits(server, '/always-401'), server.stats.refresh]).toEqual([5, 2]);
    },
  );

  it('L6 with the method post is sent again after 1 s where the first send bore a token just made', async () => {
    const clock = freezeClock();
    const server = await startServer();
    const source = apiVideo({ apiKey: server.apiKey, baseURL: server.url });
    const { api, session } = clientOf(server, { source, tokens: undefined });
    await session.token();
    const waiting = watchEvent(session, 'waiting');
    server.fault('/echo', { status: 401 });
    const request = api.post('/echo', { a: 1 });
    await waiting.count(1);
    await clock.advance(SECOND - 1);
    await roundTrip(server);
    expect(hits(server, '/echo')).toBe(1);
    await clock.advance(1);
    expect((await request).status).toBe(200);
    expect([hits(server, '/echo'), server.stats.refresh]).toEqual([2, 0]);
  });

  it('L6 adds no pause where the refresh is refused for good', async () => {
    freezeClock();
    const server = await startServer();
    const { api } = clientOf(server);
    server.expire();
    server.revokeRefreshTokens();
    expect(await failureOf(api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_REJECTED', response: { status: 401 } });
    expect(hits(server, '/echo')).toBe(1);
  });

  it('L6 shares the refreshes with all that wait for the same target, early or late', async () => {
    const clock = freezeClock();
    const server = await startServer();
    const { api, session } = clientOf(server, { backoff: { initial: 20 * SECOND, factor: 1, cap: 25 * SECOND } });
    const [waiting, refreshed] = [watchEvent(session, 'waiting'), watchEvent(session, 'refreshed')];
    server.fault('/echo/*', { status: 401 }, ALWAYS);
    const refresh = server.hold('/auth/refresh');
    const requests = times(20, (i) => statusOrError(api.get(`/echo/${i}`)));
    await waiting.count(20);
    refresh.release();
    await waiting.count(40); // by the 401s of the first replays
    expect(server.stats.refresh).toBe(1);
    await clock.advance(20 * SECOND);
    await waiting.count(60);
    const late = server.hold(({ path }) => path.startsWith('/echo/1'));
    await clock.advance(25 * SECOND);
    await late.arrived(11);
    await refreshed.count(2);
    late.release(); // their 401s come when the newer token is there
    const statuses = (await Promise.all(requests)).map((end) => (typeof end === 'number' ? end : statusOf(end)));
    expect(new Set(statuses)).toEqual(new Set([401]));
    expect(server.stats.refresh).toBe(2);
    for (let i = 0; i < 20; i += 1) expect([4, 5]).toContain(hits(server, `/echo/${i}`));
  });

  it('L6 that asks for no replay is sent once and gets the 401', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { backoff: QUICK });
    expect(statusOf(await failureOf(api.get('/always-401', { bearer: { replay: false } })))).toBe(401);
    expect(hits(server, '/always-401')).toBe(1);
  });

  it('L6 gets its answer back when a predicate finds fault with every answer, 2xx too', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { backoff: QUICK, shouldRefresh: () => true });
    expect((await api.get('/echo')).status).toBe(200);
    expect(hits(server, '/echo')).toBe(5);
    expect(server.stats.refresh).toBe(2);
  });

  it.each([
    ['get', 2, 1],
    ['put', 2, 1],
    ['delete', 2, 1],
    ['post', 1, 1],
    ['patch', 1, 1],
  ])(
    'L6 with the method %s, which got no answer, is sent %i times where shouldRefreshOnError says so',
    async (method, sent, refreshes) => {
      const server = await startServer();
      const { api, session } = clientOf(server, { shouldRefreshOnError: () => true, backoff: QUICK });
      const refreshed = watchEvent(session, 'refreshed');
      server.fault('/echo', 'reset');
      const request = api.request({ method, url: '/echo' });
      if (sent === 1) expect(await failureOf(request)).toMatchObject({ code: 'ECONNRESET' });
      else expect((await request).status).toBe(200);
      await refreshed.count(refreshes);
      expect([hits(server, '/echo'), server.stats.refresh]).toEqual([sent, refreshes]);
    },
  );

  it('L6 is counted for itself: a config that was refused to the end has its replays again when it is sent again', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { backoff: QUICK });
    const remove = server.fault('/echo', { status: 401 }, ALWAYS);
    const { config } = await failureOf(api.get('/echo'));
    remove();
    expect((await api.get('/echo')).status).toBe(200); // its target is not marked any more
    server.expire();
    expect((await api.request(config!)).status).toBe(200);
  });
});

describe('the token before', () => {
  /** Refreshed ahead of the expiry: the server does not take the new token yet. */
  async function early() {
    const server = await startServer();
    const client = clientOf(server, { backoff: QUICK });
    const before = await client.session.token();
    await client.session.refresh();
    const after = await client.session.token();
    expect(after).not.toBe(before);
    const accept = refuseToken(server, after);
    return { before, after, accept, ...client };
  }

  it.each(['get', 'post'])(
    'L6 serves a %s while the new one is not accepted yet, and costs no refresh',
    async (method) => {
      const { server, api, accept } = await early();
      for (let i = 1; i <= 3; i += 1) {
        expect((await api.request({ method, url: '/echo' })).status).toBe(200);
        expect([hits(server, '/echo'), server.stats.refresh]).toEqual([2 * i, 1]);
      }
      accept();
      expect((await api.request({ method, url: '/echo' })).status).toBe(200);
      expect([hits(server, '/echo'), server.stats.refresh]).toEqual([7, 1]);
    },
  );

  it('L6 serves no more once the new one was accepted', async () => {
    const { server, api, before, accept } = await early();
    accept();
    expect((await api.get('/echo')).status).toBe(200);
    refuseToken(server, before);
    server.fault('/echo', { status: 401 });
    expect((await api.get('/echo')).status).toBe(200);
    expect([hits(server, '/echo'), server.stats.refresh]).toEqual([3, 2]);
  });

  it('L6 serves no more once it was refused too: then one refresh mends it', async () => {
    const { server, api, before } = await early();
    refuseToken(server, before);
    expect((await api.get('/echo')).status).toBe(200);
    expect([hits(server, '/echo'), server.stats.refresh]).toEqual([5, 2]);
  });

  it('L6 serves no more past its end', async () => {
    const clock = freezeClock();
    const server = await startServer({ now: () => 0 });
    const tokens = { ...server.issue(), expires_in: 60 };
    const { api, session } = clientOf(server, { tokens });
    await clock.advance(50 * SECOND);
    await session.refresh();
    const waiting = watchEvent(session, 'waiting');
    await clock.advance(11 * SECOND);
    const accept = refuseToken(server, await session.token());
    const request = api.get('/echo');
    await waiting.count(1); // for the pause
    accept();
    await clock.advance(250);
    expect((await request).status).toBe(200);
    expect([hits(server, '/echo'), server.stats.refresh]).toEqual([2, 1]);
  });
});

describe('a token that was made and is no good at all', () => {
  it.each<[string, Parameters<typeof clientOf>[1], AxiosRequestConfig]>([
    ['POSTs that are sent twice', {}, { method: 'post' }],
    ['requests that are replayed once', { maxReplays: 1 }, {}],
    ['requests that are never replayed', { maxReplays: 0 }, {}],
    ['requests that ask for no replay', {}, { bearer: { replay: false } }],
  ])('L6 is replaced in the end where there are nothing but %s', async (_, options, config) => {
    const server = await startServer();
    const { api, session } = clientOf(server, { backoff: QUICK, ...options });
    refuseToken(server, await session.token());
    await session.refresh();
    refuseToken(server, await session.token());
    const ends: (number | AxiosError)[] = [];
    for (let i = 0; i < 5 && ends.at(-1) !== 200; i += 1) {
      ends.push(await statusOrError(api.request({ url: '/echo', ...config })));
      await roundTrip(server);
    }
    expect(ends.at(-1)).toBe(200);
  });
});

it.each(['post', 'delete'])(
  'L6 a %s that a redirect has made a GET of was done: it is not sent again',
  async (method) => {
    const { server, api, session } = await startClient({ defaults: { adapter: 'http' }, backoff: QUICK });
    const refreshed = watchEvent(session, 'refreshed').count(1);
    const seeOther = { redirect: `${server.url}/always-401`, status: 303 };
    server.fault('/echo', seeOther);
    expect((await failureOf(api.request({ method, url: '/echo' }))).response.status).toBe(401);
    // For the requests that come next.
    await refreshed;
    expect([hits(server, '/echo'), server.stats.refresh]).toEqual([1, 1]);
  },
);

it('L6 a request whose method an interceptor wrote in upper case is sent again as any other', async () => {
  const { server, api } = await startClient({ backoff: QUICK });
  api.interceptors.request.use((config) => Object.assign(config, { method: config.method?.toUpperCase() }));
  server.expire();
  expect((await api.post('/echo', { a: 1 })).status).toBe(200);
  expect(hits(server, '/echo')).toBe(2);
  server.fault('/videos', { status: 401 }, ALWAYS);
  expect((await failureOf(api.get('/videos'))).response.status).toBe(401);
  expect(hits(server, '/videos')).toBe(5);
});

describe.each(rules)('L6 Refreshes that do not help, by %s', (_, options) => {
  it('L6 send one request at most four times more', async () => {
    const { server, api } = await startClient({ backoff: QUICK, maxReplays: 10, ...options });
    expect((await failureOf(api.get('/always-401'))).response.status).toBe(401);
    expect(server.stats).toMatchObject({ refresh: 2, unauthorized: 5 });
  });

  it('L6 send a POST at most once more, where nothing says that it was not done', async () => {
    const { server, api } = await startClient({ backoff: QUICK, maxReplays: 10, ...options });
    server.fault('/echo', { status: 401 }, ALWAYS);
    expect((await failureOf(api.post('/echo', { a: 1 }))).response.status).toBe(401);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 2 });
  });
});

it('L6 a POST that is refused twice is not sent a third time, whatever tokens others have had made meanwhile', async () => {
  const { server, api, session } = await startClient({ backoff: QUICK });
  server.fault('/echo/post', { status: 401 }, ALWAYS);
  const door = server.hold('/echo/post');
  const posted = failureOf(api.post('/echo/post', {}));
  await door.arrived(1);
  await session.refresh();
  door.release();
  const again = server.hold('/echo/post');
  await again.arrived(1);
  await session.refresh();
  again.release();
  expect(statusOf(await posted)).toBe(401);
  expect(hits(server, '/echo/post')).toBe(2);
});

it.each(['get', 'post', 'put', 'delete'])(
  'L6 a %s is mended by a refresh where its token was made long ago, though no request has borne it yet',
  async (method) => {
    const clock = installClock();
    const server = await startServer();
    const { api, session } = clientOf(server, { source: instantAt(server) });
    await api.get('/echo');
    await session.refresh();
    await clock.advance(31 * SECOND);
    server.expire();
    const answers = await Promise.all(times(3, (i) => api.request({ method, url: `/echo/${i}` })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(server.stats.unauthorized).toBe(3);
  },
);
