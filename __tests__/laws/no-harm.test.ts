import { getEventListeners } from 'node:events';
import { Agent } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios, {
  AxiosError,
  AxiosHeaders,
  type AxiosInstance,
  type AxiosRequestConfig,
  type AxiosResponse,
  type InternalAxiosRequestConfig,
} from 'axios';
import { createSession, replayable } from 'axios-bearer';
import { type Echo, fakeClock } from 'axios-bearer/testing';
import MockAdapter from 'axios-mock-adapter';
import axiosRetry from 'axios-retry';
import {
  adapters,
  atEnd,
  cleanUp,
  failureOf,
  nextEvent,
  onAdapters,
  outcomeOf,
  type RecordedOptions,
  startHttpServer,
  startRecordedClient,
  type TokenAnswer,
  watchEvent,
} from '../support/kit.js';

afterEach(cleanUp);

type Kind = 'synchronous' | 'plain' | 'async';
type AnyConfig = InternalAxiosRequestConfig & Record<string, unknown>;

/** What somebody else's interceptors get to see. */
interface Seen {
  requests: number;
  answers: number[];
  failures: unknown[];
}

function watch(api: AxiosInstance, kind: Kind = 'plain'): Seen {
  const seen: Seen = { requests: 0, answers: [], failures: [] };
  const onRequest = (config: InternalAxiosRequestConfig) => {
    seen.requests += 1;
    return config;
  };
  const onAnswer = (response: AxiosResponse) => {
    seen.answers.push(response.status);
    return response;
  };
  const onFailure = (error: AxiosError) => {
    seen.failures.push(error.response?.status ?? error.code);
    throw error;
  };
  const late =
    <A, R>(handler: (value: A) => R) =>
    async (value: A) => {
      await null;
      return handler(value);
    };
  if (kind === 'async') {
    api.interceptors.request.use(late(onRequest));
    api.interceptors.response.use(late(onAnswer), late(onFailure));
  } else {
    api.interceptors.request.use(onRequest, undefined, { synchronous: kind === 'synchronous' });
    api.interceptors.response.use(onAnswer, onFailure);
  }
  return seen;
}

type Copy = (config: InternalAxiosRequestConfig) => InternalAxiosRequestConfig;

/** As lodash: objects are made anew, functions and what is not cloned stay. */
function cloneDeep<T>(value: T): T {
  if (Array.isArray(value)) return value.map(cloneDeep) as T;
  if (typeof value !== 'object' || value === null) return value;
  const clone = Object.create(Object.getPrototypeOf(value));
  for (const [key, inner] of Object.entries(value)) clone[key] = cloneDeep(inner);
  return clone;
}

/** As Vue's reactive() and MobX: what is read from it is wrapped as well. */
function reactive<T extends object>(target: T): T {
  const get = (from: object, key: PropertyKey, self: unknown): unknown => {
    const value = Reflect.get(from, key, self);
    return typeof value === 'object' && value !== null ? reactive(value) : value;
  };
  return new Proxy(target, { get }) as T;
}

/** What others make of a config. */
const COPIES: Record<string, Copy> = {
  'a spread copy': (config) => ({ ...config }),
  'a deep clone': cloneDeep,
  'a JSON copy': ({ transformRequest, transformResponse, ...rest }) => JSON.parse(JSON.stringify(rest)),
  'a Proxy': (config) => new Proxy(config, {}),
  'a reactive Proxy': reactive,
};

/** A recorded client, and what `act` made of its instance before or after the install. */
async function clientAnd<T>(when: 'before' | 'after', act: (api: AxiosInstance) => T, options: RecordedOptions = {}) {
  const done: T[] = [];
  const before = when === 'before' ? (api: AxiosInstance) => void done.push(act(api)) : undefined;
  const made = await startRecordedClient({ ...options, before });
  if (when === 'after') done.push(act(made.api));
  return { ...made, done: done[0] as T };
}

/** An instance of axios alone, with a live token in its defaults. */
function bareClient(url: string, token: string, more: AxiosRequestConfig = {}): AxiosInstance {
  return axios.create({ baseURL: url, ...more, headers: { Authorization: `Bearer ${token}` } } as never);
}

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

function answerOf(config: InternalAxiosRequestConfig, status: number, data: unknown = {}): AxiosResponse {
  return { status, statusText: '', headers: new AxiosHeaders(), data, config };
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
        const { api, server, sends, done: seen } = await clientAnd(when, (each) => watch(each, kind));
        server.expire();
        expect((await api.post('/echo', { a: 1 })).data.text).toBe('{"a":1}');
        expect(seen).toEqual({ requests: 1, answers: [200], failures: [] });
        expect(sends.filter(({ path }) => path === '/echo')).toHaveLength(2);
        await api.post('/echo', { a: 2 });
        expect(seen).toEqual({ requests: 2, answers: [200, 200], failures: [] });
      });

      it(`L14 shows a request that was held before its first send once to ${kind} interceptors registered ${when} the install`, async () => {
        const { api, done: seen } = await clientAnd(when, (each) => watch(each, kind), { tokens: 'expired' });
        await api.post('/echo', { a: 1 });
        expect(seen).toEqual({ requests: 1, answers: [200], failures: [] });
      });
    }
  }

  it('L14 shows each of 30 concurrent requests once, on both sides of the install', async () => {
    const { api, server, done: first } = await clientAnd('before', watch);
    const second = watch(api, 'async');
    server.expire();
    await Promise.all(Array.from({ length: 30 }, (_, n) => api.get(`/echo/${n}`)));
    for (const seen of [first, second]) {
      expect(seen).toEqual({ requests: 30, answers: Array(30).fill(200), failures: [] });
    }
    expect(server.stats.refresh).toBe(1);
  });

  it('L14 shows a 401 that survives its replays once', async () => {
    const { api } = await startRecordedClient();
    const seen = watch(api);
    expect(await outcomeOf(api.get('/always-401'))).toBe(401);
    expect(seen).toEqual({ requests: 1, answers: [], failures: [401] });
  });

  it('L14 shows what a replay came to, and that only, when it fails otherwise', async () => {
    const { api, server } = await startRecordedClient();
    const seen = watch(api);
    server.expire();
    server.fault(({ headers, path }) => path === '/echo' && headers['x-n'] === '1', { status: 401 });
    server.fault('/echo', { status: 500 });
    expect(await outcomeOf(api.get('/echo', { headers: { 'x-n': '1' } }))).toBe(500);
    expect(seen).toEqual({ requests: 1, answers: [], failures: [500] });
  });

  it('L14 shows a failed refresh once', async () => {
    const { api, server } = await startRecordedClient();
    const seen = watch(api);
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
    const { api, server, session } = await startRecordedClient({ before: (bare) => void watch(bare) });
    api.interceptors.request.clear();
    api.interceptors.response.clear();
    session.install(api);
    const seen = watch(api);
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(seen).toEqual({ requests: 1, answers: [200], failures: [] });
  });

  it('L14 never turns a 401 into a success when somebody clears the response interceptors', async () => {
    const { api, server } = await startRecordedClient();
    api.interceptors.response.clear();
    const seen = watch(api);
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

  for (const [name, copy] of Object.entries(COPIES)) {
    for (const where of ['an interceptor of before', 'an interceptor of after', 'the adapter'] as const) {
      it(`L15 recovers a request of whose config ${where} makes ${name}`, async () => {
        const { api, server } = await startRecordedClient({
          before: (bare) => void (where.endsWith('before') && bare.interceptors.request.use(copy)),
        });
        if (where.endsWith('after')) api.interceptors.request.use(copy);
        const send = axios.getAdapter('http');
        // The token request is not the app's: its signal lives in no copy.
        if (where === 'the adapter') api.defaults.adapter = (config) => send(config.signal ? config : copy(config));
        // A JSON copy has no transforms, with axios alone neither.
        const body = name === 'a JSON copy' ? '{"a":1}' : { a: 1 };
        server.expire();
        const { status, data } = await api.post('/echo', body, { headers: { 'Content-Type': 'application/json' } });
        const text = typeof data === 'string' ? JSON.parse(data).text : data.text;
        expect([status, JSON.parse(text)]).toEqual([200, { a: 1 }]);
        expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 1 });
      });
    }
  }

  it('L14 lives with interceptors that copy the config, and with ones that copy the answer', async () => {
    const copy = (config: InternalAxiosRequestConfig) => ({ ...config });
    const { api, server } = await startRecordedClient({
      before: (bare) => {
        bare.interceptors.request.use(copy);
        bare.interceptors.response.use((response) => ({ ...response, config: { ...response.config } }));
      },
    });
    api.interceptors.request.use(copy);
    const seen = watch(api);
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
    const seen = watch(api);
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
    const seen = watch(api);
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

describe('L15 the caller’s own Authorization', () => {
  const OWN = 'Bearer somebody-elses';
  const ways: Record<string, AxiosRequestConfig> = {
    Authorization: { headers: { Authorization: OWN } },
    authorization: { headers: { authorization: OWN } },
    AUTHORIZATION: { headers: { AUTHORIZATION: OWN } },
    'an AxiosHeaders': { headers: new AxiosHeaders({ Authorization: OWN }) },
  };
  for (const [name, config] of Object.entries(ways)) {
    it(`L15 leaves one given per request alone, and its 401 too: ${name}`, async () => {
      const { api, server, session, authorizations } = await startRecordedClient();
      const skipped = nextEvent(session, 'skipped');
      expect(await outcomeOf(api.get('/echo', config))).toBe(401);
      expect(authorizations('/echo')).toEqual([OWN]);
      expect(server.stats.refresh).toBe(0);
      expect(await skipped).toMatchObject({ reason: 'own-authorization' });
    });
  }

  for (const when of ['before', 'after'] as const) {
    it(`L15 leaves one alone that an interceptor registered ${when} the install has set`, async () => {
      const own = (config: InternalAxiosRequestConfig) => {
        config.headers.set('Authorization', OWN);
        return config;
      };
      const { api, server, authorizations } = await clientAnd(when, (each) => each.interceptors.request.use(own));
      expect(await outcomeOf(api.get('/echo'))).toBe(401);
      expect([authorizations('/echo'), server.stats.refresh]).toEqual([[OWN], 0]);
    });
  }

  it('L15 leaves another user’s live token alone while the session’s own is expired', async () => {
    const { api, server } = await startRecordedClient({ tokens: 'expired' });
    const Authorization = `Bearer ${server.issue().access_token}`;
    expect(await outcomeOf(api.get('/echo', { headers: { Authorization } }))).toBe(200);
    expect(server.stats.refresh).toBe(0);
  });

  const defaults: Record<string, (api: AxiosInstance, value: string) => void> = {
    'headers.common.Authorization': ({ defaults: { headers } }, value) => {
      headers.common.Authorization = value;
    },
    'headers.Authorization': ({ defaults: { headers } }, value) => {
      (headers as Record<string, unknown>).Authorization = value;
    },
    'headers.common.authorization': ({ defaults: { headers } }, value) => {
      headers.common.authorization = value;
    },
    'headers.get.Authorization': ({ defaults: { headers } }, value) => {
      headers.get.Authorization = value;
    },
  };
  for (const [name, set] of Object.entries(defaults)) {
    it(`L15 takes over the instance’s default, set as ${name}, before or after the install, and recovers`, async () => {
      for (const when of ['before', 'after'] as const) {
        const { api, server, secrets, authorizations } = await clientAnd(when, (each) => set(each, 'Bearer stale'));
        server.expire();
        expect((await api.get('/echo')).status).toBe(200);
        expect(authorizations('/echo')).toEqual([`Bearer ${secrets[0]}`, `Bearer ${secrets[2]}`]);
      }
    });

    it(`L15 counts an empty default, set as ${name}, as none`, async () => {
      const { api, secrets, authorizations } = await startRecordedClient({ before: (bare) => set(bare, '') });
      await api.get('/echo');
      expect(authorizations('/echo')).toEqual([`Bearer ${secrets[0]}`]);
    });
  }

  it('L15 an adapter that makes the error of a 401 by itself has its replays like any other', async () => {
    const { api, server } = await startRecordedClient();
    const adapter = axios.getAdapter(api.defaults.adapter);
    api.defaults.adapter = async (config) => {
      const response = await adapter({ ...config, validateStatus: () => true });
      if (response.status < 400) return response;
      throw new AxiosError('refused', 'ERR_BAD_REQUEST', config, response.request, { ...response, config });
    };
    server.fault('/echo', { status: 401 }, { times: 4 });
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, faulted: 4, ok: 1 });
  });

  it.each(['Authorization', 'authorization', 'AUTHORIZATION'])(
    'L15 is there once, where the default is spelt %s: on the first send and on the replay',
    async (spelling) => {
      const { api, server } = await startRecordedClient({ defaults: { headers: { [spelling]: 'Bearer stale' } } });
      const sent: string[] = [];
      const adapter = axios.getAdapter(api.defaults.adapter);
      api.defaults.adapter = (config) => {
        sent.push(...Object.keys(config.headers).filter((name) => /^authorization$/i.test(name)));
        return adapter(config);
      };
      server.expire();
      expect((await api.get('/echo')).status).toBe(200);
      expect(sent).toEqual([spelling, spelling]);
    },
  );

  it('L15 leaves one given per request alone where the instance has another as default', async () => {
    const { api, server, authorizations } = await startRecordedClient({
      defaults: { headers: { Authorization: 'Bearer stale' } },
    });
    expect(await outcomeOf(api.get('/echo', { headers: { Authorization: OWN } }))).toBe(401);
    expect([authorizations('/echo'), server.stats.refresh]).toEqual([[OWN], 0]);
  });

  it('L15 counts an empty one given per request as none', async () => {
    const { api, server, secrets, authorizations } = await startRecordedClient();
    server.expire();
    await api.get('/echo', { headers: { Authorization: '' } });
    expect(authorizations('/echo')).toEqual([`Bearer ${secrets[0]}`, `Bearer ${secrets[2]}`]);
  });

  it('L15 leaves a header of another name alone, given per request', async () => {
    const { api, server, sends } = await startRecordedClient({ header: 'X-Token' });
    await outcomeOf(api.get('/always-401', { headers: { 'x-token': 'own' } }));
    expect(sends.map(({ headers }) => headers['x-token'])).toEqual(['own']);
    expect(server.stats.refresh).toBe(0);
  });

  for (const adapter of adapters) {
    it(`L15 leaves the auth option alone, and its 401 too (${adapter})`, async () => {
      const { api, server, authorizations } = await startRecordedClient({ defaults: { adapter } });
      const auth = { username: 'ada', password: 'pass' };
      expect(await outcomeOf(api.get('/echo', { auth }))).toBe(401);
      expect(await outcomeOf(api.get('/always-401', { auth }))).toBe(401);
      expect(authorizations('/')).toEqual(Array(2).fill(`Basic ${btoa('ada:pass')}`));
      expect(server.stats.refresh).toBe(0);
    });

    it(`L15 never refreshes for the 401 of a URL with user:pass@, nor sends it the token (${adapter})`, async () => {
      const { api, server, authorizations } = await startRecordedClient({ defaults: { adapter } });
      const end = await outcomeOf(api.get(`${server.url.replace('//', '//ada:pass@')}/echo`));
      // fetch itself refuses such a URL on older versions of axios.
      expect(adapter === 'http' ? [401] : [401, 'ERR_NETWORK', undefined]).toContain(end);
      expect(authorizations('/').filter((each) => !each?.startsWith('Basic'))).toEqual([]);
      expect(server.stats.refresh).toBe(0);
    });

    it(`L15 keeps user:pass@ of the baseURL (${adapter})`, async () => {
      const { api, server, authorizations } = await startRecordedClient({ defaults: { adapter } });
      await api.get('/echo');
      api.defaults.baseURL = server.url.replace('//', '//ada:pass@');
      const end = await outcomeOf(api.get('/echo'));
      expect(adapter === 'http' ? [401] : [401, 'ERR_NETWORK', undefined]).toContain(end);
      expect(
        authorizations('/')
          .slice(1)
          .filter((each) => !each?.startsWith('Basic')),
      ).toEqual([]);
      expect(server.stats.refresh).toBe(0);
    });
  }
});

describe(`L15 the caller’s config (${onAdapters})`, () => {
  it('L15 keeps validateStatus: one that lets all through resolves with the 401 that survives', async () => {
    const validateStatus = () => true;
    const { api } = await startRecordedClient();
    const response = await api.get('/always-401', { validateStatus });
    expect(response.status).toBe(401);
    expect(response.config.validateStatus).toBe(validateStatus);
  });

  it('L15 keeps validateStatus: null, which lets all through', async () => {
    const { api, server } = await startRecordedClient();
    expect((await api.get('/always-401', { validateStatus: null })).status).toBe(401);
    server.expire();
    const response = await api.get('/echo', { validateStatus: null });
    expect(response.status).toBe(200);
    expect(response.config.validateStatus ?? null).toBeNull();
  });

  it('L15 keeps validateStatus: one that refuses 200 refuses the replay’s 200, as on a bare instance', async () => {
    const validateStatus = (status: number) => status === 201;
    const { api, server } = await startRecordedClient();
    server.expire();
    const error = await failureOf(api.get('/echo', { validateStatus }));
    const bare = await failureOf(bareClient(server.url, server.issue().access_token).get('/echo', { validateStatus }));
    expect([error.message, error.code, error.response?.status]).toEqual([bare.message, bare.code, 200]);
    expect(error.config?.validateStatus).toBe(validateStatus);
    expect(server.stats.refresh).toBe(1);
  });

  for (const fault of ['reset', { status: 404 }, 'hang'] as const) {
    it(`L15 gives validateStatus and adapter back with an error too: ${JSON.stringify(fault)}`, async () => {
      const validateStatus = (status: number) => status === 200;
      const { api, server } = await startRecordedClient();
      server.fault('/echo', fault);
      const error = await failureOf(api.get('/echo', { validateStatus, timeout: 200 }));
      expect(error.config?.validateStatus).toBe(validateStatus);
      expect(error.config?.adapter).toEqual(api.defaults.adapter);
    });
  }

  it('L15 sends the replay through an adapter that rewrites requests as it was sent first: it is rewritten once', async () => {
    const { api, server, sends } = await startRecordedClient();
    const send = axios.getAdapter('http');
    api.defaults.adapter = (config) => send({ ...config, url: config.url?.replace('/once', '/echo/once') });
    server.expire();
    expect((await api.get('/once')).status).toBe(200);
    expect(sends.filter(({ path }) => path.includes('once')).map(({ path }) => path)).toEqual([
      '/echo/once',
      '/echo/once',
    ]);
  });

  it('L15 gives the adapter back to a request that was held', async () => {
    const { api, server, session } = await startRecordedClient({ tokens: 'expired' });
    const { adapter } = api.defaults;
    expect((await api.get('/echo')).config.adapter).toEqual(adapter);
    await session.signIn({ ...server.issue(), expires_in: 0 });
    server.fault('/echo', 'reset');
    expect((await failureOf(api.get('/echo'))).config?.adapter).toEqual(adapter);
  });

  it('L15 gives validateStatus back when the request is held and given up', async () => {
    const validateStatus = (status: number) => status === 200;
    const { api, server, session } = await startRecordedClient();
    server.expire();
    const abort = new AbortController();
    const hold = server.hold('/auth/refresh');
    const waiting = nextEvent(session, 'waiting');
    const error = failureOf(api.get('/echo', { validateStatus, signal: abort.signal }));
    await Promise.all([waiting, hold.arrived(1)]);
    abort.abort();
    expect((await error).config?.validateStatus).toBe(validateStatus);
    hold.release();
  });

  it('L15 hands a surviving 401 on as a bare instance would', async () => {
    const { api, server } = await startRecordedClient();
    const error = await failureOf(api.post('/always-401', { a: 1 }));
    const bare = await failureOf(bareClient(server.url, server.issue().access_token).post('/always-401', { a: 1 }));
    const shown = (each: AxiosError) => {
      const { name, message, code, status, isAxiosError, response, config } = each;
      const { url, method, baseURL, data } = config!;
      const challenge = response?.headers['www-authenticate'];
      return { name, message, code, status, isAxiosError, url, method, baseURL, data, challenge, body: response?.data };
    };
    expect(shown(error)).toEqual(shown(bare));
    expect(error).toBeInstanceOf(AxiosError);
    expect(error.config).toBe(error.response?.config);
    expect(Boolean(error.request)).toBe(true);
  });

  it('L15 keeps transformResponse for the replay', async () => {
    const { api, server } = await startRecordedClient();
    server.expire();
    const { data } = await api.get('/echo', { transformResponse: [(text) => text.length, (length) => ({ length })] });
    expect(data.length).toBeGreaterThan(10);
  });

  for (const adapter of adapters) {
    it(`L15 keeps responseType for the replay (${adapter})`, async () => {
      const { api, server } = await startRecordedClient({ defaults: { adapter } });
      const get = async (responseType: AxiosRequestConfig['responseType']) => {
        server.expire();
        return (await api.get('/stream', { responseType })).data;
      };
      expect(await get('text')).toHaveLength(4096);
      expect((await get('arraybuffer')).byteLength).toBe(4096);
      let streamed = 0;
      for await (const chunk of await get('stream')) streamed += chunk.length;
      expect(streamed).toBe(4096);
      if (adapter === 'fetch') expect((await get('blob')).size).toBe(4096);
    });

    it(`L15 keeps timeout, its message and its code for the replay (${adapter})`, async () => {
      const { api, server } = await startRecordedClient({ defaults: { adapter } });
      const bare = bareClient(server.url, server.issue().access_token, { adapter });
      // What comes before the replay must be over by then, however busy the machine is.
      const begun = performance.now();
      await api.get('/echo');
      server.fault('/echo', { status: 401 });
      await api.get('/echo');
      const timeout = Math.max(300, Math.ceil(20 * (performance.now() - begun)));
      for (const more of [{}, { timeoutErrorMessage: 'too slow', transitional: { clarifyTimeoutError: true } }]) {
        // A token that was never accepted would be tried again before another is made (L6).
        await api.get('/echo');
        server.fault('/echo', 'hang');
        const expected = await failureOf(bare.get('/echo', { timeout, ...more }));
        server.fault('/echo', { status: 401 });
        server.fault('/echo', 'hang');
        const error = await failureOf(api.get('/echo', { timeout, ...more }));
        expect([error.code, error.message]).toEqual([expected.code, expected.message]);
        expect(error.config?.timeout).toBe(timeout);
      }
      expect(server.stats.refresh).toBe(3);
    });

    it(`L15 keeps signal: it reaches the first send and the replay on the wire (${adapter})`, async () => {
      const { api, server } = await startRecordedClient({ defaults: { adapter } });
      for (const expired of [false, true]) {
        if (expired) server.expire();
        let count = 0;
        const hold = server.hold(({ path }) => {
          if (path === '/echo') count += 1;
          return path === '/echo' && count === (expired ? 2 : 1);
        });
        const abort = new AbortController();
        const error = failureOf(api.get('/echo', { signal: abort.signal }));
        await hold.arrived(1);
        abort.abort();
        // Older fetch adapters wrap the CanceledError; the code they keep.
        expect((await error).code).toBe('ERR_CANCELED');
        expect((await error).config?.signal).toBe(abort.signal);
      }
    });

    it(`L15 keeps progress events for the replay (${adapter})`, async () => {
      const { api, server, session } = await startRecordedClient({ defaults: { adapter } });
      const ups: number[] = [];
      const downs: number[] = [];
      session.on('refreshed', () => {
        ups.length = 0;
        downs.length = 0;
      });
      server.expire();
      await api.post('/echo', 'x'.repeat(200_000), {
        onUploadProgress: ({ loaded }) => ups.push(loaded),
        onDownloadProgress: ({ loaded }) => downs.push(loaded),
      });
      expect(server.stats.refresh).toBe(1);
      expect(ups.length).toBeGreaterThan(0);
      expect(downs.length).toBeGreaterThan(0);
    });
  }

  it('L15 keeps agents, for the replay and for the refresh call', async () => {
    let connections = 0;
    class Counting extends Agent {
      override createConnection(options: object, callback: () => void) {
        connections += 1;
        return super.createConnection(options, callback);
      }
    }
    const httpAgent = new Counting({ keepAlive: false });
    const { api, server } = await startRecordedClient({ defaults: { httpAgent } });
    server.expire();
    const response = await api.get('/echo');
    expect(connections).toBe(3);
    expect(response.config.httpAgent).toBe(httpAgent);
  });

  it('L15 keeps a caller’s beforeRedirect, and follows redirects at home with the token', async () => {
    const { api, server, authorizations, secrets } = await startRecordedClient();
    const hops: unknown[] = [];
    const beforeRedirect = ({ path }: Record<string, unknown>) => void hops.push(path);
    server.expire();
    server.fault('/echo/a', { status: 401 });
    server.fault('/echo/a', { redirect: `${server.url}/echo/b` });
    const response = await api.get('/echo/a', { beforeRedirect });
    expect(response.data.path).toBe('/echo/b');
    expect(hops).toEqual(['/echo/b']);
    expect(authorizations('/echo/b')).toEqual([`Bearer ${secrets[2]}`]);
    expect(response.config.beforeRedirect).toBe(beforeRedirect);
  });

  it('L15 hands one and the same config from the interceptors to the answer, recovered or not, and to the error', async () => {
    const { api, server } = await startRecordedClient();
    const configs: unknown[] = [];
    api.interceptors.request.use((config) => {
      configs.push(config);
      return config;
    });
    expect((await api.get('/echo')).config).toBe(configs[0]);
    server.expire();
    expect((await api.get('/echo')).config).toBe(configs[1]);
    const error = await failureOf(api.get('/always-401'));
    expect(error.config).toBe(configs[2]);
    expect(error.response?.config).toBe(configs[2]);
  });

  const fetchTitle = adapters.includes('fetch') ? 'the replay' : 'nobody: there is no fetch adapter';
  it(`L15 keeps fetchOptions for ${fetchTitle} (axios ${axios.VERSION})`, async () => {
    if (!adapters.includes('fetch')) return;
    const fetchOptions = { redirect: 'manual', integrity: '' } as const;
    for (const header of ['Authorization', 'X-Token']) {
      const { api, server } = await startRecordedClient({ header, defaults: { adapter: 'fetch' } });
      for (const given of [fetchOptions, { integrity: '' }, undefined]) {
        server.fault('/public', { status: 401 });
        const { config } = await api.get('/public', given && { fetchOptions: given });
        expect(config.fetchOptions).toEqual(given);
      }
      server.fault('/public', { redirect: `${server.url}/public/there` });
      expect(await outcomeOf(api.get('/public', { fetchOptions }))).toBe(302);
    }
  });

  it('L15 keeps every other key: those of axios and those of others', async () => {
    const metadata = { started: 1 };
    const config = {
      params: { tag: ['a', 'b'], q: 'ü' },
      paramsSerializer: { indexes: null },
      timeout: 5000,
      maxContentLength: 100_000,
      metadata,
      skipAuth: 'x',
      headers: { 'X-Own': 'yes' },
    } as AxiosRequestConfig;
    const { api, server } = await startRecordedClient();
    server.expire();
    const response = await api.post('/echo', { a: 1 }, config);
    const bare = await bareClient(server.url, server.issue().access_token).post('/echo', { a: 1 }, config);
    const shown = ({ config: { headers, bearer: _, ...rest } }: AxiosResponse) => ({
      ...rest,
      headers: { ...headers.toJSON(), Authorization: undefined },
    });
    expect(shown(response)).toEqual(shown(bare));
    expect(response.data).toEqual(bare.data);
    expect((response.config as AnyConfig).metadata).toEqual(metadata);
  });
});

/** How custom adapters end a request. */
const manners: Record<string, (config: InternalAxiosRequestConfig, response: AxiosResponse) => AxiosResponse> = {
  'settles by validateStatus': (config, response) => {
    if (!config.validateStatus || config.validateStatus(response.status)) return response;
    throw new AxiosError(`status ${response.status}`, 'ERR_BAD_REQUEST', response.config, {}, response);
  },
  'resolves whatever comes': (_, response) => response,
  'rejects what is not 2xx': (_, response) => {
    if (response.status < 300) return response;
    const error = new Error(`status ${response.status}`);
    throw Object.assign(error, { isAxiosError: true, config: response.config, response, code: 'ERR_BAD_REQUEST' });
  },
};
const answers: Record<string, (config: InternalAxiosRequestConfig) => InternalAxiosRequestConfig> = {
  'the config it was given': (config) => config,
  'a copy of it': (config) => ({ ...config }),
  'a copy with headers of its own': (config) => ({ ...config, headers: new AxiosHeaders(config.headers) }),
};

describe('L15 adapters', () => {
  const fetchToken = async () => ({ access_token: 'second', refresh_token: 'r2', expires_in: 3600 });
  const first = { access_token: 'first', refresh_token: 'r1', expires_in: 3600 };

  /** Refuses the token "first". */
  function picky(manner = manners['settles by validateStatus']!, copy = answers['the config it was given']!) {
    const sent: unknown[] = [];
    const adapter = async (config: InternalAxiosRequestConfig) => {
      sent.push(config.headers.get('Authorization'));
      const path = String(config.url);
      const status = path.startsWith('/status/') ? Number(path.slice(8)) : sent.at(-1) === 'Bearer first' ? 401 : 200;
      return manner(config, answerOf(copy(config), status, { status }));
    };
    return { adapter, sent };
  }

  for (const [mannerName, manner] of Object.entries(manners)) {
    for (const [copyName, copy] of Object.entries(answers)) {
      it(`L15 recovers over an adapter that ${mannerName}, and answers with ${copyName}`, async () => {
        const { adapter, sent } = picky(manner, copy);
        const validateStatus = (status: number) => status < 300;
        const { api } = await startRecordedClient({
          tokens: first,
          source: fetchToken,
          defaults: { adapter, validateStatus },
        });
        const seen = watch(api);
        const configs: InternalAxiosRequestConfig[] = [];
        api.interceptors.request.use((config) => {
          configs.push(config);
          return config;
        });
        const response = await api.get('/x');
        expect(response.data).toEqual({ status: 200 });
        expect(configs.map((config) => config.validateStatus)).toEqual([validateStatus]);
        expect(sent).toEqual(['Bearer first', 'Bearer second']);
        expect(seen).toEqual({ requests: 1, answers: [200], failures: [] });
        expect(response.config.validateStatus).toBe(validateStatus);
        // Fresh, with nothing to recover, and then refused for other reasons.
        expect((await api.get('/x')).config.validateStatus).toBe(validateStatus);
        if (mannerName === 'resolves whatever comes') return;
        const error = await failureOf(api.get('/status/404'));
        expect([error.response?.status, error.config?.validateStatus]).toEqual([404, validateStatus]);
        const last = await failureOf(api.get('/status/401'));
        expect([last.response?.status, last.config?.validateStatus]).toEqual([401, validateStatus]);
      });
    }
  }

  const strangers: Record<string, (config: InternalAxiosRequestConfig) => unknown> = {
    'a JSON copy of the config': (config) => JSON.parse(JSON.stringify(config)),
    'no config at all': () => undefined,
  };
  for (const [name, copy] of Object.entries(strangers)) {
    it(`L15 never turns a 401 into a success over an adapter that answers with ${name}`, async () => {
      const always = async (config: InternalAxiosRequestConfig) => {
        const response = { ...answerOf(config, 401), config: copy(config) as never };
        return manners['settles by validateStatus']!(config, response);
      };
      const { api } = await startRecordedClient({ tokens: first, source: fetchToken, defaults: { adapter: always } });
      const seen = watch(api);
      const error = await failureOf(api.get('/x'));
      expect(error.response?.status).toBe(401);
      expect(JSON.stringify(error.config ?? {})).not.toContain('Bearer');
      expect(seen).toEqual({ requests: 1, answers: [], failures: [401] });
    });
  }

  for (const [name, copy] of Object.entries(strangers)) {
    it(`L15 recovers with the caller’s own config over an adapter that answers with ${name}`, async () => {
      const { signal } = new AbortController();
      const httpAgent = new Agent();
      const sent: InternalAxiosRequestConfig[] = [];
      const adapter = async (config: InternalAxiosRequestConfig) => {
        sent.push({ ...config });
        const status = config.headers.get('Authorization') === 'Bearer second' ? 200 : 401;
        const response = { ...answerOf(config, status, '{"a":1}'), config: copy(config) as never };
        return manners['settles by validateStatus']!(config, response);
      };
      const { api } = await startRecordedClient({ tokens: first, source: fetchToken, defaults: { adapter } });
      const seen = watch(api);
      const { data } = await api.post('/x', { b: 2 }, { signal, httpAgent, params: { q: 1 } });
      expect(data).toEqual({ a: 1 });
      expect(seen).toEqual({ requests: 1, answers: [200], failures: [] });
      expect(sent).toHaveLength(2);
      for (const each of sent) {
        expect(each).toMatchObject({ url: '/x', method: 'post', data: '{"b":2}', params: { q: 1 } });
        expect([each.signal === signal, each.httpAgent === httpAgent]).toEqual([true, true]);
        expect(each.headers).toBeInstanceOf(AxiosHeaders);
      }
    });
  }

  it('L15 leaves the 401 of a request that lets all through alone, whatever became of others before it', async () => {
    const { api } = await startRecordedClient({ maxReplays: 0 });
    const transformResponse = () => {
      throw new Error('no such format');
    };
    for (let round = 0; round < 3; round += 1) {
      expect((await failureOf(api.get('/always-401', { transformResponse }))).message).toBe('no such format');
      const { token, cancel } = axios.CancelToken.source();
      const cancelling = (text: string) => {
        cancel();
        return text;
      };
      await api.get('/always-401', { cancelToken: token, transformResponse: [cancelling] }).catch(() => {});
      expect((await api.get('/echo', { bearer: false, validateStatus: () => true })).status).toBe(401);
    }
  });

  it('L15 leaves the 401 of a request that lets all through alone, while another’s is under way', async () => {
    let judged = () => {};
    let release = () => {};
    const open = new Promise<void>((resolve) => {
      release = resolve;
    });
    const early = new Promise<void>((resolve) => {
      judged = resolve;
    });
    // It asks validateStatus once the head is there, and reads the body then.
    const adapter = async (config: InternalAxiosRequestConfig) => {
      const status = config.headers.get('Authorization') === 'Bearer second' ? 200 : 401;
      const valid = !config.validateStatus || config.validateStatus(status);
      if (config.url === '/slow' && status === 401) {
        judged();
        await open;
      }
      const response = answerOf(config, status);
      if (valid) return response;
      throw new AxiosError('refused', 'ERR_BAD_REQUEST', config, {}, response);
    };
    const { api } = await startRecordedClient({ tokens: first, source: fetchToken, defaults: { adapter } });
    const all = { bearer: false, validateStatus: () => true } as const;
    const slow = api.get('/slow');
    await early;
    expect((await api.get('/other', all)).status).toBe(401);
    release();
    expect((await slow).status).toBe(200);
    expect((await api.get('/other', all)).status).toBe(401);
  });

  it('L15 uses the adapter given per request for both sends', async () => {
    const { adapter, sent } = picky();
    const { api, sends } = await startRecordedClient({ tokens: first, source: fetchToken });
    const response = await api.get('/x', { adapter });
    expect([response.status, sent.length, sends.length]).toEqual([200, 2, 0]);
    expect(response.config.adapter).toBe(adapter);
  });

  it('L15 takes adapters in all forms: a list, a name, a list of names', async () => {
    const { adapter, sent } = picky();
    const { api } = await startRecordedClient({ tokens: first, source: fetchToken });
    expect((await api.get('/x', { adapter: [adapter] })).status).toBe(200);
    expect(sent).toHaveLength(2);
    for (const named of ['http', ['xhr', 'http'], adapters] as AxiosRequestConfig['adapter'][]) {
      const made = await startRecordedClient({ defaults: { adapter: named } });
      made.server.expire();
      expect((await made.api.get('/echo')).status).toBe(200);
    }
  });

  it('L15 uses the adapter that the instance was given later', async () => {
    const { adapter, sent } = picky();
    const { api, sends } = await startRecordedClient({ tokens: first, source: fetchToken });
    api.defaults.adapter = adapter;
    expect((await api.get('/x')).status).toBe(200);
    expect([sent, sends]).toEqual([['Bearer first', 'Bearer second'], []]);
  });

  for (const when of ['before', 'after'] as const) {
    it(`L15 recovers over axios-mock-adapter installed ${when} it, and over the wire once that is restored`, async () => {
      const { api, server, sends, done: mock } = await clientAnd(when, (each) => new MockAdapter(each as never));
      const seen = watch(api);
      const token = server.issue();
      mock.onPost('/auth/refresh').reply(200, token);
      mock.onPost('/videos', { title: 'x' }).replyOnce(401).onPost('/videos', { title: 'x' }).reply(201, { id: 1 });
      mock.onGet('/refused').reply(401, { no: 1 });
      expect((await api.post('/videos', { title: 'x' })).data).toEqual({ id: 1 });
      expect(seen).toEqual({ requests: 1, answers: [201], failures: [] });
      expect(mock.history.post?.filter(({ url }) => url === '/videos')).toHaveLength(2);
      expect(await outcomeOf(api.get('/refused'))).toBe(401);
      expect(await outcomeOf(api.get('/unknown'))).toBe(404);
      expect(sends).toHaveLength(0);
      mock.restore();
      server.expire();
      expect(await outcomeOf(api.get('/echo'))).toBe(200);
      expect(sends.length).toBeGreaterThan(0);
    });
  }

  it('L15 recovers over axios-mock-adapter’s passThrough', async () => {
    const { api, server } = await startRecordedClient();
    new MockAdapter(api as never).onAny().passThrough();
    server.expire();
    expect((await api.post('/echo', { a: 1 })).data.text).toBe('{"a":1}');
  });
});

/** Past the backoff, a few ms long here. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const until = performance.now() + 1000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}

describe(`L15 a config that is sent again (${onAdapters})`, () => {
  const resend: Record<string, (api: AxiosInstance, config: InternalAxiosRequestConfig) => Promise<AxiosResponse>> = {
    'api(config)': (api, config) => api(config),
    'api.request(config)': (api, config) => api.request(config),
    'a copy of the config': (api, config) => api({ ...config }),
    'a copy with plain headers': (api, config) => api({ ...config, headers: { ...config.headers } }),
    'a deep clone of it': (api, config) => api(COPIES['a deep clone']!(config)),
    'a JSON copy of it': (api, config) => api(COPIES['a JSON copy']!(config)),
    'a Proxy around it': (api, config) => api(COPIES['a Proxy']!(config)),
    'a reactive Proxy around it': (api, config) => api(COPIES['a reactive Proxy']!(config)),
  };
  for (const [name, send] of Object.entries(resend)) {
    it(`L15 recovers a config taken from an answer, however often: ${name}`, async () => {
      const { api, server, authorizations } = await startRecordedClient();
      let { config } = await api.post('/echo', { a: 1 });
      for (let round = 1; round <= 4; round += 1) {
        server.expire();
        const response = await send(api, config);
        expect(response.data.text).toBe('{"a":1}');
        expect(server.stats.refresh).toBe(round);
        config = response.config;
      }
      expect(new Set(authorizations('/echo')).size).toBe(5);
    });

    it(`L15 recovers a config taken from an error: ${name}`, async () => {
      const { api, server } = await startRecordedClient();
      server.fault('/echo', { status: 503 });
      const { config } = await failureOf(api.post('/echo', { a: 1 }));
      server.expire();
      const response = await send(api, config!);
      expect([response.data.text, response.data.headers['content-length']]).toEqual(['{"a":1}', '7']);
      expect(server.stats.refresh).toBe(1);
    });

    it(`L15 sends a config again with the token of the day, not the one it was first sent with: ${name}`, async () => {
      const { api, server, session, secrets, authorizations } = await startRecordedClient();
      const { config } = await api.get('/echo');
      await session.refresh();
      expect((await send(api, config)).status).toBe(200);
      expect(authorizations('/echo')).toEqual([`Bearer ${secrets[0]}`, `Bearer ${secrets[2]}`]);
      expect(server.stats.unauthorized).toBe(0);
    });

    it(`L15 sends a config again without its old token after signOut(): ${name}`, async () => {
      const { api, session, authorizations } = await startRecordedClient();
      const { config } = await api.get('/echo');
      await session.signOut();
      expect(await outcomeOf(send(api, config))).toBe(401);
      expect(authorizations('/echo')[1]).toBeUndefined();
    });
  }

  it('L15 recovers one config that is sent again many times at once', async () => {
    const { api, server } = await startRecordedClient();
    const { config } = await api.post('/echo', { a: 1 });
    server.expire();
    const told = await Promise.all(Array.from({ length: 5 }, () => api(config)));
    expect(told.map(({ data }) => data.text)).toEqual(Array(5).fill('{"a":1}'));
    expect(server.stats.refresh).toBe(1);
  });

  it('L15 recovers the config of a 401 that survived, and of a refresh that failed', async () => {
    const { api, server } = await startRecordedClient({ maxReplays: 1 });
    server.fault('/echo', { status: 401 }, { times: 2 });
    const survived = await failureOf(api.get('/echo'));
    expect(survived.response?.status).toBe(401);
    // A token that was never accepted would be tried again before another is made, and this is the only replay (L6).
    await api.get('/echo');
    server.expire();
    expect(await outcomeOf(api(survived.config!))).toBe(200);

    server.expire();
    server.fault('/auth/refresh', { status: 503 });
    const failed = await failureOf(api.post('/echo', { a: 1 }));
    expect(failed.code).toBe('ERR_BEARER_UNAVAILABLE');
    const again = await eventually(() => api(failed.config!));
    expect(again.data.text).toBe('{"a":1}');
  });

  it('L15 recovers the config of a request given up while it waited', async () => {
    const { api, server } = await startRecordedClient();
    server.expire();
    const hold = server.hold('/auth/refresh');
    const abort = new AbortController();
    const error = failureOf(api.post('/echo', { a: 1 }, { signal: abort.signal }));
    await hold.arrived(1);
    abort.abort();
    const { signal: _, ...rest } = (await error).config!;
    hold.release();
    expect((await api(rest)).data.text).toBe('{"a":1}');
  });

  it('L15 sends a failed config on a bare instance without our token, with the caller’s validateStatus', async () => {
    const { api, server, authorizations } = await startRecordedClient();
    server.fault('/echo', { status: 503 });
    const { config } = await failureOf(api.get('/echo'));
    expect(await outcomeOf(axios.create()(config!))).toBe(401);
    expect(authorizations('/echo')[1]).toBeUndefined();
  });

  it('L15 keeps what the request asked of it: bearer: false, replay: false, own Authorization', async () => {
    const { api, server, authorizations } = await startRecordedClient();
    for (const config of [{ bearer: false }, { headers: { Authorization: 'Bearer own' } }] as AxiosRequestConfig[]) {
      const first = await failureOf(api.get('/echo', config));
      const second = await failureOf(api(first.config!));
      expect([first.response?.status, second.response?.status]).toEqual([401, 401]);
    }
    expect(authorizations('/echo')).toEqual([undefined, undefined, 'Bearer own', 'Bearer own']);
    expect(server.stats.refresh).toBe(0);

    const { config } = await api.get('/echo', { bearer: { replay: false } });
    server.expire();
    const sent = authorizations('/echo').length;
    expect(await outcomeOf(api(config))).toBe(401);
    expect(authorizations('/echo').length).toBe(sent + 1);
  });

  it('L15 sends postForm and replayable() bodies again', async () => {
    const { api, server } = await startRecordedClient();
    for (const send of [
      () => api.postForm('/echo', { name: 'Ada' }),
      () =>
        api.post(
          '/echo',
          replayable(() => Buffer.from('name=Ada')),
        ),
    ]) {
      const first = await send();
      server.expire();
      const again = await api(first.config as AxiosRequestConfig);
      expect(again.data.text).toContain('Ada');
      expect(again.data.length).toBe(first.data.length);
    }
  });

  for (const when of ['before', 'after'] as const) {
    it(`L15 works with axios-retry installed ${when} it: 503, then an expired token, then 503 again`, async () => {
      const retry = (api: AxiosInstance) =>
        axiosRetry(api as never, {
          retries: 3,
          retryDelay: () => 1,
          retryCondition: (e) => e.response?.status === 503,
        });
      const { api, server } = await clientAnd(when, retry);
      for (const status of [503, 401, 503]) server.fault('/echo', { status });
      const { data } = await api.post('/echo', { a: 1 });
      expect([data.text, data.headers['content-length']]).toEqual(['{"a":1}', '7']);
      expect(server.stats).toMatchObject({ refresh: 1, faulted: 3, ok: 1 });
    });
  }
});

interface Quitter {
  config: AxiosRequestConfig;
  quit: () => unknown;
  code: string;
}
const MINUTE = 60_000;
/** Shorter than a place at the gate lasts (L9). */
const SHORT = 900;

/** @param patience ms, of a request on the wire: sockets keep real time */
const quitters: Record<string, (place?: 'wire' | 'gate', patience?: number) => Quitter> = {
  'its signal': () => {
    const abort = new AbortController();
    return { config: { signal: abort.signal }, quit: () => abort.abort(), code: 'ERR_CANCELED' };
  },
  'its cancelToken': () => {
    const { token, cancel } = axios.CancelToken.source();
    return { config: { cancelToken: token }, quit: () => cancel('enough'), code: 'ERR_CANCELED' };
  },
  'its timeout': (place, patience) => {
    const code = 'ECONNABORTED';
    if (place === 'wire') return { config: { timeout: patience! }, quit: () => {}, code };
    const clock = fakeClock();
    atEnd(() => clock.restore());
    const timeout = place === 'gate' ? SHORT : MINUTE;
    return { config: { timeout }, quit: () => clock.advance(timeout + 1), code };
  },
};

type Place = 'before their first send' | 'after a 401';
const after = (place: Place) => (place === 'after a 401' ? '401' : 'held');

/** One place at the gate, for requests that wait for a refresh, which is held. */
async function rigAtTheGate(place: Place) {
  const made = await startRecordedClient({
    replayConcurrency: 1,
    tokens: place === 'after a 401' ? undefined : 'expired',
  });
  const { api, server } = made;
  server.expire();
  const refresh = server.hold('/auth/refresh');
  /**
   * Sends /echo/1 and so on; the first one waits first. For a 401 the others are on their way by then, as one that starts
   * during the refresh would be held (L2).
   */
  const inOrder = async ([first, ...rest]: AxiosRequestConfig[]) => {
    const sendRest = () => rest.map((config, n) => outcomeOf(api.get(`/echo/${n + 2}`, config)));
    const late = server.hold(({ path }) => place === 'after a 401' && /^\/echo\/[2-9]$/.test(path));
    const early = place === 'after a 401' ? sendRest() : [];
    if (early.length > 0) await late.arrived(rest.length);
    const sent = outcomeOf(api.get('/echo/1', first));
    await refresh.arrived(1);
    late.release();
    return [sent, ...(early.length > 0 ? early : sendRest())];
  };
  return { ...made, refresh, inOrder };
}

describe('L17 giving up', () => {
  for (const [name, make] of Object.entries(quitters)) {
    for (const place of ['held before its first send', 'waiting after a 401'] as const) {
      it(`L17 ends a request at once by ${name} while ${place}, and the flight goes on for the others`, async () => {
        const { api, server, session, sends } = await startRecordedClient({
          tokens: place.startsWith('held') ? 'expired' : undefined,
          refreshTimeout: 2 * MINUTE,
        });
        server.expire();
        const hold = server.hold('/auth/refresh');
        const { config, quit, code } = make();
        const waiting = watchEvent(session, 'waiting').count(2);
        // The one that gives up began the flight.
        const first = failureOf(api.get('/echo/first', config));
        const second = api.get('/echo/second');
        await Promise.all([waiting, hold.arrived(1)]);
        const sent = sends.filter(({ path }) => path === '/echo/first').length;
        await quit();
        const error = await first;
        expect([error.code, axios.isCancel(error)]).toEqual([code, code === 'ERR_CANCELED']);
        expect(hold.waiting).toBe(1);
        hold.release();
        expect((await second).status).toBe(200);
        expect(server.stats.refresh).toBe(1);
        await api.get('/echo/third');
        expect(sends.filter(({ path }) => path === '/echo/first')).toHaveLength(sent);
        expect(server.stats.refresh).toBe(1);
      });
    }

    for (const place of ['before their first send', 'after a 401'] as const) {
      it(`L17 ends a request at once by ${name} while queued at the gate ${place}, and keeps no slot`, async () => {
        const { api, server, session, sends, refresh, inOrder } = await rigAtTheGate(place);
        const { config, quit, code } = make('gate');
        const waiting = watchEvent(session, 'waiting').count(4);
        const [first, quitting, ...others] = await inOrder([{}, config, {}, {}]);
        expect((await waiting).map(({ after }) => after)).toEqual(Array(4).fill(after(place)));
        const sent = sends.filter(({ path }) => path === '/echo/2').length;
        const gate = server.hold('/echo*');
        refresh.release();
        await gate.arrived(1);
        await quit();
        expect(await quitting).toBe(code);
        expect(gate.waiting).toBe(1);
        gate.release();
        expect(await Promise.all([first, ...others])).toEqual([200, 200, 200]);
        expect(sends.filter(({ path }) => path === '/echo/2')).toHaveLength(sent);
        server.expire();
        expect((await api.get('/echo/5')).status).toBe(200);
      });

      it(`L17 ends a request by ${name} on the wire after its turn at the gate ${place}, and frees its slot`, async () => {
        const { api, server, session, refresh, inOrder } = await rigAtTheGate(place);
        // Far longer than all that comes before its last send, however busy the machine is.
        const begun = performance.now();
        await api.get('/public', { bearer: false });
        const { config, quit, code } = make('wire', Math.max(600, Math.ceil(50 * (performance.now() - begun))));
        const waiting = watchEvent(session, 'waiting').count(2);
        const [quitting, other] = await inOrder([config, {}]);
        expect((await waiting).map(({ after }) => after)).toEqual(Array(2).fill(after(place)));
        const gate = server.hold('/echo/1');
        refresh.release();
        await gate.arrived(1);
        await quit();
        expect(await quitting).toBe(code);
        expect(await other).toBe(200);
        gate.release();
      });
    }
  }

  it('L17 says what a bare instance would say', async () => {
    const { api, server } = await startRecordedClient({ tokens: 'expired' });
    const bare = axios.create({ baseURL: server.url });
    server.hold('/auth/refresh');
    server.hold('/public');
    const transitional = { clarifyTimeoutError: true };
    for (const config of [
      { timeout: 30 },
      { timeout: 30, timeoutErrorMessage: 'slow' },
      { timeout: 30, transitional },
    ]) {
      const [ours, theirs] = await Promise.all([api, bare].map((each) => failureOf(each.get('/public', config))));
      expect([ours!.message, ours!.code]).toEqual([theirs!.message, theirs!.code]);
    }
    for (const quit of [
      () => axios.CancelToken.source(),
      () => {
        const abort = new AbortController();
        return { token: undefined, signal: abort.signal, cancel: () => abort.abort() };
      },
    ]) {
      const ends = [api, bare].map((each) => {
        const { token: cancelToken, signal, cancel } = { signal: undefined, ...quit() };
        const end = failureOf(each.get('/public', { cancelToken, signal }));
        setImmediate(() => cancel('enough'));
        return end;
      });
      const [ours, theirs] = await Promise.all(ends);
      expect([ours!.message, ours!.code, ours!.name]).toEqual([theirs!.message, theirs!.code, theirs!.name]);
    }
  });

  it('L17 ends a request at once while shouldRefresh is still thinking', async () => {
    const abort = new AbortController();
    const { api, server } = await startRecordedClient({
      shouldRefresh: () => {
        setImmediate(() => abort.abort());
        return new Promise(() => {});
      },
    });
    server.expire();
    expect((await failureOf(api.get('/echo', { signal: abort.signal }))).code).toBe('ERR_CANCELED');
  });

  it('L17 keeps the token of a refresh even when all that waited for it have gone', async () => {
    const { api, server, session, secrets } = await startRecordedClient();
    server.expire();
    const hold = server.hold('/auth/refresh');
    const abort = new AbortController();
    const waiting = watchEvent(session, 'waiting').count(3);
    const ends = [1, 2, 3].map((n) => failureOf(api.get(`/echo/${n}`, { signal: abort.signal })));
    await Promise.all([waiting, hold.arrived(1)]);
    abort.abort();
    expect((await Promise.all(ends)).map(({ code }) => code)).toEqual(Array(3).fill('ERR_CANCELED'));
    const refreshed = nextEvent(session, 'refreshed');
    hold.release();
    await refreshed;
    expect(await session.token()).toBe(secrets[2]);
    await api.get('/echo');
    expect(server.stats.refresh).toBe(1);
  });

  it('L17 never sends a request whose signal is aborted already, and starts nothing that others must wait for', async () => {
    const { api, server, sends } = await startRecordedClient({ tokens: 'expired' });
    const hold = server.hold('/auth/refresh');
    const error = await failureOf(api.get('/echo/gone', { signal: AbortSignal.abort() }));
    expect(axios.isCancel(error)).toBe(true);
    hold.release();
    expect((await api.get('/echo/next')).status).toBe(200);
    expect(sends.some(({ path }) => path === '/echo/gone')).toBe(false);
  });

  for (const event of ['waiting', 'refreshing', 'refreshed', 'replayed'] as const) {
    it(`L17 may be given up from within a listener of "${event}", and keeps no slot`, async () => {
      const { api, server, session } = await startRecordedClient({ replayConcurrency: 1 });
      const abort = new AbortController();
      server.expire();
      const off = session.on(event, () => {
        off();
        abort.abort();
      });
      expect((await failureOf(api.get('/echo/1', { signal: abort.signal }))).code).toBe('ERR_CANCELED');
      expect((await api.get('/echo/2')).status).toBe(200);
      server.expire();
      expect((await api.get('/echo/3')).status).toBe(200);
    });
  }

  it('L17 cancelling token() ends its wait and not the refresh', async () => {
    const { server, session, secrets } = await startRecordedClient({ tokens: 'expired' });
    const hold = server.hold('/auth/refresh');
    const abort = new AbortController();
    const first = failureOf(session.token({ signal: abort.signal }));
    const second = session.token();
    await hold.arrived(1);
    abort.abort();
    expect(await first).toBeDefined();
    expect(hold.waiting).toBe(1);
    hold.release();
    expect(await second).toBe(secrets[2]);
    expect(server.stats.refresh).toBe(1);
  });

  for (const [name, make] of Object.entries(quitters).slice(0, 2)) {
    it(`L17 heeds ${name} over an adapter that knows of none, at the first send and at the replay, like axios`, async () => {
      for (const at of [1, 2]) {
        const { config, quit } = make();
        let sends = 0;
        const adapter = async (sent: InternalAxiosRequestConfig) => {
          sends += 1;
          if (sends === at) await quit();
          return answerOf(sent, sent.headers.get('Authorization') === 'Bearer second' ? 200 : 401);
        };
        const { api } = await startRecordedClient({
          tokens: { access_token: 'first', refresh_token: 'r', expires_in: 3600 },
          source: async () => 'second',
          defaults: { adapter },
        });
        expect(axios.isCancel(await failureOf(api.get('/x', config)))).toBe(true);
        expect(sends).toBe(at);
      }
    });
  }

  it('L17 leaves no listener behind on a signal that serves many requests', async () => {
    const { api, server } = await startRecordedClient();
    const { signal } = new AbortController();
    server.expire();
    await Promise.all([1, 2, 3].map((n) => api.get(`/echo/${n}`, { signal })));
    await failureOf(api.get('/always-401', { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('L17 leaves the timeout alone that is not there: timeout 0 waits as long as it takes', async () => {
    const { api, server } = await startRecordedClient();
    server.expire();
    const hold = server.hold('/auth/refresh');
    const end = outcomeOf(api.get('/echo', { timeout: 0 }));
    await hold.arrived(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    hold.release();
    expect(await end).toBe(200);
  });
});

/** All that an error says, its causes included. */
function said(error: unknown): string {
  let text = '';
  for (let each = error as Error | undefined; each; each = each.cause as Error | undefined) text += `${each.message}\n`;
  return text;
}

describe('L18 the refresh call', () => {
  it('L18 goes through ctx.client: same defaults, no interceptor, no Authorization', async () => {
    const { api, server, sends } = await startRecordedClient({
      defaults: { headers: { Authorization: 'Bearer stale', 'X-App': 'yes' }, params: { lang: 'en' } },
    });
    const seen = watch(api);
    server.expire();
    await api.get('/echo');
    const refresh = sends.find(({ path }) => path === '/auth/refresh')!;
    expect(refresh.headers['x-app']).toBe('yes');
    expect(refresh.query.lang).toBe('en');
    expect(refresh.headers.authorization).toBeUndefined();
    expect(seen.requests).toBe(1);
  });

  it('L18 ctx.client reads JSON and judges statuses for itself, whatever the instance does with its answers', async () => {
    const defaults = { validateStatus: () => true, responseType: 'arraybuffer' } as const;
    const { api, server } = await startRecordedClient({ defaults });
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    server.expire();
    server.revokeRefreshTokens();
    expect((await failureOf(api.get('/echo'))).code).toBe('ERR_BEARER_REJECTED');
  });

  it('L18 ctx.client takes the baseURL and headers that the instance was given later', async () => {
    const { api, server, sends } = await startRecordedClient();
    api.defaults.headers.common['X-Later'] = 'yes';
    server.expire();
    await api.get('/echo');
    expect(sends.find(({ path }) => path === '/auth/refresh')!.headers['x-later']).toBe('yes');
  });

  for (const tokens of [undefined, 'expired'] as const) {
    const situation = tokens ? 'an expired token' : 'a 401';
    it(`L18 recognises the guarded instance in the source’s synchronous part, after ${situation}`, async () => {
      let guarded: AxiosInstance | undefined;
      const { api, server, authorizations } = await startRecordedClient({
        tokens,
        source: ({ refreshToken }) =>
          guarded!.post<TokenAnswer>('/auth/refresh', { refreshToken }).then(({ data }) => data),
      });
      guarded = api;
      server.expire();
      const ends = await Promise.all([1, 2, 3].map((n) => outcomeOf(api.get(`/echo/${n}`))));
      expect(ends).toEqual([200, 200, 200]);
      expect(server.stats.refresh).toBe(1);
      expect(authorizations('/auth/refresh')).toEqual([undefined]);
    });

    it(`L18 does so too where interceptors of the app unwrap answers, after ${situation}`, async () => {
      let guarded: AxiosInstance | undefined;
      const { api, server } = await startRecordedClient({
        tokens,
        before: (bare) => void bare.interceptors.response.use((response) => response.data),
        source: ({ refreshToken }) => guarded!.post('/auth/refresh', { refreshToken }) as Promise<never>,
      });
      guarded = api;
      api.interceptors.request.use(async (config) => config);
      server.expire();
      expect(await api.get('/echo')).toMatchObject({ path: '/echo' });
    });

    it(`L18 never hangs when the source uses the guarded instance later, after ${situation}`, async () => {
      let guarded: AxiosInstance | undefined;
      const { api, server } = await startRecordedClient({
        tokens,
        refreshTimeout: 100,
        source: async ({ refreshToken }) => {
          await null;
          return (await guarded!.post<TokenAnswer>('/auth/refresh', { refreshToken })).data;
        },
      });
      guarded = api;
      server.expire();
      const end = await api.get('/echo').catch((error) => error);
      expect(server.stats.refresh).toBeLessThanOrEqual(1);
      // With a token that looks good it goes through as any other request does, and all is well.
      if (tokens === undefined && end.status === 200) return;
      expect(end.code).toBe('ERR_BEARER_UNAVAILABLE');
      expect(said(end)).toMatch(/ctx\.client/);
    });

    it(`L18 never recurses when the refresh call itself is answered 401, after ${situation}`, async () => {
      let guarded: AxiosInstance | undefined;
      let calls = 0;
      const { api, server } = await startRecordedClient({
        tokens,
        refreshTimeout: MINUTE,
        source: ({ refreshToken }) => {
          calls += 1;
          return guarded!.post<TokenAnswer>('/auth/refresh', { refreshToken }).then(({ data }) => data);
        },
      });
      guarded = api;
      server.expire();
      server.fault('/auth/refresh', { status: 401 });
      const error = await failureOf(api.get('/echo'));
      expect(error.code).toBe('ERR_BEARER_REJECTED');
      expect([calls, server.stats.refresh]).toEqual([1, 1]);
    });

    it(`L18 never recurses when a later call to the guarded instance is answered 401, after ${situation}`, async () => {
      let guarded: AxiosInstance | undefined;
      let calls = 0;
      const { api, server } = await startRecordedClient({
        tokens,
        refreshTimeout: 100,
        source: async () => {
          calls += 1;
          await null;
          return (await guarded!.get('/always-401')).data;
        },
      });
      guarded = api;
      server.expire();
      await failureOf(api.get('/echo'));
      expect(calls).toBe(1);
    });
  }

  it('L18 recognises the guarded instance in obtain() too, for a first token', async () => {
    let guarded: AxiosInstance | undefined;
    const { api, server } = await startRecordedClient({
      tokens: 'none',
      source: {
        obtain: () => guarded!.post<TokenAnswer>('/auth/api-key', { apiKey: server.apiKey }).then(({ data }) => data),
      },
    });
    guarded = api;
    expect((await Promise.all([api.get('/echo/1'), api.get('/echo/2')])).map(({ status }) => status)).toEqual([
      200, 200,
    ]);
    expect(server.stats.apiKey).toBe(1);
  });

  it('L18 recognises any instance that the session guards', async () => {
    let other: AxiosInstance | undefined;
    const { api, server, session } = await startRecordedClient({
      source: ({ refreshToken }) =>
        other!.post<TokenAnswer>('/auth/refresh', { refreshToken }).then(({ data }) => data),
    });
    other = axios.create({ baseURL: server.url });
    session.install(other);
    server.expire();
    const ends = await Promise.all([api.get('/echo/1'), other.get('/echo/2')]);
    expect(ends.map(({ status }) => status)).toEqual([200, 200]);
    expect(server.stats.refresh).toBe(1);
  });

  it('L18 leaves an instance that another session guards to that session', async () => {
    const other = await startRecordedClient();
    const { api, server } = await startRecordedClient({
      source: () => other.api.get('/echo').then(() => server.issue()),
    });
    server.expire();
    expect(await outcomeOf(api.get('/echo'))).toBe(200);
    expect(other.authorizations('/echo')).toEqual([`Bearer ${other.secrets[0]}`]);
    other.server.expire();
    server.expire();
    expect(await outcomeOf(api.get('/echo'))).toBe(200);
    expect(other.server.stats.refresh).toBe(1);
  });

  it('L18 attends again to what the guarded instance sends once the flight is over', async () => {
    let guarded: AxiosInstance | undefined;
    const { api, server } = await startRecordedClient({
      source: ({ refreshToken }) =>
        guarded!.post<TokenAnswer>('/auth/refresh', { refreshToken }).then(({ data }) => data),
    });
    guarded = api;
    for (let round = 1; round <= 2; round += 1) {
      server.expire();
      expect(await outcomeOf(api.get('/echo'))).toBe(200);
      expect(server.stats.refresh).toBe(round);
    }
  });

  it('L18 never hangs on a source that throws in its synchronous part after using the guarded instance', async () => {
    let guarded: AxiosInstance | undefined;
    const { api, server } = await startRecordedClient({
      refreshTimeout: 100,
      source: () => {
        guarded!.get('/public').catch(() => {});
        throw new Error('broken source');
      },
    });
    guarded = api;
    server.expire();
    expect((await failureOf(api.get('/echo'))).code).toMatch(/^ERR_BEARER_/);
    expect(await outcomeOf(api.get('/public'))).toBe(200);
  });
});

describe('L15 a foreign server of one’s own', () => {
  it('L15 keeps a header of another name: header and scheme options leave Authorization to the caller', async () => {
    const { url, received } = await startHttpServer((_, res) => res.writeHead(200).end('{}'));
    const { api, secrets } = await startRecordedClient({
      header: 'X-Token',
      scheme: '',
      origins: url,
      defaults: { baseURL: url },
    });
    await api.get('/x', { headers: { Authorization: 'Bearer own' } });
    expect(received[0]?.headers).toMatchObject({ authorization: 'Bearer own', 'x-token': secrets[0] });
  });
});

describe('L15 two sessions on an instance, each with a header of its own', () => {
  it.each([
    ['the first', ['a1'], []],
    ['the second', [], ['b1']],
    ['both', ['a1'], ['b1']],
  ])('L15 are recovered both: the token of %s is refused', async (_, firstRefused, secondRefused) => {
    const { url, received } = await startHttpServer(({ headers }, res) => {
      const refused = [...firstRefused.map((token) => `Bearer ${token}`), ...secondRefused];
      const bears = [headers.authorization, headers['x-token']];
      res.writeHead(bears.some((value) => refused.includes(String(value))) ? 401 : 200).end('{}');
    });
    const tokensOf = (access_token: string) => ({ access_token, refresh_token: 'r', expires_in: 3600 });
    const first = { tokens: tokensOf('a1'), source: async () => 'a2' };
    const second = { tokens: tokensOf('b1'), source: async () => 'b2' };
    const { api } = await startRecordedClient({ ...first, origins: url, defaults: { baseURL: url } });
    const other = createSession({ ...second, backoff: { initial: 1, factor: 1, cap: 5 } });
    atEnd(() => void other.close());
    other.install(api, { header: 'X-Token', scheme: '', origins: url });
    expect(await outcomeOf(api.get('/x'))).toBe(200);
    const { headers } = received.at(-1)!;
    if (firstRefused.length) expect(headers.authorization).toBe('Bearer a2');
    if (secondRefused.length) expect(headers['x-token']).toBe('b2');
  });
});

describe('L15 beforeSend', () => {
  it('L15 meets each send that bears a token, the replay too, and what it sets arrives', async () => {
    const { api, server, session, sends } = await startRecordedClient({
      beforeSend: async (config, { replay, token }) => {
        config.headers.set('X-Proof', `${replay} ${token.accessToken.slice(0, 20)}`);
      },
    });
    server.expire();
    expect(await outcomeOf(api.post('/echo', { a: 1 }))).toBe(200);
    await session.signOut();
    await outcomeOf(api.get('/echo'));
    const echoes = sends.filter(({ path }) => path === '/echo');
    const begin = (n: number) => echoes[n]?.headers.authorization?.slice('Bearer '.length).slice(0, 20);
    const proofs = echoes.map(({ headers }) => headers['x-proof']);
    expect(proofs).toEqual([`0 ${begin(0)}`, `1 ${begin(1)}`, undefined]);
  });

  it('L15 that throws has the request rejected and not sent, and blocks nobody', async () => {
    let isBroken = true;
    const { api, sends } = await startRecordedClient({
      replayConcurrency: 1,
      beforeSend: () => {
        if (isBroken) throw new Error('no key');
      },
    });
    expect((await failureOf(api.get('/echo'))).message).toBe('no key');
    expect(sends).toEqual([]);
    isBroken = false;
    expect(await outcomeOf(api.get('/echo'))).toBe(200);
  });
});
