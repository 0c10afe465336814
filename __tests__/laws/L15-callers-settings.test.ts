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
import MockAdapter from 'axios-mock-adapter';
import axiosRetry from 'axios-retry';
import {
  adapters,
  addInterceptors,
  answerOf,
  atEnd,
  bareClient,
  cleanUp,
  clientAnd,
  failureOf,
  nextEvent,
  onAdapters,
  outcomeOf,
  reactive,
  startHttpServer,
  startRecordedClient,
} from '../support/kit.js';

afterEach(cleanUp);

type AnyConfig = InternalAxiosRequestConfig & Record<string, unknown>;

type Copy = (config: InternalAxiosRequestConfig) => InternalAxiosRequestConfig;

/** As lodash: objects are made anew, functions and what is not cloned stay. */
function cloneDeep<T>(value: T): T {
  if (Array.isArray(value)) return value.map(cloneDeep) as T;
  if (typeof value !== 'object' || value === null) return value;
  const clone = Object.create(Object.getPrototypeOf(value));
  for (const [key, inner] of Object.entries(value)) clone[key] = cloneDeep(inner);
  return clone;
}

/** What others make of a config. */
const COPIES: Record<string, Copy> = {
  'a spread copy': (config) => ({ ...config }),
  'a deep clone': cloneDeep,
  'a JSON copy': ({ transformRequest, transformResponse, ...rest }) => JSON.parse(JSON.stringify(rest)),
  'a Proxy': (config) => new Proxy(config, {}),
  'a reactive Proxy': reactive,
};

describe(`L15 other interceptors (${onAdapters})`, () => {
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
        const seen = addInterceptors(api);
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
      const seen = addInterceptors(api);
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
      const seen = addInterceptors(api);
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
      const seen = addInterceptors(api);
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
