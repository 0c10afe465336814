import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosAdapter, AxiosError, type InternalAxiosRequestConfig } from 'axios';
import { bearer, type InstallOptions, replayable, type Token } from 'axios-bearer';
import type { Echo } from 'axios-bearer/testing';
import axiosRetry from 'axios-retry';
import {
  adapters,
  cleanUp,
  closeAtEnd,
  deferred,
  failureOf,
  onAdapters,
  startHttpServer,
  startRecordedClient,
} from '../support/kit.js';

type BeforeSend = NonNullable<InstallOptions['beforeSend']>;
type Config = InternalAxiosRequestConfig;

interface Call {
  replay: number;
  token: Token;
  authorization: unknown;
  type: unknown;
  data: unknown;
}

/** What `beforeSend` was called with. */
function recorder(act?: BeforeSend) {
  const calls: Call[] = [];
  const beforeSend: BeforeSend = (config, send) => {
    const { headers, data } = config;
    calls.push({ ...send, data, authorization: headers.get('Authorization'), type: headers.get('Content-Type') });
    return act?.(config, send);
  };
  return { calls, beforeSend };
}

const replaysOf = (calls: Call[]) => calls.map(({ replay }) => replay);

afterEach(cleanUp);

describe.each(adapters)(`beforeSend (${onAdapters}), over %s`, (adapter) => {
  const defaults = { adapter };

  it('is called once for a request that is accepted, with the token and what the transforms made', async () => {
    const { calls, beforeSend } = recorder();
    const { api, session, sends } = await startRecordedClient({ defaults, beforeSend });
    const token = await session.token();
    await api.post('/echo', { text: 'Zoë' });
    expect(calls).toMatchObject([
      { replay: 0, token: { accessToken: token }, data: '{"text":"Zoë"}', type: 'application/json' },
    ]);
    expect(calls[0]?.authorization).toBe(sends[0]?.headers.authorization);
  });

  it('that ends with a failure of ours leaves an error that names its request', async () => {
    const entered = deferred<void>();
    const left = deferred<void>();
    const slow: BeforeSend = () => {
      entered.resolve();
      return left.promise;
    };
    const { api, session } = await startRecordedClient({ defaults, beforeSend: slow });
    const signedOut = failureOf(api.get('/echo?signed-out'));
    await entered.promise;
    await session.signOut();
    left.resolve();
    expect(await signedOut).toMatchObject({ code: 'ERR_BEARER_SIGNED_OUT', config: { url: '/echo?signed-out' } });
    const moves: BeforeSend = (config) => {
      config.url = 'https://elsewhere.example/';
    };
    const moved = await startRecordedClient({ defaults, beforeSend: moves });
    const failure = await failureOf(moved.api.get('/echo'));
    expect(failure).toMatchObject({ code: 'ERR_BEARER_CONFIG', config: { method: 'get' } });
  });

  it('may set a timeout: it counts from when the request began', async () => {
    const { api, server } = await startRecordedClient({
      defaults,
      beforeSend: (config) => {
        // Less than this process is old.
        config.timeout = Math.min(60_000, Math.floor(performance.now() / 2));
      },
    });
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
  });

  it('is called before each replay, with the token of that send', async () => {
    const { calls, beforeSend } = recorder();
    const made = await startRecordedClient({ defaults, beforeSend });
    made.server.expire();
    await made.api.post('/echo', { a: 1 });
    expect(replaysOf(calls)).toEqual([0, 1]);
    expect(calls.map(({ token }) => `Bearer ${token.accessToken}`)).toEqual(made.authorizations('/echo'));
    expect(new Set(calls.map(({ token }) => token.accessToken)).size).toBe(2);
    expect(calls.map(({ data }) => data)).toEqual(['{"a":1}', '{"a":1}']);
  });

  it('counts on: a GET that is refused for ever is told of its first send and of each replay', async () => {
    const { calls, beforeSend } = recorder();
    const { api, sends } = await startRecordedClient({ defaults, beforeSend });
    await failureOf(api.get('/always-401'));
    const sent = sends.filter(({ path }) => path === '/always-401').length;
    expect(replaysOf(calls)).toEqual(Array.from({ length: sent }, (_, i) => i));
    expect(sent).toBeGreaterThan(2);
  });

  it.each([
    ['sent at once', 'fresh', [0]],
    ['held', 'clock', [0]],
    ['replayed', 'expired', [0, 1]],
  ])('a header that it sets reaches the wire: %s', async (_, how, expected) => {
    const { calls, beforeSend } = recorder(async (config, { replay, token }) => {
      await Promise.resolve();
      config.headers.set('X-Proof', `${replay} ${token.accessToken}`);
    });
    const made = await startRecordedClient({
      defaults,
      beforeSend,
      ...(how === 'clock' && { tokens: 'expired' as const }),
    });
    if (how === 'expired') made.server.expire();
    const { data } = await made.api.get<Echo>('/echo');
    const proofs = made.sends.filter(({ path }) => path === '/echo').map(({ headers }) => headers['x-proof']);
    expect(replaysOf(calls)).toEqual(expected);
    expect(proofs).toEqual(calls.map(({ replay, token }) => `${replay} ${token.accessToken}`));
    expect(data.headers['x-proof']).toBe(proofs.at(-1));
  });

  it('may change the body and the parameters: they go as it leaves them', async () => {
    const { api } = await startRecordedClient({
      defaults,
      beforeSend: (config) => {
        config.params = { ...config.params, signature: String(config.data).length };
        config.data = `${config.data}\n`;
      },
    });
    const { data } = await api.post<Echo>('/echo', 'text', { params: { page: 2 } });
    expect(data).toMatchObject({ text: 'text\n', query: { page: '2', signature: '4' } });
  });

  it('puts the token in the query where no header bears it, and anew at each replay', async () => {
    const { url, received } = await startHttpServer((req, res) => {
      const ok = new URL(req.url ?? '', 'http://a').searchParams.get('access_token') === 'second';
      res.writeHead(ok ? 200 : 401, ok ? {} : { 'WWW-Authenticate': 'Bearer error="invalid_token"' }).end('{}');
    });
    const { api } = await startRecordedClient({
      defaults: { ...defaults, baseURL: url },
      header: false,
      tokens: { access_token: 'first', refresh_token: 'r', expires_in: 3600 },
      source: async () => ({ access_token: 'second', expires_in: 3600 }),
      beforeSend: (config, { token }) => {
        config.params = { ...config.params, access_token: token.accessToken };
      },
    });
    await api.post('/events', {}, { params: { page: 1 } });
    expect(received.map((request) => request.url)).toEqual([
      '/events?page=1&access_token=first',
      '/events?page=1&access_token=second',
    ]);
    expect(received.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  it.each([
    ['longer', 'a', 'a-much-longer-token'],
    ['shorter', 'a-much-longer-token', 'a'],
  ])(
    'L16 that writes the token into the body has it arrive whole at a replay, where it is %s',
    async (_, old, next) => {
      const { url, received } = await startHttpServer(async (req, res) => {
        let body = '';
        for await (const chunk of req) body += chunk;
        res.writeHead(body.endsWith(`&access_token=${next}`) ? 200 : 401).end(body);
      });
      const { api } = await startRecordedClient({
        defaults: { ...defaults, baseURL: url },
        tokens: { access_token: old, refresh_token: 'r', expires_in: 3600 },
        source: async () => ({ access_token: next, expires_in: 3600 }),
        beforeSend: (config, { token }) => {
          config.data += `&access_token=${token.accessToken}`;
        },
      });
      expect((await api.post('/', new URLSearchParams({ a: '1' }))).data).toBe(`a=1&access_token=${next}`);
      expect(received).toHaveLength(2);
    },
  );

  it('finds the same config before each send: what it appends is there once', async () => {
    const { api, server, sends } = await startRecordedClient({
      defaults,
      beforeSend: (config, { replay }) => {
        config.url += `?send=${replay}`;
        config.headers.set('X-Sends', `${config.headers.get('X-Sends') ?? ''}${replay}`);
      },
    });
    server.expire();
    await api.get('/echo');
    const seen = sends.filter(({ path }) => path === '/echo');
    expect(seen.map(({ query, headers }) => [query, headers['x-sends']])).toEqual([
      [{ send: '0' }, '0'],
      [{ send: '1' }, '1'],
    ]);
  });

  it('finds the same parameters before each send, though it changes them in place', async () => {
    const { api, server, sends } = await startRecordedClient({
      defaults,
      beforeSend: ({ params }, { replay }) => {
        if (params instanceof URLSearchParams) params.append('send', `${replay}`);
        else params.send = [...(params.send ?? []), replay];
      },
    });
    for (const params of [new URLSearchParams({ page: '1' }), { page: 1 }]) {
      server.expire();
      await api.get('/echo', { params });
      expect([...new URLSearchParams(params as never)]).toEqual([['page', '1']]);
    }
    const seen = sends.filter(({ path }) => path === '/echo').map(({ query }) => Object.values(query).flat().join());
    expect(seen).toEqual(['1,0', '1,1', '1,0', '1,1']);
  });

  it('finds the same config where another package sends a failed request again', async () => {
    const { api, server, sends } = await startRecordedClient({
      defaults,
      beforeSend: (config) => {
        config.url += '?signed=yes';
        config.data += ' and signed';
      },
    });
    server.fault('/echo', { status: 503 });
    axiosRetry(api, { retries: 1, retryDelay: () => 0, retryCondition: () => true });
    expect((await api.post('/echo', 'text')).data.text).toBe('text and signed');
    expect(sends.map(({ query }) => query)).toEqual([{ signed: 'yes' }, { signed: 'yes' }]);
  });

  it('has left nothing on the config of an error, where the refresh fails or nothing could be sent', async () => {
    const { api, server, session } = await startRecordedClient({
      defaults,
      beforeSend: (config, { replay }) => {
        config.url += '?signed=yes';
        if (config.data === 'unsigned') throw new Error(`No key ${replay}`);
      },
    });
    server.expire();
    server.fault('/auth/refresh', { status: 503 });
    expect(await failureOf(api.get('/echo'))).toMatchObject({
      code: 'ERR_BEARER_UNAVAILABLE',
      config: { url: '/echo' },
    });
    await session.signIn(server.issue());
    const config = { method: 'post', url: '/echo', data: 'unsigned' };
    let kept: Config | undefined;
    api.interceptors.request.use((given) => {
      kept = given;
      return given;
    });
    await failureOf(api.request(config));
    expect(kept?.url).toBe('/echo');
  });

  it('has left nothing on the config of an error that another origin has answered with', async () => {
    const abroad = await startHttpServer((_, res) => res.writeHead(401).end());
    const { url } = await startHttpServer((_, res) => res.writeHead(302, { location: `${abroad.url}/` }).end());
    const api = axios.create({ baseURL: url, adapter });
    const beforeSend: BeforeSend = (config) => {
      config.url += '?signed=yes';
    };
    closeAtEnd(bearer(api, { tokens: 'token', source: async () => 'token', beforeSend }));
    expect(await failureOf(api.get('/echo'))).toMatchObject({ response: { status: 401 }, config: { url: '/echo' } });
    expect(abroad.received).toHaveLength(1);
  });

  it('is called for a replay of another session on the instance too, whichever is nearer to the wire', async () => {
    for (const order of [0, 1]) {
      const { url, received } = await startHttpServer((req, res) =>
        res.writeHead(req.headers['x-a'] === 'new' ? 200 : 401).end(),
      );
      const api = axios.create({ ...defaults, baseURL: url });
      const tokens = { access_token: 'old', expires_in: 3600 };
      const installs = [
        () => bearer(api, { header: 'X-A', scheme: '', source: async () => 'new', tokens }),
        () =>
          bearer(api, {
            source: async () => 'next',
            tokens: 'b',
            shouldRefresh: () => false,
            beforeSend: (config, { token }) => {
              config.url += `?t=${token.accessToken}`;
            },
          }),
      ];
      for (const install of order ? installs : installs.reverse()) closeAtEnd(install());
      await api.get('/x');
      expect(received.map((req) => [req.url, req.headers['x-a'], req.headers.authorization])).toEqual([
        ['/x?t=b', 'old', 'Bearer b'],
        ['/x?t=b', 'new', 'Bearer b'],
      ]);
    }
  });

  it.each([{}, { shouldRefresh: ({ status }: { status: number }) => status === 401 }])(
    'L15 may put a plain object in the place of the headers, and axios’s own are there afterwards: %p',
    async (options) => {
      const { api, server } = await startRecordedClient({
        defaults,
        ...options,
        beforeSend: (config) => {
          config.headers = { ...config.headers, 'X-CSRF': 'c' } as never;
        },
      });
      const first = await api.get<Echo>('/echo');
      server.expire();
      const replayed = await api.get<Echo>('/echo');
      expect([first, replayed].map(({ data }) => data.headers['x-csrf'])).toEqual(['c', 'c']);
      expect([first, replayed].map(({ config }) => config.headers.get('X-CSRF'))).toEqual(['c', 'c']);
      expect((await failureOf(api.get('/always-401'))).response.status).toBe(401);
    },
  );

  const gone = new Error('No key to sign with');
  it.each<[string, BeforeSend]>([
    [
      'throws',
      () => {
        throw gone;
      },
    ],
    ['rejects', () => Promise.reject(gone)],
  ])('that %s: nothing is sent, and the caller gets what it threw', async (_, beforeSend) => {
    const { api, sends } = await startRecordedClient({ defaults, beforeSend });
    expect(await failureOf(api.post('/echo', {}))).toBe(gone);
    expect(sends).toEqual([]);
  });

  it.each([
    ['held', 'expired' as const, 0],
    ['replayed', undefined, 1],
  ])('that throws before a request that was %s: it is not sent, and the session goes on', async (_, tokens, at) => {
    let fails = true;
    const made = await startRecordedClient({
      defaults,
      ...(tokens && { tokens }),
      beforeSend: (_config, { replay }) => {
        if (fails && replay === at) throw gone;
      },
    });
    if (!tokens) made.server.expire();
    expect(await failureOf(made.api.get('/echo'))).toBe(gone);
    expect(made.authorizations('/echo')).toHaveLength(at);
    fails = false;
    expect((await made.api.get('/echo')).status).toBe(200);
    expect(made.server.stats.refresh).toBe(1);
  });

  it.each<[string, (config: Config, elsewhere: string) => void, RegExp]>([
    [
      'an absolute url',
      (config, elsewhere) => {
        config.url = `${elsewhere}/taken`;
      },
      /: http:\/\/127\.0\.0\.1:\d+ is not/,
    ],
    [
      'another baseURL',
      (config, elsewhere) => {
        config.baseURL = elsewhere;
      },
      /: http:\/\/127\.0\.0\.1:\d+ is not/,
    ],
    [
      'a url without its protocol',
      (config, elsewhere) => {
        config.url = elsewhere.replace('http:', '');
      },
      /: a URL without an origin is not/,
    ],
  ])('L19 that leads to another origin by %s: nothing is sent, and the error names origins', async (_, lead, named) => {
    const elsewhere = await startHttpServer((_req, res) => void res.end('{}'));
    const { api, sends } = await startRecordedClient({ defaults, beforeSend: (config) => lead(config, elsewhere.url) });
    const error = await failureOf(api.get('/echo'));
    expect(error).toMatchObject({ code: 'ERR_BEARER_CONFIG', message: expect.stringContaining('"origins"') });
    expect(error.message).toMatch(named);
    expect([sends, elsewhere.received]).toEqual([[], []]);
  });

  it('L19 that leads to another origin at a replay only: that is not sent', async () => {
    const elsewhere = await startHttpServer((_req, res) => void res.end('{}'));
    const made = await startRecordedClient({
      defaults,
      beforeSend: (config, { replay }) => {
        if (replay > 0) config.baseURL = elsewhere.url;
      },
    });
    made.server.expire();
    expect(await failureOf(made.api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_CONFIG' });
    expect(elsewhere.received).toEqual([]);
    expect(made.authorizations('/echo')).toHaveLength(1);
  });

  it('may lead to an origin that is allowed', async () => {
    const other = await startHttpServer((_req, res) => void res.end('{}'));
    const { api, session } = await startRecordedClient({
      defaults,
      origins: other.url,
      beforeSend: (config) => {
        config.url = '/taken';
      },
    });
    api.defaults.baseURL = other.url;
    await api.get('/echo');
    expect(other.received).toMatchObject([
      { url: '/taken', headers: { authorization: `Bearer ${await session.token()}` } },
    ]);
  });
});

describe('beforeSend is not called', () => {
  it.each<[string, Parameters<typeof startRecordedClient>[0], object]>([
    ['that is skipped', { skip: () => true }, {}],
    ['that is left alone', {}, { bearer: false }],
    ['while nobody is signed in', { tokens: 'none' }, {}],
    ['that has an Authorization of its own', {}, { headers: { Authorization: 'Basic eDp5' } }],
    ['to another origin', { origins: 'https://elsewhere.example' }, {}],
  ])('for a request %s', async (_, options, config) => {
    const { calls, beforeSend } = recorder();
    const { api } = await startRecordedClient({ ...(options as object), beforeSend });
    await api.get('/public', config);
    expect(calls).toEqual([]);
  });

  it('for a token request', async () => {
    const { calls, beforeSend } = recorder();
    const { session } = await startRecordedClient({ beforeSend });
    await session.refresh();
    expect(calls).toEqual([]);
  });

  it('again for a request that is not sent again', async () => {
    const { calls, beforeSend } = recorder();
    const { api, server } = await startRecordedClient({ beforeSend });
    server.expire();
    await failureOf(api.get('/echo', { bearer: { replay: false } }));
    expect(replaysOf(calls)).toEqual([0]);
  });
});

describe('while beforeSend thinks', () => {
  const never = new Promise<void>(() => {});

  it.each([
    ['first send', 0],
    ['replay', 1],
  ])('L17 an abort ends the %s at once, and it is not sent', async (_, at) => {
    const [asked, controller] = [deferred(), new AbortController()];
    const made = await startRecordedClient({
      beforeSend: (_config, { replay }) => {
        if (replay !== at) return;
        asked.resolve();
        return never;
      },
    });
    if (at) made.server.expire();
    const failing = failureOf(made.api.get('/echo', { signal: controller.signal }));
    await asked.promise;
    controller.abort();
    expect(await failing).toMatchObject({ code: 'ERR_CANCELED' });
    expect(made.authorizations('/echo')).toHaveLength(at);
  });

  it('L17 its own timeout ends the request', async () => {
    const { api, sends } = await startRecordedClient({ beforeSend: () => never });
    expect(await failureOf(api.get('/echo', { timeout: 20 }))).toMatchObject({ code: AxiosError.ECONNABORTED });
    expect(sends).toEqual([]);
  });
});

describe('L16 a stream that was made for a request', () => {
  const adapter: AxiosAdapter = async (config) => {
    const response = { config, data: '', status: 401, statusText: '', headers: {} };
    if (config.validateStatus?.(401)) return response;
    throw new AxiosError('refused', AxiosError.ERR_BAD_REQUEST, config, {}, response);
  };

  it.each([
    ['first send', 0],
    ['replay', 1],
  ])('is closed where beforeSend throws before its %s', async (_, at) => {
    const streams: PassThrough[] = [];
    const { api } = await startRecordedClient({
      defaults: { adapter },
      source: async () => ({ access_token: 'second', expires_in: 3600 }),
      beforeSend: (_config, { replay }) => {
        if (replay === at) throw new Error('No key to sign with');
      },
    });
    const body = replayable(() => {
      const stream = new PassThrough();
      streams.push(stream);
      return stream;
    });
    await failureOf(api.put('/echo', body));
    expect(streams).toHaveLength(at + 1);
    expect(streams.map(({ destroyed }) => destroyed)).toEqual(streams.map(() => true));
  });
});
