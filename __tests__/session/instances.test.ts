import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios, { type AxiosHeaders, type AxiosInstance, type AxiosRequestConfig } from 'axios';
import {
  bearer,
  createSession,
  type InstallOptions,
  isBearerError,
  type RefreshFunction,
  Session,
  type SessionOptions,
} from 'axios-bearer';
import type { ApiVideo } from 'axios-bearer/testing';
import {
  atEnd,
  cleanUp,
  closeAtEnd,
  codeOf,
  deferred,
  failureOf,
  headersAt,
  never,
  nextEvent,
  reactive,
  refreshing,
  settle,
  startClient,
  startServer,
  startSession,
  tokenPair,
} from '../support/kit.js';

afterEach(cleanUp);

/** A server that says 401 to everybody but who sends `expected` in `header`, and notes what came there. */
async function judge(header: string, expected: string) {
  const came: (string | undefined)[] = [];
  const server = createServer((req, res) => {
    came.push(req.headers[header.toLowerCase()] as string | undefined);
    res.writeHead(came.at(-1) === expected ? 200 : 401).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return { came, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const installed = (url: string, options: Partial<SessionOptions> & InstallOptions): AxiosInstance => {
  const api = axios.create({ baseURL: url });
  closeAtEnd(bearer(api, { tokens: 'old', source: async () => 'new', ...options }));
  return api;
};

describe('close() of a session that one instance has under two headers', () => {
  const handlersOf = (api: AxiosInstance) =>
    [api.interceptors.request, api.interceptors.response].map(
      (manager) => (manager as unknown as { handlers: unknown[] }).handlers.filter(Boolean).length,
    );

  it('takes off both installations', async () => {
    const { server, api, session } = await startClient();
    session.install(api, { header: 'X-Token', scheme: '' });
    expect(handlersOf(api)).toEqual([2, 2]);
    session.close();
    expect(handlersOf(api)).toEqual([0, 0]);
    const seen = headersAt(server, '/public', 'authorization', 'x-token');
    await api.get('/public');
    expect(seen).toEqual([[undefined, undefined]]);
  });

  it('takes off the one that is left, once the other was uninstalled', async () => {
    const { api, session } = await startClient();
    session.install(api, { header: 'X-Token' })();
    expect(handlersOf(api)).toEqual([1, 1]);
    session.close();
    expect(handlersOf(api)).toEqual([0, 0]);
  });

  it('is not done for it by bearer() before another session has taken the place of both', async () => {
    const { server, api, session } = await startClient();
    session.install(api, { header: 'X-Token', scheme: '' });
    closeAtEnd(bearer(api, { source: async () => 'x', tokens: server.issue() }));
    expect(session.state.status).toBe('active');
    const seen = headersAt(server, '/echo', 'x-token');
    await api.get('/echo');
    expect(seen).toEqual([[await session.token()]]);
    closeAtEnd(bearer(api, { source: async () => 'x', tokens: 'y', header: 'X-Token' }));
    expect(session.state.status).not.toBe('active');
  });
});

describe('header and scheme', () => {
  it.each<[InstallOptions, string, string]>([
    [{}, 'authorization', 'Bearer new'],
    [{ scheme: 'Token' }, 'authorization', 'Token new'],
    [{ scheme: '' }, 'authorization', 'new'],
    [{ header: 'X-Access-Token' }, 'x-access-token', 'Bearer new'],
    [{ header: 'x-access-token', scheme: '' }, 'x-access-token', 'new'],
  ])('%j sends %s: %s, before a refresh and after it', async (options, header, expected) => {
    const { came, url } = await judge(header, expected);
    await installed(url, options).get('/');
    expect(came).toEqual([expected.replace('new', 'old'), expected]);
  });

  it('another header leaves Authorization to its owner', async () => {
    const seen: unknown[] = [];
    const server = createServer((req, res) => {
      seen.push([req.headers.authorization, req.headers['x-token']]);
      res.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await installed(url, { header: 'X-Token', scheme: '' }).get('/', { headers: { Authorization: 'Basic abc' } });
    expect(seen).toEqual([['Basic abc', 'old']]);
  });

  it.each<[string, (url: string) => AxiosRequestConfig]>([
    ['the option auth', () => ({ auth: { username: 'ada', password: 'pass' } })],
    ['user:pass@ in the URL', (url) => ({ baseURL: url.replace('//', '//ada:pass@') })],
  ])('another header stands beside Basic from %s', async (_, configOf) => {
    const { server, api } = await startClient({ header: 'X-Token' });
    const seen = headersAt(server, '/public', 'authorization', 'x-token');
    await api.get('/public', configOf(server.url));
    expect(seen).toEqual([[`Basic ${btoa('ada:pass')}`, expect.stringMatching(/^Bearer at_/)]]);
  });
});

describe('header: false, a session wholly in httpOnly cookies', () => {
  /** A jar of one cookie, as a browser keeps it; for the instance and for the source's client alike. */
  async function withCookies(options: Partial<SessionOptions & InstallOptions> = {}) {
    const server = await startServer();
    let cookie = '';
    const take = (setCookie: string[] | undefined) => {
      if (setCookie?.[0]) cookie = setCookie[0].split(';')[0]!;
    };
    const api = axios.create({
      baseURL: server.url,
      adapter: (config) => {
        if (cookie) config.headers.set('Cookie', cookie);
        return axios.getAdapter('http')(config);
      },
    });
    const source = jest.fn<Extract<SessionOptions['source'], (...args: never[]) => unknown>>(async (_, { client }) => {
      take((await client.post('/cookie/refresh')).headers['set-cookie']);
    });
    const session = closeAtEnd(bearer(api, { source, header: false, ...options }));
    const login = async () => take((await axios.post(`${server.url}/cookie/login`)).headers['set-cookie']);
    return { server, api, session, source, login };
  }

  it('counts as active from the start, and attaches nothing', async () => {
    const { server, api, session, login } = await withCookies();
    expect(session.state.status).toBe('active');
    await login();
    expect((await api.get('/cookie/me')).data).toEqual({ name: 'Ada' });
    expect((await api.get('/public')).data).toEqual({ authorization: false });
    expect(server.stats.refresh).toBe(0);
  });

  it('gets one refresh and the replays of a storm', async () => {
    const { server, api, source, login } = await withCookies();
    await login();
    server.expire();
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.get('/cookie/me')));
    expect(answers.map(({ data }) => data.name)).toEqual(Array(20).fill('Ada'));
    expect(server.stats).toMatchObject({ refresh: 1, ok: 20 });
    expect(source.mock.calls[0]![0]).toEqual({ accessToken: '', issuedAt: expect.any(Number) });
  });

  it('replays a late 401 of the older cookie without a refresh (L2)', async () => {
    const { server, api, login } = await withCookies();
    await login();
    server.expire();
    const late = server.hold(({ query }) => query.late === '1');
    const slow = api.get('/cookie/me?late=1');
    await late.arrived(1);
    server.fault(({ query }) => query.late === '1', { status: 401 });
    await api.get('/cookie/me');
    late.release();
    expect((await slow).status).toBe(200);
    expect(server.stats.refresh).toBe(1);
  });

  it('ends with a definite refusal, and comes back with signIn()', async () => {
    const { server, api, session, login } = await withCookies();
    await login();
    server.expire();
    server.fault('/cookie/refresh', { status: 400 });
    const error = await failureOf(api.get('/cookie/me'));
    expect(error).toMatchObject({ code: 'ERR_BEARER_REJECTED', response: { status: 401 } });
    expect(session.state.status).toBe('failed');
    await login();
    await session.signIn();
    expect((await api.get('/cookie/me')).status).toBe(200);
  });

  it.each(['tokens', 'signIn()'])(
    'L11 a refresh token that comes in the body is presented each time: handed in by %s',
    async (way) => {
      const presented: unknown[] = [];
      const { session } = await startClient({
        header: false,
        tokens: way === 'tokens' ? { refresh_token: 'r0' } : undefined,
        source: async ({ refreshToken }) => {
          presented.push(refreshToken);
          return presented.length === 2 ? undefined : { refresh_token: `r${presented.length}` };
        },
      });
      if (way === 'signIn()') await session.signIn({ refresh_token: 'r0' });
      for (let i = 0; i < 4; i += 1) await session.refresh();
      expect(presented).toEqual(['r0', 'r1', 'r1', 'r3']);
    },
  );

  it('token() has none to show, and refresh() renews the cookie', async () => {
    const { server, session, login } = await withCookies();
    await login();
    expect(await session.token()).toBe('');
    expect(await session.refresh()).toMatchObject({ accessToken: '' });
    expect(server.stats.refresh).toBe(1);
  });

  it('signOut() calls revoke, where the source has one, though there is no token to show: the server ends the cookie', async () => {
    const revoke = jest.fn(async () => {});
    const { session, login } = await withCookies({ source: { refresh: async () => {}, revoke } });
    await login();
    await session.signOut();
    expect(revoke).toHaveBeenCalledTimes(1);
  });

  it('signOut() ends it here: a 401 is handed on, and nothing is refreshed', async () => {
    const { server, api, session, login } = await withCookies();
    await login();
    await session.signOut();
    server.expire();
    expect(await codeOf(api.get('/cookie/me'))).toBe('ERR_BAD_REQUEST');
    expect(server.stats.refresh).toBe(0);
    expect(session.state.status).toBe('signed-out');
  });

  it('a 401 of another origin, or of a request left alone, is not its business', async () => {
    const { came, url } = await judge('cookie', 'never');
    const { server, api } = await withCookies();
    expect(await codeOf(api.get(url))).toBe('ERR_BAD_REQUEST');
    expect(await codeOf(api.get('/cookie/me', { bearer: false }))).toBe('ERR_BAD_REQUEST');
    expect(came).toHaveLength(1);
    expect(server.stats.refresh).toBe(0);
  });

  it('leaves a token that is held, or on its way, alone', async () => {
    const server = await startServer();
    const signedIn = startSession({ tokens: tokenPair('a') });
    const coming = deferred<string>();
    const signingIn = startSession({ source: { obtain: () => coming.promise } });
    const token = signingIn.token();
    token.catch(() => {});
    await settle();
    for (const session of [signedIn, signingIn]) {
      session.install(axios.create({ baseURL: server.url }), { header: false });
    }
    expect(signingIn.state).toEqual({ status: 'refreshing' });
    coming.resolve('b');
    expect(await Promise.all([signedIn.token(), token])).toEqual(['at_a', 'b']);
    expect(signedIn.state).toMatchObject({ status: 'active', generation: 1 });
  });
});

describe('install', () => {
  it('one session serves many instances, with one flight', async () => {
    const { server, api, session } = await startClient();
    const more = [1, 2, 3].map(() => axios.create({ baseURL: server.url }));
    for (const instance of more) session.install(instance);
    server.expire();
    await Promise.all([api, ...more].flatMap((instance) => [instance.get('/videos'), instance.get('/echo')]));
    expect(server.stats).toMatchObject({ refresh: 1, ok: 8, reuse: 0 });
  });

  it('gives the source a client that is a sibling of the first instance', async () => {
    const { server, api } = await startClient({ defaults: { headers: { 'X-App': 'mine' } } });
    const agents: (string | undefined)[] = [];
    server.fault((request) => {
      if (request.path === '/auth/refresh') agents.push(request.headers['x-app'] as string);
      return false;
    }, 'hang');
    server.expire();
    await api.get('/videos');
    expect(agents).toEqual(['mine']);
  });

  it('returns the uninstall: requests are as before, those on their way are not lost', async () => {
    const { server, session } = await startClient();
    const second = axios.create({ baseURL: server.url });
    const uninstall = session.install(second);
    const hold = server.hold('/echo/under-way');
    server.expire();
    const underWay = codeOf(second.get('/echo/under-way'));
    await hold.arrived(1);
    uninstall();
    uninstall();
    expect((await second.get('/public')).data).toEqual({ authorization: false });
    hold.release();
    expect(await underWay).toMatch(/fulfilled|ERR_BAD_REQUEST/);
  });

  it('uninstalling one instance leaves the others installed', async () => {
    const { server, api, session } = await startClient();
    const second = axios.create({ baseURL: server.url });
    session.install(second)();
    expect((await api.get('/public')).data).toEqual({ authorization: true });
    expect((await second.get('/public')).data).toEqual({ authorization: false });
  });

  it('can be done again after uninstalling', async () => {
    const { server, session } = await startClient();
    const second = axios.create({ baseURL: server.url });
    session.install(second)();
    session.install(second);
    server.expire();
    expect((await second.get('/videos')).status).toBe(200);
  });

  it('is not inherited by instance.create(), as is axios’s own rule', async () => {
    const { api } = await startClient();
    expect((await api.create().get('/public')).data).toEqual({ authorization: false });
  });

  it('two sessions on one instance do not both attach: the request bears one token, of the later one', async () => {
    const { server, api } = await startClient();
    const other = startSession({ tokens: server.issue() });
    other.install(api);
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.log.map(({ generation }) => generation)).toEqual([2]);
  });

  it('bearer() again for the same header takes the place of the first, whose session is closed', async () => {
    const { server, api, session } = await startClient();
    const other = closeAtEnd(bearer(api, { source: refreshing, tokens: server.issue() }));
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.log.map(({ generation }) => generation)).toEqual([2]);
    expect([session.state.status, other.state.status]).toEqual(['signed-out', 'active']);
    server.expire();
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.stats.refresh).toBe(1);
  });

  it.each([
    ['the first', ['Bearer app']],
    ['the second', ['user']],
    ['both', ['Bearer app', 'user']],
  ])(
    'two sessions with two headers on one instance both attach, and recover where the token of %s is refused',
    async (_, refused) => {
      const came: (string | string[] | undefined)[][] = [];
      const server = createServer((req, res) => {
        came.push([req.headers.authorization, req.headers['x-user']]);
        const isGood = came.at(-1)!.every((value) => value && !refused.includes(String(value)));
        res.writeHead(isGood ? 200 : 401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' }).end('{}');
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      atEnd(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
      const api = axios.create({ baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
      const backoff = { initial: 1, factor: 1, cap: 5 };
      closeAtEnd(bearer(api, { tokens: 'app', source: async () => 'app-new', backoff }));
      closeAtEnd(
        bearer(api, { tokens: 'user', source: async () => 'user-new', backoff, header: 'X-User', scheme: '' }),
      );
      const end = await api.get('/').then(
        ({ status }) => status,
        (error) => error.response?.status,
      );
      expect(came[0]).toEqual(['Bearer app', 'user']);
      expect(end).toBe(200);
    },
  );

  it.each([
    ['a Proxy', (session: Session) => new Proxy(session, {})],
    ['a reactive store', reactive],
  ])('a session behind %s serves as it does itself, and is the same one', async (_, wrap) => {
    const { server, api, session } = await startClient();
    const wrapped = wrap(session);
    const [second, third] = [axios.create({ baseURL: server.url }), axios.create({ baseURL: server.url })];
    wrapped.install(api);
    wrapped.install(second);
    bearer(third, { session: wrapped });
    const bare = axios.create({ baseURL: server.url });
    startSession().install(bare);
    expect(await wrapped.token()).toBe(await session.token());
    expect(wrapped.state).toEqual(session.state);
    const refreshed = nextEvent(wrapped, 'refreshed');
    server.expire();
    const requests = [api, second, third, bare].map((each) => each.get('/echo', { bearer: { session: wrapped } }));
    expect((await Promise.all(requests)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    await refreshed;
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 4, ok: 4 });
    await wrapped.signOut();
    expect(session.state.status).toBe('signed-out');
  });

  it('serves a request made by config alone, by every method and by the instance as a function', async () => {
    const { api } = await startClient();
    const url = '/echo';
    const answers = [
      api.request({ url }),
      api(url),
      api({ url, method: 'post' }),
      api.put(url),
      api.patch(url, {}),
      api.delete(url),
      api.head(url),
      api.options(url),
      api.postForm(url, { a: 1 }),
    ];
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(9).fill(200));
  });
});

describe('bearer(instance, { session })', () => {
  it('installs an existing session, and returns the uninstall', async () => {
    const { server, session } = await startClient();
    const api = axios.create({ baseURL: server.url });
    const uninstall = bearer(api, { session });
    expect(typeof uninstall).toBe('function');
    expect((await api.get('/videos')).status).toBe(200);
    uninstall();
    expect(await codeOf(api.get('/videos'))).toBe('ERR_BAD_REQUEST');
    expect(session.state.status).toBe('active');
  });

  it('with options of its own for each instance', async () => {
    const { server, session } = await startClient({ whenSignedOut: 'send' });
    const strict = axios.create({ baseURL: server.url });
    bearer(strict, { session, whenSignedOut: 'reject', scheme: 'Token' });
    expect(await codeOf(strict.get('/public'))).toBe('fulfilled');
    await session.signOut();
    expect(await codeOf(strict.get('/public'))).toBe('ERR_BEARER_SIGNED_OUT');
  });

  it('bearer(instance, options) is createSession(options) and install, and returns a Session', async () => {
    const { session } = await startClient();
    expect(session).toBeInstanceOf(Session);
    expect(startSession()).toBeInstanceOf(Session);
  });
});

describe('several identities on one instance', () => {
  async function tenants() {
    const server = await startServer();
    const sessions = new Map(
      ['ada', 'bob'].map((name) => [name, startSession({ tokens: server.issue(), source: at(server) })]),
    );
    const api = axios.create({ baseURL: server.url });
    const resolve = jest.fn(({ headers }: { headers: AxiosHeaders }) => sessions.get(String(headers.get('X-Tenant'))));
    const uninstall = bearer(api, { session: resolve as never });
    const as = (tenant: string, path = '/echo') => api.get(`${path}/${tenant}`, { headers: { 'X-Tenant': tenant } });
    return { server, sessions, api, as, uninstall, resolve };
  }
  const at =
    ({ url }: ApiVideo): RefreshFunction =>
    async ({ refreshToken }, { client }) =>
      (await client.post(`${url}/auth/refresh`, { refreshToken })).data;
  const generations = ({ log }: ApiVideo, path: string) =>
    log.filter((entry) => entry.path === path).map(({ generation }) => generation);

  it('each request bears the token of its own', async () => {
    const { server, as } = await tenants();
    await Promise.all([as('ada'), as('bob'), as('ada')]);
    expect([generations(server, '/echo/ada'), generations(server, '/echo/bob')]).toEqual([[1, 1], [2]]);
  });

  it('a request of nobody’s goes as it is', async () => {
    const { as } = await tenants();
    expect((await as('eve', '/public')).data).toEqual({ authorization: false });
    expect((await as('ada', '/public')).data).toEqual({ authorization: true });
  });

  it('each session has its own flight; a storm of both is two refreshes, and no token is mixed up (L21)', async () => {
    const { server, as } = await tenants();
    server.expire();
    const names = Array.from({ length: 20 }, (_, i) => (i % 2 ? 'ada' : 'bob'));
    await Promise.all(names.map((name) => as(name)));
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0, ok: 20 });
    const [ada, bob] = ['/echo/ada', '/echo/bob'].map((path) => new Set(generations(server, path)));
    expect([ada!.size, bob!.size]).toEqual([2, 2]);
    expect([...ada!].filter((generation) => bob!.has(generation))).toEqual([]);
  });

  it('one that has ended fails its own requests only', async () => {
    const { sessions, as } = await tenants();
    await sessions.get('ada')!.signOut();
    expect(await codeOf(as('ada'))).toBe('ERR_BAD_REQUEST');
    expect(await codeOf(as('bob'))).toBe('fulfilled');
  });

  it('a session named by the request itself wins over the resolver', async () => {
    const { server, sessions, api } = await tenants();
    await api.get('/echo/named', { headers: { 'X-Tenant': 'ada' }, bearer: { session: sessions.get('bob') } });
    expect(generations(server, '/echo/named')).toEqual([2]);
  });

  it('a session named by the request wins over the installed one, and is refreshed for it', async () => {
    const { server, api, session } = await startClient();
    const other = startSession({ tokens: server.issue(), source: at(server) });
    server.expire();
    await api.get('/echo/other', { bearer: { session: other } });
    expect(generations(server, '/echo/other')).toEqual([2, 3]);
    expect(session.state).toMatchObject({ generation: 1 });
    expect(other.state).toMatchObject({ generation: 2 });
  });

  it('their sources get a client that is the sibling of the instance, as with one session', async () => {
    const { server, api } = await startClient();
    const other = startSession({ tokens: server.issue(), source: refreshing, refreshRetries: 0 });
    const resolved = axios.create({ baseURL: server.url });
    bearer(resolved, { session: () => other });
    server.expire();
    expect((await resolved.get('/echo/resolved')).status).toBe(200);
    const named = startSession({ tokens: server.issue(), source: refreshing, refreshRetries: 0 });
    server.expire();
    expect((await api.get('/echo/named', { bearer: { session: named } })).status).toBe(200);
  });

  it('uninstall takes it off', async () => {
    const { as, uninstall } = await tenants();
    uninstall();
    expect((await as('ada', '/public')).data).toEqual({ authorization: false });
  });

  it('a resolver that throws fails its request with what it threw, and sends nothing', async () => {
    const server = await startServer();
    const api = axios.create({ baseURL: server.url });
    bearer(api, {
      session: () => {
        throw new Error('which tenant?');
      },
    });
    expect((await failureOf(api.get('/public'))).message).toContain('which tenant?');
    expect(server.stats.requests).toBe(0);
  });
});

describe('skip', () => {
  it('neither attaches nor recovers', async () => {
    const { server, api } = await startClient({ skip: ({ url }) => url === '/public' || url === '/echo/skipped' });
    expect((await api.get('/public')).data).toEqual({ authorization: false });
    expect(await codeOf(api.get('/echo/skipped'))).toBe('ERR_BAD_REQUEST');
    expect(server.stats).toMatchObject({ refresh: 0, requests: 2 });
  });

  it('keeps a wrong password on the login route what it is, with a session or without', async () => {
    const { server, api, session } = await startClient({ skip: ({ url }) => url === '/login' });
    server.fault('/login', { status: 401, body: { error: 'wrong password' } }, { times: 2 });
    for (let i = 0; i < 2; i += 1) {
      const error = await failureOf(api.post('/login', { password: 'x' }));
      expect(error.response.data).toEqual({ error: 'wrong password' });
      expect(isBearerError(error)).toBe(false);
      await session.signOut();
    }
    expect(server.stats.refresh).toBe(0);
  });

  it('does not wait for a sign-in, or it would wait for itself', async () => {
    const answer = deferred<string>();
    const { api, session } = await startClient({
      tokens: undefined,
      source: { obtain: () => answer.promise },
      skip: ({ url }) => url === '/public',
    });
    const signIn = session.signIn();
    expect((await api.get('/public')).status).toBe(200);
    answer.resolve('x');
    await signIn;
  });

  it('is asked with the config as it will go: the other interceptors have been there', async () => {
    const skip = jest.fn(({ headers }: { headers: AxiosHeaders }) => headers.get('X-Public') === 'yes');
    const { api } = await startClient({ skip: skip as never });
    api.interceptors.request.use((config) => {
      config.headers.set('X-Public', 'yes');
      return config;
    });
    expect((await api.get('/public')).data).toEqual({ authorization: false });
    expect(skip).toHaveBeenCalledTimes(1);
  });

  it('that throws fails the request, and sends nothing', async () => {
    const { server, api } = await startClient({
      skip: () => {
        throw new Error('in skip');
      },
    });
    expect((await failureOf(api.get('/public'))).message).toContain('in skip');
    await settle();
    expect(server.stats.requests).toBe(0);
  });
});

describe('whenSignedOut', () => {
  const nobody = { tokens: undefined, source: { needsRefreshToken: true, refresh: refreshing } };

  it("'send', the default: sends it as it is and hands the answer on, a 401 too", async () => {
    const { server, api } = await startClient(nobody);
    expect((await api.get('/public')).data).toEqual({ authorization: false });
    const error = await failureOf(api.get('/videos'));
    expect([error.response.status, isBearerError(error), error.isAxiosError]).toEqual([401, false, true]);
    expect(server.stats).toMatchObject({ requests: 2, refresh: 0 });
  });

  it("'reject': ERR_BEARER_SIGNED_OUT with its own config, and nothing is sent", async () => {
    const { server, api } = await startClient({ ...nobody, whenSignedOut: 'reject' });
    const error = await failureOf(api.get('/public', { params: { a: 1 } }));
    expect(error).toMatchObject({ code: 'ERR_BEARER_SIGNED_OUT', isAxiosError: true, config: { params: { a: 1 } } });
    expect(isBearerError(error)).toBe(true);
    expect(server.stats.requests).toBe(0);
  });

  it("'reject' tells why there is no token", async () => {
    const { server, api, session } = await startClient({ ...nobody, whenSignedOut: 'reject' });
    const messageOf = async () => (await failureOf(api.get('/public'))).message;
    expect(await messageOf()).toBe('Nobody is signed in: call signIn()');
    await session.signIn({ ...server.issue(), expires_in: 0, expiresAt: 1 });
    server.revokeRefreshTokens();
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_REJECTED');
    const error = await failureOf(api.get('/public'));
    expect(error).toMatchObject({
      code: 'ERR_BEARER_SIGNED_OUT',
      message: expect.stringMatching(/^The token request was refused: .+ \(400\)\. Sign in again$/),
      cause: { status: 400 },
    });
  });

  it("'reject' does not concern what is skipped, left alone, elsewhere, or authorized by its caller", async () => {
    const { came, url } = await judge('authorization', 'Basic abc');
    const { api } = await startClient({
      ...nobody,
      whenSignedOut: 'reject',
      skip: (config) => config.url === '/public/skip',
    });
    expect((await api.get('/public/skip')).status).toBe(200);
    expect((await api.get('/public', { bearer: false })).status).toBe(200);
    expect((await api.get(url, { validateStatus: null })).status).toBe(401);
    expect((await api.get('/public', { headers: { Authorization: 'Basic abc' } })).data.authorization).toBe(true);
    expect(came).toEqual([undefined]);
  });

  it("'reject' does not concern a source that can obtain", async () => {
    const { server, api } = await startClient({ tokens: undefined, whenSignedOut: 'reject', source: { obtain: once } });
    async function once() {
      return server.issue();
    }
    expect((await api.get('/videos')).status).toBe(200);
  });

  it.each(['send', 'reject'] as const)(
    '%s after a definite refusal: it is remembered, nobody asks again',
    async (mode) => {
      const { server, api } = await startClient({ whenSignedOut: mode });
      server.expire();
      server.revokeRefreshTokens();
      expect(await codeOf(api.get('/videos'))).toBe('ERR_BEARER_REJECTED');
      expect(await codeOf(api.get('/public'))).toBe(mode === 'send' ? 'fulfilled' : 'ERR_BEARER_SIGNED_OUT');
      expect(server.stats.refresh).toBe(1);
    },
  );
});

describe('createSession', () => {
  it('works with no axios instance at all', async () => {
    const source = { obtain: async () => 'first', needsRefreshToken: true, refresh: async () => 'second' };
    const session = closeAtEnd(createSession({ source }));
    expect(await session.token()).toBe('first');
    await session.signIn(tokenPair('a'));
    expect((await session.refresh()).accessToken).toBe('second');
    await session.signOut();
    expect(session.state).toEqual({ status: 'signed-out' });
  });

  it('gives its source a client all the same', async () => {
    const server = await startServer();
    const session = startSession({
      source: {
        obtain: async ({ client }) => (await client.post(`${server.url}/auth/api-key`, { apiKey: server.apiKey })).data,
      },
    });
    expect(await session.token()).toMatch(/^at_/);
  });

  it('survives being carried in a config: axios copies plain objects, not this', async () => {
    const { api, server } = await startClient();
    const other = startSession({ tokens: server.issue() });
    const child = axios.create({ ...api.defaults, bearer: { session: other } } as never);
    other.install(child);
    expect((await child.get('/echo/other')).status).toBe(200);
    expect(server.log.at(-1)).toMatchObject({ generation: 2 });
  });
});

describe('requests on their way and the instance’s own means', () => {
  it('an agent with one socket is enough for a refresh in the middle of a storm', async () => {
    const httpAgent = new Agent({ keepAlive: true, maxSockets: 1 });
    atEnd(() => httpAgent.destroy());
    const { server, api } = await startClient({ defaults: { httpAgent } });
    server.expire();
    const answers = await Promise.all(Array.from({ length: 5 }, () => api.get('/videos')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    expect(server.stats.refresh).toBe(1);
  });

  it('a request without a session to resolve costs no state: it works after the session was closed', async () => {
    const { api, session } = await startClient({ source: () => never });
    session.close();
    expect((await api.get('/public')).status).toBe(200);
  });
});
