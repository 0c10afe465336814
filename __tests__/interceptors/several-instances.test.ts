import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosInstance } from 'axios';
import { bearer, createSession, type InstallOptions, type Session, type SessionOptions } from 'axios-bearer';
import type { ApiVideo } from 'axios-bearer/testing';
import {
  cleanUp,
  closeAtEnd,
  codeOf,
  failureOf,
  headersAt,
  installClock,
  refreshing,
  settle,
  startServer,
  startSession,
  stateOf,
} from '../support/kit.js';

afterEach(cleanUp);

/** One session, and instances that it does not serve yet. */
async function several(options: Partial<SessionOptions> = {}) {
  const server = await startServer();
  const session = closeAtEnd(createSession({ source: refreshing, tokens: server.issue(), ...options }));
  const instance = (name = 'app') => axios.create({ baseURL: server.url, headers: { 'X-App': name } });
  return { server, session, first: instance('first'), second: instance('second'), third: instance('third') };
}

/** So many requests wait for a token. */
function waiting(session: Session, n: number): Promise<void> {
  return new Promise((resolve) => {
    let count = 0;
    session.on('waiting', () => ++count === n && resolve());
  });
}

describe('Options of one instance do not serve another of the same session', () => {
  const token = async (session: Session) => `Bearer ${await session.token()}`;

  it('header and scheme', async () => {
    const { server, session, first, second, third } = await several();
    session.install(first, { header: 'X-Token', scheme: '' });
    session.install(second);
    session.install(third, { scheme: 'Token' });
    const seen = headersAt(server, '/public', 'x-token', 'authorization');
    for (const api of [first, second, third, first, second]) await api.get('/public');
    const bare = await session.token();
    expect(seen).toEqual([
      [bare, undefined],
      [undefined, `Bearer ${bare}`],
      [undefined, `Token ${bare}`],
      [bare, undefined],
      [undefined, `Bearer ${bare}`],
    ]);
  });

  it('L19 origins', async () => {
    const { session, first, second } = await several();
    const abroad = await startServer();
    session.install(first, { origins: '*' });
    session.install(second);
    const url = `${abroad.url}/public`;
    expect([(await first.get(url)).data, (await second.get(url)).data]).toEqual([
      { authorization: true },
      { authorization: false },
    ]);
  });

  it('L19 a source’s origins: they are those of the session that the request is of', async () => {
    const { server, first } = await several();
    const abroad = await startServer();
    const sessions: Record<string, Session> = {
      ada: startSession({ tokens: server.issue(), source: { refresh: refreshing, origins: [abroad.url] } }),
      bob: startSession({ tokens: server.issue() }),
    };
    bearer(first, { session: ({ headers }) => sessions[String(headers['X-Tenant'])] });
    const seen: unknown[] = [];
    for (const tenant of ['ada', 'bob', 'ada']) {
      const { data } = await first.get(`${abroad.url}/public`, { headers: { 'X-Tenant': tenant } });
      seen.push(data.authorization);
    }
    expect(seen).toEqual([true, false, true]);
  });

  it('skip, whenSignedOut, maxReplays and shouldRefresh', async () => {
    const { server, session, first, second } = await several();
    session.install(first, {
      skip: ({ url }) => url === '/public',
      maxReplays: 0,
      whenSignedOut: 'reject',
      shouldRefresh: () => false,
    });
    session.install(second);
    expect((await second.get('/public')).data).toEqual({ authorization: true });
    server.expire();
    expect(await codeOf(first.get('/videos'))).toBe('ERR_BAD_REQUEST');
    expect((await second.get('/videos')).status).toBe(200);
    await session.signOut();
    expect((await second.get('/public')).data).toEqual({ authorization: false });
  });

  it('L20 redact, and the header that an error is cleaned of', async () => {
    const { server, session, first, second, third } = await several();
    session.install(first, { redact: false });
    session.install(second, { header: 'X-Token' });
    session.install(third);
    server.fault('/echo', { status: 500 }, { times: 3 });
    const bare = await token(session);
    const headersOf = async (api: AxiosInstance) => (await failureOf(api.get('/echo'))).config.headers.toJSON();
    expect(await headersOf(first)).toMatchObject({ Authorization: bare });
    for (const api of [second, third]) expect(JSON.stringify(await headersOf(api))).not.toContain(bare.slice(7));
  });

  it('replayConcurrency: a replay that hangs on one does not delay the other’s', async () => {
    const { server, session, first, second } = await several();
    for (const api of [first, second]) session.install(api, { replayConcurrency: 1 });
    server.expire();
    const refresh = server.hold('/auth/refresh');
    // Each holds a place for a second: behind all of these the timeout would come first.
    const allWait = waiting(session, 31);
    const slow = Promise.all(Array.from({ length: 30 }, () => first.get('/echo/slow')));
    slow.catch(() => {});
    const quick = second.get('/echo/quick', { timeout: 15_000 });
    await allWait;
    const hung = server.hold('/echo/slow');
    refresh.release();
    await hung.arrived(1);
    expect((await quick).status).toBe(200);
    expect(hung.waiting).toBeGreaterThan(0);
    hung.release();
    expect((await slow).map(({ status }) => status)).toEqual(Array(30).fill(200));
  });
});

describe('The source’s client', () => {
  /** The instance that each refresh was made for, by its default header. */
  const refreshes = (server: ApiVideo) => headersAt(server, '/auth/refresh', 'x-app');
  type Join = (session: Session) => (api: AxiosInstance) => unknown;
  const joins: [string, Join][] = [
    ['install()', (session) => (api) => session.install(api)],
    ['a function that chooses the session', (session) => (api) => bearer(api, { session: () => session })],
    ['a function that takes its time', (session) => (api) => bearer(api, { session: async () => session })],
    [
      'the request',
      (session) => (api) => api.interceptors.request.use((config) => ({ ...config, bearer: { session } })),
    ],
  ];

  it.each(joins)('is a sibling of the first instance that was served, by %s', async (how, join) => {
    const { server, session, first, second, third } = await several();
    const seen = refreshes(server);
    for (const api of [first, second, third]) {
      if (how === 'the request') bearer(api, { session: () => undefined });
      join(session)(api);
    }
    await first.get('/echo');
    for (const api of [second, third, first]) {
      server.expire();
      expect((await api.get('/echo')).status).toBe(200);
    }
    expect(seen).toEqual([['first'], ['first'], ['first']]);
  });
});

describe('close()', () => {
  it('uninstalls from every instance, so that none is rejected for ever', async () => {
    const { session, first, second, third } = await several();
    for (const api of [first, second, third]) session.install(api, { whenSignedOut: 'reject' });
    session.close();
    for (const api of [first, second, third]) {
      expect((await api.get('/public')).data).toEqual({ authorization: false });
    }
  });

  it('ends those who wait on every instance', async () => {
    const { server, session, first, second } = await several();
    for (const api of [first, second]) session.install(api);
    server.expire();
    const refresh = server.hold('/auth/refresh');
    const bothWait = waiting(session, 2);
    const waits = [first, second].map((api) => codeOf(api.get('/echo')));
    await bothWait;
    session.close();
    expect(await Promise.all(waits)).toEqual(['ERR_BEARER_SIGNED_OUT', 'ERR_BEARER_SIGNED_OUT']);
    refresh.release();
  });

  it('of one session leaves another one of the same instance at work', async () => {
    const { server, session, first } = await several();
    const other = startSession({ tokens: server.issue(), source: refreshing });
    session.install(first);
    other.install(first);
    session.close();
    expect((await first.get('/public')).data).toEqual({ authorization: true });
    server.expire();
    expect((await first.get('/videos')).status).toBe(200);
  });
});

describe('A session in cookies', () => {
  const cookies: InstallOptions = { header: false };

  async function withCookies(refused = false) {
    const { server, first, second } = await several();
    let refreshes = 0;
    const session = startSession({
      backoff: { initial: 1, factor: 1, cap: 1 },
      source: async () => {
        refreshes++;
        if (refused) throw Object.assign(new Error(), { response: { status: 400 } });
      },
    });
    session.install(first, cookies);
    expect(session.state.status).toBe('active');
    return { server, session, first, second, refreshes: () => refreshes };
  }

  it('L22 is not brought back by an install after signOut()', async () => {
    const { session, first, second, refreshes } = await withCookies();
    await session.signOut();
    session.install(second, cookies);
    expect(session.state).toEqual({ status: 'signed-out' });
    for (const api of [first, second]) expect(await codeOf(api.get('/cookie/me'))).toBe('ERR_BAD_REQUEST');
    expect(refreshes()).toBe(0);
  });

  it('is not brought back by an install after a definite refusal', async () => {
    const { session, first, second, refreshes } = await withCookies(true);
    expect(await codeOf(first.get('/cookie/me'))).toBe('ERR_BEARER_REJECTED');
    session.install(second, cookies);
    expect(session.state.status).toBe('failed');
    expect(await codeOf(second.get('/cookie/me'))).toBe('ERR_BAD_REQUEST');
    expect(refreshes()).toBe(1);
  });

  it('L22 is not brought back by an install after close()', async () => {
    const { session, second } = await withCookies();
    session.close();
    session.install(second, cookies);
    expect(session.state).toEqual({ status: 'signed-out' });
  });

  it('is back on every instance after signIn()', async () => {
    const { session, first, second, refreshes } = await withCookies();
    await session.signOut();
    session.install(second, cookies);
    await session.signIn();
    expect(session.state.status).toBe('active');
    for (const api of [first, second]) expect(await codeOf(api.get('/cookie/me'))).toBe('ERR_BAD_REQUEST');
    expect(refreshes()).toBeGreaterThan(1);
  });

  it('L22 signed out and in again is signed out for good the second time too', async () => {
    const { session, first, refreshes } = await withCookies();
    await session.signOut();
    await session.signIn();
    await session.signOut();
    const before = refreshes();
    expect(await codeOf(first.get('/cookie/me'))).toBe('ERR_BAD_REQUEST');
    expect([session.state.status, refreshes()]).toEqual(['signed-out', before]);
  });
});

describe('L17 The timeout of a request that waits in the queue', () => {
  it.each(['after a 401', 'before its first send'])('L17 counts from when it set out: %s', async (when) => {
    const clock = installClock();
    const tokens = (server: ApiVideo) => ({ ...server.issue(), expires_in: when === 'after a 401' ? 86_400 : 0 });
    const { server, session, first } = await several({ refreshTimeout: 60_000 });
    await session.signIn(tokens(server));
    session.install(first, { replayConcurrency: 1 });
    server.expire();
    const refresh = server.hold('/auth/refresh');
    const bothWait = waiting(session, 2);
    const hanging = first.get('/echo/hanging');
    hanging.catch(() => {});
    const timed = codeOf(first.get('/echo/timed', { timeout: 8_000 }));
    await bothWait;
    await refresh.arrived(1);
    await clock.advance(7_500);
    const hung = server.hold('/echo/hanging');
    refresh.release();
    await hung.arrived(1);
    await settle();
    // Its turn would come once the place is free, a second after that was taken.
    await clock.advance(700);
    expect(await stateOf(timed)).toBe('fulfilled');
    expect(await timed).toBe('ECONNABORTED');
    hung.release();
    expect((await hanging).status).toBe(200);
    expect(server.log.filter(({ path, authorized }) => path === '/echo/timed' && authorized)).toEqual([]);
  });
});
