import { afterEach, describe, expect, it } from '@jest/globals';
import { isBearerError, memoryStore, type TokenSource } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import type { Fault } from 'axios-bearer/testing';
import {
  ALWAYS,
  cleanUp,
  clientOf,
  failureOf,
  HOUR,
  installClock,
  MINUTE,
  refreshAt,
  SECOND,
  sameAs,
  sourceThatAnswers,
  startServer,
  statusOrError,
  times,
  watchEvent,
} from '../support/kit.js';

afterEach(cleanUp);

const ONE_TRY = { refreshRetries: 0, backoff: { initial: SECOND, factor: 1, cap: 2 * SECOND } };

const FAULTS: [name: string, fault: Fault][] = [
  ['a connection that is reset', 'reset'],
  ['a connection that is reset after the head of the answer', 'reset-after-headers'],
  ['a body that is cut', 'cut-body'],
  ['no answer at all', 'hang'],
  ['an answer that drips', { drip: 10_000 }],
  ['an answer that is lost on its way', 'lost'],
  ['half a JSON text', 'truncated-json'],
  ['a page', 'html'],
  ['204', 'empty'],
  ['null', { json: null }],
  ['{}', { json: {} }],
  ['[]', { json: [] }],
  ['a number', { json: 42 }],
  ['true', { json: true }],
  ['"" as JSON', { json: '' }],
  ['an answer without an access token', { json: { refresh_token: 'rt_new', expires_in: 3600 } }],
  ['an access token of null', { json: { access_token: null, refresh_token: 'rt_new' } }],
  ['a redirect', { redirect: 'http://127.0.0.1:1/login' }],
  ['a redirect that keeps the method', { redirect: 'http://127.0.0.1:1/login', status: 307 }],
  ['429', { status: 429 }],
  ['500 with a page', { status: 500, body: '<h1>Oops</h1>', headers: { 'content-type': 'text/html' } }],
  ['503', { status: 503 }],
];

/** Does the fault leave the token request unanswered? As the refresh token may be spent, it is let finish (L3). */
function isUnanswered(fault: Fault): boolean {
  return fault === 'hang' || (fault as { drip?: number }).drip !== undefined;
}

describe('a refresh that fails', () => {
  it.each(FAULTS)(
    'L10 ends no session by %s: the tokens stay, and serve when the server is well again',
    async (_, fault) => {
      const clock = installClock();
      const store = memoryStore();
      // Without rotation, as some of them do the work before they fail: the refresh token would be spent.
      const server = await startServer({ rotate: false });
      const { api, session } = clientOf(server, { store, ...ONE_TRY });
      await session.token();
      const signedOut = watchEvent(session, 'signedOut');
      const [refreshing, failed] = [watchEvent(session, 'refreshing'), watchEvent(session, 'refreshFailed')];
      const kept = await store.read();
      server.fault('/auth/refresh', fault);
      server.expire();
      const request = failureOf(api.get('/echo'));
      await refreshing.count(1);
      if (isUnanswered(fault)) await clock.advance(11 * SECOND);
      const error = await request;
      expect(error.code).toMatch(/^ERR_BEARER_(UNAVAILABLE|TOKEN)$/);
      expect(error.response?.status).toBe(401);
      if (isUnanswered(fault)) await clock.advance(30 * SECOND);
      await failed.count(1);
      expect(failed.all).toHaveLength(1);
      expect(session.state.status).toBe('active');
      expect(await store.read()).toEqual(sameAs(kept));
      await clock.advance(3 * SECOND);
      expect((await api.get('/echo')).status).toBe(200);
      expect(signedOut.all).toEqual([]);
      expect(server.stats).toMatchObject({ refresh: 2, apiKey: 0, reuse: 0 });
    },
  );

  it('L10 ends no session by any status but 400, 401 and 403', async () => {
    const clock = installClock();
    const server = await startServer();
    const { api, session } = clientOf(server, ONE_TRY);
    const signedOut = watchEvent(session, 'signedOut');
    const statuses = [
      300, 304, 402, 404, 405, 406, 407, 408, 409, 410, 413, 418, 421, 422, 423, 425, 428, 429, 431, 451,
    ];
    for (const status of [...statuses, 500, 501, 502, 503, 504, 505, 507, 511, 520, 525, 530, 599]) {
      server.fault('/auth/refresh', { status });
      server.expire();
      const error = await failureOf(api.get('/echo'));
      expect([status, error.code]).toEqual([status, 'ERR_BEARER_UNAVAILABLE']);
      await clock.advance(3 * SECOND);
      expect((await api.get('/echo')).status).toBe(200);
    }
    expect(signedOut.all).toEqual([]);
    expect(server.stats.reuse).toBe(0);
  });

  it.each([
    ['an Error', new Error('boom')],
    ['a TypeError of its own making', new TypeError("Cannot read properties of undefined (reading 'x')")],
    ['an AxiosError without an answer', Object.assign(new Error('net'), { isAxiosError: true, code: 'ECONNRESET' })],
    ['an error that has a code of 401 and no answer', Object.assign(new Error('odd'), { code: 401 })],
    ['a string', 'nope'],
    ['undefined', undefined],
    ['null', null],
    ['a symbol', Symbol('boom')],
    ['an object without a prototype', Object.create(null)],
    ['a frozen object', Object.freeze({ status: 'weird' })],
  ])('L10 ends no session by a source that throws %s', async (_, thrown) => {
    const clock = installClock();
    const server = await startServer();
    let well = false;
    const source = sourceThatAnswers(() => {
      if (well) return server.issue();
      throw thrown;
    });
    const { api, session } = clientOf(server, { source, ...ONE_TRY });
    server.expire();
    const error = await failureOf(api.get('/echo'));
    expect(error).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE', response: { status: 401 } });
    expect(session.state.status).toBe('active');
    well = true;
    await clock.advance(3 * SECOND);
    expect((await api.get('/echo')).status).toBe(200);
  });

  it('L10 ends no session by a source that throws at once, or returns no promise', async () => {
    const server = await startServer();
    for (const broken of [
      () => {
        throw new Error('at once');
      },
      () => undefined,
      () => ({}),
    ]) {
      const { api, session } = clientOf(server, { source: broken as never, ...ONE_TRY });
      server.expire();
      expect(isBearerError(await failureOf(api.get('/echo')))).toBe(true);
      expect(session.state.status).toBe('active');
    }
  });

  it.each([400, 401, 403])('L10 ends the session by a definite refusal (%i), and tells so', async (status) => {
    const store = memoryStore();
    const server = await startServer();
    const { api, session } = clientOf(server, { store });
    const signedOut = watchEvent(session, 'signedOut');
    server.fault('/auth/refresh', { status });
    server.expire();
    const error = await failureOf(api.get('/echo'));
    expect(error).toMatchObject({ code: 'ERR_BEARER_REJECTED', response: { status: 401 } });
    expect(signedOut.all).toEqual([{ reason: 'rejected' }]);
    expect(session.state.status).toBe('failed');
    expect(server.stats.refresh).toBe(1);
  });

  it('L10 tells a request whose 401 comes after a definite refusal the same, with that 401, and asks no more (L8)', async () => {
    const server = await startServer();
    const { api } = clientOf(server);
    const late = server.hold('/echo/late/*');
    const requests = times(3, (i) => failureOf(i ? api.get(`/echo/late/${i}`) : api.post('/echo/late/0')));
    await late.arrived(3);
    server.fault('/auth/refresh', { status: 400 });
    server.expire();
    const first = await failureOf(api.get('/echo'));
    expect(first).toMatchObject({ code: 'ERR_BEARER_REJECTED', response: { status: 401 } });
    late.release();
    for (const [i, error] of (await Promise.all(requests)).entries()) {
      const { message, cause } = first;
      expect(error).toMatchObject({ code: 'ERR_BEARER_REJECTED', message, config: { url: `/echo/late/${i}` } });
      expect(error.cause).toBe(cause);
      expect(error.response).toMatchObject({ status: 401, config: { url: `/echo/late/${i}` } });
    }
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 4 });
  });

  it('L10 lets isRejected say what is definite', async () => {
    const server = await startServer();
    const only = (status: number) => ({
      source: {
        refresh: refreshAt(server),
        isRejected: (error: unknown) => (error as { response?: { status: number } }).response?.status === status,
      },
      ...ONE_TRY,
    });
    const [a, b] = [clientOf(server, only(418)), clientOf(server, only(418))];
    server.expire();
    server.fault('/auth/refresh', { status: 400 });
    expect(await failureOf(a.api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE' });
    expect(a.session.state.status).toBe('active');
    server.fault('/auth/refresh', { status: 418 });
    expect(await failureOf(b.api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_REJECTED' });
    expect(b.session.state.status).toBe('failed');
  });

  it('L10 ends no session by an isRejected that throws', async () => {
    const server = await startServer();
    const isRejected = () => {
      throw new Error('my mistake');
    };
    const { api, session } = clientOf(server, { source: { refresh: refreshAt(server), isRejected }, ...ONE_TRY });
    server.expire();
    server.fault('/auth/refresh', { status: 503 });
    expect(await failureOf(api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE' });
    expect(session.state.status).toBe('active');
  });

  it('L10 keeps the session when the refresh token is dead and the API key can’t be used just now', async () => {
    const clock = installClock();
    const server = await startServer();
    const source = apiVideo({ apiKey: server.apiKey, baseURL: server.url });
    const { api, session } = clientOf(server, { source, ...ONE_TRY });
    const signedOut = watchEvent(session, 'signedOut');
    server.expire();
    server.revokeRefreshTokens();
    server.fault('/auth/api-key', { status: 503 });
    expect(await failureOf(api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE' });
    await clock.advance(3 * SECOND);
    expect((await api.get('/echo')).status).toBe(200);
    // The dead one was not presented again (L3).
    expect(server.stats).toMatchObject({ refresh: 1, apiKey: 2, reuse: 0 });
    expect(signedOut.all).toEqual([]);
  });

  it('L10 keeps a session that has no first token yet: the API key is tried again', async () => {
    const clock = installClock();
    const server = await startServer();
    const source = apiVideo({ apiKey: server.apiKey, baseURL: server.url });
    const { api } = clientOf(server, { source, tokens: undefined, ...ONE_TRY });
    for (const fault of ['reset', { status: 503 }, 'html', 'empty'] as const) {
      server.fault('/auth/api-key', fault);
      expect(isBearerError(await failureOf(api.get('/echo')))).toBe(true);
      await clock.advance(3 * SECOND);
    }
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ apiKey: 5, unauthorized: 0 });
  });
});

describe('a token that is still good', () => {
  it.each(FAULTS)('L10 is used while its refresh fails by %s', async (_, fault) => {
    const clock = installClock();
    // Some of these answers come after the refresh token was spent: the next refresh would be a reuse.
    const server = await startServer({ now: () => 0, reuseDetection: false });
    const { api, session } = clientOf(server, ONE_TRY);
    const before = await session.token();
    const [refreshing, failed] = [watchEvent(session, 'refreshing'), watchEvent(session, 'refreshFailed')];
    server.fault('/auth/refresh', fault, ALWAYS);
    await clock.advance(56 * MINUTE);
    expect((await api.get('/echo')).status).toBe(200);
    await refreshing.count(1);
    expect((await api.get('/echo')).status).toBe(200);
    if (isUnanswered(fault)) await clock.advance(41 * SECOND);
    await failed.count(1);
    expect((await api.get('/echo')).status).toBe(200);
    expect(await session.token()).toBe(before);
    expect(server.stats).toMatchObject({ ok: 3, unauthorized: 0 });
  });

  it('L10 is used at once: no request waits for a refresh that is only due', async () => {
    const clock = installClock();
    const server = await startServer({ now: () => 0 });
    const { api, session } = clientOf(server);
    const before = await session.token();
    const hold = server.hold('/auth/refresh');
    await clock.advance(56 * MINUTE);
    await Promise.all(times(10, () => api.get('/echo')));
    expect(await session.token()).toBe(before);
    await hold.arrived(1);
    hold.release();
  });

  it.each([
    ['due', 'synchronous', 56],
    ['due', 'asynchronous', 56],
    ['expired', 'synchronous', 61],
    ['expired', 'asynchronous', 61],
  ] as const)(
    'L10 serves also when it becomes %s while another %s interceptor is at work',
    async (_, kind, minutes) => {
      const clock = installClock();
      const server = await startServer();
      const { api } = clientOf(server);
      await api.get('/echo');
      const id = api.interceptors.request.use(
        (config) => {
          clock.jump(minutes * MINUTE);
          return config;
        },
        null,
        { synchronous: kind === 'synchronous' },
      );
      expect(await statusOrError(api.get('/echo'))).toBe(200);
      api.interceptors.request.eject(id);
      expect(await statusOrError(api.get('/echo'))).toBe(200);
    },
  );

  it('L10 is used to its last second, then a request waits or fails, but not before', async () => {
    const clock = installClock();
    const server = await startServer({ now: () => 0 });
    const { api, session } = clientOf(server, ONE_TRY);
    await session.token();
    server.fault('/auth/refresh', { status: 503 }, ALWAYS);
    await clock.advance(HOUR - 30 * SECOND);
    for (let i = 0; i < 9; i += 1) {
      expect(await statusOrError(api.get('/echo'))).toBe(200);
      await clock.advance(3 * SECOND);
    }
    await clock.advance(10 * SECOND);
    expect(await failureOf(api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE' });
  });

  it('L10 is used for what asked for a longer life, when a longer one can’t be had', async () => {
    const clock = installClock();
    const server = await startServer({ now: () => 0 });
    const { api, session } = clientOf(server, ONE_TRY);
    await session.token();
    server.fault('/auth/refresh', { status: 503 }, ALWAYS);
    await clock.advance(30 * MINUTE);
    expect(await statusOrError(api.get('/echo', { bearer: { minValidity: 45 * MINUTE } }))).toBe(200);
  });
});

describe('a definite refusal inside the leeway', () => {
  /** The access token lives on for 5 minutes; a refresh ahead of its end was refused for good. */
  async function refusedAhead(options: Parameters<typeof clientOf>[1] = {}) {
    const clock = installClock();
    const store = memoryStore();
    const server = await startServer();
    const client = clientOf(server, { store, ...options });
    const accessToken = await client.session.token();
    const entry = (await store.read())!;
    const failed = watchEvent(client.session, 'refreshFailed');
    const signedOut = watchEvent(client.session, 'signedOut');
    server.revokeRefreshTokens();
    await clock.advance(55 * MINUTE + 5 * SECOND);
    expect((await client.api.get('/echo')).status).toBe(200);
    await failed.count(1);
    return { clock, store, accessToken, entry, failed, signedOut, ...client };
  }

  it.each([false, true])(
    'L10 leaves the live access token serving to its end, and nothing asks again (keepFresh: %s)',
    async (keepFresh) => {
      const { clock, server, accessToken, failed, signedOut, api, session } = await refusedAhead({ keepFresh });
      expect(failed.all).toMatchObject([{ error: { code: 'ERR_BEARER_REJECTED' } }]);
      expect(failed.all[0]).not.toHaveProperty('retryAfter');
      for (let i = 0; i < 5; i += 1) expect((await api.post('/echo', 'a form')).status).toBe(200);
      expect(await session.token()).toBe(accessToken);
      expect(await session.token({ minValidity: 30 * MINUTE })).toBe(accessToken);
      expect(await failureOf(session.refresh())).toMatchObject({ code: 'ERR_BEARER_REJECTED' });
      await clock.advance(3 * MINUTE);
      expect((await api.get('/echo')).status).toBe(200);
      expect(session.state.status).toBe('active');
      expect(signedOut.all).toEqual([]);
      expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 0 });
    },
  );

  it('L10 ends the session with its access token, and a sign-out is stored then', async () => {
    const { clock, store, server, entry, failed, signedOut, api, session } = await refusedAhead();
    await clock.advance(5 * MINUTE);
    expect(await failureOf(api.get('/echo'))).toMatchObject({ response: { status: 401 } });
    expect(await failureOf(session.token())).toMatchObject({ code: 'ERR_BEARER_REJECTED' });
    expect(session.state).toMatchObject({ status: 'failed', error: { code: 'ERR_BEARER_REJECTED' } });
    expect(signedOut.all).toEqual([{ reason: 'rejected' }]);
    expect(failed.all).toHaveLength(1);
    const rests = (await store.read())!;
    expect(rests.session).toBe(entry.session);
    expect(rests.version).toBeGreaterThan(entry.version);
    expect(rests).not.toHaveProperty('token');
    const restarted = clientOf(server, { store, tokens: undefined });
    expect(await failureOf(restarted.session.token())).toMatchObject({ code: 'ERR_BEARER_SIGNED_OUT' });
    expect(server.stats.refresh).toBe(1);
  });

  it('L10 ends the session at once by a 401 that comes after it', async () => {
    const { store, server, signedOut, api, session } = await refusedAhead();
    server.expire();
    expect(await failureOf(api.get('/echo'))).toMatchObject({ response: { status: 401 } });
    expect(session.state).toMatchObject({ status: 'failed', error: { code: 'ERR_BEARER_REJECTED' } });
    expect(signedOut.all).toEqual([{ reason: 'rejected' }]);
    expect(await store.read()).not.toHaveProperty('token');
    expect(server.stats.refresh).toBe(1);
  });

  it('L10 ends the session at once when a 401 came before it, however long', async () => {
    const clock = installClock();
    const server = await startServer();
    const { api, session } = clientOf(server, { ...ONE_TRY, refreshWindow: { limit: 100 } });
    await session.token();
    const signedOut = watchEvent(session, 'signedOut');
    server.fault('/auth/refresh', { status: 503 });
    server.expire();
    expect(await failureOf(api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE' });
    expect(session.state.status).toBe('active');
    await clock.advance(3 * SECOND);
    server.revokeRefreshTokens();
    expect(await failureOf(session.refresh())).toMatchObject({ code: 'ERR_BEARER_REJECTED' });
    expect(session.state.status).toBe('failed');
    expect(signedOut.all).toEqual([{ reason: 'rejected' }]);
  });

  it('L10 does not end it where a request, sent after that 401, was accepted with the token', async () => {
    const clock = installClock();
    const server = await startServer();
    const { api, session } = clientOf(server, ONE_TRY);
    const accessToken = await session.token();
    server.fault('/echo/odd', { status: 401 });
    server.fault('/auth/refresh', { status: 503 });
    expect(await failureOf(api.get('/echo/odd'))).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE' });
    expect((await api.get('/echo')).status).toBe(200);
    await clock.advance(3 * SECOND);
    server.revokeRefreshTokens();
    expect(await failureOf(session.refresh())).toMatchObject({ code: 'ERR_BEARER_REJECTED' });
    expect(session.state.status).toBe('active');
    expect(await session.token()).toBe(accessToken);
    expect((await api.get('/echo')).status).toBe(200);
  });

  it.each([
    ['needs a refresh token', true],
    ['does without one, as with a cookie', false],
  ])(
    'L10 is stored as the same token without its refresh token: a restart serves it, with a source that %s',
    async (_, needsRefreshToken) => {
      const presented: unknown[] = [];
      const source: TokenSource = {
        needsRefreshToken,
        async refresh({ refreshToken }, { client }) {
          presented.push(refreshToken);
          return (await client.post('/auth/refresh', { refreshToken })).data;
        },
      };
      const { clock, store, server, accessToken, entry, session } = await refusedAhead({ source });
      const { refreshToken, ...token } = entry.token!;
      expect(await store.read()).toEqual({ ...sameAs(entry), token });
      await session.close();
      const restarted = clientOf(server, { source, store, tokens: undefined });
      const signedOut = watchEvent(restarted.session, 'signedOut');
      expect(await restarted.session.token()).toBe(accessToken);
      for (let i = 0; i < 3; i += 1) expect((await restarted.api.get('/echo')).status).toBe(200);
      expect(signedOut.all).toEqual([]);
      await clock.advance(5 * MINUTE);
      expect(await failureOf(restarted.api.get('/echo'))).toMatchObject({ response: { status: 401 } });
      expect(presented).toEqual(needsRefreshToken ? [refreshToken] : [refreshToken, undefined]);
    },
  );

  it('L10 is over with a sign-in', async () => {
    const { server, signedOut, api, session } = await refusedAhead();
    await session.signIn(server.issue());
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(signedOut.all).toEqual([]);
    expect(server.stats.refresh).toBe(2);
  });
});
