import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { isBearerError, memoryStore, type TokenResponse } from 'axios-bearer';
import {
  cleanUp,
  codeOf,
  deferred,
  failureOf,
  installClock,
  never,
  settle,
  startClient,
  startSession,
  tokenPair,
} from '../support/kit.js';

afterEach(cleanUp);

const MINUTE = 60_000;

describe('token()', () => {
  it('gives the token without axios: for a WebSocket, fetch, gRPC', async () => {
    const { server, session } = await startClient();
    const answer = await fetch(`${server.url}/videos`, {
      headers: { Authorization: `Bearer ${await session.token()}` },
    });
    expect(answer.status).toBe(200);
  });

  it('obtains a first one, and refreshes one that has expired, in the flight of the requests', async () => {
    const { server, api, session } = await startClient();
    await session.signIn({ ...server.issue(), expires_in: 0 });
    const [token] = await Promise.all([session.token(), session.token(), api.get('/videos'), session.refresh()]);
    expect(token).toMatch(/^at_/);
    expect(server.stats).toMatchObject({ refresh: 1, ok: 1, unauthorized: 0 });
  });

  it('gives a live token although it is inside the leeway, and refreshes behind it', async () => {
    const clock = installClock();
    const source = jest.fn(async () => tokenPair('new'));
    const session = startSession({ tokens: tokenPair('old'), source });
    await clock.advance(56 * MINUTE);
    expect(await session.token()).toBe('at_old');
    await settle();
    expect(source).toHaveBeenCalledTimes(1);
    expect(await session.token()).toBe('at_new');
  });

  it('refreshes first rather than give one that lives for less than minValidity', async () => {
    const clock = installClock();
    const session = startSession({ tokens: tokenPair('old'), source: async () => tokenPair('new') });
    await clock.advance(30 * MINUTE);
    expect(await session.token({ minValidity: 29 * MINUTE })).toBe('at_old');
    expect(await session.token({ minValidity: 31 * MINUTE })).toBe('at_new');
    expect(await session.token({ minValidity: 31 * MINUTE })).toBe('at_new');
  });

  it('with a minValidity that no token reaches refreshes once, not at every call, and still gives one', async () => {
    const clock = installClock();
    const source = jest.fn(async () => tokenPair('new', { expires_in: 60 }));
    const session = startSession({ tokens: tokenPair('old', { expires_in: 60 }), source });
    await clock.advance(MINUTE / 2);
    for (let i = 0; i < 5; i += 1) expect(await session.token({ minValidity: 24 * 60 * MINUTE })).toBe('at_new');
    expect(source).toHaveBeenCalledTimes(1);
  });

  it('rejects with ERR_BEARER_SIGNED_OUT when nobody is signed in, as an AxiosError', async () => {
    const error = await failureOf(
      startSession({ source: { needsRefreshToken: true, refresh: async () => 'x' } }).token(),
    );
    expect(error).toMatchObject({ code: 'ERR_BEARER_SIGNED_OUT', isAxiosError: true });
    expect(isBearerError(error)).toBe(true);
  });

  it('ends its waiting with the signal’s reason, and never the flight of the others', async () => {
    const answer = deferred<TokenResponse>();
    const session = startSession({ tokens: tokenPair('old', { expires_in: 0 }), source: () => answer.promise });
    const aborter = new AbortController();
    const reason = new Error('enough');
    const first = failureOf(session.token({ signal: aborter.signal }));
    const second = session.token();
    await settle();
    aborter.abort(reason);
    expect(await first).toBe(reason);
    answer.resolve(tokenPair('new'));
    expect(await second).toBe('at_new');
  });

  it('L23 holds the process no longer once its waiting was ended', async () => {
    const set = jest.spyOn(globalThis, 'setTimeout');
    const session = startSession({ tokens: tokenPair('old', { expires_in: 0 }), source: () => never });
    const aborter = new AbortController();
    const waiting = failureOf(session.token({ signal: aborter.signal }));
    await settle();
    const timers = set.mock.results.map(({ value }) => value as NodeJS.Timeout);
    set.mockRestore();
    expect(timers.some((timer) => timer.hasRef())).toBe(true);
    aborter.abort();
    await waiting;
    expect(timers.some((timer) => timer.hasRef())).toBe(false);
  });

  it('rejects at once on a signal that was aborted before', async () => {
    const session = startSession({ tokens: tokenPair('a') });
    const error = await failureOf(session.token({ signal: AbortSignal.abort() }));
    expect(error.name).toBe('AbortError');
  });

  it('leaves no listener on a signal that lives longer', async () => {
    const session = startSession({ tokens: 'old', source: async () => tokenPair('new', { expires_in: 0 }) });
    const { signal } = new AbortController();
    await session.token({ signal });
    await Promise.all([session.token({ signal }), session.refresh()]);
    const failing = startSession({ source: { obtain: () => Promise.reject(new Error('down')) }, refreshRetries: 0 });
    await codeOf(failing.token({ signal }));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('refresh()', () => {
  it('gives a new Token whatever the age of the old one', async () => {
    const { server, session } = await startClient();
    const old = await session.token();
    const token = await session.refresh();
    expect(token).toEqual({
      accessToken: expect.stringMatching(/^at_/),
      refreshToken: expect.stringMatching(/^rt_/),
      issuedAt: expect.any(Number),
      expiresAt: expect.any(Number),
    });
    expect(token.accessToken).not.toBe(old);
    expect(token.expiresAt! - token.issuedAt).toBe(3_600_000);
    expect(server.stats.refresh).toBe(1);
  });

  it('refreshes too when it is the very first call and the store has still to be read', async () => {
    const session = startSession({ tokens: tokenPair('old'), store: memoryStore(), source: async () => 'new' });
    expect((await session.refresh()).accessToken).toBe('new');
  });

  it('joins the refresh under way; one after the other are two', async () => {
    const source = jest.fn(async () => 'new');
    const session = startSession({ tokens: tokenPair('a'), source });
    const [one, two] = await Promise.all([session.refresh(), session.refresh()]);
    expect(one).toEqual(two);
    expect(source).toHaveBeenCalledTimes(1);
    await session.refresh();
    expect(source).toHaveBeenCalledTimes(2);
  });

  it('obtains where there is nothing to refresh', async () => {
    const session = startSession({ source: { obtain: async () => 'first' } });
    expect((await session.refresh()).accessToken).toBe('first');
  });

  it('asks obtain where the source has no refresh', async () => {
    const obtain = jest.fn(async () => 'again');
    const session = startSession({ tokens: 'first', source: { obtain } });
    expect((await session.refresh()).accessToken).toBe('again');
  });

  it('rejects with ERR_BEARER_SIGNED_OUT when nobody is signed in', async () => {
    const session = startSession({ source: { needsRefreshToken: true, refresh: async () => 'x' } });
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_SIGNED_OUT');
    await session.signIn(tokenPair('a'));
    await session.signOut();
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_SIGNED_OUT');
  });

  it('keeps the old token serving when it fails, and says when to come back', async () => {
    const session = startSession({
      tokens: tokenPair('a'),
      source: () => Promise.reject(new Error('down')),
      refreshRetries: 0,
    });
    const error = await failureOf(session.refresh());
    expect(error).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE', retryAfter: expect.any(Number) });
    expect(await session.token()).toBe('at_a');
  });
});

describe('the leeway', () => {
  const under = async (expiresIn: number, leeway?: number) => {
    const clock = installClock();
    const { server, api, session } = await startClient({
      server: { expiresIn },
      ...(leeway !== undefined && { leeway }),
    });
    const refreshesAfter = async (ms: number) => {
      await clock.advance(ms);
      expect((await api.get('/videos')).status).toBe(200);
      const { stats } = server;
      while (session.state.status === 'refreshing') await settle();
      return stats.refresh;
    };
    return { server, refreshesAfter };
  };

  it.each<[string, number, number | undefined, number]>([
    ['5 minutes of an hour', 3600, undefined, 55 * MINUTE],
    ['a fifth of a short life', 600, undefined, 8 * MINUTE],
    ['as much as asked', 3600, MINUTE, 59 * MINUTE],
    ['none at all, if asked', 3600, 0, 60 * MINUTE],
  ])('is %s: then a refresh starts behind the request, and no 401 is ever met', async (_, expiresIn, leeway, due) => {
    const { server, refreshesAfter } = await under(expiresIn, leeway);
    expect(await refreshesAfter(due - 5_000)).toBe(0);
    expect(await refreshesAfter(6_000)).toBe(1);
    expect(server.stats.unauthorized).toBe(0);
  });

  it('larger than the token’s life causes no storm: one refresh per half life at most', async () => {
    const { refreshesAfter } = await under(60, 10 * MINUTE);
    for (let i = 0; i < 5; i += 1) expect(await refreshesAfter(1_000)).toBe(0);
    expect(await refreshesAfter(30_000)).toBe(1);
    expect(await refreshesAfter(1_000)).toBe(1);
  });

  it('lets the request go before the refresh has been answered', async () => {
    const clock = installClock();
    const { server, api, session } = await startClient();
    await clock.advance(56 * MINUTE);
    const refresh = server.hold('/auth/refresh');
    expect((await api.get('/videos')).status).toBe(200);
    await refresh.arrived(1);
    expect(session.state.status).toBe('refreshing');
    expect((await api.get('/videos')).status).toBe(200);
    refresh.release();
    while (session.state.status === 'refreshing') await settle();
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 0, ok: 2 });
  });

  it('bothers no request when the refresh behind it fails', async () => {
    const clock = installClock();
    const { server, api } = await startClient({ refreshRetries: 0 });
    server.fault('/auth/refresh', { status: 503 }, { times: 9 });
    await clock.advance(56 * MINUTE);
    for (let i = 0; i < 3; i += 1) expect((await api.get('/videos')).status).toBe(200);
  });
});

describe('keepFresh', () => {
  it('refreshes on a timer, hour after hour, with no request at all', async () => {
    const clock = installClock();
    const source = jest.fn(async () => tokenPair(`${source.mock.calls.length}`));
    const session = startSession({ tokens: tokenPair('0'), source, keepFresh: true });
    for (let hour = 0; hour < 5; hour += 1) await clock.advance(60 * MINUTE);
    expect(source.mock.calls.length).toBeGreaterThanOrEqual(5);
    expect(source.mock.calls.length).toBeLessThanOrEqual(6);
    expect(session.state.status).toBe('active');
  });

  it('does not, by default', async () => {
    const clock = installClock();
    const source = jest.fn(async () => 'x');
    startSession({ tokens: tokenPair('0'), source });
    await clock.advance(120 * MINUTE);
    expect(source).not.toHaveBeenCalled();
  });

  it('shares its flight with the requests', async () => {
    const clock = installClock();
    const { server, api, session } = await startClient({ keepFresh: true });
    const refresh = server.hold('/auth/refresh');
    await clock.advance(55 * MINUTE + 20);
    await refresh.arrived(1);
    server.expire();
    const requests = Promise.all([session.refresh(), api.get('/videos'), api.get('/videos')]);
    await settle();
    refresh.release();
    await requests;
    expect(server.stats.refresh).toBe(1);
  });

  it('goes on after a failure, no sooner than the backoff says, and stops at a definite refusal', async () => {
    const clock = installClock();
    const at: number[] = [];
    const failing = startSession({
      tokens: tokenPair('0'),
      keepFresh: true,
      refreshRetries: 0,
      backoff: { initial: 10_000, factor: 1, cap: 30_000 },
      source: () => {
        at.push(clock.now());
        return Promise.reject(new Error('down'));
      },
    });
    await clock.advance(58 * MINUTE);
    expect(at.length).toBeGreaterThan(1);
    for (let i = 1; i < at.length; i += 1) expect(at[i]! - at[i - 1]!).toBeGreaterThanOrEqual(9_999);
    failing.close();

    const refused = jest.fn(() => Promise.reject(Object.assign(new Error(), { response: { status: 400 } })));
    startSession({ tokens: tokenPair('0'), keepFresh: true, source: refused });
    await clock.advance(300 * MINUTE);
    expect(refused).toHaveBeenCalledTimes(1);
  });

  it.each(['signOut', 'close'] as const)('stops at %s()', async (end) => {
    const clock = installClock();
    const source = jest.fn(async () => tokenPair('x'));
    const session = startSession({ tokens: tokenPair('0'), source, keepFresh: true });
    await session[end]();
    await clock.advance(300 * MINUTE);
    expect(source).not.toHaveBeenCalled();
  });

  it('starts again at the next sign-in', async () => {
    const clock = installClock();
    const source = jest.fn(async () => tokenPair('x'));
    const session = startSession({ source, keepFresh: true });
    await clock.advance(60 * MINUTE);
    expect(source).not.toHaveBeenCalled();
    await session.signIn(tokenPair('0'));
    await clock.advance(60 * MINUTE);
    expect(source).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['years', 86_400 * 365 * 40, 0],
    ['no time known', undefined, 0],
  ])('a life of %s makes no timer overflow (L12)', async (_, expires_in, calls) => {
    const clock = installClock();
    const source = jest.fn(async () => tokenPair('x'));
    startSession({ tokens: tokenPair('0', { expires_in }), source, keepFresh: true });
    await clock.advance(24 * 60 * MINUTE);
    expect(source).toHaveBeenCalledTimes(calls);
  });

  it('notices a machine that slept through the expiry', async () => {
    const clock = installClock();
    const { server, api } = await startClient({ keepFresh: true });
    clock.jump(120 * MINUTE);
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 0 });
  });
});

describe('minValidity of a request', () => {
  const long = { bearer: { minValidity: 45 * MINUTE } };

  it('refreshes first rather than let a long upload expire midway', async () => {
    const clock = installClock();
    const { server, api } = await startClient();
    await clock.advance(30 * MINUTE);
    await api.post('/echo', 'short');
    expect(server.stats.refresh).toBe(0);
    for (let i = 0; i < 2; i += 1) {
      expect((await api.post('/echo', 'long', long)).data.text).toBe('long');
      expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 0 });
    }
  });

  it('waits in the flight of the others, who go on with the old token', async () => {
    const clock = installClock();
    const { server, api } = await startClient();
    await clock.advance(30 * MINUTE);
    const refresh = server.hold('/auth/refresh');
    const upload = api.get('/echo/long', long);
    await refresh.arrived(1);
    await api.get('/echo/short');
    refresh.release();
    await upload;
    const echoes = server.log.filter(({ path }) => path.startsWith('/echo'));
    expect(echoes.map(({ generation }) => generation)).toEqual([1, 2]);
  });

  it('is content with the live token when no better one can be had', async () => {
    const clock = installClock();
    const { server, api } = await startClient({ refreshRetries: 0 });
    await clock.advance(30 * MINUTE);
    server.fault('/auth/refresh', { status: 503 });
    expect((await api.get('/echo', long)).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 0 });
  });

  it('is ended by the request’s own signal and timeout while it waits', async () => {
    const clock = installClock();
    const { api } = await startClient({ source: () => never });
    await clock.advance(30 * MINUTE);
    const aborter = new AbortController();
    const aborted = codeOf(api.get('/echo', { ...long, signal: aborter.signal }));
    const late = codeOf(api.get('/echo', { ...long, timeout: 30 }));
    await settle();
    aborter.abort();
    expect(await aborted).toBe('ERR_CANCELED');
    await clock.advance(50);
    expect(await late).toMatch(/ECONNABORTED|ETIMEDOUT/);
  });
});
