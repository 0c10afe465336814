import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { memoryStore, type TokenResponse, type TokenStore } from 'axios-bearer';
import {
  cleanUp,
  codeOf,
  deferred,
  failureOf,
  installClock,
  nextEvent,
  settle,
  startClient,
  startSession,
  storeWith,
  tokenPair,
} from '../support/kit.js';
import { stored } from '../support/stores.js';

afterEach(cleanUp);

const quick = { refreshTimeout: 30_000, refreshRetries: 1, backoff: { initial: 2, cap: 4 } };
const down = () => Promise.reject(new Error('ECONNREFUSED 10.0.0.7:6379'));

describe('a store that is down', () => {
  const everything: Partial<TokenStore> = { read: down, withLock: down, write: down };

  it('L13 at the start fails requests with ERR_BEARER_STORE rather than send them signed out', async () => {
    const { server, api, session } = await startClient({
      ...quick,
      store: storeWith({ read: down }),
      tokens: undefined,
    });
    const error = await failureOf(api.get('/public'));
    expect(error).toMatchObject({ code: 'ERR_BEARER_STORE', isAxiosError: true, config: { url: '/public' } });
    expect(error.cause.message).toContain('ECONNREFUSED');
    expect(await codeOf(session.token())).toBe('ERR_BEARER_STORE');
    expect(server.stats.requests).toBe(0);
  });

  it('L13 at the start goes on failing requests while it is down: none is taken for signed out', async () => {
    const { server, api } = await startClient({ ...quick, store: storeWith({ read: down }), tokens: undefined });
    for (const attempt of [1, 2, 3])
      expect([attempt, await codeOf(api.get('/public'))]).toEqual([attempt, 'ERR_BEARER_STORE']);
    expect(server.stats.requests).toBe(0);
  });

  it('L13 at the start and up again later: the session is found then', async () => {
    const store = memoryStore();
    await store.write(stored('saved'));
    let isDown = true;
    const session = startSession({
      ...quick,
      store: storeWith({ read: () => (isDown ? down() : store.read()) }, store),
    });
    expect(await codeOf(session.token())).toBe('ERR_BEARER_STORE');
    isDown = false;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await session.token()).toBe('at_saved1');
  });

  it('L13 lets a live token go on serving', async () => {
    let isDown = false;
    const inner = memoryStore();
    const store = storeWith(
      {
        read: () => (isDown ? down() : inner.read()),
        withLock: (task, options) => (isDown ? down() : inner.withLock(task, options)),
      },
      inner,
    );
    const { server, api, session } = await startClient({ ...quick, store });
    await session.token();
    isDown = true;
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_STORE');
    expect((await api.get('/videos')).status).toBe(200);
    expect(session.state.status).toBe('active');
    expect(server.stats.refresh).toBe(0);
  });

  it('L13 is never bypassed: no refresh token is presented without the lock', async () => {
    const source = jest.fn(async () => tokenPair('b'));
    const session = startSession({ ...quick, store: storeWith({ withLock: down }), source });
    await session.signIn(tokenPair('a'));
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_STORE');
    expect(source).not.toHaveBeenCalled();
  });

  it('L13 when a token is to be kept fails the refresh, keeps the session, and recovers when it is up again', async () => {
    const inner = memoryStore();
    let isDown = true;
    const write: TokenStore['write'] = (next) =>
      isDown && next.token?.accessToken === 'at_b' ? down() : inner.write(next);
    const session = startSession({
      ...quick,
      store: storeWith({ write }, inner),
      tokens: tokenPair('a'),
      source: async () => tokenPair('b'),
    });
    await session.token();
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_STORE');
    expect(session.state.status).toBe('active');
    isDown = false;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await session.refresh()).accessToken).toBe('at_b');
  });

  it('L13 then loses nothing: what the server answered is written later, and no token is presented twice (L3)', async () => {
    const inner = memoryStore();
    let failures = 2;
    const { server, api, session } = await startClient({
      ...quick,
      refreshTimeout: 5_000,
      refreshRetries: 0,
      store: storeWith(
        { write: (next) => (next.version > 2 && !next.sent && failures-- > 0 ? down() : inner.write(next)) },
        inner,
      ),
    });
    await session.token();
    server.expire();
    for (const round of [1, 2]) {
      expect([round, await codeOf(api.get('/videos'))]).toEqual([round, 'ERR_BEARER_STORE']);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it('L13 before anything is presented has nothing presented: the mark can’t be written (L3)', async () => {
    const inner = memoryStore();
    const store = storeWith({ write: (next) => (next.sent ? down() : inner.write(next)) }, inner);
    const source = jest.fn(async () => tokenPair('b'));
    const session = startSession({ ...quick, store, tokens: tokenPair('a'), source });
    await session.token();
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_STORE');
    expect(source).not.toHaveBeenCalled();
  });

  it('L13 whose lock comes when nobody waits for it any more: nothing is presented then (L3, L24)', async () => {
    const clock = installClock();
    const inner = memoryStore();
    let slow = true;
    const opened = deferred();
    const store = storeWith(
      {
        withLock: async (task, options) => {
          if (slow) await opened.promise;
          return inner.withLock(task, options);
        },
      },
      inner,
    );
    const { server, api, session } = await startClient({
      refreshTimeout: 60_000,
      refreshRetries: 0,
      store,
      tokens: undefined,
    });
    await session.signIn(server.issue());
    server.expire();
    const begun = nextEvent(session, 'refreshing');
    const request = codeOf(api.get('/videos'));
    await begun;
    // As long as a request waits: one attempt, and no delay.
    await clock.advance(72_000);
    expect(await request).toBe('ERR_BEARER_UNAVAILABLE');
    slow = false;
    opened.resolve();
    await settle();
    expect(server.stats.refresh).toBe(0);
    await clock.advance(60_000);
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it('L13 that let an attempt in late keeps what it brings, though nobody waits for it any more (L3)', async () => {
    const clock = installClock();
    const inner = memoryStore();
    const [opened, answered] = [deferred(), deferred<TokenResponse>()];
    const slowly: TokenStore['withLock'] = (task, options) => opened.promise.then(() => inner.withLock(task, options));
    const source = jest.fn(() => answered.promise);
    const session = startSession({
      refreshTimeout: 60_000,
      refreshRetries: 0,
      source,
      store: storeWith({ withLock: slowly }, inner),
    });
    await session.signIn(tokenPair('a'));
    const refreshing = codeOf(session.refresh());
    await clock.advance(54_000);
    opened.resolve();
    await clock.advance(12_000);
    expect(await refreshing).toBe('ERR_BEARER_UNAVAILABLE');
    answered.resolve(tokenPair('b'));
    await clock.advance(60_000);
    expect([await session.token(), await inner.read()]).toMatchObject(['at_b', { token: { accessToken: 'at_b' } }]);
    expect(source).toHaveBeenCalledTimes(1);
  });

  it('L13 tells so, with ms to come back after, and no secrets', async () => {
    const session = startSession({ ...quick, store: storeWith({ withLock: down }) });
    await session.signIn(tokenPair('a'));
    const failed = nextEvent(session, 'refreshFailed');
    const error = await failureOf(session.refresh());
    expect(error).toMatchObject({ code: 'ERR_BEARER_STORE', retryAfter: expect.any(Number) });
    expect(await failed).toMatchObject({ error: { code: 'ERR_BEARER_STORE' }, retryAfter: expect.any(Number) });
    expect(JSON.stringify(error) + error.stack).not.toMatch(/[ar]t_a/);
  });

  it('L13 at sign-out: signed out here all the same, and the promise rejects with ERR_BEARER_STORE (L22)', async () => {
    const inner = memoryStore();
    const store = storeWith({ write: (next) => (next.token ? inner.write(next) : down()) }, inner);
    const { server, api, session } = await startClient({ ...quick, store });
    await session.token();
    expect(await codeOf(session.signOut())).toBe('ERR_BEARER_STORE');
    expect(session.state).toEqual({ status: 'signed-out' });
    expect(await codeOf(session.token())).toBe('ERR_BEARER_SIGNED_OUT');
    expect((await api.get('/public')).data).toEqual({ authorization: false });
    expect(server.stats.refresh).toBe(0);
  });

  it('L13 throws at once instead of rejecting: the same', async () => {
    const throws = () => {
      throw new Error('not connected');
    };
    const session = startSession({ ...quick, store: { read: throws, withLock: throws, write: throws } });
    expect(await codeOf(session.token())).toBe('ERR_BEARER_STORE');
    expect(await codeOf(session.signIn(tokenPair('a')))).toBe('ERR_BEARER_STORE');
    expect(await codeOf(session.signOut())).toBe('ERR_BEARER_STORE');
  });

  it('L13 from beginning to end: everything settles, a live token serves, and no refresh token is sent', async () => {
    const { server, api, session } = await startClient({
      ...quick,
      store: storeWith(everything),
      tokens: tokenPair('a'),
    });
    const all = [api.get('/public'), session.token(), session.refresh(), api.get('/videos')];
    const codes = await Promise.all(all.map(codeOf));
    expect(codes).toEqual(['fulfilled', 'fulfilled', 'ERR_BEARER_STORE', 'ERR_BEARER_STORE']);
    expect(await codeOf(session.signIn(tokenPair('b')))).toBe('ERR_BEARER_STORE');
    expect(await codeOf(session.signOut())).toBe('ERR_BEARER_STORE');
    expect(server.stats.refresh).toBe(0);
  });
});
