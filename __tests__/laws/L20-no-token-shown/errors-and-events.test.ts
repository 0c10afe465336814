import { Readable } from 'node:stream';
import { format, inspect } from 'node:util';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios, { AxiosError, AxiosHeaders, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import { bearer, createSession, memoryStore, type TokenStore } from 'axios-bearer';
import {
  adapters,
  atEnd,
  cleanUp,
  EVENTS,
  failureOf,
  never,
  nextEvent,
  onAdapters,
  outcomeOf,
  type RecordedClient,
  settle,
  startRecordedClient,
} from '../../support/kit.js';

afterEach(cleanUp);

function expectNoSecret(text: string, secrets: string[]): void {
  for (const secret of secrets) expect(text).not.toContain(secret.slice(0, 12));
}

interface Loose {
  [key: string]: Loose | undefined;
}
type Pool = Record<'sockets' | 'freeSockets' | 'requests', unknown>;

/** What `show` makes of it while the agent's pool, which belongs to all requests, is out of sight. */
function withoutPool<T>(request: Loose | undefined, show: () => T): T {
  const agent = (request?.agent ?? request?._currentRequest?.agent) as unknown as Pool | undefined;
  if (!agent) return show();
  const { sockets, freeSockets, requests } = agent;
  Object.assign(agent, { sockets: {}, freeSockets: {}, requests: {} });
  const shown = show();
  Object.assign(agent, { sockets, freeSockets, requests });
  return shown;
}

/** Every face of an error that ends up in a log, and what a curious reader would look at. */
function faces(error: unknown, name = 'error'): Record<string, string> {
  if (typeof error !== 'object' || error === null) return { [name]: String(error) };
  const { cause, config, request, response } = error as Loose;
  const { message, stack, toJSON } = error as unknown as Error & { toJSON?: () => unknown };
  const deep = { depth: 8, maxArrayLength: null, maxStringLength: null };
  const shown: Record<string, string> = {
    [name]: String(error),
    [`${name}.message`]: String(message),
    [`${name}.stack`]: String(stack),
    [`JSON.stringify(${name})`]: String(JSON.stringify(error)),
    [`${name}.toJSON()`]: String(JSON.stringify(toJSON?.call(error))),
    [`inspect(${name})`]: inspect(error),
    [`inspect(${name}, 8)`]: withoutPool(request ?? response?.request, () => inspect(error, deep)),
    [`${name}.config`]: inspect(config, { ...deep, showHidden: true }),
    [`${name}.response.config`]:
      response?.config === config ? '' : inspect(response?.config, { ...deep, showHidden: true }),
    [`${name}.response.headers`]: inspect(response?.headers),
  };
  const requests = {
    request,
    'response.request': response?.request,
    'response.data.req': response?.data?.req,
    'config.request': config?.request,
  };
  for (const [path, each] of Object.entries(requests)) {
    const where = `${name}.${path}`;
    shown[`${where}._header`] = String(each?._header);
    shown[`${where}._currentRequest._header`] = String(each?._currentRequest?._header);
    shown[`${where}.res.req._header`] = String(each?.res?.req?._header);
    shown[`${where}.socket._httpMessage._header`] = String(each?.socket?._httpMessage?._header);
    const { getHeaders, headers } = (each ?? {}) as { getHeaders?: () => unknown; headers?: Headers };
    shown[`${where}.getHeaders()`] = inspect(getHeaders?.call(each));
    shown[`${where}.headers`] = inspect(headers?.entries ? [...headers.entries()] : headers);
  }
  return cause ? { ...shown, ...faces(cause, `${name}.cause`) } : shown;
}

/** Where a token shows, if only its first letters. */
function leaks(error: unknown, secrets: string[]): string[] {
  const starts = secrets.map((secret) => secret.slice(0, 12));
  return Object.entries(faces(error))
    .filter(([, text]) => starts.some((start) => text.includes(start)))
    .map(([face]) => face);
}

function headerNames(config: InternalAxiosRequestConfig | undefined): string[] {
  return Object.keys(config?.headers ?? {}).map((name) => name.toLowerCase());
}

type Scenario = (made: RecordedClient) => Promise<unknown>;

const copying = (config: InternalAxiosRequestConfig) =>
  axios.getAdapter('http')({ ...config, headers: new AxiosHeaders(config.headers) });

/** Ways for a request to fail that has been given a token. */
const failures: Record<string, Scenario> = {
  'the final 401': ({ api }) => failureOf(api.post('/always-401', { a: 1 })),
  'a 401 beyond the open breaker': async ({ api }) => {
    await failureOf(api.get('/always-401'));
    return failureOf(api.get('/always-401'));
  },
  'a 404': ({ api }) => failureOf(api.get('/unknown')),
  'a 500': ({ api, server }) => {
    server.fault('/echo', { status: 500 });
    return failureOf(api.post('/echo', { a: 1 }));
  },
  'a 500 to the replay': ({ api, server }) => {
    server.expire();
    server.fault('/echo', { status: 401 });
    server.fault('/echo', { status: 500 });
    return failureOf(api.get('/echo'));
  },
  'a 500 to a request that was held': ({ api, server }) => {
    server.fault('/echo', { status: 500 });
    return failureOf(api.get('/echo', { bearer: { minValidity: 3_599_999 } }));
  },
  'a network error after the send': ({ api, server }) => {
    server.fault('/echo', 'reset');
    return failureOf(api.post('/echo', { a: 1 }));
  },
  'a network error of the replay': ({ api, server }) => {
    server.fault('/echo', { status: 401 });
    server.fault('/echo', 'reset');
    return failureOf(api.post('/echo', { a: 1 }));
  },
  'an answer that breaks off': ({ api, server }) => {
    server.fault('/echo', 'cut-body');
    return failureOf(api.get('/echo'));
  },
  'a timeout on the wire': ({ api, server }) => {
    server.fault('/echo', 'hang');
    return failureOf(api.get('/echo', { timeout: 100 }));
  },
  'a timeout of the replay': ({ api, server }) => {
    server.fault('/echo', { status: 401 });
    server.fault('/echo', 'hang');
    return failureOf(api.get('/echo', { timeout: 150 }));
  },
  'a timeout while it waits': ({ api, server }) => {
    server.expire();
    server.hold('/auth/refresh');
    return failureOf(api.get('/echo', { timeout: 150 }));
  },
  'a cancel on the wire': async ({ api, server }) => {
    const abort = new AbortController();
    const hold = server.hold('/echo');
    const error = failureOf(api.get('/echo', { signal: abort.signal }));
    await hold.arrived(1);
    abort.abort();
    return error;
  },
  'a cancel while it waits': async ({ api, server }) => {
    server.expire();
    const abort = new AbortController();
    const hold = server.hold('/auth/refresh');
    const error = failureOf(api.get('/echo', { signal: abort.signal }));
    await hold.arrived(1);
    abort.abort();
    return error;
  },
  'a cancel of the replay': async ({ api, server }) => {
    let count = 0;
    const hold = server.hold(({ path }) => {
      if (path === '/echo') count += 1;
      return path === '/echo' && count === 2;
    });
    server.expire();
    const abort = new AbortController();
    const error = failureOf(api.get('/echo', { signal: abort.signal }));
    await hold.arrived(1);
    abort.abort();
    return error;
  },
  'a transformRequest that throws': ({ api }) =>
    failureOf(
      api.post('/echo', 'x', {
        transformRequest: () => {
          throw new Error('no');
        },
      }),
    ),
  'a transformResponse that throws': ({ api }) =>
    failureOf(
      api.get('/echo', {
        transformResponse: () => {
          throw new Error('no');
        },
      }),
    ),
  'a transformResponse that throws at the replay': ({ api, server }) => {
    server.expire();
    const transformResponse = (text: string, _: unknown, status?: number) => {
      if (status === 200) throw new Error('no');
      return text;
    };
    return failureOf(api.get('/echo', { transformResponse }));
  },
  'JSON that is none': ({ api, server }) => {
    server.fault('/echo', { raw: '{"a":' });
    return failureOf(api.get('/echo', { responseType: 'json', transitional: { silentJSONParsing: false } }));
  },
  ERR_BEARER_BODY: ({ api, server }) => {
    server.expire();
    const bytes = Buffer.from('x');
    const web = new ReadableStream({
      start: (controller) => {
        controller.enqueue(bytes);
        controller.close();
      },
    });
    const body = api.defaults.adapter === 'fetch' ? web : Readable.from([bytes]);
    return failureOf(api.post('/echo', body, { headers: { 'Content-Type': 'application/octet-stream' } }));
  },
  ERR_BEARER_REJECTED: ({ api, server }) => {
    server.expire();
    server.revokeRefreshTokens();
    return failureOf(api.get('/echo'));
  },
  'ERR_BEARER_REJECTED with an answer that repeats the token': ({ api, server, secrets }) => {
    server.expire();
    server.fault('/auth/refresh', {
      status: 400,
      body: { error: `invalid_grant ${secrets[1]}`, error_description: `bad ${secrets[1]}`, detail: secrets },
    });
    return failureOf(api.get('/echo'));
  },
  'ERR_BEARER_UNAVAILABLE by a status': ({ api, server }) => {
    server.expire();
    server.fault('/auth/refresh', { status: 503 });
    return failureOf(api.get('/echo'));
  },
  'ERR_BEARER_UNAVAILABLE by the network': ({ api, server }) => {
    server.expire();
    server.fault('/auth/refresh', 'reset');
    return failureOf(api.get('/echo'));
  },
  'ERR_BEARER_UNAVAILABLE by a deadline': ({ api, server }) => {
    server.expire();
    server.fault('/auth/refresh', 'hang');
    return failureOf(api.get('/echo'));
  },
  'ERR_BEARER_UNAVAILABLE for one that was held': async ({ api, server, session, secrets }) => {
    const stale = server.issue();
    secrets.push(stale.access_token, stale.refresh_token);
    server.fault('/auth/refresh', { status: 503 }, { times: 10 });
    await session.signIn({ ...stale, expires_in: 0 });
    return failureOf(api.get('/echo'));
  },
  'ERR_BEARER_TOKEN by a token that no header carries': ({ api, server, secrets }) => {
    server.expire();
    secrets.push('at_malformed_canary');
    server.fault('/auth/refresh', { json: { access_token: 'at_malformed_canary \u00e9', refresh_token: secrets[1] } });
    return failureOf(api.get('/echo'));
  },
  'ERR_BEARER_TOKEN by an answer of another shape': ({ api, server, secrets }) => {
    server.expire();
    secrets.push('at_elsewhere_canary');
    server.fault('/auth/refresh', { json: { data: { token: 'at_elsewhere_canary' }, refresh_token: secrets[1] } });
    return failureOf(api.get('/echo'));
  },
  'ERR_BEARER_TOKEN by JSON cut short': ({ api, server }) => {
    server.expire();
    server.fault('/auth/refresh', 'truncated-json');
    return failureOf(api.get('/echo'));
  },
  ERR_BEARER_IDENTITY: async ({ api, server, session, secrets }) => {
    server.expire();
    const hold = server.hold('/auth/refresh');
    const waiting = nextEvent(session, 'waiting');
    const error = failureOf(api.get('/echo'));
    await Promise.all([waiting, hold.arrived(1)]);
    const other = server.issue();
    secrets.push(other.access_token, other.refresh_token);
    await session.signIn(other);
    return error;
  },
  'ERR_BEARER_SIGNED_OUT while it waits': async ({ api, server, session }) => {
    server.expire();
    const hold = server.hold('/auth/refresh');
    const waiting = nextEvent(session, 'waiting');
    const error = failureOf(api.get('/echo'));
    await Promise.all([waiting, hold.arrived(1)]);
    await session.signOut();
    return error;
  },
  'ERR_BEARER_SIGNED_OUT when the session is closed': async ({ api, server, session }) => {
    server.expire();
    const hold = server.hold('/auth/refresh');
    const waiting = nextEvent(session, 'waiting');
    const error = failureOf(api.get('/echo'));
    await Promise.all([waiting, hold.arrived(1)]);
    session.close();
    return error;
  },
};
/** Over the http adapter only. */
const httpFailures: Record<string, Scenario> = {
  'a streamed 500': ({ api, server }) => {
    server.fault('/echo', { status: 500 });
    return failureOf(api.get('/echo', { responseType: 'stream' }));
  },
  'a streamed 401': ({ api }) => failureOf(api.get('/always-401', { responseType: 'stream' })),
  'a streamed 401 of ERR_BEARER_BODY': ({ api, server }) => {
    server.expire();
    return failureOf(api.post('/echo', Readable.from([Buffer.from('x')]), { responseType: 'stream' }));
  },
  'a 500 behind a redirect at home': ({ api, server }) => {
    server.fault('/echo/a', { redirect: `${server.url}/echo/b` });
    server.fault('/echo/b', { status: 500 });
    return failureOf(api.get('/echo/a'));
  },
  'a network error without follow-redirects': ({ api, server }) => {
    server.fault('/echo', 'reset');
    return failureOf(api.get('/echo', { maxRedirects: 0 }));
  },
  'the final 401 without follow-redirects': ({ api }) => failureOf(api.get('/always-401', { maxRedirects: 0 })),
  'a 500 by an adapter that answers with a copy of the config': ({ api, server }) => {
    server.fault('/echo', { status: 500 });
    return failureOf(api.get('/echo', { adapter: copying }));
  },
  'a 500 by an adapter whose answer alone has a copy of the config': ({ api, server }) => {
    server.fault('/echo', { status: 500 });
    const adapter = async (config: InternalAxiosRequestConfig) => {
      const { response } = await failureOf(copying(config));
      throw new AxiosError('refused', 'ERR_BAD_RESPONSE', config, {}, response);
    };
    return failureOf(api.get('/echo', { adapter }));
  },
  'a 401 by an adapter that answers with a copy of the config': ({ api }) =>
    failureOf(api.get('/always-401', { adapter: copying })),
  'a network error of an adapter that answers with a copy of the config': ({ api, server }) => {
    server.fault('/echo', 'reset');
    return failureOf(api.get('/echo', { adapter: copying }));
  },
  'an answer that is too long': ({ api }) => failureOf(api.get('/stream', { maxContentLength: 10 })),
  'too many redirects': ({ api, server }) => {
    server.fault('/echo', { redirect: `${server.url}/echo` }, { times: 10 });
    return failureOf(api.get('/echo', { maxRedirects: 3 }));
  },
  'a redirect that leads nowhere': ({ api, server }) => {
    server.fault('/echo', { redirect: 'http://127.0.0.1:1/' });
    return failureOf(api.get('/echo'));
  },
};

describe(`L20 no token in any error (${onAdapters})`, () => {
  for (const adapter of adapters) {
    const scenarios = adapter === 'http' ? { ...failures, ...httpFailures } : failures;
    for (const [name, scenario] of Object.entries(scenarios)) {
      it(`L20 shows none of ${name} (${adapter})`, async () => {
        const made = await startRecordedClient({
          defaults: { adapter },
          maxReplays: 1,
          // Short only where the deadline is what is to come. Elsewhere a busy machine could miss it.
          refreshTimeout: name.startsWith('ERR_BEARER_UNAVAILABLE') ? 200 : 60_000,
          refreshWindow: { limit: 1 },
        });
        const error = await scenario(made);
        if (name.startsWith('ERR_BEARER_')) expect(error).toMatchObject({ code: name.split(' ')[0] });
        const { config, response } = error as { config?: InternalAxiosRequestConfig; response?: AxiosResponse };
        expect(leaks(error, made.secrets)).toEqual([]);
        expect([...headerNames(config), ...headerNames(response?.config)]).not.toContain('authorization');
      });
    }

    for (const [options, header] of [
      [{ scheme: '' }, 'authorization'],
      [{ header: 'X-Api-Token', scheme: '' }, 'x-api-token'],
      [{ header: 'x-api-token', scheme: 'Token' }, 'x-api-token'],
    ] as const) {
      it(`L20 deletes the header, whatever its name: ${JSON.stringify(options)} (${adapter})`, async () => {
        const made = await startRecordedClient({ ...options, defaults: { adapter }, maxReplays: 0 });
        for (const fault of ['reset', { status: 401 }, { status: 500 }] as const) {
          made.server.fault('/echo', fault);
          const error = await failureOf(made.api.get('/echo'));
          expect(leaks(error, made.secrets)).toEqual([]);
          expect(headerNames(error.config)).not.toContain(header);
        }
      });
    }

    it(`L20 shows none to the other interceptors either, of any time (${adapter})`, async () => {
      const errors: unknown[] = [];
      const note = (error: unknown) => {
        errors.push(error);
        throw error;
      };
      const made = await startRecordedClient({
        defaults: { adapter },
        before: (bare) => void bare.interceptors.response.use(undefined, note),
      });
      made.api.interceptors.response.use(undefined, note);
      await failureOf(made.api.get('/always-401'));
      expect(errors).toHaveLength(2);
      for (const error of errors) expect(leaks(error, made.secrets)).toEqual([]);
    });

    it(`L20 shows none when many fail at once, nor of others that are on the wire of the same agent (${adapter})`, async () => {
      const made = await startRecordedClient({ defaults: { adapter } });
      const hold = made.server.hold('/echo/slow');
      const slow = made.api.get('/echo/slow');
      await hold.arrived(1);
      const errors = await Promise.all([1, 2, 3].map((n) => failureOf(made.api.get(`/unknown/${n}`))));
      for (const error of errors) {
        expect(leaks(error, made.secrets)).toEqual([]);
        expectNoSecret(inspect(error), made.secrets);
      }
      hold.release();
      expect((await slow).status).toBe(200);
    });

    it(`L20 keeps its hands off the caller’s own header, and off all with redact: false (${adapter})`, async () => {
      const made = await startRecordedClient({ defaults: { adapter } });
      const own = await failureOf(made.api.get('/echo', { headers: { Authorization: 'Bearer own' } }));
      expect(own.config?.headers.get('Authorization')).toBe('Bearer own');
      const open = await startRecordedClient({ defaults: { adapter }, redact: false });
      const error = await failureOf(open.api.get('/unknown'));
      expect(error.config?.headers.get('Authorization')).toBe(`Bearer ${open.secrets[0]}`);
    });
  }

  it('L20 shows none in ERR_BEARER_SIGNED_OUT, rejected or thrown by token() and refresh()', async () => {
    const { api, session, secrets } = await startRecordedClient({ whenSignedOut: 'reject' });
    await session.signOut();
    for (const work of [api.get('/echo'), session.token(), session.refresh()]) {
      const error = await failureOf(work);
      expect(error.code).toBe('ERR_BEARER_SIGNED_OUT');
      expect(leaks(error, secrets)).toEqual([]);
    }
  });

  for (const fault of [
    { status: 400 },
    { status: 503 },
    'reset',
    'html',
    { json: { access_token: 'at_mangled canary' } },
  ] as const) {
    it(`L20 shows none in what token() and refresh() reject with: ${JSON.stringify(fault)}`, async () => {
      const { server, session, secrets } = await startRecordedClient({ tokens: 'expired' });
      server.fault('/auth/refresh', fault, { times: 2 });
      const errors = [await failureOf(session.token()), await failureOf(session.refresh())];
      for (const error of errors) expect([error.code, leaks(error, secrets)]).toEqual([error.code, []]);
    });
  }

  const throwers: Record<string, (token: string) => unknown> = {
    'an Error with the token in its message': (token) => new Error(`cannot refresh ${token}`),
    'an Error with the token in its cause': (token) => new Error('cannot refresh', { cause: new Error(token) }),
    'an Error with the token as a property': (token) =>
      Object.assign(new Error('no'), { token, response: { status: 400, data: token } }),
    'the token as a string': (token) => `cannot refresh ${token}`,
    'an object with the token': (token) => ({ message: token, refreshToken: token }),
    'an Error with the token encoded in a URL': (token) => new Error(`GET /refresh?token=${encodeURIComponent(token)}`),
  };
  for (const [name, make] of Object.entries(throwers)) {
    it(`L20 shows none though a source throws ${name}`, async () => {
      const { api, server, secrets } = await startRecordedClient({
        source: ({ refreshToken, accessToken }) => Promise.reject(make(`${refreshToken} ${accessToken}`)),
      });
      server.expire();
      const error = await failureOf(api.get('/echo'));
      expect(error.code).toMatch(/^ERR_BEARER_(UNAVAILABLE|REJECTED)$/);
      expect(leaks(error, secrets)).toEqual([]);
    });
  }

  for (const method of ['read', 'withLock', 'write'] as const) {
    it(`L20 shows none though a store’s ${method}() throws an error that quotes the token: ERR_BEARER_STORE`, async () => {
      let broken = false;
      const memory = memoryStore();
      let quote = '';
      const store: TokenStore = {
        ...memory,
        read: () => memory.read(),
        write: (next) => memory.write(next),
        withLock: (task, options) => memory.withLock(task, options),
      };
      const original = store[method] as (...args: never[]) => Promise<never>;
      (store as unknown as Record<string, unknown>)[method] = (...args: never[]) =>
        broken ? Promise.reject(new Error(`SET failed: ${quote}`)) : original(...args);
      const { api, server, session, secrets } = await startRecordedClient({ store });
      await api.get('/echo');
      quote = JSON.stringify(secrets);
      broken = true;
      server.expire();
      const ends = await Promise.allSettled([api.get('/echo')]);
      ends.push(...((await Promise.allSettled([session.signOut()])) as typeof ends));
      const errors = ends.map((end) => (end.status === 'rejected' ? end.reason : undefined));
      for (const error of errors) expect(leaks(error, secrets)).toEqual([]);
      if (method === 'withLock') expect(errors[0]?.code).toBe('ERR_BEARER_STORE');
      if (method === 'write') expect(errors[1]?.code).toBe('ERR_BEARER_STORE');
    });
  }

  it('L20 shows none in ERR_BEARER_CONFIG: a token given as an option of another name is not quoted', () => {
    const given = { access_token: 'at_canary_option', refresh_token: 'rt_canary_option' };
    const attempts = [
      () => createSession({ source: given as never }),
      () => createSession({ source: 'at_canary_option' as never }),
      () => createSession({ source: [given] as never }),
      () => createSession({ source: async () => given, leeway: given as never }),
      () => bearer(axios.create({ baseURL: 'https://home.test' }), { session: given as never }),
      () => bearer(axios.create({ baseURL: 'https://home.test' }), { source: () => never, origins: given as never }),
    ];
    for (const attempt of attempts) {
      let error: unknown;
      try {
        attempt();
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({ code: 'ERR_BEARER_CONFIG' });
      expect(leaks(error, Object.values(given))).toEqual([]);
    }
  });

  it('L20 shows none in ERR_BEARER_TOKEN for tokens handed in', async () => {
    for (const tokens of [
      'at_canary_handed in',
      { access_token: 'at_canary_handed\n' },
      { accessToken: ['at_canary_handed'] },
    ]) {
      let error: unknown;
      try {
        await createSession({ source: () => 'x' as never, tokens: tokens as never }).token();
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toMatchObject({ code: 'ERR_BEARER_TOKEN' });
      expect(leaks(error, ['at_canary_handed'])).toEqual([]);

      const session = createSession({ source: () => 'x' as never });
      atEnd(() => session.close());
      const late = await failureOf(session.signIn(tokens as never));
      expect([late.code, leaks(late, ['at_canary_handed'])]).toEqual(['ERR_BEARER_TOKEN', []]);
    }
  });
});

describe('L20 no token in what else can be printed', () => {
  // Nothing is ignored here.
  const HEARD = EVENTS.filter((event) => event !== 'tokensIgnored');

  it('L20 shows none in event payloads, states and snapshots, in good days and bad', async () => {
    const { api, server, session, secrets, authorizations } = await startRecordedClient({
      refreshWindow: { limit: 1 },
      maxReplays: 1,
    });
    const told: [string, unknown][] = [];
    for (const event of EVENTS) session.on(event, (payload) => told.push([event, payload]));
    const look = () => told.push(['state', session.state], ['snapshot', session.getSnapshot()]);
    session.subscribe(look);
    look();
    // While the backoff of the failure before is not over, nothing is asked.
    const refresh = async () => {
      const { length } = authorizations('/auth/refresh');
      while (authorizations('/auth/refresh').length === length) {
        await session.refresh().catch(() => {});
        await settle();
      }
    };
    server.expire();
    await api.get('/echo?access_token=query_canary#canary_fragment');
    server.fault('/auth/refresh', { status: 503 });
    await refresh();
    server.fault('/auth/refresh', { json: { access_token: 'at_canary bad' } });
    await refresh();
    await outcomeOf(api.get(`${server.url.replace('//', '//canary_user:canary_pass@')}/public`));
    server.revokeRefreshTokens();
    await refresh();
    const next = server.issue();
    secrets.push(next.access_token, next.refresh_token);
    await session.signIn(next);
    await outcomeOf(api.get('/always-401'));
    await outcomeOf(api.get('/always-401'));
    await session.signOut();
    await outcomeOf(api.get('/echo'));
    look();
    for (const event of HEARD) expect(told.map(([name]) => name)).toContain(event);
    for (const [name, payload] of told) {
      const text = `${name} ${JSON.stringify(payload)} ${inspect(payload, { depth: 8, showHidden: true })}`;
      expectNoSecret(text, [...secrets, 'query_canary', 'canary_fragment', 'canary_user', 'canary_pass', 'at_canary']);
    }
  });

  it('L20 keeps its state on a config opaque to printing', async () => {
    const { api, server, secrets } = await startRecordedClient();
    server.expire();
    for (const path of ['/echo/replayed', '/echo/fresh']) {
      const { config } = await api.post(path, { a: 1 });
      const { headers: _, ...rest } = config;
      expectNoSecret(inspect(rest, { depth: 8, showHidden: true }), secrets);
      expectNoSecret(JSON.stringify(rest), secrets);
      expectNoSecret(JSON.stringify({ ...(config.bearer as object) }), secrets);
    }
  });

  it('L20 keeps the session itself opaque to printing', async () => {
    const { session, secrets } = await startRecordedClient();
    expectNoSecret(inspect(session, { depth: 8, showHidden: true }), secrets);
    expectNoSecret(JSON.stringify(session), secrets);
  });

  it('L20 writes none to the console, whatever fails', async () => {
    const lines: string[] = [];
    const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((level) =>
      jest.spyOn(console, level).mockImplementation((...args) => {
        lines.push(args.map((each) => inspect(each, { depth: 8 })).join(' '));
      }),
    );
    const { api, server, session, secrets } = await startRecordedClient();
    for (const event of EVENTS) {
      session.on(event, () => {
        throw new Error('broken listener');
      });
    }
    server.expire();
    await api.get('/echo');
    server.revokeRefreshTokens();
    server.expire();
    await outcomeOf(api.get('/echo'));
    for (const spy of spies) spy.mockRestore();
    expect(lines.length).toBeGreaterThan(0);
    expectNoSecret(lines.join('\n'), secrets);
  });
});

describe.each(adapters)(`L20 no token leaves (${onAdapters}), over %s`, (adapter) => {
  const wrapped = (cause: unknown) => new Error('odd', { cause });
  const errorOf = (response: AxiosResponse) =>
    new AxiosError('odd', 'ERR_ODD', response.config, response.request, response);
  const thrown: [string, object][] = [
    ['an error of the response', { shouldRefresh: (response: AxiosResponse) => Promise.reject(errorOf(response)) }],
    ['one that wraps it', { shouldRefresh: (response: AxiosResponse) => Promise.reject(wrapped(errorOf(response))) }],
    [
      'an error with the response',
      { shouldRefresh: (response: AxiosResponse) => Promise.reject(Object.assign(wrapped(''), { response })) },
    ],
    ['the response', { shouldRefresh: (response: AxiosResponse) => Promise.reject(response) }],
    ['the error that it was given', { shouldRefreshOnError: (error: AxiosError) => Promise.reject(error) }],
  ];
  it.each(thrown)('L20 on the console where a predicate throws %s', async (_, options) => {
    const lines: string[] = [];
    const spy = jest.spyOn(console, 'error').mockImplementation((...args) => void lines.push(format(...args)));
    atEnd(() => spy.mockRestore());
    const { api, server, secrets } = await startRecordedClient({ defaults: { adapter }, ...options });
    server.fault('/echo/odd', 'shouldRefresh' in options ? { status: 401 } : 'reset');
    await outcomeOf(api.get('/echo/odd'));
    expect(lines).not.toEqual([]);
    expectNoSecret(lines.join(), secrets);
  });

  it('L20 once somebody clears the response interceptors: requests go as on bare axios, until it is installed again (L23)', async () => {
    const { api, session, server, secrets, authorizations } = await startRecordedClient({ defaults: { adapter } });
    api.interceptors.response.clear();
    const error = await failureOf(api.get('/echo'));
    expect(error.response.status).toBe(401);
    expectNoSecret(`${inspect(error)} ${JSON.stringify(error)}`, secrets);
    expect(authorizations('/echo')).toEqual([undefined]);
    session.install(api);
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats.refresh).toBe(0);
  });
});
