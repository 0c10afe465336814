import { afterEach, describe, expect, it } from '@jest/globals';
import axios, {
  type AxiosInstance,
  type AxiosRequestConfig,
  type AxiosResponse,
  type InternalAxiosRequestConfig,
} from 'axios';
import type { Echo } from 'axios-bearer/testing';
import {
  adapters,
  addInterceptors,
  answerOf,
  bareClient,
  cleanUp,
  clientAnd,
  failureOf,
  type Kind,
  nextEvent,
  onAdapters,
  outcomeOf,
  startHttpServer,
  startRecordedClient,
} from '../support/kit.js';

afterEach(cleanUp);

const PUSHED = { transitional: { legacyInterceptorReqResOrdering: false } } as AxiosRequestConfig;

/** In which order two request interceptors run on a bare instance, with the option that turns it. */
async function pushesRequests(): Promise<boolean> {
  const order: number[] = [];
  const adapter = async (config: InternalAxiosRequestConfig) => answerOf(config, 200);
  const bare = axios.create({ adapter });
  for (const n of [1, 2]) {
    bare.interceptors.request.use((config) => {
      order.push(n);
      return config;
    });
  }
  return bare.get('http://localhost/', PUSHED).then(
    () => order[0] === 1,
    () => false,
  );
}

const canPush = await pushesRequests();
const orderings: Record<string, AxiosRequestConfig> = {
  'the default order': {},
  'a transitional option that says nothing of the order': { transitional: { silentJSONParsing: true } },
  ...(canPush && { 'legacyInterceptorReqResOrdering: false': PUSHED }),
};
const orderingTitle = canPush
  ? `axios ${axios.VERSION}`
  : `axios ${axios.VERSION} has no legacyInterceptorReqResOrdering`;

describe(`L14 other interceptors (${onAdapters})`, () => {
  const kinds: Kind[] = ['synchronous', 'plain', 'async'];
  for (const when of ['before', 'after'] as const) {
    for (const kind of kinds) {
      it(`L14 shows a recovered request once, and no 401, to ${kind} interceptors registered ${when} the install`, async () => {
        const { api, server, sends, done: seen } = await clientAnd(when, (each) => addInterceptors(each, kind));
        server.expire();
        expect((await api.post('/echo', { a: 1 })).data.text).toBe('{"a":1}');
        expect(seen).toEqual({ requests: 1, answers: [200], failures: [] });
        expect(sends.filter(({ path }) => path === '/echo')).toHaveLength(2);
        await api.post('/echo', { a: 2 });
        expect(seen).toEqual({ requests: 2, answers: [200, 200], failures: [] });
      });

      it(`L14 shows a request that was held before its first send once to ${kind} interceptors registered ${when} the install`, async () => {
        const { api, done: seen } = await clientAnd(when, (each) => addInterceptors(each, kind), { tokens: 'expired' });
        await api.post('/echo', { a: 1 });
        expect(seen).toEqual({ requests: 1, answers: [200], failures: [] });
      });
    }
  }

  it('L14 shows each of 30 concurrent requests once, on both sides of the install', async () => {
    const { api, server, done: first } = await clientAnd('before', (each) => addInterceptors(each));
    const second = addInterceptors(api, 'async');
    server.expire();
    await Promise.all(Array.from({ length: 30 }, (_, n) => api.get(`/echo/${n}`)));
    for (const seen of [first, second]) {
      expect(seen).toEqual({ requests: 30, answers: Array(30).fill(200), failures: [] });
    }
    expect(server.stats.refresh).toBe(1);
  });

  it('L14 shows a 401 that survives its replays once', async () => {
    const { api } = await startRecordedClient();
    const seen = addInterceptors(api);
    expect(await outcomeOf(api.get('/always-401'))).toBe(401);
    expect(seen).toEqual({ requests: 1, answers: [], failures: [401] });
  });

  it('L14 shows what a replay came to, and that only, when it fails otherwise', async () => {
    const { api, server } = await startRecordedClient();
    const seen = addInterceptors(api);
    server.expire();
    server.fault(({ headers, path }) => path === '/echo' && headers['x-n'] === '1', { status: 401 });
    server.fault('/echo', { status: 500 });
    expect(await outcomeOf(api.get('/echo', { headers: { 'x-n': '1' } }))).toBe(500);
    expect(seen).toEqual({ requests: 1, answers: [], failures: [500] });
  });

  it('L14 shows a failed refresh once', async () => {
    const { api, server } = await startRecordedClient();
    const seen = addInterceptors(api);
    server.expire();
    server.fault('/auth/refresh', { status: 503 });
    const error = await failureOf(api.get('/echo'));
    expect(error.code).toBe('ERR_BEARER_UNAVAILABLE');
    expect(seen).toMatchObject({ requests: 1, answers: [], failures: [401] });
  });

  it('L14 shows no refresh call to the interceptors of the instance', async () => {
    const { api, server } = await startRecordedClient();
    const urls: unknown[] = [];
    api.interceptors.request.use((config) => {
      urls.push(config.url);
      return config;
    });
    server.expire();
    await api.get('/echo');
    expect(urls).toEqual(['/echo']);
  });

  for (const [name, ordering] of Object.entries(orderings)) {
    it(`L14 keeps others in the order that they have without it, ${name} (${orderingTitle})`, async () => {
      const register = (api: AxiosInstance, log: string[], names: string[]) => {
        for (const each of names) {
          api.interceptors.request.use(
            (config) => {
              log.push(`> ${each}`);
              return config;
            },
            undefined,
            { synchronous: each === 'b' },
          );
          api.interceptors.response.use((response) => {
            log.push(`< ${each}`);
            return response;
          });
        }
      };
      const log: string[] = [];
      const { api, server } = await startRecordedClient({
        defaults: ordering as never,
        before: (bare) => register(bare, log, ['a', 'b']),
      });
      register(api, log, ['c', 'd']);
      server.expire();
      await api.get('/echo');

      const expected: string[] = [];
      const bare = bareClient(server.url, server.issue().access_token, ordering);
      register(bare, expected, ['a', 'b', 'c', 'd']);
      await bare.get('/echo');
      expect(log).toEqual(expected);
      expect(log).toHaveLength(8);
    });

    it(`L14 is innermost: an interceptor of any time may rewrite the request, and is heeded, ${name}`, async () => {
      const suffix = (config: InternalAxiosRequestConfig) => {
        config.url += '/x';
        config.data = { ...config.data, n: (config.data.n ?? 0) + 1 };
        return config;
      };
      const { api, server } = await startRecordedClient({
        defaults: ordering as never,
        before: (bare) => void bare.interceptors.request.use(suffix),
      });
      api.interceptors.request.use(suffix);
      server.expire();
      const { data } = await api.post<Echo>('/echo', {});
      expect([data.path, data.text]).toEqual(['/echo/x/x', '{"n":2}']);
    });
  }

  for (const [name, ordering] of Object.entries(orderings)) {
    it(`L14 comes after all others on the way out, ${name} (${orderingTitle})`, async () => {
      const foreign = await startHttpServer((_, res) => res.writeHead(401).end('{}'));
      const seen: unknown[] = [];
      const change = (config: InternalAxiosRequestConfig) => {
        seen.push(config.headers.get('Authorization'));
        if (config.url === '/away') config.baseURL = foreign.url;
        if (config.url === '/echo/own') config.headers.set('Authorization', 'Bearer own');
        return config;
      };
      for (const when of ['before', 'after'] as const) {
        const { api, server, authorizations } = await clientAnd(when, (each) => each.interceptors.request.use(change), {
          defaults: ordering as never,
        });
        expect(await outcomeOf(api.get('/away'))).toBe(401);
        expect(await outcomeOf(api.get('/echo/own'))).toBe(401);
        expect(await outcomeOf(api.get('/echo'))).toBe(200);
        expect(authorizations('/echo/own')).toEqual(['Bearer own']);
        expect(server.stats.refresh).toBe(0);
      }
      expect(foreign.received.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
      expect(seen.filter(Boolean)).toEqual([]);
    });
  }

  it('L14 ejects by id what was registered before and after the install, and nothing else', async () => {
    const called: string[] = [];
    const on = (api: AxiosInstance, name: string) => ({
      request: api.interceptors.request.use((config) => {
        called.push(`> ${name}`);
        return config;
      }),
      response: api.interceptors.response.use((response) => {
        called.push(`< ${name}`);
        return response;
      }),
    });
    const eject = (api: AxiosInstance, ids: { request: number; response: number }) => {
      api.interceptors.request.eject(ids.request);
      api.interceptors.response.eject(ids.response);
    };
    const ids: Record<string, { request: number; response: number }> = {};
    const { api, server } = await startRecordedClient({
      before: (bare) => {
        ids.a = on(bare, 'a');
        ids.b = on(bare, 'b');
      },
    });
    ids.c = on(api, 'c');
    ids.d = on(api, 'd');
    eject(api, ids.a!);
    eject(api, ids.c!);
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(called).toEqual(['> d', '> b', '< b', '< d']);
    called.length = 0;
    eject(api, ids.b!);
    eject(api, ids.d!);
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(called).toEqual([]);
  });

  it('L14 lets clear() clear, and installs again after it: each request is seen once', async () => {
    const { api, server, session } = await startRecordedClient({ before: (bare) => void addInterceptors(bare) });
    api.interceptors.request.clear();
    api.interceptors.response.clear();
    session.install(api);
    const seen = addInterceptors(api);
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(seen).toEqual({ requests: 1, answers: [200], failures: [] });
  });

  it('L14 never turns a 401 into a success when somebody clears the response interceptors', async () => {
    const { api, server } = await startRecordedClient();
    api.interceptors.response.clear();
    const seen = addInterceptors(api);
    server.expire();
    const end = await outcomeOf(api.get('/echo').then((response) => ({ status: response.status * 1000 })));
    expect([200_000, 401]).toContain(end);
    expect(seen.answers).not.toContain(401);
    expect(seen.answers.length + seen.failures.length).toBe(1);
  });

  it('L14 gives an interceptor that unwraps response.data the recovered answer', async () => {
    const { api, server } = await startRecordedClient({
      before: (bare) => void bare.interceptors.response.use((response) => response.data),
    });
    server.expire();
    expect(await api.get('/echo')).toMatchObject({ path: '/echo' });
  });

  it('L14 lives with interceptors that copy the config, and with ones that copy the answer', async () => {
    const copy = (config: InternalAxiosRequestConfig) => ({ ...config });
    const { api, server } = await startRecordedClient({
      before: (bare) => {
        bare.interceptors.request.use(copy);
        bare.interceptors.response.use((response) => ({ ...response, config: { ...response.config } }));
      },
    });
    api.interceptors.request.use(copy);
    const seen = addInterceptors(api);
    server.expire();
    expect((await api.post('/echo', { a: 1 })).data.text).toBe('{"a":1}');
    expect(seen).toEqual({ requests: 1, answers: [200], failures: [] });
  });

  for (const when of ['before', 'after'] as const) {
    it(`L14 lives with an interceptor that makes the headers a plain object, registered ${when} the install`, async () => {
      const { api, server, authorizations, secrets } = await clientAnd(when, (each) =>
        each.interceptors.request.use((config) => {
          config.headers = { ...config.headers, 'X-Own': 'yes' } as never;
          return config;
        }),
      );
      const { data } = await api.post('/echo', { a: 1 });
      expect([data.text, data.headers['x-own']]).toEqual(['{"a":1}', 'yes']);
      server.expire();
      expect((await api.post('/echo', { a: 2 })).data.text).toBe('{"a":2}');
      expect(authorizations('/echo')).toEqual([0, 0, 2].map((n) => `Bearer ${secrets[n]}`));
    });
  }

  it('L14 counts for each request only those registered when it began, like axios', async () => {
    const { api, server } = await startRecordedClient();
    server.expire();
    const hold = server.hold('/auth/refresh');
    const early = api.get('/echo/early');
    await hold.arrived(1);
    const seen = addInterceptors(api);
    hold.release();
    await early;
    expect(seen).toEqual({ requests: 0, answers: [], failures: [] });
    await api.get('/echo/late');
    expect(seen).toEqual({ requests: 1, answers: [200], failures: [] });
  });

  it('L14 transforms a request once and no answer twice', async () => {
    const seen: unknown[] = [];
    const { api, server } = await startRecordedClient();
    server.expire();
    const { data } = await api.post(
      '/echo',
      { a: 1 },
      {
        transformRequest: (body: unknown) => {
          seen.push('request');
          return JSON.stringify({ wrapped: body });
        },
        transformResponse: (text: string, _headers: unknown, status?: number) => {
          seen.push(status);
          return { once: JSON.parse(text) };
        },
      },
    );
    expect(data.once.text).toBe('{"wrapped":{"a":1}}');
    expect(seen.filter((each) => each === 'request')).toHaveLength(1);
    expect(seen.filter((each) => each === 200)).toHaveLength(1);
    expect(seen.filter((each) => each === 401).length).toBeLessThanOrEqual(1);
  });

  it('L14 hides a GraphQL answer, 200 with errors, that a new token mends', async () => {
    const shouldRefresh = async ({ data }: AxiosResponse) => data.errors?.[0].code === 'UNAUTHENTICATED';
    const { api, server } = await startRecordedClient({ shouldRefresh });
    const seen: unknown[] = [];
    api.interceptors.response.use((response) => {
      seen.push(response.data);
      return response;
    });
    server.fault('/echo/graphql', { json: { data: null, errors: [{ code: 'UNAUTHENTICATED' }] } });
    const { data } = await api.post('/echo/graphql', { query: '{ me }' });
    expect(data.text).toBe('{"query":"{ me }"}');
    expect(seen).toEqual([data]);
    expect(server.stats.refresh).toBe(1);
  });

  it('L14 hides the recovered 401 from an instance whose validateStatus lets all through', async () => {
    const { api, server } = await startRecordedClient({ defaults: { validateStatus: () => true } });
    const seen = addInterceptors(api);
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(seen).toEqual({ requests: 1, answers: [200], failures: [] });
  });

  it('L14 a request interceptor that throws rejects its own request, and blocks nobody', async () => {
    const { api, server } = await startRecordedClient({ replayConcurrency: 1, tokens: 'expired' });
    api.interceptors.request.use((config) => {
      if (config.url === '/echo/bad') throw new Error('no');
      return config;
    });
    const ends = await Promise.allSettled([api.get('/echo/bad'), api.get('/echo/good'), api.get('/echo/bad')]);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
    server.expire();
    expect((await api.get('/echo/good')).status).toBe(200);
  });
});

describe.each(adapters)(`L14 the instance whose interceptors are cleared (${onAdapters}), over %s`, (adapter) => {
  it('L14 a request that is under way when they are cleared is recovered', async () => {
    const { api, session, server } = await startRecordedClient({ defaults: { adapter } });
    server.expire();
    const refresh = server.hold('/auth/refresh');
    const request = api.get('/echo');
    await nextEvent(session, 'waiting');
    api.interceptors.response.clear();
    refresh.release();
    expect((await request).status).toBe(200);
  });
});
