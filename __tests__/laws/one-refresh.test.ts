import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosError } from 'axios';
import { type Lock, memoryStore, type RefreshFunction, type TokenStore } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import type { ApiVideo } from 'axios-bearer/testing';
import {
  ALWAYS,
  anotherInstance,
  cleanUp,
  clientOf,
  deferred,
  failureOf,
  HOUR,
  installClock,
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
  watchStore,
} from '../support/kit.js';

afterEach(cleanUp);

describe('one flight per session', () => {
  it('L1 refreshes once for 100 concurrent requests whose token expired on the server', async () => {
    const server = await startServer();
    const { api } = clientOf(server);
    server.expire();
    const answers = await Promise.all(times(100, (i) => statusOrError(api.get(`/echo/${i}`))));
    expect(new Set(answers)).toEqual(new Set([200]));
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0, ok: 100 });
  });

  it('L1 refreshes once for 100 requests whose token expired by the clock, and sends none of them with the old one', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { tokens: { ...server.issue(), expires_in: 0 } });
    await Promise.all(times(100, (i) => api.get(`/echo/${i}`)));
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0, ok: 100, unauthorized: 0 });
  });

  it('L1 claims the flight in the very tick that asks for it: whoever asks next joins', async () => {
    const server = await startServer();
    const { session } = clientOf(server);
    const begun = watchEvent(session, 'refreshing');
    const both = [session.refresh(), session.refresh()];
    expect(session.state.status).toBe('refreshing');
    await Promise.all(both);
    expect(begun.all).toHaveLength(1);
  });

  it.each(['the default store', 'a store of one’s own that turns out to be empty'])(
    'L1 obtains a first token once for 50 requests, token() and refresh() together, with %s',
    async (which) => {
      const server = await startServer();
      const source = apiVideo({ apiKey: server.apiKey, baseURL: server.url });
      const store = which === 'the default store' ? undefined : memoryStore();
      const { api, session } = clientOf(server, { source, tokens: undefined, store });
      const hold = server.hold('/auth/api-key');
      const asked = [...times(50, (i) => api.get(`/echo/${i}`)), session.token(), session.refresh()];
      const all = Promise.all(asked);
      await Promise.race([hold.arrived(1), all]);
      await roundTrip(server, 1);
      hold.release();
      await all;
      expect(server.stats).toMatchObject({ apiKey: 1, refresh: 0, ok: 51, unauthorized: 0 }); // 1 is the round trip's
    },
  );

  it('L1 asks once when signIn() is called twice at once: the refresh cookie they look for may be spent only once', async () => {
    const server = await startServer();
    const source = instantAt(server);
    const { api, session } = clientOf(server, { source, tokens: undefined });
    await Promise.all([session.signIn(), session.signIn(), api.get('/echo'), session.refresh()]);
    expect(source.calls).toBe(1);
    expect(server.stats).toMatchObject({ ok: 1, unauthorized: 0 });
  });

  it.each(['the timer', 'a request inside the leeway', 'a 401', 'refresh()', 'token({ minValidity })'] as const)(
    'L1 lets the timer, requests inside the leeway, late 401s, refresh() and token() share the flight that %s began',
    async (starter) => {
      const clock = installClock();
      // The server's clock stands still, so that only expire() ends a token there. The deadline must outlast the timer.
      const server = await startServer({ now: () => 0 });
      const limits = { keepFresh: true, leeway: 10 * MINUTE, refreshTimeout: 100 * HOUR };
      const { api, session } = clientOf(server, limits);
      const refreshing = watchEvent(session, 'refreshing');
      const before = await session.token();
      const late = server.hold('/echo/late*');
      const lateOnes = times(3, (i) => api.get(`/echo/late/${i}`));
      await late.arrived(3);
      const hold = server.hold('/auth/refresh');

      const begin = {
        'the timer': () => clock.advance(50 * MINUTE),
        'a request inside the leeway': async () => {
          clock.jump(52 * MINUTE);
          await api.get('/echo/leeway');
        },
        'a 401': () => {
          server.expire();
          return [api.get('/echo/refused')];
        },
        'refresh()': () => [session.refresh()],
        'token({ minValidity })': () => {
          clock.jump(15 * MINUTE);
          return [session.token({ minValidity: 50 * MINUTE })];
        },
      };
      const begun = begin[starter]();
      await hold.arrived(1);
      expect(refreshing.all).toHaveLength(1);

      const waiting = watchEvent(session, 'waiting');
      server.expire();
      late.release();
      await waiting.count(3);
      clock.jump(15 * MINUTE);
      const asked = [session.refresh(), session.refresh(), session.token({ minValidity: 50 * MINUTE })];
      const requests = times(3, (i) => api.get(`/echo/new/${i}`));
      await clock.advance(50 * MINUTE); // the timer of the old token is over by then
      await roundTrip(server);
      hold.release();

      const tokens = await Promise.all(asked);
      await Promise.all([begun, ...lateOnes, ...requests].flat());
      expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
      expect(refreshing.all).toHaveLength(1);
      const after = await session.token();
      expect(after).not.toBe(before);
      expect(new Set(tokens.map((token) => (typeof token === 'string' ? token : token.accessToken)))).toEqual(
        new Set([after]),
      );
    },
  );

  it('L1 shares one flight among many instances of one session', async () => {
    const server = await startServer();
    const client = clientOf(server);
    const instances = [client.api, ...times(4, () => anotherInstance(client))];
    server.expire();
    await Promise.all(instances.flatMap((api) => times(10, (i) => api.get(`/echo/${i}`))));
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0, ok: 50 });
  });

  it.each(['before the store was read', 'afterwards'])(
    'L1 claims the flight in the tick that asks for it, %s, with a source that answers in that very tick',
    async (when) => {
      const server = await startServer();
      const source = instantAt(server);
      const client = clientOf(server, { source, tokens: { ...server.issue(), expires_in: 0 } });
      const other = anotherInstance(client);
      const { api, session } = client;
      if (when === 'afterwards') {
        await session.refresh();
        source.calls = 0;
        server.expire();
      }
      const asked = [session.refresh(), session.refresh(), api.get('/echo'), other.get('/echo'), session.refresh()];
      await Promise.all(asked);
      expect(source.calls).toBe(1);
      expect(server.stats.unauthorized).toBeLessThanOrEqual(when === 'afterwards' ? 2 : 0);
    },
  );

  it('L1 lets a listener that asks for a token join the flight it was told of', async () => {
    const server = await startServer();
    const source = instantAt(server);
    const { api, session } = clientOf(server, { source });
    await session.token();
    const joined: Promise<unknown>[] = [];
    session.on('refreshing', () => {
      if (joined.length < 2) joined.push(session.refresh(), session.refresh());
    });
    session.on('waiting', () => void joined.push(session.refresh()));
    server.expire();
    await api.get('/echo');
    await Promise.all(joined);
    expect(joined).toHaveLength(3);
    expect(source.calls).toBe(1);
  });

  it('L1 does not let a listener of the news start the next flight by asking for a token', async () => {
    const server = await startServer();
    const source = instantAt(server);
    const { api, session } = clientOf(server, { source });
    const joined: Promise<unknown>[] = [];
    session.on('refreshed', () => void joined.push(session.token(), api.get('/echo')));
    const off = session.subscribe(() => void joined.push(session.token()));
    server.expire();
    await Promise.all(times(5, (i) => api.get(`/echo/${i}`)));
    off();
    await Promise.all(joined);
    expect(source.calls).toBe(1);
  });

  it('L1 begins a new flight for who asks after the last one ended', async () => {
    const server = await startServer();
    const { session } = clientOf(server);
    const first = await session.refresh();
    const second = await session.refresh();
    expect(second.accessToken).not.toBe(first.accessToken);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });
});

describe('a late 401', () => {
  it('L2 replays a late 401 of an older generation without a refresh', async () => {
    const server = await startServer();
    const { api } = clientOf(server);
    const hold = server.hold('/echo/late*');
    const late = times(20, (i) => api.get(`/echo/late/${i}`));
    await hold.arrived(20);
    server.expire();
    await api.get('/echo');
    hold.release();
    await Promise.all(late);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 21, ok: 21 });
  });

  it('L2 replays a late 401 of an older generation without a refresh, also when the refresh is instant', async () => {
    const server = await startServer();
    const source = instantAt(server);
    const { api } = clientOf(server, { source });
    const holds = times(5, (i) => server.hold(`/echo/late/${i}`));
    const late = times(5, (i) => api.get(`/echo/late/${i}`));
    await Promise.all(holds.map((hold) => hold.arrived(1)));
    server.expire();
    for (const [i, hold] of holds.entries()) {
      hold.release();
      await late[i];
    }
    expect(source.calls).toBe(1);
  });

  it('L2 counts one instant refresh for 200 requests whose 401s come one after the other', async () => {
    const server = await startServer();
    const source = instantAt(server);
    const { api } = clientOf(server, { source });
    for (let i = 0; i < 200; i += 1) server.fault(`/echo/${i}`, { delay: i / 4 });
    const first = server.hold('/echo*');
    const all = times(200, (i) => api.get(`/echo/${i}`));
    await first.arrived(200);
    server.expire();
    first.release();
    await Promise.all(all);
    expect(source.calls).toBe(1);
    expect(server.stats).toMatchObject({ unauthorized: 200, ok: 200 });
  });

  it('L2 judges the generation after the predicate: a 401 that shouldRefresh ponders may be late by then', async () => {
    const server = await startServer();
    const source = instantAt(server);
    const pondering = deferred();
    const { api } = clientOf(server, {
      source,
      shouldRefresh: async ({ status, config }) => {
        if (config.url === '/echo/slow' && status === 401) await pondering.promise;
        return status === 401;
      },
    });
    server.expire();
    const slow = api.get('/echo/slow');
    await api.get('/echo/quick');
    pondering.resolve();
    expect((await slow).status).toBe(200);
    expect(source.calls).toBe(1);
  });

  it('L2 does not refresh for a 401 that is several generations old', async () => {
    const server = await startServer();
    const { api, session } = clientOf(server);
    const hold = server.hold('/echo/late');
    const late = api.get('/echo/late');
    await hold.arrived(1);
    for (let i = 0; i < 3; i += 1) await session.refresh();
    // A token that was never accepted would be tried again before another is made (L6).
    await api.get('/echo');
    server.expire();
    await api.get('/echo');
    hold.release();
    expect((await late).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 4, unauthorized: 2 });
  });

  it('L2 does not refresh for a 401 of the generation before a manual refresh', async () => {
    const server = await startServer();
    const { api, session } = clientOf(server);
    const hold = server.hold('/echo/late');
    const late = api.get('/echo/late');
    await hold.arrived(1);
    server.expire();
    await session.refresh();
    hold.release();
    expect((await late).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 1 });
  });

  it('L2 starts no flight of its own for a late 401 that comes in while the next flight is under way', async () => {
    const server = await startServer();
    const { api, session } = clientOf(server);
    const late = server.hold('/echo/late');
    const request = api.get('/echo/late');
    await late.arrived(1);
    await session.refresh();
    server.expire();
    const hold = server.hold('/auth/refresh');
    const next = session.refresh();
    await hold.arrived(1);
    const waits = watchEvent(session, 'waiting');
    late.release();
    await waits.count(1);
    hold.release();
    await next;
    expect((await request).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });

  it('L2 knows the generation each request was sent with, also for one config that is sent again and again', async () => {
    const server = await startServer();
    const source = instantAt(server);
    const { api } = clientOf(server, { source });
    const first = await api.get('/echo');
    for (let round = 1; round <= 3; round += 1) {
      server.expire();
      await Promise.all([api.request(first.config), api.request({ ...first.config }), api.get('/echo')]);
      expect(source.calls).toBe(round);
    }
  });
});

describe('a request that starts while a refresh begun by a 401 is under way', () => {
  /** One request was refused, though the server takes the token elsewhere; its refresh is in the test's hands. */
  async function refreshAfter401({ life = 3600, ...options }: { life?: number } & Parameters<typeof clientOf>[1] = {}) {
    const server = await startServer();
    const client = clientOf(server, { tokens: { ...server.issue(), expires_in: life }, ...options });
    const waiting = watchEvent(client.session, 'waiting');
    const refresh = server.hold('/auth/refresh');
    server.fault('/echo/refused', { status: 401 });
    const refused = statusOrError(client.api.get('/echo/refused'));
    await refresh.arrived(1);
    await waiting.count(1);
    return { waiting, refresh, refused, ...client };
  }
  /** Which token requests to a path were sent with: the one that was refused, or the one that the refresh made. */
  const sent = ({ log }: ApiVideo, path: string) =>
    log.filter((entry) => entry.path === path).map(({ generation }) => (generation === 1 ? 'old' : 'new'));

  it('L2 waits for it, and is sent once, with the new token', async () => {
    const { server, api, waiting, refresh, refused } = await refreshAfter401();
    const requests = times(3, () => statusOrError(api.post('/echo/new')));
    await waiting.count(4);
    await roundTrip(server);
    expect(sent(server, '/echo/new')).toEqual([]);
    expect(waiting.all.map(({ after }) => after)).toEqual(['401', 'held', 'held', 'held']);
    refresh.release();
    expect(await Promise.all([refused, ...requests])).toEqual([200, 200, 200, 200]);
    expect(sent(server, '/echo/new')).toEqual(['new', 'new', 'new']);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it('L2 goes with the token it has after refreshTimeout, if that is not past its end', async () => {
    const clock = installClock();
    const { server, api, waiting, refresh, refused } = await refreshAfter401({ refreshTimeout: 7 * SECOND });
    const request = statusOrError(api.get('/echo/new'));
    await waiting.count(2);
    await clock.advance(6 * SECOND);
    await roundTrip(server);
    expect(sent(server, '/echo/new')).toEqual([]);
    await clock.advance(2 * SECOND);
    expect(await request).toBe(200);
    expect(await statusOrError(api.get('/echo/new'))).toBe(200);
    expect(sent(server, '/echo/new')).toEqual(['old', 'old']);
    expect(refresh.waiting).toBe(1);
    refresh.release();
    expect(await refused).toBe(200);
  });

  it('L2 waits on after refreshTimeout, if its token is past its end', async () => {
    const clock = installClock();
    const { server, api, waiting, refresh, refused } = await refreshAfter401({ life: 15, refreshTimeout: 7 * SECOND });
    const request = statusOrError(api.get('/echo/new'));
    await waiting.count(2);
    clock.jump(10 * SECOND);
    await clock.advance(8 * SECOND);
    await roundTrip(server);
    expect(sent(server, '/echo/new')).toEqual([]);
    refresh.release();
    expect(await Promise.all([refused, request])).toEqual([200, 200]);
    expect(sent(server, '/echo/new')).toEqual(['new']);
  });

  it('L2 goes with the token it has if the refresh fails without a refusal', async () => {
    const { server, api, waiting, refresh, refused } = await refreshAfter401({ refreshRetries: 0 });
    const request = statusOrError(api.get('/echo/new'));
    await waiting.count(2);
    server.fault('/auth/refresh', { status: 503 });
    refresh.release();
    expect(await refused).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE', response: { status: 401 } });
    expect(await request).toBe(200);
    expect(sent(server, '/echo/new')).toEqual(['old']);
  });

  it('L2 is not sent if the refresh is refused for good', async () => {
    const { server, api, waiting, refresh, refused } = await refreshAfter401();
    const request = statusOrError(api.get('/echo/new'));
    await waiting.count(2);
    server.fault('/auth/refresh', { status: 400 });
    refresh.release();
    expect(await refused).toMatchObject({ code: 'ERR_BEARER_REJECTED', response: { status: 401 } });
    expect(await request).toMatchObject({ code: 'ERR_BEARER_REJECTED' });
    expect(await request).not.toHaveProperty('response.status');
    expect(sent(server, '/echo/new')).toEqual([]);
  });

  it.each([
    ['does not wait', 'after', true],
    ['waits', 'before', false],
  ])('L2 %s where a request that was sent %s the refused one is accepted with the token', async (_, when, serves) => {
    const server = await startServer();
    const { api, session } = clientOf(server);
    const waiting = watchEvent(session, 'waiting');
    const [one, other, refresh] = ['/echo/refused', '/echo/accepted', '/auth/refresh'].map((path) => server.hold(path));
    server.fault('/echo/refused', { status: 401 });
    const order = when === 'after' ? (['refused', 'accepted'] as const) : (['accepted', 'refused'] as const);
    const requests: Promise<number | AxiosError>[] = [];
    for (const path of order) {
      requests.push(statusOrError(api.get(`/echo/${path}`)));
      await (path === 'refused' ? one! : other!).arrived(1);
    }
    one!.release();
    await refresh!.arrived(1);
    other!.release();
    expect(await requests[order.indexOf('accepted')]).toBe(200);
    requests.push(statusOrError(api.get('/echo/new')));
    if (serves) expect(await requests.at(-1)).toBe(200);
    else await waiting.count(2);
    expect([refresh!.waiting, sent(server, '/echo/new')]).toEqual([1, serves ? ['old'] : []]);
    refresh!.release();
    expect(await Promise.all(requests)).toEqual([200, 200, 200]);
    expect(server.stats.refresh).toBe(1);
  });
});

describe('the same access token again', () => {
  it('L2 is the same generation: after signIn() with the tokens already held, the 401 of a request that was out is mended', async () => {
    const server = await startServer();
    const saved = server.issue();
    const { api, session } = clientOf(server, { tokens: saved, identity: () => 'ana' });
    await session.token();
    const hold = server.hold('/echo/late');
    const late = api.get('/echo/late');
    await hold.arrived(1);
    server.expire();
    await session.signIn(saved);
    expect(session.state).toMatchObject({ generation: 1 });
    hold.release();
    expect((await late).status).toBe(200);
    expect(session.state).toMatchObject({ generation: 2 });
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0, unauthorized: 1 });
  });

  it('L2 is the same generation: a session taken from the store, exchanged and put back has the 401 of a request mended that was out', async () => {
    const server = await startServer();
    const store = memoryStore();
    const { api, session } = clientOf(server, { store });
    const signedIn = watchEvent(session, 'signedIn');
    await session.token();
    const hold = server.hold('/echo/late');
    const late = api.get('/echo/late');
    await hold.arrived(1);
    server.expire();
    const before = (await store.read())!;
    const other = { accessToken: 'at_other', issuedAt: 0 };
    await store.write({ version: before.version + 1, id: 'exchanged', session: 'other', token: other });
    await signedIn.count(2);
    await store.write({ ...before, version: before.version + 2, id: 'back' });
    await signedIn.count(3);
    hold.release();
    expect((await late).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0, unauthorized: 1 });
  });
});

/** The refresh function most apps have: a call of their own, which knows nothing of our signal. */
function ownRefreshAt(server: ApiVideo): RefreshFunction {
  return async ({ refreshToken }) => (await axios.post(`${server.url}/auth/refresh`, { refreshToken })).data;
}

const CALLS: [name: string, sourceAt: (server: ApiVideo) => RefreshFunction][] = [
  ['ctx.client', refreshAt],
  ['an axios call of its own', ownRefreshAt],
];

describe('a refresh token whose token request is not answered yet', () => {
  it.each(CALLS)(
    'L3 is presented once to a token endpoint that is slower than refreshTimeout, and requests get the token, with %s',
    async (_, sourceAt) => {
      const clock = installClock();
      const server = await startServer();
      const { api, session } = clientOf(server, { source: sourceAt(server) });
      const hold = server.hold('/auth/refresh');
      const failed = watchEvent(session, 'refreshFailed');
      const waiting = watchEvent(session, 'waiting');
      server.expire();
      const requests = times(10, (i) => api.get(`/echo/${i}`));
      await waiting.count(10);
      await hold.arrived(1);
      await clock.advance(12 * SECOND);
      await roundTrip(server);
      expect(hold.waiting).toBe(1);
      hold.release();
      expect((await Promise.all(requests)).map(({ status }) => status)).toEqual(times(10, () => 200));
      expect((await api.get('/echo')).status).toBe(200);
      expect(session.state.status).toBe('active');
      expect(failed.all).toEqual([]);
      expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
    },
  );

  it.each(CALLS)(
    'L3 is presented by nothing else meanwhile: not by a request, refresh(), token(), signIn() or the timer, with %s',
    async (_, sourceAt) => {
      const clock = installClock();
      const server = await startServer();
      const saved = { ...server.issue(), expires_in: 20 };
      const { api, session } = clientOf(server, {
        source: sourceAt(server),
        tokens: saved,
        identity: () => 'ana',
        keepFresh: true,
        refreshRetries: 0,
      });
      const hold = server.hold('/auth/refresh');
      server.expire();
      const first = failureOf(api.get('/echo/first'));
      await hold.arrived(1);
      await clock.advance(11 * SECOND);
      expect(await first).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE', response: { status: 401 } });
      const answered = (promise: Promise<unknown>) => promise.then(() => 200).catch((error) => error);
      const asked = [
        statusOrError(api.get('/echo/second')),
        answered(session.refresh()),
        answered(session.token({ minValidity: MINUTE })),
        answered(session.signIn(saved)),
      ];
      await clock.advance(9 * SECOND); // the access token is over, too
      await roundTrip(server);
      expect(hold.waiting).toBe(1);
      hold.release();
      expect(await Promise.all(asked)).toEqual([200, 200, 200, 200]);
      expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
    },
  );

  it.each([
    ['12 s: after all that waited have given up', 'ctx.client', 12, refreshAt],
    ['12 s: after all that waited have given up', 'an axios call of its own', 12, ownRefreshAt],
    ['45 s: after 4 × refreshTimeout', 'an axios call of its own', 45, ownRefreshAt],
  ])('L3 has its token response kept whenever it comes, after %s, with %s', async (_, _call, seconds, sourceAt) => {
    const clock = installClock();
    const server = await startServer();
    const { api, session } = clientOf(server, { source: sourceAt(server), refreshRetries: 0 });
    const hold = server.hold('/auth/refresh');
    const refreshed = watchEvent(session, 'refreshed');
    server.expire();
    const request = failureOf(api.get('/echo'));
    await hold.arrived(1);
    await clock.advance(seconds * SECOND);
    expect(await request).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE' });
    hold.release();
    await refreshed.count(1);
    expect((await api.get('/echo')).status).toBe(200);
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });

  it.each(['after close()', 'past a lost lock'])('L3 has its token response stored that comes %s', async (when) => {
    const server = await startServer();
    const base = memoryStore();
    const lease = new AbortController();
    const store: TokenStore = { ...base, withLock: (task, options) => base.withLock(() => task(lease), options) };
    const { api, session } = clientOf(server, { store });
    const before = await session.token();
    const hold = server.hold('/auth/refresh');
    server.expire();
    const request = statusOrError(api.get('/echo'));
    await hold.arrived(1);
    const closed = when === 'after close()' ? session.close() : undefined;
    if (!closed) lease.abort();
    hold.release();
    await closed;
    if (closed) expect(await request).toMatchObject({ code: 'ERR_BEARER_SIGNED_OUT' });
    else expect(await request).toBe(200);
    const rests = (await store.read())!;
    expect(rests.token?.accessToken).not.toBe(before);
    const restarted = clientOf(server, { store: base, tokens: undefined });
    expect((await restarted.api.get('/echo')).status).toBe(200);
    server.expire();
    expect((await restarted.api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });

  it('L3 is free for another try when the token request has failed on its way', async () => {
    const clock = installClock();
    const server = await startServer();
    const { api, session } = clientOf(server, { backoff: { initial: SECOND, factor: 1, cap: 2 * SECOND } });
    const failed = watchEvent(session, 'refreshFailed');
    server.fault('/auth/refresh', 'reset');
    server.expire();
    const request = statusOrError(api.get('/echo'));
    await failed.count(1);
    await clock.advance(2 * SECOND);
    expect(await request).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });

  it('L3 is not presented by another holder that has the lock while it is out: the mark in the store is waited for', async () => {
    const clock = installClock();
    const { read, write } = memoryStore();
    const lock = { signal: new AbortController().signal };
    // As after a lease that ran out: both have the lock.
    const { server, a, b } = await twoHolders({ read, write, withLock: (task) => task(lock) });
    const [adopted, waiting] = [watchEvent(b.session, 'refreshed'), watchEvent(b.session, 'waiting')];
    const hold = server.hold('/auth/refresh');
    server.expire();
    const first = a.api.get('/echo');
    await hold.arrived(1);
    expect(await read()).toMatchObject({ sent: expect.any(String) });
    const second = b.api.get('/echo');
    await waiting.count(1);
    await clock.advance(5 * SECOND);
    await roundTrip(server);
    expect(hold.waiting).toBe(1);
    hold.release();
    expect((await first).status).toBe(200);
    await clock.advance(2 * SECOND);
    expect((await second).status).toBe(200);
    expect(adopted.all).toMatchObject([{ adopted: true }]);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it.each([
    ['with the option identity', () => 'ana'],
    ['without identity', undefined],
  ])('L3 is not presented again by signIn(saved) twice: it takes what the first becomes, %s', async (_, identity) => {
    const server = await startServer();
    const { api, session } = clientOf(server, { tokens: undefined, identity });
    const saved = { ...server.issue(), expires_in: 0 };
    const hold = server.hold('/auth/refresh');
    const signedIn = [session.signIn(saved)];
    const requests = [statusOrError(api.get('/echo/1'))];
    await hold.arrived(1);
    signedIn.push(session.signIn(saved));
    requests.push(statusOrError(api.get('/echo/2')));
    const all = Promise.allSettled(signedIn);
    await roundTrip(server);
    expect(hold.waiting).toBe(1);
    hold.release();
    expect(await Promise.all(requests)).toEqual([200, 200]);
    expect((await all).at(-1)).toMatchObject({ value: { accessToken: await session.token() } });
    const third = await session.signIn(saved); // it is spent by now
    expect(third.accessToken).toBe(await session.token());
    expect((await api.get('/echo/3')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });
});

/** Two sessions of one process that hold one store, the second one without tokens of its own. */
async function twoHolders(store: TokenStore, options: Parameters<typeof clientOf>[1] = {}) {
  const server = await startServer();
  const a = clientOf(server, { store, ...options });
  await a.session.token();
  const b = clientOf(server, { store, tokens: undefined, ...options });
  await b.session.token();
  return { server, a, b };
}

/** Without its hints a holder learns of the others only by reading. */
function withoutHints({ read, write, withLock }: TokenStore): TokenStore {
  return { read, write, withLock };
}

describe('two sessions that share one store', () => {
  it('L4 start from the tokens that rest there', async () => {
    const { server, a, b } = await twoHolders(memoryStore());
    expect(await b.session.token()).toBe(await a.session.token());
    expect((await b.api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ requests: 1 });
  });

  it.each([
    ['with hints', (store: TokenStore) => store],
    ['without hints', withoutHints],
  ])('L4 spend the refresh token once when both meet an expired token at once, %s', async (_, dress) => {
    const { server, a, b } = await twoHolders(dress(memoryStore()));
    const adopted = [a, b].map(({ session }) => watchEvent(session, 'refreshed'));
    const hold = server.hold('/auth/refresh');
    server.expire();
    const requests = times(100, (i) => (i % 2 ? a : b).api.get(`/echo/${i}`));
    await hold.arrived(1);
    await roundTrip(server);
    hold.release();
    await Promise.all(requests);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0, unauthorized: 100 });
    expect(await b.session.token()).toBe(await a.session.token());
    expect(adopted.flatMap(({ all }) => all.map((news) => news.adopted)).sort()).toEqual([false, true]);
  });

  it('L4 read again from the store itself inside the lock: no hint is needed to adopt what another fetched', async () => {
    const { server, a, b } = await twoHolders(withoutHints(memoryStore()));
    server.expire();
    await a.api.get('/echo');
    expect((await b.api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
    server.expire();
    await b.api.get('/echo');
    expect((await a.api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });

  it('L4 read inside the lock and not before it: what is written while one waits for the lock is seen', async () => {
    const store = withoutHints(memoryStore());
    const { server, a, b } = await twoHolders(store);
    const hold = server.hold('/auth/refresh');
    server.expire();
    const first = a.api.get('/echo');
    await hold.arrived(1);
    const second = b.session.refresh(); // waits for the lock with the token it knew
    await roundTrip(server);
    hold.release();
    await first;
    expect((await second).accessToken).toBe(await a.session.token());
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it('L4 never present a refresh token again that was refused for good, also by the other holder (L3)', async () => {
    const { server, a, b } = await twoHolders(withoutHints(memoryStore()));
    server.expire();
    server.revokeRefreshTokens();
    expect(await failureOf(a.api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_REJECTED' });
    await failureOf(b.api.get('/echo'));
    await failureOf(b.session.refresh());
    expect(server.stats).toMatchObject({ refresh: 1 });
  });

  it('L4 drop what comes back to a store that was signed in anew meanwhile: the last writer wins by version', async () => {
    const store = memoryStore();
    const { server, a, b } = await twoHolders(store);
    const refreshed = watchEvent(a.session, 'refreshed');
    const hold = server.hold('/auth/refresh');
    server.expire();
    const late = statusOrError(a.api.get('/echo'));
    await hold.arrived(1);
    const anew = server.issue();
    await b.session.signIn(anew); // does not wait for the holder of the lock
    hold.release();
    await late;
    expect((await store.read())?.token?.accessToken).toBe(anew.access_token);
    expect(await a.session.token()).toBe(anew.access_token);
    expect(await b.session.token()).toBe(anew.access_token);
    expect(refreshed.all.filter(({ adopted }) => !adopted)).toEqual([]);
    const [entry] = server.log.slice(-1);
    await a.api.get('/echo');
    expect(server.log.at(-1)).not.toBe(entry);
    expect(server.log.at(-1)).toMatchObject({ status: 200, authorized: true });
  });

  it('L4 drop what comes back to a store that was signed out meanwhile', async () => {
    const store = memoryStore();
    const { server, a, b } = await twoHolders(store);
    const hold = server.hold('/auth/refresh');
    server.expire();
    const late = statusOrError(a.api.get('/echo'));
    await hold.arrived(1);
    await b.session.signOut();
    hold.release();
    expect(await late).not.toBe(200);
    expect((await store.read())!).not.toHaveProperty('token');
  });

  it('L4 refresh once when the timers of both are due in the same instant', async () => {
    const clock = installClock();
    const server = await startServer({ now: () => 0 });
    const source = instantAt(server);
    const store = withoutHints(memoryStore());
    const a = clientOf(server, { store, source, keepFresh: true });
    await a.session.token();
    const b = clientOf(server, { store, source, keepFresh: true, tokens: undefined });
    await b.session.token();
    await clock.advance(56 * MINUTE);
    expect(source.calls).toBe(1);
    expect(await b.session.token()).toBe(await a.session.token());
  });

  it('L4 go on together when one of them signs in anew after a definite refusal', async () => {
    const { server, a, b } = await twoHolders(memoryStore());
    server.expire();
    server.revokeRefreshTokens();
    expect(await failureOf(a.api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_REJECTED' });
    await b.session.signIn(server.issue());
    expect((await b.api.get('/echo')).status).toBe(200);
    expect((await a.api.get('/echo')).status).toBe(200);
  });

  it('L4 count the generations up by one in both, whichever refreshes, and the versions in the store', async () => {
    const store = memoryStore();
    const { server, a, b } = await twoHolders(store);
    const news = [a, b].map(({ session }) => watchEvent(session, 'refreshed'));
    let { version } = (await store.read())!;
    const { session } = (await store.read())!;
    for (const [i, { api }] of [a, b, b, a].entries()) {
      server.expire();
      await api.get('/echo');
      await Promise.all(news.map(({ count }) => count(i + 1)));
      for (const holder of [a, b]) expect(holder.session.state).toMatchObject({ generation: i + 2 });
      const entry = (await store.read())!;
      expect(entry.session).toBe(session);
      expect(entry.version).toBeGreaterThan(version);
      version = entry.version;
    }
    for (const { all } of news) expect(all.map(({ generation }) => generation)).toEqual([2, 3, 4, 5]);
  });
});

describe('a commit', () => {
  it('L4 is durable before the token is published, before the lock is free, and before any replay', async () => {
    const { seen, store } = watchStore(memoryStore());
    const server = await startServer();
    const { api, session } = clientOf(server, { store });
    await session.token();
    seen.journal = [];
    const committing = deferred();
    const durable = deferred();
    seen.beforeCommit = () => {
      committing.resolve();
      return durable.promise;
    };
    session.on('refreshed', () => void seen.journal.push('published'));
    session.on('replayed', () => void seen.journal.push('replayed'));
    const before = session.getSnapshot();
    server.expire();
    const request = api.get('/echo');
    const token = session.refresh().then(() => seen.journal.push('told'));
    await committing.promise;
    await roundTrip(server);
    expect(seen.journal).toEqual(['locked', 'marked']);
    expect(seen.locked).toBe(true);
    expect(session.getSnapshot()).toMatchObject({ status: 'refreshing' });
    expect(before).toMatchObject({ status: 'active' });
    durable.resolve();
    await Promise.all([request, token]);
    expect(seen.journal.slice(0, 3)).toEqual(['locked', 'marked', 'committed']);
    expect(seen.journal.slice(3).sort()).toEqual(['published', 'replayed', 'told', 'unlocked']);
    expect(seen.journal.indexOf('unlocked')).toBeLessThan(seen.journal.indexOf('replayed'));
  });

  it('L4 that fails publishes nothing and replays nothing with what could not be kept', async () => {
    const { seen, store } = watchStore(memoryStore());
    const server = await startServer();
    const { api, session } = clientOf(server, { store, refreshRetries: 0 });
    const before = await session.token();
    seen.beforeCommit = async () => {
      throw new Error('disk full');
    };
    const refreshed = watchEvent(session, 'refreshed');
    server.expire();
    expect(await failureOf(api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_STORE' });
    expect(refreshed.all).toEqual([]);
    expect((await store.read())?.token?.accessToken).toBe(before);
    expect(server.stats).toMatchObject({ ok: 0, unauthorized: 1 });
  });
});

const LOCK = { waitMs: 5 * SECOND, holdMs: 5 * SECOND };

describe('inside the lock', () => {
  it('L5 runs the source and nothing else: no listener, no predicate, no identity', async () => {
    // What the task began may go on after it: until the store has let the lock go, that is inside too.
    const inside = new AsyncLocalStorage<{ held: boolean }>();
    const base = memoryStore();
    let locked = false;
    const store: TokenStore = {
      ...base,
      withLock: async (task, options) => {
        const scope = { held: true };
        const enter = async (lock: Lock) => {
          locked = true;
          try {
            return await inside.run(scope, () => task(lock));
          } finally {
            locked = false;
          }
        };
        try {
          return await base.withLock(enter, options);
        } finally {
          scope.held = false;
        }
      },
    };
    const wrong = new Set<string>();
    const right = new Set<string>();
    const outside = (name: string) => {
      right.add(name);
      if (locked || inside.getStore()?.held) wrong.add(name);
    };
    const server = await startServer();
    const sources: boolean[] = [];
    const { api, session } = clientOf(server, {
      store,
      backoff: QUICK,
      source: {
        refresh: (...args) => {
          sources.push(locked);
          return refreshAt(server)(...args);
        },
      },
      identity: () => {
        outside('identity');
        return 'me';
      },
      skip: () => {
        outside('skip');
        return false;
      },
      shouldRefresh: ({ status }) => {
        outside('shouldRefresh');
        return status === 401;
      },
    });
    const events = [
      'signedIn',
      'refreshing',
      'refreshed',
      'refreshFailed',
      'waiting',
      'replayed',
      'signedOut',
    ] as const;
    for (const event of events) session.on(event, () => outside(event));
    session.subscribe(() => outside('subscribe'));

    server.fault('/auth/refresh', { status: 503 });
    server.expire();
    await api.get('/echo');
    await session.refresh();
    server.revokeRefreshTokens();
    server.expire();
    await failureOf(api.get('/echo'));
    await session.signIn(server.issue());

    expect([...wrong]).toEqual([]);
    expect([...right].sort()).toEqual([...events, 'identity', 'shouldRefresh', 'skip', 'subscribe'].sort());
    expect(sources).toEqual([true, true, true, true]);
  });

  it('L5 lets a listener take the lock itself', async () => {
    const store = memoryStore();
    const server = await startServer();
    const { api, session } = clientOf(server, { store });
    await session.token();
    const read: unknown[] = [];
    for (const event of ['refreshing', 'refreshed', 'waiting', 'replayed'] as const) {
      session.on(event, async () => {
        read.push(await store.withLock(() => store.read(), LOCK));
      });
    }
    server.expire();
    await api.get('/echo');
    await store.withLock(async () => {}, LOCK);
    expect(read).toHaveLength(4);
  });

  it('L5 makes one attempt each time: the backoff waits unlocked, and others refresh meanwhile', async () => {
    const clock = installClock();
    const { seen, store } = watchStore(memoryStore());
    const { server, a, b } = await twoHolders(store, {
      backoff: { initial: 10 * SECOND, factor: 1, cap: 20 * SECOND },
    });
    const failed = watchEvent(a.session, 'refreshFailed');
    seen.holds = 0;
    server.fault('/auth/refresh', { status: 503 });
    server.expire();
    const waiting = a.api.get('/echo');
    await failed.count(1);
    expect(seen).toMatchObject({ locked: false, holds: 1 });
    expect((await b.api.get('/echo')).status).toBe(200);
    await clock.advance(25 * SECOND);
    expect((await waiting).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
    expect(await a.session.token()).toBe(await b.session.token());
  });

  it('L5 reads again after the backoff: without a hint, what another holder fetched meanwhile is adopted', async () => {
    const clock = installClock();
    const store = withoutHints(memoryStore());
    const { server, a, b } = await twoHolders(store, {
      backoff: { initial: 10 * SECOND, factor: 1, cap: 20 * SECOND },
    });
    const failed = watchEvent(a.session, 'refreshFailed');
    const news = watchEvent(a.session, 'refreshed');
    server.fault('/auth/refresh', { status: 503 });
    server.expire();
    const waiting = a.api.get('/echo');
    await failed.count(1);
    await b.api.get('/echo');
    await clock.advance(25 * SECOND);
    expect((await waiting).status).toBe(200);
    expect(news.all).toMatchObject([{ adopted: true }]);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });

  it('L5 takes the lock anew for each attempt, and never waits for it without a bound', async () => {
    const { seen, store } = watchStore(memoryStore());
    const server = await startServer();
    const { api, session } = clientOf(server, { store, backoff: QUICK, refreshRetries: 3 });
    await session.token();
    seen.journal = [];
    server.fault('/auth/refresh', { status: 503 }, { times: 3 });
    server.expire();
    await api.get('/echo');
    expect(server.stats.refresh).toBe(4);
    expect(seen.journal.filter((entry) => entry === 'locked')).toHaveLength(4);
    expect(seen.waits.every((ms) => Number.isFinite(ms) && ms > 0)).toBe(true);
  });

  it.each([
    ['refreshTimeout', 'there is no refresh token to spend', 'never answers', 7 * SECOND],
    ['refreshTimeout', 'there is no refresh token to spend', 'never answers and ignores its signal', 7 * SECOND],
    ['4 × refreshTimeout', 'a refresh token was presented', 'never answers', 28 * SECOND],
    ['4 × refreshTimeout', 'a refresh token was presented', 'never answers and ignores its signal', 28 * SECOND],
  ])(
    'L5 stays for %s at most, where %s, with a source that %s; requests wait for their own bound (L24)',
    async (_, which, manner, end) => {
      const clock = installClock();
      const { seen, store } = watchStore(memoryStore());
      const server = await startServer();
      const asked = deferred<AbortSignal>();
      const { access_token, refresh_token } = server.issue();
      const { api } = clientOf(server, {
        store,
        tokens: which === 'a refresh token was presented' ? { access_token, refresh_token } : access_token,
        refreshTimeout: 7 * SECOND,
        refreshRetries: 0,
        source: (_, { signal }) =>
          new Promise((_resolve, reject) => {
            asked.resolve(signal);
            if (manner === 'never answers') signal.addEventListener('abort', () => reject(signal.reason));
          }),
      });
      server.expire();
      const request = failureOf(api.get('/echo'));
      const signal = await asked.promise;
      await clock.advance(6 * SECOND);
      expect([seen.locked, signal.aborted]).toEqual([true, false]);
      await clock.advance(2 * SECOND);
      expect(await request).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE', response: { status: 401 } });
      if (end > 8 * SECOND) await clock.advance(end - 9 * SECOND);
      if (end > 8 * SECOND) expect([seen.locked, signal.aborted]).toEqual([true, false]);
      await clock.advance(2 * SECOND);
      expect([seen.locked, signal.aborted]).toEqual([false, true]);
    },
  );

  it('L5 is waited for with a bound: a holder that never lets go makes the others fail, not hang', async () => {
    const clock = installClock();
    const store = memoryStore();
    const server = await startServer();
    const { api, session } = clientOf(server, { store });
    await session.token();
    void store.withLock(() => new Promise(() => {}), { ...LOCK, holdMs: HOUR });
    server.expire();
    const failures = [failureOf(api.get('/echo')), failureOf(session.refresh())];
    const settled = Promise.all(failures);
    for (let minute = 0; minute < 10; minute += 1) {
      await clock.advance(MINUTE);
      await roundTrip(server, 1);
    }
    for (const { code } of await settled) expect(code).toBe('ERR_BEARER_UNAVAILABLE');
    expect(server.stats.refresh).toBe(0);
  });

  it('L5 finds no person: an interactive source is asked outside, and has no deadline', async () => {
    const clock = installClock();
    const { seen, store } = watchStore(memoryStore());
    const server = await startServer();
    const asked = deferred();
    const person = deferred();
    const { api } = clientOf(server, {
      store,
      tokens: undefined,
      refreshTimeout: SECOND,
      source: {
        interactive: true,
        obtain: async ({ signal }) => {
          asked.resolve();
          await person.promise;
          signal.throwIfAborted();
          return server.issue();
        },
      },
    });
    await roundTrip(server); // the store was read by then
    const request = api.get('/echo');
    await asked.promise;
    expect(seen.locked).toBe(false);
    await clock.advance(HOUR);
    person.resolve();
    expect((await request).status).toBe(200);
  });

  it('L5 is one for the whole refresh-token family: several instances and scopes never spend it side by side', async () => {
    const { seen, store } = watchStore(memoryStore());
    const server = await startServer();
    const client = clientOf(server, { store, tokens: { ...server.issue(), scope: 'read write' } });
    await client.session.token();
    const other = anotherInstance(client, { header: 'X-Access-Token', scheme: '' });
    const reader = clientOf(server, { store, tokens: undefined, source: refreshAt(server) });
    await reader.session.token();
    server.fault('/auth/refresh', { delay: 5 }, ALWAYS);
    server.expire();
    await Promise.all([
      client.api.get('/echo'),
      failureOf(other.get('/echo')), // the server knows no such header: its 401 is handed on
      reader.api.get('/echo'),
    ]);
    expect(server.stats.reuse).toBe(0);
    expect(seen.locked).toBe(false);
  });
});

it('L1 keeps one flight per session apart from another session’s', async () => {
  const server = await startServer();
  const [a, b] = [clientOf(server), clientOf(server)];
  server.expire();
  await Promise.all([a.api.get('/echo'), b.api.get('/echo')]);
  expect(server.stats).toMatchObject({ refresh: 2, reuse: 0, ok: 2 });
  expect(axios.isAxiosError(await failureOf(axios.get(`${server.url}/echo`)))).toBe(true);
});
