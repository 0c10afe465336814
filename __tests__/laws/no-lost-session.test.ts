import { afterEach, describe, expect, it } from '@jest/globals';
import {
  isBearerError,
  memoryStore,
  type RefreshFunction,
  type StoreEntry,
  storageStore,
  type TokenResponse,
  type TokenSource,
} from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import type { Fault } from 'axios-bearer/testing';
import {
  ALWAYS,
  cleanUp,
  clientOf,
  failureOf,
  HOUR,
  installClock,
  instantAt,
  MINUTE,
  refreshAt,
  SECOND,
  startServer,
  statusOrError,
  times,
  watchEvent,
} from '../support/kit.js';

afterEach(cleanUp);

const ONE_TRY = { refreshRetries: 0, backoff: { initial: SECOND, factor: 1, cap: 2 * SECOND } };
const DAY = 24 * HOUR;

/** A source that answers what it is told, and counts. */
function answering(answer: () => unknown): RefreshFunction & { calls: number } {
  const source = Object.assign(
    async () => {
      source.calls += 1;
      return answer() as TokenResponse;
    },
    { calls: 0 },
  );
  return source;
}

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

/** The same session and tokens, written anew or not: a mark came and went. */
function sameAs(entry: StoreEntry | undefined) {
  return { ...entry, id: expect.any(String), version: expect.any(Number) };
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
    const source = answering(() => {
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

  it('L8 L10 tells a request whose 401 comes after a definite refusal the same, with that 401, and asks no more', async () => {
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

describe('an answer without a new refresh token', () => {
  it.each([
    ['without the field', {}],
    ['null', { refresh_token: null }],
    ['empty', { refresh_token: '' }],
  ])('L11 keeps the old one (%s)', async (_, more) => {
    const server = await startServer({ rotate: false });
    const presented: unknown[] = [];
    const source: RefreshFunction = async ({ refreshToken }) => {
      presented.push(refreshToken);
      const { access_token, expires_in } = server.issue();
      return { access_token, expires_in, ...more };
    };
    const tokens = server.issue();
    const { api } = clientOf(server, { source, tokens });
    for (let i = 0; i < 3; i += 1) {
      server.expire();
      await api.get('/echo');
    }
    expect(presented).toEqual(times(3, () => tokens.refresh_token));
  });

  it('L11 keeps the old one when the answer is a bare token', async () => {
    const server = await startServer();
    const presented: unknown[] = [];
    const source: RefreshFunction = async ({ refreshToken }) => {
      presented.push(refreshToken);
      return server.issue().access_token;
    };
    const tokens = server.issue();
    const { api } = clientOf(server, { source, tokens });
    for (let i = 0; i < 2; i += 1) {
      server.expire();
      await api.get('/echo');
    }
    expect(presented).toEqual([tokens.refresh_token, tokens.refresh_token]);
  });

  it('L11 takes the new one when there is one, in either spelling', async () => {
    const server = await startServer();
    const presented: unknown[] = [];
    const source: RefreshFunction = async ({ refreshToken }) => {
      presented.push(refreshToken);
      const { access_token: accessToken } = server.issue();
      return presented.length === 1
        ? { accessToken, refreshToken: 'camel', expiresIn: 3600 }
        : { access_token: accessToken, refresh_token: 'snake' };
    };
    const tokens = server.issue();
    const { api } = clientOf(server, { source, tokens });
    for (let i = 0; i < 3; i += 1) {
      server.expire();
      await api.get('/echo');
    }
    expect(presented).toEqual([tokens.refresh_token, 'camel', 'snake']);
  });
});

const NO_TOKENS: [name: string, answer: unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['an empty string', ''],
  ['a page', '<!doctype html><title>Sign in</title>'],
  ['half a JSON text', '{"access_token":"at_ha'],
  ['a number', 42],
  ['true', true],
  ['false', false],
  ['an empty object', {}],
  ['an empty array', []],
  ['an array with a token in it', ['at_1']],
  ['an error object', { error: 'Bad Request' }],
  ['a nested token', { data: { access_token: 'at_1' } }],
  ['an access token of null', { access_token: null }],
  ['an empty access token', { access_token: '' }],
  ['a number for an access token', { access_token: 12345 }],
  ['an object for an access token', { access_token: { value: 'at_1' } }],
  ['an array for an access token', { access_token: ['at_1'] }],
  ['true for an access token', { access_token: true }],
  ['a token with a space', { access_token: 'at 1' }],
  ['a token with a space at its end', { access_token: 'at_1 ' }],
  ['a token with a line break', { access_token: 'at_1\r\nX-Evil: 1' }],
  ['a token with a line feed at its end', { access_token: 'at_1\n' }],
  ['a token with a tab', { access_token: 'at\t1' }],
  ['a token with a NUL', { access_token: 'at\0' }],
  ['a token with a DEL', { access_token: 'at\x7f' }],
  ['a token in Latin-1', { access_token: 'tökén' }],
  ['a token with an emoji', { access_token: 'at_🔑' }],
  ['a token with a zero-width space', { access_token: 'at_\u200b1' }],
  ['a bare token with a line break', 'at_1\nat_2'],
  ['a bare token in Latin-1', 'tökén'],
  ['a refresh token with a line break', { access_token: 'at_1', refresh_token: 'rt\r\n1' }],
  ['a refresh token that is a number', { access_token: 'at_1', refresh_token: 7 }],
  ['a refresh token that is an object', { access_token: 'at_1', refresh_token: {} }],
  ['a token in the prototype', JSON.parse('{"__proto__":{"access_token":"at_polluted"}}')],
];

describe('a malformed answer', () => {
  it.each(NO_TOKENS)('L11 is refused at the door, and the old tokens are kept: %s', async (_, answer) => {
    const store = memoryStore();
    const server = await startServer();
    const source = answering(() => answer);
    const { api, session } = clientOf(server, { store, source, ...ONE_TRY });
    const before = await session.token();
    const kept = await store.read();
    server.expire();
    const error = await failureOf(api.get('/echo'));
    expect(error).toMatchObject({ code: 'ERR_BEARER_TOKEN', response: { status: 401 } });
    expect(error.message).not.toMatch(/at_1|at_polluted|rt\r|at_ha/);
    expect(await session.token()).toBe(before);
    expect(await store.read()).toEqual(sameAs(kept));
    expect(session.state.status).toBe('active');
    expect(({} as Record<string, unknown>).access_token).toBeUndefined();
  });

  it('L11 is refused for a first token too', async () => {
    const server = await startServer();
    for (const [, answer] of NO_TOKENS) {
      const source = { obtain: async () => answer as TokenResponse };
      const { api, session } = clientOf(server, { source, tokens: undefined, ...ONE_TRY });
      expect(await failureOf(api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_TOKEN' });
      expect(await failureOf(session.token())).toMatchObject({ code: 'ERR_BEARER_TOKEN' });
    }
    expect(server.stats.requests).toBe(0);
  });

  it('L11 is refused at sign-in too, and who was signed in stays so', async () => {
    const server = await startServer();
    const { api, session } = clientOf(server);
    const before = await session.token();
    for (const answer of NO_TOKENS.slice(1).map(([, answer]) => answer)) {
      expect(await failureOf(session.signIn(answer as TokenResponse))).toMatchObject({ code: 'ERR_BEARER_TOKEN' });
      expect(await session.token()).toBe(before);
    }
    expect((await api.get('/echo')).status).toBe(200);
  });

  it('L11 is tried again like any failure that may pass', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { backoff: { initial: 1, cap: 5 } });
    server.fault('/auth/refresh', 'html');
    server.fault('/auth/refresh', 'truncated-json');
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 3, reuse: 0 });
  });

  it.each(['1|laravelSanctum', 'a.b-c_d~e+f/g==', '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', 'x'.repeat(8000)])(
    'L11 is not what an unusual but visible token is: %.20s',
    async (token) => {
      const server = await startServer();
      const bare = /[&]/.test(token) ? [] : [token];
      for (const answer of [...bare, { access_token: token }, { accessToken: token, refreshToken: token }]) {
        const { session } = clientOf(server, { source: answering(() => answer) });
        expect(await session.refresh()).toMatchObject({ accessToken: token });
      }
    },
  );
});

/** `expires_in`, and the life in seconds that may be believed of it; `undefined`: unknown. */
const LIVES = (<[name: string, value: unknown, life?: number][]>[
  ['3600', 3600, 3600],
  ['"3600"', '3600', 3600],
  ['3600.7', 3600.7, 3600.7],
  ['nothing', undefined],
  ['null', null],
  ['0', 0],
  ['-0', -0],
  ['-1', -1],
  ['-3600', -3600],
  ['"0"', '0'],
  ['"-5"', '-5'],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['"NaN"', 'NaN'],
  ['"Infinity"', 'Infinity'],
  ['an empty string', ''],
  ['a blank', ' '],
  ['"soon"', 'soon'],
  ['"3600s"', '3600s'],
  ['true', true],
  ['false', false],
  ['[]', []],
  ['{}', {}],
  ['a function', () => 3600],
  ['5e-324', 5e-324],
  ['1e-9', 1e-9],
  ['0.001', 0.001],
  ['1', 1, 1],
  ['2 ** 31 (seconds)', 2 ** 31, 2 ** 31],
  ['2147484 (just over what a timer can take)', 2_147_484, 2_147_484],
  ['2 ** 53', 2 ** 53, 2 ** 53],
  ['1e21', 1e21, 1e21],
  ['1e300', 1e300, 1e300],
  ['1e308 (infinite in ms)', 1e308],
  ['Number.MAX_VALUE', Number.MAX_VALUE],
  ['3600n', 3600n],
  ['a symbol', Symbol('3600')],
  [
    'an object that throws',
    {
      valueOf() {
        throw new Error('valueOf');
      },
    },
  ],
]).map(([name, value, life]) => [name, value, life] as const);

describe('expires_in', () => {
  it.each(LIVES)(
    'L12 of %s: 10 requests one after the other are no storm, and no time is NaN',
    async (_, value, life) => {
      const server = await startServer({ now: () => 0 });
      const source = answering(() => ({ ...server.issue(), expires_in: value }));
      const { api, session } = clientOf(server, { source });
      const refreshed = watchEvent(session, 'refreshed');
      const from = Date.now();
      await session.refresh();
      for (let i = 0; i < 10; i += 1) expect((await api.get('/echo')).status).toBe(200);
      expect(source.calls).toBeLessThanOrEqual(2 + Math.floor((Date.now() - from) / 500));
      const { expiresAt } = session.state as { expiresAt?: number };
      for (const at of [expiresAt, ...refreshed.all.map((news) => news.expiresAt)]) {
        if (at !== undefined) expect(Number.isFinite(at)).toBe(true);
        if (life === 3600) expect(Math.abs(at! - from - HOUR)).toBeLessThan(10 * SECOND);
      }
      if (typeof value === 'number' && value <= 0) expect(expiresAt).toBeUndefined();
    },
  );

  it.each(LIVES)('L12 of %s: the timer of keepFresh never spins', async (_, value, life) => {
    const clock = installClock();
    const delays: number[] = [];
    const fake = globalThis.setTimeout;
    globalThis.setTimeout = ((task: () => void, ms: number, ...rest: []) => {
      delays.push(ms);
      return fake(task, ms, ...rest);
    }) as typeof fake;
    try {
      const server = await startServer({ now: () => 0 });
      const source = answering(() => ({ ...server.issue(), expires_in: value }));
      const { session } = clientOf(server, { source, keepFresh: true });
      await session.refresh();
      source.calls = 0;
      await clock.advance(2 * MINUTE);
      expect(source.calls).toBeLessThanOrEqual(120);
      if (source.calls === 0) await clock.advance(HOUR / 2);
      if (life !== undefined && life > 3000) expect(source.calls).toBe(0);
    } finally {
      globalThis.setTimeout = fake;
    }
    for (const ms of delays) expect(ms >= 0 && ms < 2 ** 31).toBe(true);
  });

  it('L12 that a timer can’t hold is kept fresh all the same, when its time comes', async () => {
    const clock = installClock();
    const server = await startServer({ now: () => 0 });
    const life = 60 * DAY;
    const source = answering(() => ({ ...server.issue(), expires_in: life / SECOND }));
    const { session } = clientOf(server, { source, keepFresh: true });
    await session.refresh();
    await clock.advance(life - 6 * MINUTE);
    expect(source.calls).toBe(1);
    await clock.advance(2 * MINUTE);
    expect(source.calls).toBe(2);
  });

  it('L12 of an hour has keepFresh refresh about once an hour', async () => {
    const clock = installClock();
    const server = await startServer({ now: () => 0 });
    const source = instantAt(server);
    const { session } = clientOf(server, { source, keepFresh: true });
    await session.token();
    await clock.advance(DAY);
    expect(source.calls).toBeGreaterThanOrEqual(24);
    expect(source.calls).toBeLessThanOrEqual(30);
  });

  it('L12 of 0 or less means expired in tokens that are handed in: they are refreshed before the first send', async () => {
    const server = await startServer();
    const past = { expiresAt: Date.now() - HOUR, issuedAt: Date.now() - 2 * HOUR };
    for (const life of [{ expires_in: 0 }, { expires_in: -60 }, { expires_in: '0' }, past, { expiresAt: 0 }]) {
      const { access_token: accessToken, refresh_token: refreshToken } = server.issue();
      const { api } = clientOf(server, { tokens: { accessToken, refreshToken, ...life } as TokenResponse });
      expect((await api.get('/echo')).status).toBe(200);
    }
    const { api, session } = clientOf(server, { tokens: undefined });
    await session.signIn({ ...server.issue(), expires_in: 0 });
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 6, unauthorized: 0, ok: 6 });
  });

  it('L12 of 0 or less means unknown in an answer: the token is used until a 401 tells', async () => {
    const server = await startServer();
    for (const expires_in of [0, -1, '0', '-60']) {
      const source = answering(() => ({ ...server.issue(), expires_in }));
      const { api, session } = clientOf(server, { source });
      await session.refresh();
      for (let i = 0; i < 5; i += 1) await api.get('/echo');
      expect(source.calls).toBe(1);
      server.expire();
      await api.get('/echo');
      expect(source.calls).toBe(2);
    }
  });

  it('L12 of tokens handed in may be of any type and size as well', async () => {
    const server = await startServer({ now: () => 0 });
    for (const [, expires_in] of LIVES) {
      const source = instantAt(server);
      const tokens = { ...server.issue(), expires_in } as TokenResponse;
      const { api, session } = clientOf(server, { source, tokens, keepFresh: true });
      for (let i = 0; i < 3; i += 1) expect((await api.get('/echo')).status).toBe(200);
      expect(source.calls).toBeLessThanOrEqual(1);
      const { expiresAt } = session.state as { expiresAt?: number };
      expect(expiresAt === undefined || Number.isFinite(expiresAt)).toBe(true);
      session.close();
    }
  });

  it.each([Number.NaN, 'soon', '', {}, null, Number.POSITIVE_INFINITY, -1, new Date('nonsense'), 1e300])(
    'L12 is not all: an odd expiresAt (%p) or issuedAt does no harm either',
    async (odd) => {
      const server = await startServer({ now: () => 0 });
      const { access_token: accessToken, refresh_token: refreshToken } = server.issue();
      for (const times of [
        { expiresAt: odd },
        { issuedAt: odd, expires_in: 3600 },
        { issuedAt: odd, expiresAt: odd },
      ]) {
        const source = instantAt(server);
        const tokens = { accessToken, refreshToken, ...times } as TokenResponse;
        const { api, session } = clientOf(server, { source, tokens, keepFresh: true });
        for (let i = 0; i < 5; i += 1) expect((await api.get('/echo')).status).toBe(200);
        expect(source.calls).toBeLessThanOrEqual(1);
        const { expiresAt } = session.state as { expiresAt?: number };
        expect(expiresAt === undefined || Number.isFinite(expiresAt)).toBe(true);
        session.close();
      }
    },
  );

  it('L12 that is beyond all bounds comes through a store of text unharmed', async () => {
    const server = await startServer({ now: () => 0 });
    for (const expires_in of [1e308, 1e300, Number.POSITIVE_INFINITY, 3600]) {
      const items = new Map<string, string>();
      const storage = {
        getItem: (key: string) => items.get(key),
        setItem: (key: string, value: string) => items.set(key, value),
        removeItem: (key: string) => items.delete(key),
      };
      const source = answering(() => ({ ...server.issue(), expires_in }));
      const a = clientOf(server, { source, store: storageStore(storage) });
      const { accessToken } = await a.session.refresh();
      const b = clientOf(server, { source, store: storageStore(storage), tokens: undefined, keepFresh: true });
      for (let i = 0; i < 5; i += 1) expect((await b.api.get('/echo')).status).toBe(200);
      expect(await b.session.token()).toBe(accessToken);
      expect(source.calls).toBe(1);
    }
  });
});

/** A JWT that nobody signed. */
function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.sig`;
}

describe('a JWT', () => {
  it.each([
    ['lies in the past by a server whose clock is behind', { iat: -7200, exp: -3600 }],
    ['lies in the past and is all there is', { exp: -3600 }],
    ['is no number', { exp: 'soon' }],
    ['is null', { exp: null }],
    ['is before iat', { iat: 3600, exp: 0 }],
    ['is 1e300', { exp: 1e300 }],
    ['is missing', {}],
  ])('L12 whose exp %s gives a hint and no storm', async (_, claims) => {
    const server = await startServer();
    const now = Math.floor(Date.now() / 1000);
    const shifted = Object.fromEntries(
      Object.entries(claims).map(([name, value]) => [name, typeof value === 'number' ? now + value : value]),
    );
    const source = answering(() => ({ access_token: jwt(shifted), refresh_token: 'rt' }));
    const { session } = clientOf(server, { source, keepFresh: true });
    await session.refresh();
    for (let i = 0; i < 20; i += 1) await session.token();
    expect(source.calls).toBeLessThanOrEqual(2);
    const { expiresAt } = session.state as { expiresAt?: number };
    expect(expiresAt === undefined || Number.isFinite(expiresAt)).toBe(true);
  });

  it.each([
    'not.a.jwt',
    'a.b',
    'a..c',
    '..',
    `${'x'.repeat(20)}.%%%.y`,
    `a.${Buffer.from('null').toString('base64url')}.c`,
  ])('L12 that is none (%s) is a token like any other', async (token) => {
    const server = await startServer();
    const source = answering(() => token);
    const { session } = clientOf(server, { source });
    await session.refresh();
    expect(await session.token()).toBe(token);
    expect(session.state).not.toHaveProperty('expiresAt');
    expect(source.calls).toBe(1);
  });

  it.each([0, -24, 24])('L12 says how long it lives, not until when: the server’s clock is %i h off', async (hours) => {
    const server = await startServer();
    const from = Date.now();
    const iat = Math.floor(from / 1000) + hours * 3600;
    const { session } = clientOf(server, { source: answering(() => jwt({ iat, exp: iat + 3600 })) });
    await session.refresh();
    const { expiresAt } = session.state as { expiresAt?: number };
    expect(Math.abs(expiresAt! - from - HOUR)).toBeLessThan(10 * SECOND);
  });

  it('L12 with nothing but exp is believed, answered or handed in; an expired one handed in is expired', async () => {
    const server = await startServer();
    const exp = Math.floor(Date.now() / 1000) + 3600;
    const source = answering(() => jwt({ exp }));
    const { session } = clientOf(server, { source, tokens: jwt({ exp: exp - 7200 }) });
    expect(await session.token()).toBe(jwt({ exp }));
    expect(session.state).toMatchObject({ expiresAt: exp * 1000 });
    expect(source.calls).toBe(1);
    const { session: other } = clientOf(server, { source, tokens: jwt({ exp: exp + 60 }) });
    expect(await other.token()).toBe(jwt({ exp: exp + 60 }));
    expect(other.state).toMatchObject({ expiresAt: (exp + 60) * 1000 });
  });

  it('L12 without an expires_in beside it tells when to refresh', async () => {
    const clock = installClock();
    const server = await startServer();
    const stamp = () => Math.floor(clock.now() / 1000);
    const source = answering(() => jwt({ iat: stamp(), exp: stamp() + 3600, jti: source.calls }));
    const { session } = clientOf(server, { source });
    const { accessToken } = await session.refresh();
    await clock.advance(30 * MINUTE);
    expect(await session.token()).toBe(accessToken);
    await clock.advance(31 * MINUTE);
    expect(await session.token()).not.toBe(accessToken);
    expect(source.calls).toBe(2);
  });
});

describe('the clock', () => {
  it('L12 that jumps a year ahead costs one refresh and no more', async () => {
    const clock = installClock();
    const server = await startServer({ now: () => 0 });
    const { api } = clientOf(server, { keepFresh: true });
    await api.get('/echo');
    clock.jump(365 * DAY);
    for (let i = 0; i < 20; i += 1) expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 0, reuse: 0 });
  });

  it('L12 that is set back a day costs nothing, and a 401 is still the truth', async () => {
    const clock = installClock();
    const server = await startServer({ now: () => 0 });
    const { api } = clientOf(server, { keepFresh: true });
    await api.get('/echo');
    clock.jump(-DAY);
    for (let i = 0; i < 10; i += 1) expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats.refresh).toBe(0);
    server.expire();
    for (let i = 0; i < 10; i += 1) expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 1 });
  });

  it('L12 that jumps to and fro all the time gives no storm', async () => {
    const clock = installClock();
    const server = await startServer({ now: () => 0 });
    const source = instantAt(server);
    const { api } = clientOf(server, { source, keepFresh: true });
    for (let i = 0; i < 20; i += 1) {
      clock.jump(i % 2 ? -2 * DAY : 2 * DAY);
      for (let k = 0; k < 3; k += 1) expect((await api.get('/echo')).status).toBe(200);
    }
    expect(source.calls).toBeLessThanOrEqual(20);
  });

  it('L12 that stands a day off the server’s does no harm: expires_in counts from the answer', async () => {
    const clock = installClock();
    let skew = -DAY;
    const server = await startServer({ now: () => clock.now() + skew });
    for (skew of [-DAY, DAY, -365 * DAY]) {
      const { api, session } = clientOf(server);
      const refreshed = watchEvent(session, 'refreshed');
      server.reset();
      for (let i = 0; i < 5; i += 1) await api.get('/echo');
      expect(server.stats).toMatchObject({ refresh: 0, unauthorized: 0 });
      await clock.advance(56 * MINUTE);
      expect((await api.get('/echo')).status).toBe(200);
      await refreshed.count(1);
    }
  });

  it('L12 of a machine that slept: the first request refreshes, the late timer joins in or finds nothing to do', async () => {
    const clock = installClock();
    const server = await startServer();
    const { api, session } = clientOf(server, { keepFresh: true, refreshTimeout: HOUR });
    await session.token();
    await clock.advance(54 * MINUTE);
    clock.jump(8 * HOUR); // timers stand still in a sleep
    await Promise.all(times(10, (i) => api.get(`/echo/${i}`)));
    await clock.advance(2 * MINUTE);
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 0, reuse: 0 });
  });

  it('L12 that goes back during the flight’s backoff does not keep it waiting for a day', async () => {
    const clock = installClock();
    const server = await startServer();
    const { api, session } = clientOf(server, { refreshRetries: 2, backoff: { initial: 5 * SECOND, factor: 1 } });
    const failed = watchEvent(session, 'refreshFailed');
    server.fault('/auth/refresh', { status: 503 });
    server.expire();
    const request = api.get('/echo');
    await failed.count(1);
    clock.jump(-DAY);
    await clock.advance(7 * SECOND);
    expect((await request).status).toBe(200);
  });

  it('L12 that goes back after a failed flight does not keep the next waiting for a day', async () => {
    const clock = installClock();
    const server = await startServer();
    const { api } = clientOf(server, ONE_TRY);
    server.fault('/auth/refresh', { status: 503 });
    server.expire();
    await failureOf(api.get('/echo'));
    clock.jump(-DAY);
    await clock.advance(3 * SECOND);
    expect((await api.get('/echo')).status).toBe(200);
  });

  it('L12 that goes back while the breaker is open does not keep it open for a day', async () => {
    const clock = installClock();
    const server = await startServer();
    const { api, session } = clientOf(server, { backoff: { initial: 1, factor: 1 }, refreshWindow: { limit: 1 } });
    const open = watchEvent(session, 'breakerOpen');
    await failureOf(api.get('/always-401'));
    expect(open.all).toHaveLength(1);
    clock.jump(-DAY);
    await clock.advance(31 * SECOND);
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
  });

  it('L12 that goes back does not have keepFresh spin or stop', async () => {
    const clock = installClock();
    const server = await startServer({ now: () => 0 });
    const source = instantAt(server);
    const { session } = clientOf(server, { source, keepFresh: true });
    await session.token();
    await clock.advance(54 * MINUTE);
    clock.jump(-30 * MINUTE);
    await clock.advance(2 * HOUR);
    expect(source.calls).toBeGreaterThanOrEqual(1);
    expect(source.calls).toBeLessThanOrEqual(3);
  });
});

describe('a leeway or minValidity larger than the life', () => {
  it.each([2 * HOUR, 1e15, Number.MAX_SAFE_INTEGER, Number.MAX_VALUE, Number.POSITIVE_INFINITY])(
    'L12 causes no storm: leeway %p',
    async (leeway) => {
      const server = await startServer({ now: () => 0 });
      const source = instantAt(server);
      const { api, session } = clientOf(server, { source, leeway });
      for (let i = 0; i < 30; i += 1) expect((await api.get('/echo')).status).toBe(200);
      await session.token();
      expect(source.calls).toBeLessThanOrEqual(1);
    },
  );

  it.each([2 * HOUR, Number.POSITIVE_INFINITY])('L12 causes no storm on the timer: leeway %p', async (leeway) => {
    const clock = installClock();
    const server = await startServer({ now: () => 0 });
    const source = instantAt(server);
    const { session } = clientOf(server, { source, leeway, keepFresh: true });
    await session.token();
    await clock.advance(10 * HOUR);
    expect(source.calls).toBeGreaterThanOrEqual(9);
    expect(source.calls).toBeLessThanOrEqual(25);
  });

  it.each([60, 2])(
    'L12 causes no storm with a life of %i s and a leeway of an hour, over many requests',
    async (life) => {
      const clock = installClock();
      const server = await startServer({ now: () => 0, expiresIn: life });
      const source = instantAt(server);
      const { api } = clientOf(server, { source, leeway: HOUR, keepFresh: true });
      for (let i = 0; i < 40; i += 1) {
        expect((await api.get('/echo')).status).toBe(200);
        await clock.advance(500);
      }
      expect(source.calls).toBeLessThanOrEqual(40 / life + 25); // 20 s: not at every request
    },
  );

  it.each([2 * HOUR, 1e15, Number.POSITIVE_INFINITY])('L12 causes no storm: minValidity %p', async (minValidity) => {
    const server = await startServer({ now: () => 0 });
    const source = instantAt(server);
    const { api, session } = clientOf(server, { source });
    for (let i = 0; i < 20; i += 1) {
      expect((await api.get('/echo', { bearer: { minValidity } })).status).toBe(200);
      await session.token({ minValidity });
    }
    expect(source.calls).toBeLessThanOrEqual(2);
  });

  it.each([Number.NaN, -1, -HOUR])('L12 causes no harm: minValidity %p', async (minValidity) => {
    const server = await startServer({ now: () => 0 });
    const source = instantAt(server);
    const { api, session } = clientOf(server, { source });
    for (let i = 0; i < 5; i += 1) {
      expect((await api.get('/echo', { bearer: { minValidity } })).status).toBe(200);
      await session.token({ minValidity });
    }
    expect(source.calls).toBe(0);
  });

  it('L12 still has a long upload refreshed first rather than expire midway', async () => {
    const clock = installClock();
    const server = await startServer();
    const { api } = clientOf(server);
    await api.get('/echo');
    await clock.advance(30 * MINUTE);
    expect((await api.post('/echo', 'x', { bearer: { minValidity: 40 * MINUTE } })).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 0 });
    await api.post('/echo', 'x', { bearer: { minValidity: 40 * MINUTE } });
    expect(server.stats.refresh).toBe(1);
  });
});
