import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios from 'axios';
import { bearer, memoryStore, staticToken } from 'axios-bearer';
import {
  atEnd,
  cleanUp,
  codeOf,
  deferred,
  nextEvent,
  recordEvents,
  refreshing,
  type SeenEvent,
  settle,
  startClient,
  startSession,
  tokenPair,
} from '../support/kit.js';

afterEach(cleanUp);

const names = (seen: SeenEvent[]) => seen.map(([name]) => name);
const payloads = (seen: SeenEvent[], wanted: string) =>
  seen.filter(([name]) => name === wanted).map(([, payload]) => payload);

describe('the story of a request that met a 401', () => {
  it('is told in order, with its method, its URL and its generation', async () => {
    const { server, api, session } = await startClient();
    await session.token();
    const seen = recordEvents(session);
    server.expire();
    await api.post('/echo/story', { a: 1 });
    const { expiresAt } = session.state as { expiresAt: number };
    expect(seen).toEqual(
      expect.arrayContaining([
        ['waiting', { method: 'post', url: expect.stringContaining('/echo/story'), after: '401' }],
        ['refreshing', { generation: 1 }],
        ['refreshed', { generation: 2, expiresAt, adopted: false }],
        ['replayed', { method: 'post', url: expect.stringContaining('/echo/story'), generation: 2, replay: 1 }],
      ]),
    );
    expect(seen).toHaveLength(4);
    expect(names(seen).indexOf('refreshing')).toBeLessThan(names(seen).indexOf('refreshed'));
    expect(names(seen).at(-1)).toBe('replayed');
  });

  it('is not told of a request whose token is good', async () => {
    const { api, session } = await startClient();
    await session.token();
    const seen = recordEvents(session);
    await api.get('/videos');
    expect(seen).toEqual([]);
  });

  it('tells of a storm once what happened once, and of each request what happened to it', async () => {
    const { server, api, session } = await startClient();
    await session.token();
    const seen = recordEvents(session);
    server.expire();
    await Promise.all(Array.from({ length: 10 }, (_, i) => api.get(`/echo/${i}`)));
    expect(payloads(seen, 'refreshing')).toHaveLength(1);
    expect(payloads(seen, 'refreshed')).toHaveLength(1);
    expect(payloads(seen, 'replayed')).toHaveLength(10);
  });

  it('counts the replays of one request', async () => {
    const { server, api, session } = await startClient({ backoff: { initial: 1 } });
    const seen = recordEvents(session);
    server.fault('/echo/thrice', { status: 401 }, { times: 2 });
    await api.get('/echo/thrice');
    expect(payloads(seen, 'replayed')).toMatchObject([{ replay: 1 }, { replay: 2 }]);
  });

  it('tells of a request that was held before its first send', async () => {
    const { server, api, session } = await startClient({ tokens: undefined, source: { obtain: () => first.promise } });
    const first = deferred<ReturnType<typeof server.issue>>();
    const seen = recordEvents(session);
    const request = api.get('/echo/held');
    await settle();
    expect(payloads(seen, 'waiting')).toEqual([
      { method: 'get', url: expect.stringContaining('/echo/held'), after: 'held' },
    ]);
    first.resolve(server.issue());
    await request;
    expect(payloads(seen, 'replayed')).toEqual([]);
  });
});

describe('signedIn', () => {
  it('tells the generation, for tokens that are handed in', async () => {
    const session = startSession();
    const seen = recordEvents(session);
    await session.signIn(tokenPair('a'));
    expect(payloads(seen, 'signedIn')).toEqual([{ generation: expect.any(Number) }]);
    expect(session.state).toMatchObject(payloads(seen, 'signedIn')[0]!);
  });

  it('tells of a session found again in the store', async () => {
    const store = memoryStore();
    const before = startSession({ tokens: tokenPair('a'), store });
    await before.token();
    await before.refresh();
    before.close();
    const session = startSession({ store });
    const seen = recordEvents(session);
    expect(await session.token()).toBe('from-source');
    expect(seen).toEqual([['signedIn', { generation: 1 }]]);
  });
});

describe('refreshed', () => {
  it('finds the state active already', async () => {
    const session = startSession({ tokens: tokenPair('a') });
    const statuses: string[] = [];
    session.on('refreshing', () => statuses.push(session.state.status));
    session.on('refreshed', () => statuses.push(session.state.status));
    await session.refresh();
    expect(statuses).toEqual(['refreshing', 'active']);
  });

  it('leaves out an expiry that nobody knows', async () => {
    const session = startSession({ tokens: 'bare', source: async () => 'bare-too' });
    const refreshed = nextEvent(session, 'refreshed');
    await session.refresh();
    expect(JSON.parse(JSON.stringify(await refreshed))).toEqual({ generation: 2, adopted: false });
  });

  it('says adopted when another holder of the store had fetched it', async () => {
    const store = memoryStore();
    const { server, api, session } = await startClient({ store: { ...store, subscribe: undefined } });
    await session.token();
    const other = startSession({ store, source: async () => server.issue() });
    await other.token();
    server.expire();
    await other.refresh();
    const seen = recordEvents(session);
    await api.get('/videos');
    expect(payloads(seen, 'refreshed')).toMatchObject([{ generation: 2, adopted: true }]);
    expect(server.stats.refresh).toBe(0);
  });
});

describe('refreshFailed', () => {
  it('tells ms until the next attempt after a transient failure', async () => {
    const { server, session } = await startClient({ backoff: { initial: 4, cap: 20 } });
    const seen = recordEvents(session);
    server.fault('/auth/refresh', { status: 503 }, { times: 2 });
    await session.refresh();
    const failures = payloads(seen, 'refreshFailed') as { error: Error; retryAfter?: number }[];
    expect(failures).toMatchObject([{ error: { code: 'ERR_BEARER_UNAVAILABLE' } }, { error: {} }]);
    for (const { retryAfter } of failures) expect(retryAfter).toBeGreaterThanOrEqual(0);
    expect(payloads(seen, 'refreshed')).toHaveLength(1);
  });

  it('tells no next attempt after a definite refusal, and then that the session ended', async () => {
    const { server, api, session } = await startClient();
    server.expire();
    server.revokeRefreshTokens();
    const seen = recordEvents(session);
    await codeOf(api.get('/videos'));
    const [failure] = payloads(seen, 'refreshFailed') as { error: Error; retryAfter?: number }[];
    expect(failure).toMatchObject({ error: { code: 'ERR_BEARER_REJECTED' } });
    expect(failure!.retryAfter).toBeUndefined();
    expect(payloads(seen, 'signedOut')).toEqual([{ reason: 'rejected' }]);
    expect(names(seen)).toEqual(['refreshing', 'waiting', 'refreshFailed', 'signedOut']);
  });

  it('is told once for all that wait', async () => {
    const { server, api, session } = await startClient({ refreshRetries: 0 });
    await session.token();
    const seen = recordEvents(session);
    server.expire();
    server.fault('/auth/refresh', { status: 503 });
    await Promise.all(Array.from({ length: 10 }, () => codeOf(api.get('/videos'))));
    expect(payloads(seen, 'refreshFailed')).toHaveLength(1);
  });
});

describe('skipped', () => {
  it.each([
    ['off', '/public', {}, { bearer: false as const }],
    ['skip', '/public/login', {}, {}],
    ['origin', '%elsewhere%/public', {}, {}],
    ['own-authorization', '/public', {}, { headers: { Authorization: 'Basic abc' } }],
    ['own-authorization', '/public', {}, { auth: { username: 'u', password: 'p' } }],
    ['signed-out', '/public', { tokens: undefined }, {}],
  ])('says %s for %s %j %j', async (reason, path, options, config) => {
    const elsewhere = await plainServer();
    const skip = ({ url }: { url?: string | undefined }) => url?.endsWith('/login') ?? false;
    const { api, session } = await startClient({
      source: { needsRefreshToken: true, refresh: refreshing },
      skip,
      ...options,
    });
    await codeOf(session.token());
    const seen = recordEvents(session);
    const url = path.replace('%elsewhere%', elsewhere);
    await api.get(url, config);
    expect(payloads(seen, 'skipped')).toEqual([{ method: 'get', url: expect.stringContaining(url), reason }]);
  });

  it('says source when the source has authorized the request itself', async () => {
    const { api, session } = await startClient({
      source: { refresh: refreshing, authorize: ({ url }) => url === '/public/own' },
    });
    const seen = recordEvents(session);
    expect((await api.get('/public/own')).data).toEqual({ authorization: false });
    expect((await api.get('/public')).data).toEqual({ authorization: true });
    expect(payloads(seen, 'skipped')).toMatchObject([{ reason: 'source' }]);
  });
});

describe('breakerOpen', () => {
  it('tells once for how long no 401 starts a refresh', async () => {
    const { server, api, session } = await startClient({
      refreshWindow: { limit: 2, interval: 20_000 },
      backoff: { initial: 1, cap: 2 },
    });
    const seen = recordEvents(session);
    for (let i = 0; i < 6; i += 1) await codeOf(api.get('/always-401'));
    const [opened, ...again] = payloads(seen, 'breakerOpen') as { retryAfter: number }[];
    expect(opened!.retryAfter).toBeGreaterThan(10_000);
    expect(opened!.retryAfter).toBeLessThanOrEqual(20_000);
    expect(again).toEqual([]);
    expect(server.stats.refresh).toBeLessThanOrEqual(3);
  });
});

describe('signedOut', () => {
  it('tells signOut, once, however often it is called', async () => {
    const session = startSession({ tokens: tokenPair('a') });
    const seen = recordEvents(session);
    await Promise.all([session.signOut(), session.signOut()]);
    await session.signOut();
    expect(payloads(seen, 'signedOut')).toEqual([{ reason: 'signOut' }]);
  });

  it('tells closed', () => {
    const session = startSession({ tokens: tokenPair('a') });
    const seen = recordEvents(session);
    session.close();
    session.close();
    expect(payloads(seen, 'signedOut')).toEqual([{ reason: 'closed' }]);
  });

  it('tells elsewhere, when another holder of the store has signed out', async () => {
    const store = memoryStore();
    const here = startSession({ tokens: tokenPair('a'), store });
    await here.token();
    const there = startSession({ store });
    await there.token();
    const signedOut = nextEvent(there, 'signedOut');
    await here.signOut();
    expect(await signedOut).toEqual({ reason: 'elsewhere' });
    expect(there.state).toEqual({ status: 'signed-out' });
  });

  it('is not told of nobody', async () => {
    const session = startSession();
    const seen = recordEvents(session);
    await session.signOut();
    session.close();
    expect(payloads(seen, 'signedOut')).toEqual([]);
  });
});

describe('listeners', () => {
  it('hear nothing after off(), which may be called twice', async () => {
    const session = startSession({ tokens: tokenPair('a') });
    const heard = jest.fn();
    const off = session.on('refreshed', heard);
    off();
    off();
    await session.refresh();
    expect(heard).not.toHaveBeenCalled();
  });

  it('harm nobody when they throw: the others hear, the request succeeds, the console tells', async () => {
    const report = jest.spyOn(console, 'error').mockImplementation(() => {});
    atEnd(() => report.mockRestore());
    const { server, api, session } = await startClient();
    const heard = jest.fn();
    for (const event of ['refreshing', 'refreshed', 'waiting', 'replayed'] as const) {
      session.on(event, () => {
        throw new Error(`in ${event}`);
      });
      session.on(event, () => heard(event));
    }
    server.expire();
    expect((await api.get('/videos')).status).toBe(200);
    expect(heard.mock.calls.flat().sort()).toEqual(['refreshed', 'refreshing', 'replayed', 'waiting']);
    expect(report).toHaveBeenCalledTimes(4);
    expect(inspect(report.mock.calls)).not.toMatch(/[ar]t_/);
  });

  it('may call the session: a token in refreshed is the new one, a sign-out in refreshFailed ends all', async () => {
    const { session } = await startClient({ source: async () => tokenPair('new') });
    const inside: Promise<string>[] = [];
    session.on('refreshed', () => inside.push(session.token()));
    await session.refresh();
    expect(await Promise.all(inside)).toEqual(['at_new']);

    const failing = startSession({
      tokens: tokenPair('a'),
      source: () => Promise.reject(new Error('down')),
      refreshRetries: 5,
    });
    failing.on('refreshFailed', () => void failing.signOut());
    expect(await codeOf(failing.refresh())).toBe('ERR_BEARER_SIGNED_OUT');
    expect(failing.state).toEqual({ status: 'signed-out' });
  });

  it('get no token, no query, no credentials and no fragment in any payload', async () => {
    const { server, api, session } = await startClient({ tokens: undefined, backoff: { initial: 1, cap: 2 } });
    const seen = recordEvents(session);
    const secrets = [server.issue(), server.issue()].flatMap((tokens) => [tokens.access_token, tokens.refresh_token]);
    await api.get('/public?key=s3cret#s3cret');
    await session.signIn({ accessToken: secrets[0]!, refreshToken: secrets[1]! });
    server.expire();
    server.fault('/auth/refresh', { status: 503, body: { echo: secrets } });
    await api.get('/echo/x?access_token=s3cret', { params: { also: 's3cret' } });
    await codeOf(api.get(`${server.url.replace('//', '//user:s3cret@')}/public`));
    server.expire();
    server.revokeRefreshTokens();
    await codeOf(api.get('/echo/y?s3cret'));
    expect(new Set(names(seen))).toEqual(
      new Set(['skipped', 'signedIn', 'waiting', 'refreshing', 'refreshFailed', 'refreshed', 'replayed', 'signedOut']),
    );
    const shown = inspect(seen, { depth: 12 }) + JSON.stringify(seen);
    expect(shown).not.toMatch(/[ar]t_|s3cret/);
  });

  it('hear of requests on every instance of the session', async () => {
    const { server, session } = await startClient();
    const second = axios.create({ baseURL: server.url });
    session.install(second);
    const seen = recordEvents(session);
    server.expire();
    await second.get('/echo/second');
    expect(payloads(seen, 'replayed')).toMatchObject([{ url: expect.stringContaining('/echo/second') }]);
  });

  it('tell of a URL object as of its text', async () => {
    const { server, session } = await startClient();
    // Beside a baseURL, newer axios takes none.
    const api = axios.create();
    session.install(api, { origins: server.url });
    const seen = recordEvents(session);
    server.expire();
    await api.get(new URL('/echo/object?secret=1', server.url) as never);
    expect(payloads(seen, 'replayed')).toMatchObject([{ url: `${server.url}/echo/object` }]);
  });

  it('hear only of their own session', async () => {
    const { api, session } = await startClient({ tokens: undefined, source: staticToken('one') });
    const other = bearer(axios.create({ baseURL: 'http://127.0.0.1:1' }), { source: staticToken('two') });
    atEnd(() => other.close());
    const heard = recordEvents(other);
    await api.get('/public');
    expect(session.state.status).toBe('active');
    expect(heard).toEqual([]);
  });
});

/** Another origin. */
async function plainServer(): Promise<string> {
  const server = createServer((_req, res) => void res.end('{}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
