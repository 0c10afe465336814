import { afterEach, describe, expect, it } from '@jest/globals';
import { isBearerError } from 'axios-bearer';
import type { ApiVideo, Clock } from 'axios-bearer/testing';
import {
  ALWAYS,
  anotherInstance,
  cleanUp,
  clientOf,
  failureOf,
  HOUR,
  hits,
  installClock,
  instantAt,
  MINUTE,
  QUICK,
  replayHeldAt,
  roundTrip,
  SECOND,
  startServer,
  statusOf,
  statusOrError,
  times,
  watchEvent,
} from '../../support/kit.js';

afterEach(cleanUp);

/** Paths that are as many targets. */
const TARGETS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => `/echo/${name}`);

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

/** The most of `moments` that any `ms` long stretch of time holds. */
function densest(moments: number[], ms: number): number {
  return Math.max(0, ...moments.map((from) => moments.filter((at) => at >= from && at < from + ms).length));
}

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
    const { failure, door } = await replayHeldAt('/echo/bad', server, api);
    expect((await api.get('/echo/good')).status).toBe(200);
    door.release();
    expect(statusOf(await failure)).toBe(401);
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
    const clock = installClock();
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
        // Past the hold-off, which no request passes: 1 ms, however fast the machine is.
        await clock.advance(2);
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
