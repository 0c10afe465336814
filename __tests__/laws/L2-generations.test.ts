import { afterEach, describe, expect, it } from '@jest/globals';
import type { AxiosError } from 'axios';
import { memoryStore } from 'axios-bearer';
import type { ApiVideo } from 'axios-bearer/testing';
import {
  cleanUp,
  clientOf,
  deferred,
  installClock,
  instantAt,
  roundTrip,
  SECOND,
  startServer,
  statusOrError,
  times,
  watchEvent,
} from '../support/kit.js';

afterEach(cleanUp);

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
