import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosError } from 'axios';
import { bearer, isBearerError, type RefreshFunction } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import type { Fault } from 'axios-bearer/testing';
import {
  ALWAYS,
  cleanUp,
  clientOf,
  closeSessionAtEnd,
  codeOf,
  failureOf,
  HOUR,
  installClock,
  installWindow,
  MINUTE,
  QUICK,
  refreshAt,
  roundTrip,
  SECOND,
  startHttpServer,
  startServer,
  statusOrError,
  times,
  watchEvent,
} from '../support/kit.js';

afterEach(cleanUp);

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

  it('L8 rejects every waiter with what ended the session, though a listener signs out when it hears of it', async () => {
    const server = await startServer();
    const { api, session } = clientOf(server, { refreshRetries: 0 });
    server.fault('/auth/refresh', { status: 400, body: { error: 'invalid_grant' } }, ALWAYS);
    server.expire();
    session.on('signedOut', () => void session.signOut());
    const hold = server.hold('/auth/refresh');
    const waiting = watchEvent(session, 'waiting');
    const requests = times(3, (i) => codeOf(api.get(`/echo/${i}`)));
    await waiting.count(3);
    hold.release();
    expect(await Promise.all(requests)).toEqual(times(3, () => 'ERR_BEARER_REJECTED'));
  });

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

function pageOf(url: string, source: RefreshFunction | undefined, tokens?: object) {
  const api = axios.create({ baseURL: url });
  const refresh: RefreshFunction = async (_, { client }) => (await client.post('/refresh')).data;
  const session = closeSessionAtEnd(bearer(api, { source: source ?? refresh, tokens }));
  return { api, session };
}

describe('L8 a Retry-After that is a date', () => {
  it.each([-HOUR, 0, HOUR])('L8 is measured by the answer’s Date: our clock is %i ms ahead', async (ahead) => {
    const clock = installClock();
    const at = (ms: number) => new Date(clock.now() - ahead + ms).toUTCString();
    let asked = 0;
    const { url } = await startHttpServer((_, res) => {
      asked += 1;
      if (asked > 1) return res.end('{"access_token":"at"}');
      return res.writeHead(503, { 'retry-after': at(20 * SECOND), date: at(0) }).end();
    });
    const { session } = pageOf(url, undefined, { refresh_token: 'rt' });
    const failed = watchEvent(session, 'refreshFailed');
    const token = session.token().catch(String);
    await failed.count(1);
    expect(failed.all[0]!.retryAfter).toBe(20 * SECOND);
    await clock.advance(19 * SECOND);
    expect(asked).toBe(1);
    await clock.advance(2 * SECOND);
    expect(await token).toBe('at');
  });
});

it.each([0, 1, 100.5])('L8 tries again however short the delays are, or broken: a cap of %p ms', async (cap) => {
  const server = await startServer();
  const { api } = clientOf(server, { backoff: { initial: cap, cap }, refreshRetries: 2 });
  server.fault('/auth/refresh', { status: 503 }, { times: 2 });
  server.expire();
  expect((await api.get('/echo')).status).toBe(200);
  expect(server.stats.refresh).toBe(3);
});
