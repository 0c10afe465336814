import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Clock as FrozenClock, withGlobal } from '@sinonjs/fake-timers';
import axios, { type AxiosError, type AxiosInstance, type AxiosRequestConfig } from 'axios';
import { isBearerError, memoryStore, type RefreshFunction, replayable } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import type { ApiVideo, Clock, Fault, Hold } from 'axios-bearer/testing';
import {
  ALWAYS,
  anotherInstance,
  cleanUp,
  clientOf,
  failureOf,
  HOUR,
  installClock,
  installWindow,
  instantAt,
  MINUTE,
  QUICK,
  refreshAt,
  roundTrip,
  SECOND,
  startServer,
  statusOrError,
  times,
  watchEvent,
} from '../support/kit.js';

let standing: FrozenClock | undefined;

afterEach(cleanUp);
afterEach(() => {
  standing?.uninstall();
  standing = undefined;
});

/** Time that stands still but for `advance`, so that not a millisecond is left to chance. Sockets work all the same. */
function frozen(): { advance(ms: number): Promise<unknown> } {
  const toFake = ['Date', 'performance', 'setTimeout', 'clearTimeout'] as const;
  const clock = withGlobal(globalThis).install({ now: Date.now(), toFake: [...toFake], shouldClearNativeTimers: true });
  standing = clock;
  return { advance: (ms) => clock.tickAsync(ms) };
}

/** Paths that are as many targets. */
const TARGETS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => `/echo/${name}`);

/** How often `path` was asked for. */
function hits({ log }: ApiVideo, path: string): number {
  return log.filter((entry) => entry.path === path).length;
}

/** One request after the other on a path that refuses every token, or on several in turn. */
async function poll(
  { api }: ReturnType<typeof clientOf>,
  n: number,
  { paths = ['/always-401'], pause = () => {} }: { paths?: string[]; pause?: () => unknown } = {},
): Promise<void> {
  for (let i = 0; i < n; i += 1) {
    expect(await failureOf(api.get(paths[i % paths.length]!))).toMatchObject({ response: { status: 401 } });
    await pause();
  }
}

/** Lets each of `TARGETS` refuse every token. */
function refuse(server: ApiVideo): () => void {
  return server.fault(({ path }) => TARGETS.includes(path), { status: 401 }, ALWAYS);
}

/** Refuses this token at every path, from now on. */
function refuseToken(server: ApiVideo, accessToken: string): () => void {
  return server.fault(({ headers }) => headers.authorization === `Bearer ${accessToken}`, { status: 401 }, ALWAYS);
}

/** By its answer: an error of the older axios versions has no `status` of its own. */
function statusOf({ response }: AxiosError): number | undefined {
  return response?.status;
}

/** The most of `moments` that any `ms` long stretch of time holds. */
function densest(moments: number[], ms: number): number {
  return Math.max(0, ...moments.map((from) => moments.filter((at) => at >= from && at < from + ms).length));
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
      const clock = frozen();
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
    const clock = frozen();
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
    frozen();
    const server = await startServer();
    const { api } = clientOf(server);
    server.expire();
    server.revokeRefreshTokens();
    expect(await failureOf(api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_REJECTED', response: { status: 401 } });
    expect(hits(server, '/echo')).toBe(1);
  });

  it('L6 shares the refreshes with all that wait for the same target, early or late', async () => {
    const clock = frozen();
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
    const clock = frozen();
    const server = await startServer({ now: () => 0 });
    const tokens = { ...server.issue(), expires_in: 60 };
    const { api, session } = clientOf(server, { tokens });
    await session.refresh();
    const waiting = watchEvent(session, 'waiting');
    await clock.advance(MINUTE + SECOND);
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

describe('refreshes that do not help', () => {
  it('L7 are two over 20 polls of one target, one poll after the other', async () => {
    const server = await startServer();
    const client = clientOf(server, { backoff: QUICK });
    const open = watchEvent(client.session, 'breakerOpen');
    await poll(client, 20);
    expect(server.stats.refresh).toBe(2);
    expect(open.all).toEqual([]);
  });

  it('L7 mark their target: the rest of the polls get their 401 at once', async () => {
    const server = await startServer();
    const client = clientOf(server, { backoff: QUICK });
    await poll(client, 20);
    // 5 sends of the first, and one of each other.
    expect(hits(server, '/always-401')).toBe(24);
  });

  it('L7 are bounded over polls of many targets, and it is told once for how long', async () => {
    const server = await startServer();
    const client = clientOf(server, { backoff: QUICK });
    const open = watchEvent(client.session, 'breakerOpen');
    refuse(server);
    await poll(client, 20, { paths: TARGETS });
    expect(server.stats.refresh).toBe(5);
    expect(open.all).toHaveLength(1);
    expect(open.all[0]!.retryAfter).toBeGreaterThan(25 * SECOND);
    expect(open.all[0]!.retryAfter).toBeLessThanOrEqual(30 * SECOND);
  });

  it.each([1, 3])('L7 are bounded by the limit one sets (%i)', async (limit) => {
    const server = await startServer();
    const client = clientOf(server, { backoff: QUICK, refreshWindow: { limit } });
    refuse(server);
    await poll(client, 10, { paths: TARGETS });
    expect(server.stats.refresh).toBe(limit);
  });

  it('L7 are bounded also with an instant refresh, and also when healthy requests come in between', async () => {
    const server = await startServer();
    const source = instantAt(server);
    const client = clientOf(server, { source, backoff: QUICK });
    for (let i = 0; i < 20; i += 1) {
      await poll(client, 1);
      expect((await client.api.get('/echo')).status).toBe(200);
    }
    expect(source.calls).toBeLessThanOrEqual(5);
  });

  it('L7 are bounded also when healthy requests run all the time beside', async () => {
    const server = await startServer();
    const source = instantAt(server);
    const client = clientOf(server, { source, backoff: QUICK });
    for (let i = 0; i < 20; i += 1) {
      const beside = times(4, (k) => client.api.get(`/echo/${k}`));
      await poll(client, 1);
      await Promise.all(beside);
    }
    expect(source.calls).toBeLessThanOrEqual(5);
  });

  it('L7 are bounded also when each new token serves somebody else before it is refused again', async () => {
    const server = await startServer();
    const source = instantAt(server);
    const client = clientOf(server, { source, backoff: QUICK });
    const served: Promise<unknown>[] = [];
    client.session.on('refreshed', () => void served.push(client.api.get('/echo')));
    server.fault('/always-401', { delay: 15 }, ALWAYS);
    await poll(client, 12);
    await Promise.all(served);
    expect(source.calls).toBeLessThanOrEqual(5);
  });

  it('L7 are bounded also without replays, or with one', async () => {
    for (const maxReplays of [0, 1]) {
      const server = await startServer();
      const client = clientOf(server, { maxReplays, backoff: QUICK });
      await poll(client, 20);
      expect(server.stats.refresh).toBeLessThanOrEqual(5);
    }
  });

  it('L7 are bounded over the whole session: all instances, all paths', async () => {
    const server = await startServer();
    const client = clientOf(server, { backoff: QUICK });
    const other = anotherInstance(client);
    refuse(server);
    for (let i = 0; i < 16; i += 1) await failureOf((i % 2 ? other : client.api).get(TARGETS[i % TARGETS.length]!));
    expect(server.stats.refresh).toBe(5);
  });

  it('L7 are two for a target at all instances of the session', async () => {
    const server = await startServer();
    const client = clientOf(server, { backoff: QUICK });
    const other = anotherInstance(client);
    for (let i = 0; i < 10; i += 1) await failureOf((i % 2 ? other : client.api).get('/always-401'));
    expect(server.stats.refresh).toBe(2);
  });

  it('L7 are bounded for a predicate that finds fault with every answer', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { backoff: QUICK, shouldRefresh: () => true });
    for (let i = 0; i < 10; i += 1) expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats.refresh).toBe(2);
    for (let i = 0; i < 16; i += 1) expect((await api.get(TARGETS[i % TARGETS.length]!)).status).toBe(200);
    expect(server.stats.refresh).toBe(5);
  });

  it('L7 are bounded with a source that answers with the same token again and again', async () => {
    const server = await startServer();
    const same = server.issue();
    let calls = 0;
    const source = async () => {
      calls += 1;
      return same;
    };
    const { api } = clientOf(server, { source, tokens: same, backoff: QUICK });
    server.expire();
    for (let i = 0; i < 20; i += 1)
      expect(await failureOf(api.get('/echo'))).toMatchObject({ response: { status: 401 } });
    expect(calls).toBeLessThanOrEqual(5);
    expect(server.stats.requests).toBeLessThanOrEqual(60);
  });

  it('L7 are bounded in any interval, not only in the first', async () => {
    const clock = installClock();
    const server = await startServer();
    const client = clientOf(server, { backoff: QUICK });
    refuse(server);
    await poll(client, 100, { paths: TARGETS, pause: () => clock.advance(1_500) });
    const moments = server.log.filter(({ path }) => path === '/auth/refresh').map(({ at }) => at);
    expect(densest(moments, 29 * SECOND)).toBeLessThanOrEqual(5);
    expect(moments.length).toBeGreaterThan(15); // it tries again after each interval
  });

  it('L7 are counted once each, not once for each request that waited', async () => {
    const server = await startServer();
    const { api, session } = clientOf(server, { backoff: QUICK, refreshWindow: { limit: 3 } });
    const open = watchEvent(session, 'breakerOpen');
    await Promise.all(times(100, () => failureOf(api.get('/always-401'))));
    expect(server.stats.refresh).toBe(2);
    expect(open.all).toEqual([]);
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
  });

  it('L7 are forgiven when the interval is over: the next 401 refreshes again', async () => {
    const clock = installClock();
    const server = await startServer();
    const client = clientOf(server, { backoff: QUICK });
    const stop = refuse(server);
    await poll(client, TARGETS.length, { paths: TARGETS });
    expect(server.stats.refresh).toBe(5);
    stop();
    server.expire();
    expect(statusOf(await failureOf(client.api.get('/echo')))).toBe(401);
    await clock.advance(31 * SECOND);
    expect((await client.api.get('/echo')).status).toBe(200);
    expect(server.stats.refresh).toBe(6);
  });
});

/** `/videos` below this path is marked, which an instance has as its baseURL; the session has proved its token since. */
async function markedBelow(path: string) {
  const server = await startServer();
  const client = clientOf(server, { backoff: QUICK });
  const nested = anotherInstance(client);
  nested.defaults.baseURL = server.url + path;
  server.fault(`${path}/videos`, { status: 401 }, ALWAYS);
  expect(statusOf(await failureOf(nested.get('/videos')))).toBe(401);
  expect((await client.api.get('/echo')).status).toBe(200);
  return { server, client };
}

describe('a marked target', () => {
  /** One of two refreshes that did not help. The token is good elsewhere. */
  async function marked(options: Parameters<typeof clientOf>[1] = {}) {
    const server = await startServer();
    const client = clientOf(server, { backoff: QUICK, ...options });
    await poll(client, 1);
    expect((await client.api.get('/echo')).status).toBe(200);
    expect(server.stats.refresh).toBe(2);
    server.reset();
    return { client, ...client };
  }

  it('L7 has its 401s handed on at once, as the server’s own error', async () => {
    const { server, api } = await marked();
    const error = await failureOf(api.get('/always-401'));
    expect(isBearerError(error)).toBe(false);
    expect(error).toMatchObject({ response: { status: 401 }, code: 'ERR_BAD_REQUEST' });
    expect(server.stats).toMatchObject({ requests: 1, refresh: 0 });
  });

  it('L7 costs the others nothing: their 401s are mended by one refresh each, at once', async () => {
    const { server, client, api } = await marked();
    for (let i = 1; i <= 10; i += 1) {
      server.expire();
      await poll(client, 2);
      expect((await api.get('/echo')).status).toBe(200);
      expect(server.stats).toMatchObject({ refresh: i, ok: i });
      expect(hits(server, '/echo')).toBe(2 * i);
    }
    expect(hits(server, '/always-401')).toBe(20);
  });

  it('L7 is another one than the same path with another method', async () => {
    const { server, api } = await marked();
    server.fault('/always-401', { json: {} }, ALWAYS);
    server.expire();
    server.fault('/always-401', { status: 401 });
    server.reset();
    expect(statusOf(await failureOf(api.get('/always-401')))).toBe(401);
    expect(server.stats.refresh).toBe(0);
    expect(statusOf(await failureOf(api.post('/always-401')))).toBe(401);
    expect(server.stats.refresh).toBeGreaterThan(0);
  });

  it('L7 is another one than the same URL below another baseURL: a target is a path', async () => {
    const { server, client } = await markedBelow('/echo');
    server.expire();
    expect(await statusOrError(client.api.get('/videos'))).toBe(200);
  });

  it('L7 is the same by whatever URL and baseURL its path is asked for', async () => {
    const { server, client } = await markedBelow('/echo');
    server.reset();
    server.fault('/echo/videos', { status: 401 }, ALWAYS);
    for (const url of ['/echo/videos', `${server.url}/echo/videos`, '/echo/videos?page=2']) {
      expect(statusOf(await failureOf(client.api.get(url)))).toBe(401);
    }
    expect(server.stats).toMatchObject({ requests: 3, refresh: 0 });
  });

  it.each([
    ['numbers', ['1', '22', '333']],
    ['UUIDs', ['9b2f6f0e-0a52-4f7e-9a3e-0d6f4ad1c001', '9B2F6F0E-0A52-4F7E-9A3E-0D6F4AD1C002']],
    ['hexadecimal', ['deadbeef', '0123456789abcdef', 'CAFEBABE']],
    ['what is longer than 24 characters', ['vi-4k0jvEUuaTdRAEjQ4Jfrgz', 'vi-4k0kvEUuaTdRAEjQ4Jfrgz-and-more']],
  ])('L7 has one mark for all paths that differ by %s', async (_, ids) => {
    const server = await startServer();
    const { api } = clientOf(server, { backoff: QUICK });
    server.fault('/echo/*', { status: 401 }, ALWAYS);
    for (const id of ids) expect(statusOf(await failureOf(api.get(`/echo/${id}/parts`)))).toBe(401);
    expect(server.stats.refresh).toBe(2);
  });

  it('L7 has no mark for paths that differ by a name', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { backoff: QUICK });
    server.fault('/echo/*', { status: 401 }, ALWAYS);
    for (const id of ['videos', 'vi-4k0jvEUuaTdRAEjQ4Jfrg']) await failureOf(api.get(`/echo/${id}`));
    expect(server.stats.refresh).toBe(3);
  });

  it('L7 is marked by one fresh token that others’ requests were accepted with', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { backoff: QUICK });
    server.fault('/echo/bad', { status: 401 }, ALWAYS);
    const refresh = server.hold('/auth/refresh');
    const request = failureOf(api.get('/echo/bad'));
    await refresh.arrived(1);
    const door = server.hold('/echo/bad');
    refresh.release();
    await door.arrived(1);
    expect((await api.get('/echo/good')).status).toBe(200);
    door.release();
    expect(statusOf(await request)).toBe(401);
    expect(server.stats.refresh).toBe(1);
    const before = hits(server, '/echo/bad');
    expect(statusOf(await failureOf(api.get('/echo/bad')))).toBe(401);
    expect([hits(server, '/echo/bad') - before, server.stats.refresh]).toEqual([1, 1]);
  });

  it('L7 is forgotten at its first accepted request', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { backoff: QUICK });
    const mend = server.fault('/echo', { status: 401 }, ALWAYS);
    for (let i = 0; i < 3; i += 1) expect(statusOf(await failureOf(api.get('/echo')))).toBe(401);
    expect(server.stats.refresh).toBe(2);
    mend();
    expect((await api.get('/echo')).status).toBe(200);
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats.refresh).toBe(3);
  });

  it.each([
    ['with a token that is good elsewhere', true],
    ['with a token that nobody has accepted', false],
  ])('L7 is forgotten after an interval, though it is polled all the time %s', async (_, isGood) => {
    const clock = installClock();
    const server = await startServer();
    const client = clientOf(server, { backoff: QUICK });
    await poll(client, 1);
    for (let second = 1; second <= 20; second += 1) {
      if (isGood) await client.api.get('/echo');
      await poll(client, 1);
      await clock.advance(SECOND);
    }
    expect(server.stats.refresh).toBe(2);
    await clock.advance(11 * SECOND);
    await poll(client, 1);
    expect(server.stats.refresh).toBeGreaterThan(2);
  });
});

describe('refreshes that helped', () => {
  it('L7 are never counted: 40 in a row, all well', async () => {
    const server = await startServer();
    const { api, session } = clientOf(server, { backoff: QUICK, refreshWindow: { limit: 1 } });
    const open = watchEvent(session, 'breakerOpen');
    for (let i = 0; i < 40; i += 1) {
      server.expire();
      expect((await api.get('/echo')).status).toBe(200);
    }
    expect(server.stats).toMatchObject({ refresh: 40, unauthorized: 40 });
    expect(open.all).toEqual([]);
  });

  it('L7 are never counted, also with an instant refresh and many requests at a time', async () => {
    const server = await startServer();
    const source = instantAt(server);
    const { api, session } = clientOf(server, { source, refreshWindow: { limit: 1 } });
    const open = watchEvent(session, 'breakerOpen');
    for (let i = 1; i <= 20; i += 1) {
      server.expire();
      await Promise.all(times(5, (k) => api.get(`/echo/${k}`)));
      expect(source.calls).toBe(i);
    }
    expect(open.all).toEqual([]);
  });

  it('L7 are never counted when nobody asked but the caller: refresh() by hand', async () => {
    const server = await startServer();
    const { api, session } = clientOf(server, { backoff: QUICK });
    for (let i = 0; i < 10; i += 1) await session.refresh();
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
  });

  it('L7 failures to reach the token endpoint are never counted', async () => {
    const server = await startServer();
    const { api, session } = clientOf(server, {
      backoff: { initial: 0, factor: 1, cap: 0 },
      refreshRetries: 0,
      refreshWindow: { limit: 1 },
    });
    const open = watchEvent(session, 'breakerOpen');
    server.expire();
    for (const fault of ['reset', { status: 503 }, 'html', 'truncated-json', 'reset-after-headers'] as const) {
      for (let i = 0; i < 3; i += 1) {
        server.fault('/auth/refresh', fault);
        expect(isBearerError(await failureOf(api.get('/echo')))).toBe(true);
      }
    }
    expect(server.stats.refresh).toBe(15);
    expect((await api.get('/echo')).status).toBe(200);
    expect(open.all).toEqual([]);
  });
});

describe('an open breaker', () => {
  /** Opens it for ten hours; the token has just been made. */
  async function opened(clock: Clock, options: Parameters<typeof clientOf>[1] = {}) {
    const server = await startServer({ now: () => 0 });
    const client = clientOf(server, { backoff: QUICK, refreshWindow: { limit: 2, interval: 10 * HOUR }, ...options });
    await poll(client, 1);
    expect(server.stats.refresh).toBe(2);
    server.reset();
    return { client, clock, ...client };
  }

  it('L7 hands the server’s 401 on at once, as the server’s own error', async () => {
    const { server, api } = await opened(installClock());
    const error = await failureOf(api.get('/always-401'));
    expect(isBearerError(error)).toBe(false);
    expect(error).toMatchObject({ response: { status: 401 }, code: 'ERR_BAD_REQUEST' });
    expect(server.stats).toMatchObject({ requests: 1, refresh: 0 });
  });

  it('L7 hands on a 401 of a target that is not marked, and that never accepted a token', async () => {
    const { server, api } = await opened(installClock());
    await api.get('/echo');
    server.expire();
    expect(statusOf(await failureOf(api.get('/videos')))).toBe(401);
    expect(server.stats).toMatchObject({ requests: 2, refresh: 0 });
  });

  it('L7 lets a target pass that had accepted a token, once per interval', async () => {
    const { server, api, clock } = await opened(installClock());
    await api.get('/echo');
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats.refresh).toBe(1);
    await clock.advance(10 * MINUTE);
    server.expire();
    expect(statusOf(await failureOf(api.get('/echo')))).toBe(401);
    expect(server.stats.refresh).toBe(1);
  });

  it('L7 lets a 401 of a token past its end start a refresh, even at a marked target', async () => {
    const { server, api, clock } = await opened(installClock());
    await api.get('/echo');
    const door = server.hold('/always-401');
    const request = failureOf(api.get('/always-401'));
    await door.arrived(1);
    await clock.advance(HOUR + MINUTE);
    expect(server.stats.refresh).toBe(0);
    door.release();
    expect(statusOf(await request)).toBe(401);
    expect(server.stats.refresh).toBe(1);
  });

  it('L7 lets requests with a live token go', async () => {
    const { server, api } = await opened(installClock());
    await Promise.all(times(10, (i) => api.get(`/echo/${i}`)));
    expect(server.stats).toMatchObject({ ok: 10, refresh: 0 });
  });

  it('L7 lets a refresh that is due by the clock pass: inside the leeway, behind the requests', async () => {
    const { server, api, clock, session } = await opened(installClock());
    const refreshed = watchEvent(session, 'refreshed');
    await clock.advance(56 * MINUTE);
    expect((await api.get('/echo')).status).toBe(200);
    await refreshed.count(1);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 0 });
  });

  it('L7 lets a refresh that is due by the clock pass: after the expiry, before the send', async () => {
    const { server, api, clock, session } = await opened(installClock());
    server.expire();
    await clock.advance(HOUR);
    expect((await api.get('/echo')).status).toBe(200);
    await clock.advance(HOUR);
    await session.token();
    expect(server.stats).toMatchObject({ refresh: 2, unauthorized: 0 });
  });

  it('L7 lets the timer’s refresh pass', async () => {
    const { server, clock } = await opened(installClock(), { keepFresh: true });
    await clock.advance(54 * MINUTE);
    expect(server.stats.refresh).toBe(0);
    // By the second, so that the answer on a real socket comes before the deadline by the fake clock.
    for (let i = 0; i < 60 && server.stats.refresh === 0; i += 1) {
      await clock.advance(SECOND);
      await roundTrip(server, 1);
    }
    expect(server.stats.refresh).toBe(1);
  });

  it('L7 refuses the one a caller asks for, and says when to come back', async () => {
    const { server, clock, session } = await opened(installClock(), { refreshWindow: { limit: 2, interval: MINUTE } });
    const refusal = await failureOf(session.refresh());
    expect(refusal).toMatchObject({
      code: 'ERR_BEARER_UNAVAILABLE',
      message: expect.stringContaining('refreshWindow'),
    });
    const { retryAfter = 0 } = refusal as { retryAfter?: number };
    expect(server.stats.refresh).toBe(0);
    await clock.advance(retryAfter - 1);
    await failureOf(session.refresh());
    await clock.advance(1);
    await session.refresh();
    expect(server.stats.refresh).toBe(1);
  });

  it('L7 lets the one a caller asks for pass when the token is past its end', async () => {
    const { server, clock, session } = await opened(installClock());
    await clock.advance(2 * HOUR);
    await session.refresh();
    expect(server.stats.refresh).toBe(1);
  });

  it('L7 stays open for 401s after such a refresh, until the interval is over', async () => {
    const { server, client, clock } = await opened(installClock());
    await clock.advance(HOUR);
    await client.api.get('/echo');
    expect(server.stats.refresh).toBe(1);
    await poll(client, 5);
    expect(server.stats.refresh).toBe(1);
    await clock.advance(10 * HOUR);
    await poll(client, 5);
    expect(server.stats.refresh).toBeGreaterThan(1);
  });

  it('L7 still replays a late 401 of an older generation', async () => {
    const { server, api, session } = await opened(installClock());
    const hold = server.hold('/echo/late');
    const late = api.get('/echo/late');
    await hold.arrived(1);
    server.expire();
    await session.update(server.issue());
    hold.release();
    expect((await late).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 0, unauthorized: 1 });
  });

  it('L7 closes with a new sign-in, which is a new start or bounded as before', async () => {
    const { server, client, session } = await opened(installClock());
    await session.signIn(server.issue());
    await poll(client, 10);
    expect(server.stats.refresh).toBeLessThanOrEqual(2);
  });
});

describe('a failed flight', () => {
  it.each([
    ['transient', 'ERR_BEARER_UNAVAILABLE', { status: 503 }],
    ['malformed', 'ERR_BEARER_TOKEN', { json: {} }],
    ['definite', 'ERR_BEARER_REJECTED', { status: 400, body: { error: 'invalid_grant' } }],
  ] as const)(
    'L8 (%s) rejects every waiter once: one code, message and cause, each in its own AxiosError',
    async (_, code, fault) => {
      const server = await startServer();
      const { api, session } = clientOf(server, { refreshRetries: 0 });
      server.fault('/auth/refresh', fault, ALWAYS);
      server.expire();
      const hold = server.hold('/auth/refresh');
      const waiting = watchEvent(session, 'waiting');
      const requests = times(30, (i) => failureOf(api.get(`/echo/${i}`, { headers: { 'x-i': i } })));
      const others = [failureOf(session.refresh()), failureOf(session.refresh())];
      await waiting.count(30);
      hold.release();
      const errors = await Promise.all(requests);
      const [first] = errors as [AxiosError];
      expect(first.code).toBe(code);
      for (const [i, error] of errors.entries()) {
        expect(axios.isAxiosError(error) && isBearerError(error)).toBe(true);
        expect(error).toMatchObject({ code, message: first.message, config: { url: `/echo/${i}` } });
        expect(error.cause).toEqual(first.cause);
        expect(error.response).toMatchObject({ status: 401, config: { url: `/echo/${i}` } });
      }
      expect(new Set(errors).size).toBe(30);
      for (const error of await Promise.all(others)) expect(error).toMatchObject({ code, message: first.message });
      expect(server.stats.refresh).toBe(1);
    },
  );

  it('L8 rejects those that were held before their first send too, with no response to show', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { refreshRetries: 0, tokens: { ...server.issue(), expires_in: 0 } });
    server.fault('/auth/refresh', { status: 503 });
    const errors = await Promise.all(times(10, (i) => failureOf(api.get(`/echo/${i}`))));
    for (const [i, error] of errors.entries()) {
      expect(axios.isAxiosError(error)).toBe(true);
      expect(error).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE', config: { url: `/echo/${i}` } });
      expect(error.response).toBeUndefined();
    }
    expect(server.stats).toMatchObject({ requests: 1, refresh: 1 });
  });

  it('L8 is not cached: once the backoff is over the next request tries again', async () => {
    const clock = installClock();
    const server = await startServer();
    const { api } = clientOf(server, { refreshRetries: 0 });
    server.fault('/auth/refresh', { status: 503 });
    server.expire();
    const { retryAfter } = await failureOf(api.get('/echo'));
    expect(Number.isInteger(retryAfter)).toBe(true); // timers cut fractions off: who waits just so long would be early
    await clock.advance(Math.ceil(retryAfter!));
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });

  it('L8 starts no storm: nobody tries sooner than the backoff says, be it request, token(), refresh() or timer', async () => {
    const clock = installClock();
    const server = await startServer({ now: () => 0 });
    const { api, session } = clientOf(server, {
      keepFresh: true,
      refreshRetries: 0,
      backoff: { initial: 10 * SECOND, factor: 2, cap: 30 * SECOND },
    });
    await session.token();
    server.fault('/auth/refresh', { status: 503 });
    server.expire();
    const first = await failureOf(api.get('/echo'));
    expect(first.retryAfter).toBeGreaterThanOrEqual(10 * SECOND);
    expect(first.retryAfter).toBeLessThanOrEqual(30 * SECOND);
    const after: Promise<unknown>[] = [];
    for (let i = 0; i < 9; i += 1) {
      after.push(
        statusOrError(api.get('/echo')),
        statusOrError(api.get('/echo')),
        session.refresh().catch(() => {}),
      );
      after.push(session.token({ minValidity: HOUR }).catch(() => {}));
      await roundTrip(server, 1);
      await clock.advance(SECOND);
    }
    await roundTrip(server);
    expect(server.stats.refresh).toBe(1);
    await clock.advance(Math.ceil(first.retryAfter! - 8 * SECOND));
    await Promise.all(after);
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });

  it('L8 behind the requests (leeway) rejects nobody, and is not tried again by each of the next 50', async () => {
    const clock = installClock();
    const server = await startServer({ now: () => 0 });
    const { api, session } = clientOf(server, {
      refreshRetries: 0,
      backoff: { initial: 10 * SECOND, factor: 2, cap: 30 * SECOND },
    });
    await session.token();
    const failed = watchEvent(session, 'refreshFailed');
    server.fault('/auth/refresh', { status: 503 }, ALWAYS);
    await clock.advance(56 * MINUTE);
    expect((await api.get('/echo')).status).toBe(200);
    await failed.count(1);
    for (let i = 0; i < 50; i += 1) expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, ok: 51 });
  });

  it('L8 leaves longer and longer gaps, up to the cap, within one flight', async () => {
    const clock = installClock();
    const server = await startServer();
    const backoff = { initial: SECOND, factor: 3, cap: 10 * SECOND };
    const { api, session } = clientOf(server, { refreshRetries: 4, backoff });
    const failed = watchEvent(session, 'refreshFailed');
    server.fault('/auth/refresh', { status: 503 }, { times: 4 });
    server.expire();
    const request = api.get('/echo');
    for (let i = 0; i < 4; i += 1) {
      await failed.count(i + 1);
      const { retryAfter } = failed.all[i]!;
      const least = Math.min(SECOND * 3 ** i, backoff.cap);
      expect(retryAfter).toBeGreaterThanOrEqual(least);
      expect(retryAfter).toBeLessThanOrEqual(Math.min(2 * least, backoff.cap)); // additive jitter below the cap
      await clock.advance(0.9 * retryAfter!);
      await roundTrip(server, 1);
      expect(server.stats.refresh).toBe(i + 1);
      await clock.advance(Math.ceil(0.1 * retryAfter!));
    }
    expect((await request).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 5, reuse: 0 });
  });

  it('L8 leaves longer and longer gaps from one flight to the next, and short ones again after a success', async () => {
    const clock = installClock();
    const server = await startServer();
    const { api } = clientOf(server, { refreshRetries: 0, backoff: { initial: SECOND, factor: 2, cap: 10 * SECOND } });
    server.expire();
    const gaps: number[] = [];
    server.fault('/auth/refresh', { status: 503 }, { times: 5 });
    for (let i = 0; i < 5; i += 1) {
      const { retryAfter } = await failureOf(api.get('/echo'));
      gaps.push(retryAfter!);
      await clock.advance(Math.ceil(retryAfter!));
    }
    for (const [i, gap] of gaps.entries()) expect(gap).toBeGreaterThanOrEqual(Math.min(SECOND * 2 ** i, 10 * SECOND));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(10 * SECOND);
    await api.get('/echo');
    server.expire();
    server.fault('/auth/refresh', { status: 503 });
    expect((await failureOf(api.get('/echo'))).retryAfter).toBeLessThan(2 * SECOND);
  });

  it('L8 tries refreshRetries times more, and then says so', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { refreshRetries: 2, backoff: QUICK });
    server.fault('/auth/refresh', { status: 503 }, ALWAYS);
    server.expire();
    expect(await failureOf(api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE' });
    expect(server.stats.refresh).toBe(3);
  });

  it.each(['one request waits', 'others came to wait meanwhile'])(
    'L8 tries again after its deadline too, where that can’t spend a refresh token twice, when %s',
    async (which) => {
      const clock = installClock();
      const server = await startServer({ rotate: false });
      const { api, session } = clientOf(server, { backoff: { initial: SECOND, factor: 1, cap: 2 * SECOND } });
      const [waiting, failed] = [watchEvent(session, 'waiting'), watchEvent(session, 'refreshFailed')];
      await session.refresh(); // brings no new refresh token
      server.fault('/auth/refresh', 'hang');
      server.expire();
      const requests = [statusOrError(api.get('/echo'))];
      await waiting.count(1);
      if (which !== 'one request waits') {
        await clock.advance(SECOND);
        requests.push(...times(5, () => statusOrError(api.get('/echo'))));
        await waiting.count(6);
      }
      await clock.advance(10 * SECOND);
      await failed.count(1);
      await clock.advance(3 * SECOND);
      expect(await Promise.all(requests)).toEqual(requests.map(() => 200));
      expect(server.stats.refresh).toBe(3);
    },
  );

  it('L8 does not try again after its deadline, where the refresh token may be spent, before 4 × refreshTimeout', async () => {
    const clock = installClock();
    const server = await startServer();
    const { api, session } = clientOf(server, { backoff: { initial: SECOND, factor: 1, cap: 2 * SECOND } });
    const [waiting, failed] = [watchEvent(session, 'waiting'), watchEvent(session, 'refreshFailed')];
    server.fault('/auth/refresh', 'hang');
    server.expire();
    const request = failureOf(api.get('/echo'));
    await waiting.count(1);
    await clock.advance(39 * SECOND);
    await roundTrip(server);
    expect(failed.all).toEqual([]);
    expect(server.stats.refresh).toBe(1);
    await clock.advance(2 * SECOND);
    await failed.count(1);
    await clock.advance(3 * SECOND); // the bound of the request is over, if it was not given up before
    expect(await request).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE', response: { status: 401 } });
    await clock.advance(3 * SECOND);
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats.refresh).toBe(2);
  });

  it('L8 does not spin on the timer while the source is down for an hour, and mends itself without a request', async () => {
    const clock = installClock();
    let down = true;
    let calls = 0;
    const server = await startServer({ now: () => 0 });
    const { session } = clientOf(server, {
      keepFresh: true,
      source: async () => {
        calls += 1;
        if (down) throw new Error('connect ECONNREFUSED');
        return server.issue();
      },
    });
    const before = await session.token();
    await clock.advance(2 * HOUR);
    expect(calls).toBeGreaterThan(100); // 65 minutes, at 30 s each at last
    expect(calls).toBeLessThan(400);
    down = false;
    await clock.advance(2 * MINUTE);
    expect(await session.token()).not.toBe(before);
  });

  it('L8 tells the source how many attempts in a row failed before', async () => {
    const server = await startServer();
    const attempts: number[] = [];
    const source: RefreshFunction = (token, ctx) => {
      attempts.push(ctx.attempt);
      return refreshAt(server)(token, ctx);
    };
    const { api } = clientOf(server, { source, backoff: QUICK });
    server.fault('/auth/refresh', { status: 503 }, { times: 2 });
    for (let i = 0; i < 2; i += 1) {
      server.expire();
      await api.get('/echo');
    }
    expect(attempts).toEqual([0, 1, 2, 0]);
  });
});

describe('a token endpoint that says when to come back', () => {
  const backoff = { initial: 1, factor: 1, cap: 30 * SECOND };

  it.each([
    ['Retry-After in seconds', () => ({ 'Retry-After': '7' }), 7],
    ['Retry-After as a date', () => ({ 'Retry-After': new Date(Date.now() + 9 * SECOND).toUTCString() }), 8],
    ['X-RateLimit-Retry-After', () => ({ 'X-RateLimit-Retry-After': '5' }), 5],
  ])('L8 is obeyed: 429 with %s', async (_, headers, seconds) => {
    const clock = installClock();
    const server = await startServer();
    const { api, session } = clientOf(server, { backoff });
    const failed = watchEvent(session, 'refreshFailed');
    server.fault('/auth/refresh', { status: 429, headers: headers() });
    server.expire();
    const request = api.get('/echo');
    await failed.count(1);
    expect(failed.all[0]!.retryAfter).toBeGreaterThan((seconds - 0.5) * SECOND); // the clock goes on meanwhile
    expect(failed.all[0]!.retryAfter).toBeLessThanOrEqual((seconds + 3) * SECOND);
    await clock.advance((seconds - 1.5) * SECOND);
    await roundTrip(server);
    expect(server.stats.refresh).toBe(1);
    await clock.advance(5 * SECOND);
    expect((await request).status).toBe(200);
    expect(server.stats.refresh).toBe(2);
  });

  it('L8 is obeyed with a 503 too', async () => {
    const clock = installClock();
    const server = await startServer();
    const { api, session } = clientOf(server, { backoff });
    const failed = watchEvent(session, 'refreshFailed');
    server.fault('/auth/refresh', { status: 503, headers: { 'Retry-After': '20' } });
    server.expire();
    const request = api.get('/echo');
    await failed.count(1);
    await clock.advance(19 * SECOND);
    await roundTrip(server);
    expect(server.stats.refresh).toBe(1);
    await clock.advance(6 * SECOND);
    expect((await request).status).toBe(200);
  });

  it.each([
    ['an hour', 'Retry-After', () => '3600'],
    ['a day', 'Retry-After', () => '86400'],
    ['a hundred years', 'Retry-After', () => String(100 * 365 * 86_400)],
    ['1e12', 'Retry-After', () => '1e12'],
    ['a date in a year', 'Retry-After', () => new Date(Date.now() + 365 * 24 * HOUR).toUTCString()],
    ['an epoch in s', 'X-RateLimit-Retry-After', () => String(Math.round(Date.now() / SECOND) + 5)],
    ['an epoch in ms', 'X-RateLimit-Retry-After', () => String(Date.now() + 5 * SECOND)],
  ])(
    'L8 is not waited for beyond the cap (%s), and obeyed for 5 min at most: a request fails at once and is told when to come back',
    async (_, name, wish) => {
      const clock = installClock();
      const server = await startServer();
      const { api, session } = clientOf(server, { backoff });
      server.fault('/auth/refresh', { status: 429, headers: { [name]: wish() } });
      server.expire();
      const error = await failureOf(api.get('/echo'));
      expect(error).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE', response: { status: 401 } });
      expect(error.retryAfter).toBeGreaterThan(5 * MINUTE - 10 * SECOND);
      expect(error.retryAfter).toBeLessThanOrEqual(5 * MINUTE);
      await clock.advance(5 * MINUTE - 10 * SECOND);
      const later = await failureOf(api.get('/echo'));
      expect(later).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE' });
      expect(later.retryAfter).toBeLessThanOrEqual(error.retryAfter! - 5 * MINUTE + 10 * SECOND);
      expect(server.stats.refresh).toBe(1);
      expect(session.state.status).toBe('active');
      await clock.advance(Math.ceil(later.retryAfter!));
      expect((await api.get('/echo')).status).toBe(200);
      expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
    },
  );

  it.each(['', 'soon', '-5', 'NaN', 'Infinity', '1e400', '99999999999999999999999999', '0', '0.001', '5, 10'])(
    'L8 does harm to nobody with an odd wish: "%s"',
    async (header) => {
      const server = await startServer();
      let calls = 0;
      const source: RefreshFunction = (token, ctx) => {
        calls += 1;
        return refreshAt(server)(token, ctx);
      };
      const { api } = clientOf(server, { source, backoff: { ...QUICK, initial: 5 }, refreshRetries: 2 });
      server.fault('/auth/refresh', { status: 429, headers: { 'Retry-After': header } }, ALWAYS);
      server.expire();
      const error = await failureOf(api.get('/echo'));
      expect(error).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE' });
      expect(Number.isFinite(error.retryAfter) && error.retryAfter! >= 0).toBe(true);
      expect(calls).toBeLessThanOrEqual(3);
    },
  );

  it('L8 leaves a live token in use meanwhile', async () => {
    const clock = installClock();
    const server = await startServer({ now: () => 0 });
    const { api, session } = clientOf(server, { backoff });
    await session.token();
    const failed = watchEvent(session, 'refreshFailed');
    await clock.advance(56 * MINUTE);
    server.fault('/auth/refresh', { status: 429, headers: { 'Retry-After': '3600' } }, ALWAYS);
    await api.get('/echo');
    await failed.count(1);
    await Promise.all(times(10, () => api.get('/echo')));
    expect(server.stats).toMatchObject({ ok: 11, refresh: 1 });
  });
});

describe('a backoff whose initial delay is 0', () => {
  it('L8 grows all the same, from 1 ms', async () => {
    const clock = installClock();
    const server = await startServer();
    const { api, session } = clientOf(server, { refreshRetries: 12, backoff: { initial: 0, factor: 2 } });
    const failed = watchEvent(session, 'refreshFailed');
    server.fault('/auth/refresh', { status: 503 }, { times: 12 });
    server.expire();
    const request = api.get('/echo');
    for (let i = 0; i < 12; i += 1) {
      await failed.count(i + 1);
      await clock.advance(failed.all[i]!.retryAfter!);
    }
    expect((await request).status).toBe(200);
    const delays = failed.all.map(({ retryAfter }) => retryAfter!);
    for (const [i, delay] of delays.entries()) expect(delay).toBeGreaterThanOrEqual(2 ** i);
    expect(server.stats).toMatchObject({ refresh: 13, reuse: 0 });
  });

  it('L8 keeps a thousand requests in a row from asking a source that fails at once a thousand times', async () => {
    let calls = 0;
    const source = async () => {
      calls += 1;
      throw new Error('connect ECONNREFUSED');
    };
    const server = await startServer();
    const tokens = { ...server.issue(), expires_in: 0 };
    const { session } = clientOf(server, { source, tokens, refreshRetries: 0, backoff: { initial: 0 } });
    for (let i = 0; i < 1_000; i += 1) {
      expect(await failureOf(session.token())).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE' });
    }
    expect(calls).toBeGreaterThan(0);
    expect(calls).toBeLessThan(30);
  });
});

describe('a hold-off that a network error began', () => {
  const backoff = { initial: 20 * SECOND, factor: 1, cap: 30 * SECOND };

  /** A refresh has failed by `fault`, and no other one may come for 20 s. */
  async function heldOff(fault: Fault, options: Parameters<typeof clientOf>[1] = {}) {
    const page = installWindow();
    const clock = installClock();
    const server = await startServer();
    const client = clientOf(server, { backoff, refreshRetries: 0, ...options });
    const failed = watchEvent(client.session, 'refreshFailed');
    server.fault('/auth/refresh', fault);
    server.expire();
    const first = statusOrError(client.api.get('/echo'));
    await failed.count(1);
    return { page, clock, first, ...client };
  }

  it('L8 is ended by the event online: the next request tries at once', async () => {
    const { page, server, api, first } = await heldOff('reset');
    expect(await first).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE' });
    expect(await failureOf(api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE' });
    expect(server.stats.refresh).toBe(1);
    page.goOnline();
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });

  it('L8 is ended by the event online for those that wait already, within the refresh under way', async () => {
    const { page, server, first } = await heldOff('reset', { refreshRetries: 3 });
    await roundTrip(server);
    expect(server.stats.refresh).toBe(1);
    page.goOnline();
    expect(await first).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });

  it('L8 is passed by session.refresh()', async () => {
    const { server, api, session, first } = await heldOff('reset');
    await first;
    await session.refresh();
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });

  it.each(['a success', 'close()'])('L8 leaves no listener behind after %s', async (end) => {
    const { page, session, first } = await heldOff('reset');
    await first;
    expect(page.listeners).toBe(1);
    await (end === 'close()' ? session.close() : session.refresh());
    expect(page.listeners).toBe(0);
  });

  it.each<[string, Fault]>([
    ['a Retry-After with 503', { status: 503, headers: { 'Retry-After': '20' } }],
    ['a Retry-After with 429', { status: 429, headers: { 'Retry-After': '20' } }],
    ['a Retry-After beyond the cap', { status: 429, headers: { 'Retry-After': '3600' } }],
    ['a 503, which a server has sent', { status: 503 }],
  ])('L8 is not one that began by %s: neither online nor session.refresh() passes it', async (_, fault) => {
    const { page, server, api, session, first } = await heldOff(fault);
    await first;
    page.goOnline();
    for (const asked of [failureOf(api.get('/echo')), failureOf(session.refresh())]) {
      const error = await asked;
      expect(error).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE' });
      expect(error.retryAfter).toBeGreaterThan(15 * SECOND);
    }
    expect(server.stats.refresh).toBe(1);
  });

  it('L8 is not passed by session.refresh() within a refresh that waits for a Retry-After, nor by online', async () => {
    const { page, clock, server, session, first } = await heldOff(
      { status: 503, headers: { 'Retry-After': '20' } },
      { refreshRetries: 3 },
    );
    page.goOnline();
    const asked = session.refresh();
    await roundTrip(server);
    expect(server.stats.refresh).toBe(1);
    await clock.advance(21 * SECOND);
    await asked;
    expect(await first).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });
});

describe('a definite failure', () => {
  it.each([400, 401, 403])(
    'L8 (%i) is remembered until sign-in: nothing asks the token endpoint again',
    async (status) => {
      const clock = installClock();
      const server = await startServer();
      const { api, session } = clientOf(server, { keepFresh: true });
      const [signedOut, failed] = [watchEvent(session, 'signedOut'), watchEvent(session, 'refreshFailed')];
      server.fault('/auth/refresh', { status }, ALWAYS);
      server.expire();
      expect(await failureOf(api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_REJECTED' });
      for (let i = 0; i < 20; i += 1) {
        await failureOf(api.get('/echo'));
        await failureOf(session.token());
        await failureOf(session.refresh());
      }
      await clock.advance(3 * HOUR);
      await failureOf(api.get('/echo'));
      expect(server.stats.refresh).toBe(1);
      expect(session.state).toMatchObject({ status: 'failed' });
      expect(signedOut.all).toEqual([{ reason: 'rejected' }]);
      expect(failed.all).toHaveLength(1);

      server.reset();
      await session.signIn(server.issue());
      expect((await api.get('/echo')).status).toBe(200);
      server.expire();
      expect((await api.get('/echo')).status).toBe(200);
      expect(server.stats.refresh).toBe(1);
    },
  );

  it('L8 of refresh token and API key both is remembered: each was asked once', async () => {
    const server = await startServer();
    const source = apiVideo({ apiKey: 'wrong', baseURL: server.url });
    const { api, session } = clientOf(server, { source });
    server.expire();
    server.revokeRefreshTokens();
    for (let i = 0; i < 20; i += 1) await failureOf(api.get('/echo'));
    expect(server.stats).toMatchObject({ refresh: 1, apiKey: 1 });
    await failureOf(session.signIn());
    expect(server.stats).toMatchObject({ refresh: 1, apiKey: 2 });
    await session.signIn(server.issue());
    expect((await api.get('/echo')).status).toBe(200);
  });

  it('L8 of an API key that never worked is remembered: 20 requests ask once, signIn() asks anew', async () => {
    const server = await startServer();
    const source = apiVideo({ apiKey: 'wrong', baseURL: server.url });
    const { api, session } = clientOf(server, { source, tokens: undefined });
    await Promise.all(times(10, () => failureOf(api.get('/echo'))));
    for (let i = 0; i < 10; i += 1) await failureOf(api.get('/echo'));
    expect(server.stats.apiKey).toBe(1);
    expect(await failureOf(session.signIn())).toMatchObject({ code: 'ERR_BEARER_REJECTED' });
    expect(server.stats.apiKey).toBe(2);
  });

  it('L8 is not remembered for longer than it is true: a dead refresh token with a good API key is no failure at all', async () => {
    const server = await startServer();
    const source = apiVideo({ apiKey: server.apiKey, baseURL: server.url });
    const { api, session } = clientOf(server, { source });
    const signedOut = watchEvent(session, 'signedOut');
    server.expire();
    server.revokeRefreshTokens();
    await Promise.all(times(20, (i) => api.get(`/echo/${i}`)));
    expect(server.stats).toMatchObject({ refresh: 1, apiKey: 1, ok: 20 });
    expect(signedOut.all).toEqual([]);
  });
});

/** In which order requests to `/echo/<i>` leave, by what reaches the adapter, and how many are there at once. */
function departures(api: AxiosInstance) {
  const seen = { left: [] as number[], most: 0 };
  let now = 0;
  const send = axios.getAdapter('http');
  api.defaults.adapter = (config) => {
    if (!config.url?.startsWith('/echo/')) return send(config);
    seen.left.push(Number(config.url.slice('/echo/'.length)));
    now += 1;
    seen.most = Math.max(seen.most, now);
    return send(config).finally(() => {
      now -= 1;
    });
  };
  return seen;
}

/** In which order they came. */
function arrivals({ log }: ApiVideo): number[] {
  return log.filter(({ path }) => path.startsWith('/echo/')).map(({ path }) => Number(path.slice('/echo/'.length)));
}

/** `n` requests that met a 401 one after the other, and now wait for a refresh in the test's hands. Time stands still. */
async function waitingForReplay(
  n: number,
  options: Parameters<typeof clientOf>[1] = {},
  configOf: (i: number) => AxiosRequestConfig = () => ({}),
) {
  const clock = frozen();
  const server = await startServer();
  const client = clientOf(server, options);
  const seen = departures(client.api);
  const waiting = watchEvent(client.session, 'waiting');
  const doors = times(n, (i) => server.hold(`/echo/${i}`));
  const requests = times(n, (i) => statusOrError(client.api.get(`/echo/${i}`, configOf(i))));
  for (const door of doors) await door.arrived(1);
  server.expire();
  const refresh = server.hold('/auth/refresh');
  for (const [i, door] of doors.entries()) {
    door.release();
    await waiting.count(i + 1); // so that their order is beyond doubt
  }
  expect(waiting.all.map(({ after }) => after)).toEqual(times(n, () => '401'));
  Object.assign(seen, { left: [], most: 0 });
  return { clock, seen, refresh, requests, ...client };
}

/** How many wait at the door when no more come. */
async function crowd(server: ApiVideo, door: Hold, expected: number): Promise<number> {
  await door.arrived(expected);
  await roundTrip(server);
  return door.waiting;
}

describe('replays', () => {
  it('L9 leave first come first served: one at a time, they come in that order', async () => {
    const { server, requests } = await waitingForReplay(60, { replayConcurrency: 1 });
    server.reset(); // lets the refresh in, and counts anew
    expect(await Promise.all(requests)).toEqual(times(60, () => 200));
    expect(arrivals(server)).toEqual(times(60, (i) => i));
    expect(server.stats.maxInFlight).toBe(1);
  });

  it.each([
    [2, { replayConcurrency: 2 }],
    [8, { replayConcurrency: 8 }],
    [64, {}],
  ])('L9 leave first come first served, %i at a time and no more, with the options %j', async (n, options) => {
    const { seen, server, refresh, requests } = await waitingForReplay(100, options);
    const door = server.hold('/echo/*');
    refresh.release();
    expect(await crowd(server, door, n)).toBe(n);
    door.release();
    expect(await Promise.all(requests)).toEqual(times(100, () => 200));
    expect(seen).toEqual({ left: times(100, (i) => i), most: n });
  });

  it('L9 that fail give their place to the next', async () => {
    const { api, server, refresh, requests } = await waitingForReplay(20, { replayConcurrency: 2 });
    for (let i = 0; i < 8; i += 1) server.fault(`/echo/${i}`, i % 2 ? 'reset' : { status: 500 }, ALWAYS);
    refresh.release();
    expect((await Promise.all(requests)).map((end) => end === 200)).toEqual(times(20, (i) => i >= 8));
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
  });

  it('L9 keep their place for a second at most: answers that take long stop nobody', async () => {
    const { clock, seen, server, refresh, requests } = await waitingForReplay(6, { replayConcurrency: 2 });
    const door = server.hold('/echo/*');
    refresh.release();
    expect(await crowd(server, door, 2)).toBe(2);
    await clock.advance(SECOND - 1);
    expect(await crowd(server, door, 2)).toBe(2);
    await clock.advance(1);
    expect(await crowd(server, door, 4)).toBe(4);
    await clock.advance(SECOND);
    expect(await crowd(server, door, 6)).toBe(6);
    door.release();
    expect(await Promise.all(requests)).toEqual(times(6, () => 200));
    expect(seen).toEqual({ left: times(6, (i) => i), most: 6 });
  });

  it('L9 bear the token of the moment at which their turn comes', async () => {
    const { server, session, refresh, requests } = await waitingForReplay(6, { replayConcurrency: 2 });
    const door = server.hold('/echo/*');
    refresh.release();
    await door.arrived(2);
    await session.refresh();
    const replayed = watchEvent(session, 'replayed');
    const token = await session.token();
    const bore: unknown[] = [];
    server.fault(({ path, headers }) => path.startsWith('/echo/') && bore.push(headers.authorization) < 0, 'hang');
    door.release();
    expect(await Promise.all(requests)).toEqual(times(6, () => 200));
    expect(replayed.all.map(({ generation }) => generation)).toEqual(times(4, () => 3));
    expect(bore.slice(2)).toEqual(times(4, () => `Bearer ${token}`));
  });

  it('L9 that are aborted on the wire or in the queue give their place to the next', async () => {
    const aborters = times(12, () => new AbortController());
    const signalOf = (i: number) => ({ signal: aborters[i]!.signal });
    const { server, refresh, requests } = await waitingForReplay(12, { replayConcurrency: 2 }, signalOf);
    const door = server.hold('/echo/*');
    refresh.release();
    await door.arrived(2);
    for (const i of [0, 1, 2, 3, 4, 5]) aborters[i]!.abort();
    for (const i of [0, 1, 2, 3, 4, 5]) expect(await requests[i]).toMatchObject({ code: 'ERR_CANCELED' });
    door.release();
    expect(await Promise.all(requests.slice(6))).toEqual(times(6, () => 200));
  });

  it('L9 whose body is made anew and fails to be gives its place to the next', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { replayConcurrency: 1, backoff: QUICK });
    let bodies = 0;
    const body = replayable(() => {
      bodies += 1;
      if (bodies > 1) throw new Error('no second body');
      return Readable.from(['once']);
    });
    server.expire();
    expect(await failureOf(api.post('/echo', body))).toMatchObject({ message: 'no second body' });
    server.expire();
    expect(await Promise.all(times(5, (i) => statusOrError(api.get(`/echo/${i}`))))).toEqual(times(5, () => 200));
  });

  it('L9 that meet a 401 again wait again, and stop nobody', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { replayConcurrency: 1, backoff: QUICK });
    server.expire();
    server.fault('/echo/0', { status: 401 }, { times: 2 });
    expect(await Promise.all(times(10, (i) => statusOrError(api.get(`/echo/${i}`))))).toEqual(times(10, () => 200));
  });
});

describe('a request that queues at the gate', () => {
  it.each([
    ['a newer one has come', 'waited before its first send'],
    ['a newer one has come', 'met a 401'],
    ['that one has ended', 'waited before its first send'],
    ['that one has ended', 'met a 401'],
  ])(
    'L9 bears the token of its turn, not the one that was there when it joined the queue, where %s, if it %s',
    async (what, how) => {
      const clock = installClock();
      const server = await startServer();
      const isHeld = how !== 'met a 401';
      const tokens = { ...server.issue(), ...(isHeld && { expires_in: 0 }) };
      const { api, session } = clientOf(server, { tokens, replayConcurrency: 1 });
      const waiting = watchEvent(session, 'waiting');
      const bore: unknown[] = [];
      const send = axios.getAdapter('http');
      api.defaults.adapter = (config) => {
        bore.push([config.url, config.headers.get('Authorization')]);
        return send(config);
      };
      const [all, refresh] = [server.hold('/echo/*'), server.hold('/auth/refresh')];
      server.expire();
      const requests = times(2, (i) => statusOrError(api.get(`/echo/${i}`)));
      if (!isHeld) await all.arrived(2);
      all.release();
      await waiting.count(2);
      const [first, second] = waiting.all.map(({ url }) => url) as [string, string];
      const door = server.hold(first);
      refresh.release();
      await door.arrived(1);
      if (what === 'that one has ended') clock.jump(2 * HOUR);
      else await session.refresh();
      door.release();
      expect(await Promise.all(requests)).toEqual([200, 200]);
      expect(bore.filter((each) => String(each).startsWith(second)).at(-1)).toEqual([
        second,
        `Bearer ${await session.token()}`,
      ]);
      expect(server.log.filter(({ path }) => path === second)).toHaveLength(isHeld ? 1 : 2);
      expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
    },
  );
});

describe('requests held before their first send', () => {
  it.each([
    ['for a first token', false],
    ['for a new one in place of an expired one', true],
  ])('L9 leave in order and paced, when they waited %s', async (_, expired) => {
    frozen(); // a place is given up with time
    const server = await startServer();
    const source = apiVideo({ apiKey: server.apiKey, baseURL: server.url });
    const tokens = expired ? { ...server.issue(), expires_in: 0 } : undefined;
    const { api } = clientOf(server, { source, tokens, replayConcurrency: 4 });
    const { left } = departures(api);
    const door = server.hold('/echo/*');
    const requests = times(60, (i) => api.get(`/echo/${i}`));
    expect(await crowd(server, door, 4)).toBe(4);
    door.release();
    await Promise.all(requests);
    expect(left).toEqual(times(60, (i) => i));
    expect(server.stats).toMatchObject({ unauthorized: 0 });
    expect(server.stats.maxInFlight).toBeLessThanOrEqual(5); // 1 is the round trip
  });

  it('L9 leave 64 at a time unless told otherwise', async () => {
    frozen(); // a place is given up with time
    const server = await startServer();
    const { api } = clientOf(server, { source: instantAt(server), tokens: { ...server.issue(), expires_in: 0 } });
    const door = server.hold('/echo/*');
    const requests = times(100, (i) => api.get(`/echo/${i}`));
    expect(await crowd(server, door, 64)).toBe(64);
    door.release();
    await Promise.all(requests);
  });

  it('L9 leave in exact order one at a time', async () => {
    const server = await startServer();
    const source = instantAt(server);
    const tokens = { ...server.issue(), expires_in: 0 };
    const { api } = clientOf(server, { source, tokens, replayConcurrency: 1 });
    await Promise.all(times(40, (i) => api.get(`/echo/${i}`)));
    expect(arrivals(server)).toEqual(times(40, (i) => i));
    expect(server.stats.maxInFlight).toBe(1);
  });

  it('L9 leave in order and paced, when they waited for the store', async () => {
    frozen(); // a place is given up with time
    const server = await startServer();
    const store = memoryStore();
    const { access_token: accessToken } = server.issue();
    await store.write({ version: 1, id: 'i', session: 's', token: { accessToken, issuedAt: Date.now() } });
    const { api } = clientOf(server, { store, tokens: undefined, replayConcurrency: 4 });
    const { left } = departures(api);
    const door = server.hold('/echo/*');
    const requests = times(40, (i) => api.get(`/echo/${i}`));
    expect(await crowd(server, door, 4)).toBe(4);
    door.release();
    await Promise.all(requests);
    expect(left).toEqual(times(40, (i) => i));
    expect(server.stats.unauthorized).toBe(0);
  });

  it('L9 whose request transform throws give their place to the next', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { tokens: { ...server.issue(), expires_in: 0 }, replayConcurrency: 1 });
    const transformRequest = () => {
      throw new Error('transform');
    };
    const ends = times(6, (i) =>
      statusOrError(i < 3 ? api.post('/echo', 'x', { transformRequest }) : api.get('/echo')),
    );
    for (const end of (await Promise.all(ends)).slice(0, 3)) expect(end).toMatchObject({ message: 'transform' });
    expect(await Promise.all(ends.slice(3))).toEqual([200, 200, 200]);
  });

  it('L9 that fail, or are aborted while they wait, give their place to the next', async () => {
    const server = await startServer();
    const tokens = { ...server.issue(), expires_in: 0 };
    const { api } = clientOf(server, { tokens, replayConcurrency: 1 });
    const hold = server.hold('/auth/refresh');
    const aborter = new AbortController();
    server.fault('/echo/1', 'reset');
    server.fault('/echo/2', { status: 500 });
    const ends = times(6, (i) => statusOrError(api.get(`/echo/${i}`, i === 0 ? { signal: aborter.signal } : {})));
    await hold.arrived(1);
    aborter.abort();
    expect(await ends[0]).toMatchObject({ code: 'ERR_CANCELED' });
    hold.release();
    expect((await Promise.all(ends)).map((end) => end === 200)).toEqual([false, false, false, true, true, true]);
  });
});
