import { afterEach, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { memoryStore, type RefreshFunction, type TokenStore } from 'axios-bearer';
import type { ApiVideo } from 'axios-bearer/testing';
import {
  cleanUp,
  clientOf,
  failureOf,
  installClock,
  MINUTE,
  refreshAt,
  roundTrip,
  SECOND,
  startServer,
  statusOrError,
  times,
  twoHolders,
  watchEvent,
} from '../support/kit.js';

afterEach(cleanUp);

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
