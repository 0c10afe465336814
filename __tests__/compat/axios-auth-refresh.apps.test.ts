import { createRequire } from 'node:module';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios, { type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';
import { createAuthRefresh } from 'axios-bearer/axios-auth-refresh';
import { setupCache } from 'axios-cache-interceptor';
import MockAdapter from 'axios-mock-adapter';
import axiosRetry from 'axios-retry';
import {
  adapters,
  atEnd,
  cleanUp,
  failureOf,
  installClock,
  never,
  onAdapters,
  startServer,
  until,
} from '../support/kit.js';
import {
  type App,
  appWith,
  end,
  endOrHang,
  type Failed,
  inject,
  ours,
  storingRefresh,
  times,
} from './axios-auth-refresh.setup.js';

afterEach(cleanUp);

type Writer = (failed: Failed, token: string, app: App) => void;

const writers: [string, Writer][] = [
  [
    'a property in lower case',
    ({ response: { config } }, token) => {
      config.headers.authorization = `Bearer ${token}`;
    },
  ],
  ['headers.set()', ({ config }, token) => config.headers.set('Authorization', `Bearer ${token}`)],
  [
    'a plain object in place of the headers',
    ({ response: { config } }, token) => {
      config.headers = { ...config.headers, Authorization: `Bearer ${token}` };
    },
  ],
  [
    'the defaults of the instance',
    (_, token, { api }) => {
      api.defaults.headers.common.Authorization = `Bearer ${token}`;
    },
  ],
  [
    'the defaults of the instance, not in common',
    (_, token, { api }) => {
      api.defaults.headers.Authorization = `Bearer ${token}`;
    },
  ],
];

describe('A refresh function that writes the new token to', () => {
  it.each(writers)('%s, and nowhere else: all in flight and all that wait go with it', async (_, write) => {
    const app = await appWith(ours, {
      injects: false,
      refresh: async (failed, app) => write(failed, await app.renew(), app),
    });
    const { api, server, storage } = app;
    const old = `Bearer ${storage.tokens.access_token}`;
    const inDefaults = write.length === 3;
    if (inDefaults) api.defaults.headers.common.Authorization = old;
    const headers = inDefaults ? {} : { Authorization: old };
    const hold = server.hold('/auth/refresh');
    const all = times(3, (i) => api.get(`/echo/${i}`, { headers }));
    await until(() => server.stats.unauthorized === 3);
    all.push(api.get('/echo/3', { headers }));
    await hold.arrived(1);
    hold.release();
    expect(await Promise.all(all.map(end))).toEqual([200, 200, 200, 200]);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 3 });
  });

  it.each(adapters)(
    `a property in lower case, beside the old one: the new one goes out by %s (${onAdapters})`,
    async (adapter) => {
      const { api, storage } = await appWith(ours, {
        injects: false,
        axios: { adapter },
        refresh: async ({ config }, { renew }) => {
          config.headers.authorization = `Bearer ${await renew()}`;
        },
      });
      const headers = { Authorization: `Bearer ${storage.tokens.access_token}` };
      expect(await end(api.get('/videos', { headers }))).toBe(200);
    },
  );

  it('a cookie, or nowhere at all', async () => {
    const { api, server } = await appWith(ours, {
      injects: false,
      refresh: ({ config }, { server }) => {
        server.fault('/videos', { json: 'in' });
        return Promise.resolve(config);
      },
    });
    expect((await api.get('/videos')).data).toBe('in');
    expect(server.stats.unauthorized).toBe(1);
  });
});

it('L21 gives the new token to nobody who brought another one', async () => {
  const { api, server } = await appWith(ours, { injects: false });
  const hold = server.hold('/auth/refresh');
  const first = api.get('/videos');
  await hold.arrived(1);
  const other = api.get('/echo', { headers: { Authorization: `Bearer ${server.issue().access_token}` } });
  hold.release();
  expect([await end(first), await end(other)]).toEqual([200, 200]);
  expect(server.log.flatMap(({ generation }) => generation ?? []).sort()).toEqual([2, 3]);
});

it('takes the global axios, without a baseURL', async () => {
  const server = await startServer();
  const storage = { tokens: server.issue() };
  const id = createAuthRefresh(axios, async () => {
    storage.tokens = server.issue();
  });
  const injected = axios.interceptors.request.use((config) => {
    config.headers.Authorization = `Bearer ${storage.tokens.access_token}`;
    return config;
  });
  atEnd(() => {
    axios.interceptors.response.eject(id);
    axios.interceptors.request.eject(injected);
  });
  server.expire();
  expect(await end(axios.get(`${server.url}/videos`))).toBe(200);
});

describe('Two calls on one instance', () => {
  it('with a function each, for a status each', async () => {
    const { api, server, calls } = await appWith(ours, { refresh: storingRefresh });
    const second: number[] = [];
    createAuthRefresh(
      api,
      async ({ response }) => {
        second.push(response.status);
      },
      { statusCodes: [403] },
    );
    server.fault('/echo', { status: 403 });
    const ends = [await end(api.get('/videos')), await end(api.get('/echo'))];
    expect([ends, calls.length, second]).toEqual([[200, 200], 1, [403]]);
  });

  it('end one by one', async () => {
    const { api, server, id, calls } = await appWith(ours, { refresh: storingRefresh });
    const second = createAuthRefresh(api, async () => {}, { statusCodes: [403] });
    api.interceptors.response.eject(id);
    expect([await end(api.get('/videos')), calls.length]).toEqual([401, 0]);
    server.fault('/public', { status: 403 });
    expect(await end(api.get('/public'))).toBe(200);
    api.interceptors.response.eject(second);
    server.fault('/public', { status: 403 });
    expect(await end(api.get('/public'))).toBe(403);
  });
});

/** Those that are there, ejected ones left out. */
function handlersOf({ interceptors: { request, response } }: AxiosInstance): number[] {
  const managers = [request, response] as unknown as { handlers: unknown[] }[];
  return managers.map(({ handlers }) => handlers.filter(Boolean).length);
}

describe('eject', () => {
  it('L23 leaves nothing of ours behind, the request half included, by the next request', async () => {
    const { api, eject } = await appWith(ours, { injects: false });
    expect(handlersOf(api).every((n) => n > 0)).toBe(true);
    eject();
    await end(api.get('/videos'));
    expect(handlersOf(api)).toEqual([0, 0]);
    const { request, response } = api.interceptors;
    expect([Object.hasOwn(request, 'forEach'), Object.hasOwn(response, 'forEach')]).toEqual([false, false]);
  });

  it('of one that is given again, as a component that is mounted twice does it', async () => {
    const { server, api, storage } = await appWith(ours, { injects: false });
    const refresh = async () => {
      storage.tokens = server.issue();
    };
    inject({ api, storage });
    for (let i = 0; i < 3; i += 1) {
      const id = createAuthRefresh(api, refresh);
      if (i < 2) api.interceptors.response.eject(id);
    }
    expect(await end(api.get('/videos'))).toBe(200);
    expect(handlersOf(api)[1]).toBeLessThan(8);
  });

  it("takes no notice of another one's id", async () => {
    const { api, server } = await appWith(ours);
    const other = api.interceptors.response.use((answer) => answer);
    api.interceptors.response.eject(other);
    expect([await end(api.get('/videos')), server.stats.refresh]).toEqual([200, 1]);
  });
});

describe('A refresh that fails', () => {
  it('for good ends nothing for good: after a login requests go, and the next 401 refreshes', async () => {
    const { api, server, storage, calls } = await appWith(ours);
    server.revokeRefreshTokens();
    const clock = installClock();
    expect(await end(api.get('/videos'))).toBe(400);
    storage.tokens = server.issue();
    expect(await end(api.get('/videos'))).toBe(200);
    server.expire();
    await clock.advance(500);
    expect(await end(api.get('/videos'))).toBe(200);
    expect([calls.length, server.stats.refresh]).toEqual([2, 2]);
  });

  it('with an error of its own is not tried again by itself: nobody wants a second login dialog', async () => {
    const cancelled = { dialog: 'cancelled' };
    const { api, calls } = await appWith(ours, { refresh: () => Promise.reject(cancelled) });
    expect(await failureOf(api.get('/videos'))).toBe(cancelled);
    expect(calls).toHaveLength(1);
  });

  it('L8 is not called in a storm: for 250 ms and then longer, requests get the last error', async () => {
    const failures: Error[] = [];
    const { api } = await appWith(ours, {
      refresh: async () => {
        failures.push(new Error(`${failures.length}`));
        throw failures.at(-1);
      },
    });
    const clock = installClock();
    const seen = [];
    for (let i = 0; i < 5; i += 1) seen.push((await failureOf(api.get('/videos'))).message);
    await clock.advance(350);
    seen.push((await failureOf(api.get('/videos'))).message);
    expect(seen).toEqual(['0', '0', '0', '0', '0', '1']);
  });

  it('while it runs synchronously fails like any other', async () => {
    const { api } = await appWith(ours, {
      refresh: () => {
        throw new TypeError('tokens is undefined');
      },
    });
    expect(await failureOf(api.get('/videos'))).toBeInstanceOf(TypeError);
  });

  it('hands on its own axios error as it was, body and all', async () => {
    const { api, server } = await appWith(ours);
    server.fault('/auth/refresh', { status: 422, body: { reason: 'locked' } });
    const { config, response } = await failureOf(api.get('/videos'));
    expect([config.url, JSON.parse(config.data), response.data]).toEqual([
      '/auth/refresh',
      { refreshToken: expect.any(String) },
      { reason: 'locked' },
    ]);
  });
});

describe('Interceptors of the app', () => {
  it('L14 that answer see one answer; those for requests are asked once more for a request that is sent again', async () => {
    const { api } = await appWith(ours, { refresh: storingRefresh });
    const seen: unknown[] = [];
    api.interceptors.request.use((config) => {
      seen.push(config.data);
      return { ...config, url: `/echo${config.url}`, data: { wrapped: config.data } };
    });
    api.interceptors.response.use(({ data, status }) => {
      seen.push(status);
      return data;
    });
    const answer = (await api.post('/x', { a: 1 })) as unknown as { path: string; text: string };
    // The second time it sees the body, not its text; what it makes of the URL and the body counts the first time only.
    expect(seen).toEqual([{ a: 1 }, { wrapped: { a: 1 } }, 200]);
    expect(answer).toMatchObject({ path: '/echo/x', text: '{"wrapped":{"a":1}}' });
  });

  it('may put the token in the parameters, and take their time', async () => {
    const { api, storage, server } = await appWith(ours, { refresh: storingRefresh });
    api.interceptors.request.use(async (config) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      config.params = { ...config.params, generation: storage.tokens.access_token.length && server.stats.refresh };
      return config;
    });
    const { data } = await api.get('/echo', { params: { page: '2' } });
    expect(data.query).toEqual({ page: '2', generation: '1' });
  });

  it('are asked in their order the second time too, and not where their runWhen says no', async () => {
    const { api } = await appWith(ours, { refresh: storingRefresh });
    const seen: string[] = [];
    const note = (name: string) => (config: InternalAxiosRequestConfig) => {
      seen.push(name);
      return config;
    };
    api.interceptors.request.use(note('last'));
    api.interceptors.request.use(note('never'), null, { runWhen: () => false });
    api.interceptors.request.use(note('first'));
    await api.get('/videos');
    expect(seen).toEqual(['first', 'last', 'first', 'last']);
  });

  it('that refuse on the second time are obeyed', async () => {
    const { api, calls } = await appWith(ours, { refresh: storingRefresh });
    const offline = new Error('offline');
    api.interceptors.request.use((config: InternalAxiosRequestConfig) =>
      calls.length ? Promise.reject(offline) : config,
    );
    expect(await failureOf(api.get('/videos'))).toBe(offline);
  });
});

it('an onRetry that returns nothing changes nothing', async () => {
  const onRetry = jest.fn((config: InternalAxiosRequestConfig) => void config as never);
  const { api } = await appWith(ours, { onRetry });
  expect(await end(api.get('/videos'))).toBe(200);
  expect(onRetry).toHaveBeenCalledTimes(1);
});

it('a retryInstance that is the instance itself is the default', async () => {
  const seen: number[] = [];
  const { api } = await appWith(ours, { more: ({ api }) => ({ retryInstance: api }) });
  api.interceptors.response.use((answer) => {
    seen.push(answer.status);
    return answer;
  });
  await api.get('/videos');
  expect(seen).toEqual([200]);
});

it('L16 a retryInstance transforms no body a second time', async () => {
  const more = ({ server }: App) => ({ retryInstance: axios.create({ baseURL: server.url }) });
  const { api } = await appWith(ours, { more });
  const { data } = await api.put('/echo', 'text', { transformRequest: [(body: string) => `<${body}>`] });
  expect(data.text).toBe('<text>');
});

it('a config that failed can be sent again, and recovers', async () => {
  const { api, server } = await appWith(ours);
  server.fault('/videos', { status: 500 });
  const { config } = await failureOf(api.get('/videos'));
  expect(await end(api(config))).toBe(200);
});

it('interceptNetworkError: a timeout and an abort are no network errors, nor is a request that is left alone', async () => {
  const { api, server, calls } = await appWith(ours, { interceptNetworkError: true });
  server.hold('/echo');
  server.fault('/videos', 'reset');
  const ends = [
    await end(api.get('/echo', { timeout: 20 })),
    await end(api.get('/echo', { signal: AbortSignal.abort() })),
    await failureOf(api.get('/videos', { skipAuthRefresh: true })).then(({ response }) => response),
  ];
  expect([ends, calls]).toEqual([['ECONNABORTED', 'ERR_CANCELED', undefined], []]);
});

it('takes a negative maxRetries for none', async () => {
  const { api, calls } = await appWith(ours, { maxRetries: -1 });
  expect([await end(api.get('/videos')), calls]).toEqual([401, []]);
});

describe('Beside other packages', () => {
  it("takes an instance of axios's other build", async () => {
    const server = await startServer();
    const storage = { tokens: server.issue() };
    const other: typeof axios = createRequire(import.meta.url)('axios');
    const api = other.create({ baseURL: server.url, headers: { 'X-Default': 'kept' } });
    createAuthRefresh(api, async (failed) => {
      storage.tokens = server.issue();
      failed.response.config.headers.Authorization = `Bearer ${storage.tokens.access_token}`;
    });
    inject({ api, storage });
    server.expire();
    const hold = server.hold('/echo');
    const first = api.post('/echo', { a: 1 });
    await hold.arrived(1);
    hold.release();
    const answers = await Promise.all([first, api.get('/echo/2')]);
    expect(other).not.toBe(axios);
    expect(answers.map(({ data }) => [data.text, data.headers['x-default']])).toEqual([
      ['{"a":1}', 'kept'],
      ['', 'kept'],
    ]);
  });

  it('axios-mock-adapter: a test of the app as it was', async () => {
    const { api } = await appWith(ours, { refresh: async () => {} });
    const mock = new MockAdapter(api);
    mock.onGet('/videos').replyOnce(401).onGet('/videos').reply(200, { data: [] });
    expect((await api.get('/videos')).data).toEqual({ data: [] });
    expect(mock.history.get).toHaveLength(2);
  });

  it.each(['before', 'after'])(
    'axios-retry, installed %s: it sees one answer, and tries what is not ours',
    async (when) => {
      const server = await startServer();
      const storage = { tokens: server.issue() };
      const api = axios.create({ baseURL: server.url });
      const retries = () => axiosRetry(api, { retries: 2, retryDelay: () => 1, retryCondition: () => true });
      if (when === 'before') retries();
      createAuthRefresh(api, async () => {
        storage.tokens = server.issue();
      });
      if (when === 'after') retries();
      inject({ api, storage });
      server.expire();
      expect(await end(api.get('/videos'))).toBe(200);
      expect(server.stats.requests).toBe(2);
      server.fault('/videos', { status: 503 });
      expect(await end(api.get('/videos'))).toBe(200);
    },
  );

  it('axios-cache-interceptor: what is recovered is cached', async () => {
    const { api, server } = await appWith(ours, { refresh: storingRefresh });
    setupCache(api);
    expect(await endOrHang({ server }, api.get('/videos'))).toBe(200);
    expect(await end(api.get('/videos'))).toBe(200);
    expect(server.log.filter(({ path, status }) => path === '/videos' && status === 200)).toHaveLength(1);
  });

  it('L24 one that never lets a request through a second time is left out after 3 s', async () => {
    const { api, server } = await appWith(ours, { refresh: storingRefresh });
    const seen: unknown[] = [];
    api.interceptors.request.use((config) => (seen.push(config.url) === 1 ? config : never));
    const clock = installClock();
    const request = end(api.get('/videos'));
    await until(() => seen.length === 2);
    await clock.advance(3_000);
    expect([await request, server.stats.refresh]).toEqual([200, 1]);
  });
});
