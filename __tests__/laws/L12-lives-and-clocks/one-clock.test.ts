import { afterEach, describe, expect, it } from '@jest/globals';
import { storageStore, type TokenResponse } from 'axios-bearer';
import {
  cleanUp,
  clientOf,
  failureOf,
  freezeClock,
  HOUR,
  installClock,
  instantAt,
  MINUTE,
  SECOND,
  sourceThatAnswers,
  startServer,
  times,
  watchEvent,
} from '../../support/kit.js';

afterEach(cleanUp);

const ONE_TRY = { refreshRetries: 0, backoff: { initial: SECOND, factor: 1, cap: 2 * SECOND } };
const DAY = 24 * HOUR;

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
      const source = sourceThatAnswers(() => ({ ...server.issue(), expires_in: value }));
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
    // A clock that goes on by itself would let more than two minutes pass on a busy machine.
    const clock = freezeClock();
    const delays: number[] = [];
    const fake = globalThis.setTimeout;
    globalThis.setTimeout = ((task: () => void, ms: number, ...rest: []) => {
      delays.push(ms);
      return fake(task, ms, ...rest);
    }) as typeof fake;
    try {
      const server = await startServer({ now: () => 0 });
      const source = sourceThatAnswers(() => ({ ...server.issue(), expires_in: value }));
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
    const source = sourceThatAnswers(() => ({ ...server.issue(), expires_in: life / SECOND }));
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
      const source = sourceThatAnswers(() => ({ ...server.issue(), expires_in }));
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
      const source = sourceThatAnswers(() => ({ ...server.issue(), expires_in }));
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
    const source = sourceThatAnswers(() => ({ access_token: jwt(shifted), refresh_token: 'rt' }));
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
    const source = sourceThatAnswers(() => token);
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
    const { session } = clientOf(server, { source: sourceThatAnswers(() => jwt({ iat, exp: iat + 3600 })) });
    await session.refresh();
    const { expiresAt } = session.state as { expiresAt?: number };
    expect(Math.abs(expiresAt! - from - HOUR)).toBeLessThan(10 * SECOND);
  });

  it('L12 with nothing but exp is believed, answered or handed in; an expired one handed in is expired', async () => {
    const server = await startServer();
    const exp = Math.floor(Date.now() / 1000) + 3600;
    const source = sourceThatAnswers(() => jwt({ exp }));
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
    const source = sourceThatAnswers(() => jwt({ iat: stamp(), exp: stamp() + 3600, jti: source.calls }));
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
