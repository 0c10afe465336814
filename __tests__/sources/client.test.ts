import { Agent, createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios, { type AxiosInstance, type CreateAxiosDefaults } from 'axios';
import type { SessionOptions } from 'axios-bearer';
import {
  atEnd,
  cleanUp,
  codeOf,
  deferred,
  failureOf,
  installClock,
  refreshing,
  settle,
  startClient,
  startSession,
  stateOf,
  tokenPair,
  until,
} from '../support/kit.js';

afterEach(cleanUp);

/** The adapters that this version of axios has here. */
const adapters = ['http', 'fetch'].filter((name) => {
  try {
    return Boolean(axios.getAdapter(name));
  } catch {
    return false;
  }
});
const MINUTE = 60_000;
const quick = { backoff: { initial: 1, cap: 3 }, refreshRetries: 0 };

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Does something with `ctx.client`, on a sibling of an instance with these defaults. */
async function withClient<T>(
  use: (client: AxiosInstance, signal: AbortSignal) => Promise<T>,
  defaults: CreateAxiosDefaults = {},
  options: Partial<SessionOptions> = {},
): Promise<T> {
  let result!: Promise<T>;
  const { session } = await startClient({
    defaults: defaults,
    ...quick,
    ...options,
    source: async (_, { client, signal }) => {
      result = use(client, signal);
      await result;
      return tokenPair('b');
    },
  });
  await session.refresh().catch(() => {});
  return result;
}

describe(`ctx.client (adapters of this axios: ${adapters.join(', ')})`, () => {
  describe.each(adapters)('over %s', (adapter) => {
    it.each([302, 307, 308] as const)(
      'follows no redirect: a %i carries the refresh token nowhere (L19)',
      async (status) => {
        const visits: string[] = [];
        const elsewhere = await listen((req, res) => {
          req.on('data', (chunk) => visits.push(String(chunk)));
          visits.push(req.url!);
          res.setHeader('content-type', 'application/json').end(JSON.stringify(tokenPair('forged')));
        });
        const { server, session } = await startClient({ ...quick, defaults: { adapter } });
        server.fault('/auth/refresh', { redirect: `${elsewhere}/steal`, status });
        const error = await failureOf(session.refresh());
        await settle();
        expect(visits).toEqual([]);
        expect(error.code).toMatch(/^ERR_BEARER_(UNAVAILABLE|TOKEN)$/);
        expect(session.state.status).toBe('active');
        expect(await session.token()).not.toBe('at_forged');
      },
    );

    it('follows none to the same origin either, where the body could end up in a log', async () => {
      const { server, session } = await startClient({ ...quick, defaults: { adapter } });
      server.fault('/auth/refresh', { redirect: `${server.url}/public/log`, status: 307 });
      expect(await codeOf(session.refresh())).toMatch(/^ERR_BEARER_/);
      expect(server.log.map(({ path }) => path)).toEqual(['/auth/refresh']);
    });

    it('the deadline ends an answer that drips, headers and all, and the connection with it', async () => {
      const clock = installClock();
      const arrived = deferred();
      let [dripped, ended] = [0, 0];
      const url = await listen((req, res) => {
        res.writeHead(200, { 'content-type': 'application/json' });
        const drip = setInterval(() => res.write(' ', () => (dripped += 1)), 5);
        res.on('close', () => {
          clearInterval(drip);
          ended += 1;
        });
        req.resume();
        arrived.resolve();
      });
      const session = (await startClient({ ...quick, defaults: { adapter, baseURL: url }, refreshTimeout: MINUTE }))
        .session;
      const refresh = session.refresh();
      refresh.catch(() => {});
      await arrived.promise;
      await until(() => dripped >= 3);
      expect(await stateOf(refresh)).toBe('pending');
      await clock.advance(MINUTE);
      expect(await codeOf(refresh)).toBe('ERR_BEARER_UNAVAILABLE');
      // The refresh token may be spent: the call is let finish for four times as long.
      await settle();
      expect(ended).toBe(0);
      await clock.advance(3 * MINUTE);
      await until(() => ended === 1);
    });

    it('the deadline ends a call that is never answered, and one whose answer never begins', async () => {
      const { server, session } = await startClient({ ...quick, defaults: { adapter }, refreshTimeout: 40 });
      server.fault('/auth/refresh', 'hang');
      expect(await codeOf(session.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
      await until(() => server.stats.inFlight === 0);
    });

    it('close() leaves a call under way to its deadline: the server may have spent the old token already', async () => {
      const clock = installClock();
      const { server, session } = await startClient({ defaults: { adapter }, refreshTimeout: MINUTE });
      const hold = server.hold('/auth/refresh');
      const refresh = codeOf(session.refresh());
      await hold.arrived(1);
      session.close();
      await settle();
      expect(server.stats.inFlight).toBe(1);
      await clock.advance(4 * MINUTE);
      await until(() => server.stats.inFlight === 0);
      expect(await refresh).toBe('ERR_BEARER_SIGNED_OUT');
    });

    const limits = adapter === 'http' || Number(axios.VERSION.split('.')[1]) >= 19;
    const lack = limits ? '' : ` (left out: fetch in axios ${axios.VERSION} knows no limit)`;
    it(`reads no more than 1 MiB, whatever length is announced, or none${lack}`, async () => {
      if (!limits) return;
      for (const announced of [true, false]) {
        const padded = (bytes: number) => JSON.stringify({ ...tokenPair('b'), padding: 'x'.repeat(bytes) });
        let body = padded(2 * 1024 * 1024);
        const url = await listen((req, res) => {
          req.resume();
          res.setHeader('content-type', 'application/json');
          if (announced) res.setHeader('content-length', Buffer.byteLength(body));
          res.write(body.slice(0, 10));
          res.end(body.slice(10));
        });
        const { session } = await startClient({ ...quick, defaults: { adapter, baseURL: url } });
        expect(await codeOf(session.refresh())).toMatch(/^ERR_BEARER_/);
        body = padded(900 * 1024);
        await new Promise((resolve) => setTimeout(resolve, 10));
        expect((await session.refresh()).accessToken).toBe('at_b');
      }
    });
  });

  it('runs no interceptor of the instance, old or new', async () => {
    const { server, api, session } = await startClient();
    const seen: (string | undefined)[] = [];
    api.interceptors.request.use((config) => {
      seen.push(config.url);
      return config;
    });
    api.interceptors.response.use((answer) => {
      seen.push(answer.config.url);
      return answer;
    });
    await session.refresh();
    expect(seen).toEqual([]);
    expect(server.stats.refresh).toBe(1);
  });

  it('is a sibling: baseURL, headers, params, agent, adapter and transforms are the instance’s', async () => {
    const httpAgent = new Agent();
    atEnd(() => httpAgent.destroy());
    const transformRequest = jest.fn((data: unknown) => JSON.stringify({ wrapped: data }));
    const { data, config } = await withClient((client) => client.post('/public', { a: 1 }), {
      httpAgent,
      headers: { 'X-App': 'mine', 'Content-Type': 'application/json' },
      params: { version: 2 },
      transformRequest,
    });
    expect(data).toEqual({ authorization: false });
    expect(config).toMatchObject({ params: { version: 2 }, data: '{"wrapped":{"a":1}}' });
    expect(config.httpAgent).toBe(httpAgent);
    expect(String(config.headers['X-App'])).toBe('mine');
  });

  it('is ended by no cancel token of the instance, and reads text as text', async () => {
    const { token: cancelToken, cancel } = axios.CancelToken.source();
    const { data } = await withClient(
      (client) => {
        cancel('the page is gone');
        return client.get('/public');
      },
      { cancelToken, responseEncoding: 'base64' },
    );
    expect(data).toEqual({ authorization: false });
  });

  it('follows the instance: defaults that change later count from the next refresh on', async () => {
    const { server, api, session } = await startClient({ defaults: { baseURL: 'http://127.0.0.1:1' }, ...quick });
    api.defaults.baseURL = server.url;
    await session.refresh();
    expect(server.stats.refresh).toBe(1);
  });

  it.each<[string, CreateAxiosDefaults]>([
    ['common', { headers: { Authorization: 'Bearer old' } }],
    ['lower case', { headers: { authorization: 'Bearer old' } }],
  ])('bears no Authorization of the instance (%s)', async (_, defaults) => {
    expect((await withClient((client) => client.post('/public', {}), defaults)).data).toEqual({ authorization: false });
  });

  it('bears none that was set for all or for one method afterwards', async () => {
    const { server, api, session } = await startClient();
    const came: unknown[] = [];
    server.fault((request) => {
      if (request.path === '/auth/refresh') came.push(request.headers.authorization);
      return false;
    }, 'hang');
    api.defaults.headers.common.Authorization = 'Bearer old';
    api.defaults.headers.post.Authorization = 'Bearer old';
    await session.refresh();
    expect(came).toEqual([undefined]);
    expect(api.defaults.headers.common.Authorization).toBe('Bearer old');
    expect(api.defaults.headers.post.Authorization).toBe('Bearer old');
  });

  it('may bear one of its own, when the source says so', async () => {
    const call = (client: AxiosInstance) =>
      client.post('/public', {}, { headers: { Authorization: 'Basic Y2xpZW50' } });
    expect((await withClient(call)).data).toEqual({ authorization: true });
  });

  it.each<[string, CreateAxiosDefaults]>([
    ['validateStatus: () => true', { validateStatus: () => true }],
    ['validateStatus: null', { validateStatus: null }],
  ])('judges statuses by axios’s own rule, though the instance has %s', async (_, defaults) => {
    const { server, session } = await startClient({ ...quick, defaults: defaults });
    server.fault('/auth/refresh', { status: 503 });
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
    server.fault('/auth/refresh', { status: 400 });
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_REJECTED');
  });

  it.each(['text', 'arraybuffer', 'stream', 'blob'] as const)(
    'reads JSON, though the instance asks for %s',
    async (responseType) => {
      const { session } = await startClient({ ...quick, defaults: { responseType } });
      expect((await session.refresh()).accessToken).toMatch(/^at_/);
    },
  );

  it('is not stopped by a limit of the instance that is meant for other answers, nor lifted by one', async () => {
    const { session } = await startClient({ ...quick, defaults: { maxRedirects: 5, maxContentLength: -1 } });
    expect((await session.refresh()).accessToken).toMatch(/^at_/);
  });

  it('heeds the deadline although the source passes no signal on', async () => {
    let signal!: AbortSignal;
    const { server, session } = await startClient({
      ...quick,
      refreshTimeout: 40,
      source: async (_, ctx) => {
        signal = ctx.signal;
        return (await ctx.client.get('/public/slow')).data;
      },
    });
    server.fault('/public/slow', 'hang');
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
    // The refresh token may be spent: the call is let finish for four times as long.
    await until(() => signal.aborted);
    await until(() => server.stats.inFlight === 0);
  });

  it('is there without an instance, and just as careful', async () => {
    const { server } = await startClient();
    const session = startSession({
      ...quick,
      tokens: server.issue(),
      source: async (token, { client }) => {
        client.defaults.baseURL = server.url;
        return refreshing(token, { client, attempt: 0, signal: new AbortController().signal });
      },
    });
    server.fault('/auth/refresh', { redirect: `${server.url}/public/log`, status: 307 });
    expect(await codeOf(session.refresh())).toMatch(/^ERR_BEARER_/);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect((await session.refresh()).accessToken).toMatch(/^at_/);
    expect(server.log.map(({ path }) => path)).toEqual(['/auth/refresh', '/auth/refresh']);
  });

  it('used for something else is an ordinary client: its own 401 is nobody’s business (L18)', async () => {
    const { data, status } = await withClient(async (client) => (await failureOf(client.get('/videos'))).response);
    expect([status, data.status]).toEqual([401, 401]);
  });

  it('changed by a source leaves the instance and the next attempt as they were', async () => {
    const { server, api, session } = await startClient({
      source: async (token, ctx) => {
        expect(ctx.client.defaults.timeout ?? 0).toBe(0);
        const answer = await refreshing(token, ctx);
        ctx.client.defaults.timeout = 1;
        ctx.client.defaults.headers.common['X-Mine'] = 'yes';
        ctx.client.interceptors.request.use(() => Promise.reject(new Error('mine')));
        return answer;
      },
    });
    await session.refresh();
    await session.refresh();
    expect((await api.get('/echo')).data.headers['x-mine']).toBeUndefined();
    expect(server.stats.refresh).toBe(2);
  });
});
