import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosInstance, type AxiosRequestConfig, type InternalAxiosRequestConfig } from 'axios';
import { adapters, cleanUp, failureOf, onAdapters, type RecordedClient, startRecordedClient } from '../support/kit.js';

type Config = InternalAxiosRequestConfig;
type Own = Pick<AxiosRequestConfig, 'adapter' | 'validateStatus' | 'beforeRedirect' | 'transformRequest'>;

const FIELDS = ['adapter', 'validateStatus', 'beforeRedirect', 'transformRequest', 'fetchOptions'] as const;

/** The fields that are ours for a while: what stands there, and whether anything does. */
const fieldsOf = (config: Config | undefined) =>
  FIELDS.map((field) => [field, config && Object.hasOwn(config, field), config?.[field as never]]);

/** As it is on an instance without us. */
async function expectedOf(api: AxiosInstance, config: AxiosRequestConfig): Promise<unknown[]> {
  let seen: Config | undefined;
  const bare = axios.create({ ...api.defaults, baseURL: api.defaults.baseURL as string } as never);
  bare.interceptors.request.use((made) => {
    seen = made;
    return made;
  });
  await bare.request({ ...config, url: '/public' }).catch(() => {});
  return fieldsOf(seen);
}

const own: [string, (adapter: 'http' | 'fetch') => Own][] = [
  ['nothing of its own', (adapter) => ({ adapter })],
  [
    'fields of its own',
    (adapter) => {
      const sending = axios.getAdapter(adapter);
      return {
        adapter: (config: Config) => sending(config),
        validateStatus: (status: number) => status < 300,
        beforeRedirect: () => {},
        transformRequest: [(data: unknown) => JSON.stringify(data)],
      };
    },
  ],
  [
    'none at all where others have some',
    (adapter) => ({
      adapter: [adapter],
      validateStatus: null,
      transformRequest: [],
    }),
  ],
];

const endings: [string, (made: RecordedClient, config: AxiosRequestConfig) => Promise<Config | undefined>][] = [
  ['success', async ({ api }, config) => (await api.get('/echo', config)).config],
  [
    'a success after a replay',
    async ({ api, server }, config) => {
      server.expire();
      server.fault('/echo', { status: 401 });
      return (await api.get('/echo', config)).config;
    },
  ],
  [
    'a 401 that survives',
    async ({ api }, config) => {
      const settled = await api.get('/scope/401', config).catch((error) => error);
      return settled.config;
    },
  ],
  [
    'a network error',
    async ({ api, server }, config) => {
      server.fault('/echo', 'reset');
      return (await failureOf(api.get('/echo', config))).config;
    },
  ],
  [
    'a network error at the replay',
    async ({ api, server }, config) => {
      server.fault('/echo', { status: 401 });
      server.fault('/echo', 'reset');
      return (await failureOf(api.get('/echo', config))).config;
    },
  ],
  [
    'a refresh that fails',
    async ({ api, server }, config) => {
      server.expire();
      server.revokeRefreshTokens();
      return (await api.get('/echo', config).catch((error) => error)).config;
    },
  ],
];

afterEach(cleanUp);

describe.each(adapters)(`L15 the config that is handed back (${onAdapters}), over %s`, (adapter) => {
  describe.each(own)('with %s', (_, makeOwn) => {
    it.each(endings)('has its own fields again after %s', async (_name, end) => {
      const made = await startRecordedClient();
      const config = makeOwn(adapter);
      const expected = await expectedOf(made.api, config);
      expect(fieldsOf(await end(made, config))).toEqual(expected);
    });

    it('on which interceptors have looked, before and after', async () => {
      const { api, server } = await startRecordedClient();
      const config = makeOwn(adapter);
      const expected = await expectedOf(api, config);
      const seen: Config[] = [];
      api.interceptors.request.use((each) => {
        seen.push(each);
        return each;
      });
      api.interceptors.response.use((response) => {
        seen.push(response.config);
        return response;
      });
      server.expire();
      const response = await api.get('/echo', config);
      expect(response.status).toBe(200);
      expect(seen).toHaveLength(2);
      expect(seen.map(fieldsOf)).toEqual([expected, expected]);
    });

    it.each<[string, (config: Config) => Config]>([
      ['spread', (config) => ({ ...config })],
      ['frozen', (config) => Object.freeze(config)],
      ['a frozen spread', (config) => Object.freeze({ ...config })],
    ])('that a later interceptor has %s', async (_name, make) => {
      const { api, server } = await startRecordedClient();
      const config = makeOwn(adapter);
      const expected = await expectedOf(api, config);
      api.interceptors.request.use(make);
      server.expire();
      const response = await api.get('/echo', config);
      expect([response.status, fieldsOf(response.config)]).toEqual([200, expected]);
      server.fault('/echo', 'reset');
      expect(fieldsOf((await failureOf(api.get('/echo', config))).config)).toEqual(expected);
    });

    it.each([
      ['before it was made', () => AbortSignal.abort()],
      [
        'by an interceptor',
        () => {
          const controller = new AbortController();
          return Object.assign(controller.signal, { abortNow: () => controller.abort() });
        },
      ],
    ])('of a request that was canceled %s', async (_name, makeSignal) => {
      const { api, sends } = await startRecordedClient();
      const config = makeOwn(adapter);
      const expected = await expectedOf(api, config);
      const signal = makeSignal() as AbortSignal & { abortNow?: () => void };
      let seen: Config | undefined;
      api.interceptors.request.use((each) => {
        seen = each;
        signal.abortNow?.();
        return each;
      });
      expect(await failureOf(api.get('/echo', { ...config, signal }))).toMatchObject({ code: 'ERR_CANCELED' });
      expect(fieldsOf(seen)).toEqual(expected);
      expect(sends.filter(({ path }) => path === '/echo')).toEqual([]);
    });

    it('of a request that is aborted while it waits for a token', async () => {
      const { api, server } = await startRecordedClient({ tokens: 'expired' });
      const config = makeOwn(adapter);
      const expected = await expectedOf(api, config);
      const hold = server.hold('/auth/refresh');
      const controller = new AbortController();
      const failing = failureOf(api.get('/echo', { ...config, signal: controller.signal }));
      await hold.arrived(1);
      controller.abort();
      const error = await failing;
      expect([error.code, fieldsOf(error.config)]).toEqual(['ERR_CANCELED', expected]);
      hold.release();
    });
  });

  it.each(['fresh', 'clock'])('of a request whose transform throws (%s)', async (how) => {
    const { api } = await startRecordedClient({
      defaults: { adapter },
      ...(how === 'clock' && { tokens: 'expired' as const }),
    });
    const gone = new Error('Not what I can send');
    const transformRequest = [
      () => {
        throw gone;
      },
    ];
    let seen: Config | undefined;
    api.interceptors.request.use((config) => {
      seen = config;
      return config;
    });
    const expected = await expectedOf(api, { transformRequest });
    expect(await failureOf(api.post('/echo', {}, { transformRequest }))).toBe(gone);
    expect(fieldsOf(seen)).toEqual(expected);
  });

  it.each(['fresh', 'clock'])('of a request whose adapter throws at once, with no promise (%s)', async (how) => {
    const { api } = await startRecordedClient(how === 'clock' ? { tokens: 'expired' } : {});
    const gone = new Error('No socket');
    const config = {
      adapter: () => {
        throw gone;
      },
      beforeRedirect: () => {},
      validateStatus: () => true,
    };
    let seen: Config | undefined;
    api.interceptors.request.use((each) => {
      seen = each;
      return each;
    });
    const expected = await expectedOf(api, config);
    expect(await failureOf(api.post('/echo', {}, config))).toBe(gone);
    expect(fieldsOf(seen)).toEqual(expected);
  });

  it('that was frozen stays as it was, and can be sent again', async () => {
    const { api, server } = await startRecordedClient({ defaults: { adapter } });
    const frozen: Config[] = [];
    api.interceptors.request.use((config) => {
      frozen.push(Object.freeze(config));
      return config;
    });
    server.expire();
    const { config, status } = await api.post('/echo', { a: 1 });
    expect(status).toBe(200);
    expect(frozen[0]?.data).toEqual({ a: 1 });
    expect(frozen[0]?.adapter).toBe(adapter);
    server.expire();
    expect((await api.request(config)).status).toBe(200);
  });
});
