import { Agent } from 'node:http';
import { Readable } from 'node:stream';
import { format, inspect } from 'node:util';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios, { type AxiosAdapter, AxiosError, AxiosHeaders } from 'axios';
import { memoryStore, type TokenSource, type TokenStore } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { refreshToken } from 'axios-bearer/oauth2';
import {
  atEnd,
  cleanUp,
  failureOf,
  recordEvents,
  startClient,
  startHttpServer,
  startRecordedClient,
  startSession,
  storeWith,
  tokenPair,
} from '../../support/kit.js';

afterEach(cleanUp);

/** All that can be seen of it, and of its cause. */
function shown(value: unknown): string {
  return inspect(value, { depth: 12, showHidden: true });
}

/** A store that fails to write as some databases do: with an error that quotes what was to be written. */
function quotingStore(writes: { fail: boolean }): TokenStore {
  const inner = memoryStore();
  const quote = (next: unknown) => {
    if (writes.fail) throw new Error(`duplicate key: ${JSON.stringify(next)}`);
  };
  const write: TokenStore['write'] = async (next) => {
    if (!next.sent) quote(next);
    return inner.write(next);
  };
  return storeWith({ write }, inner);
}

describe('L20 A store whose error quotes what it was to write', () => {
  const secrets = /[ar]t_\w+/;

  it('L20 shows nothing of the new token: not in the error, its cause, or an event', async () => {
    const writes = { fail: false };
    const session = startSession({
      tokens: tokenPair('old'),
      store: quotingStore(writes),
      refreshRetries: 1,
      backoff: { initial: 1, factor: 1, cap: 1 },
      source: async () => tokenPair('new'),
    });
    await session.token();
    const seen = recordEvents(session);
    const log = jest.spyOn(console, 'error').mockImplementation(() => {});
    writes.fail = true;
    const error = await failureOf(session.refresh());
    expect(error).toMatchObject({ code: 'ERR_BEARER_STORE', cause: { message: expect.stringMatching(/^duplicate/) } });
    expect(shown(error)).not.toMatch(secrets);
    expect(seen.map(([name]) => name)).toEqual(['refreshing', 'refreshFailed', 'refreshFailed']);
    expect(shown(seen)).not.toMatch(secrets);
    expect(shown(log.mock.calls)).not.toMatch(secrets);
    log.mockRestore();
  });

  it('L20 shows nothing of it in the error of a request', async () => {
    const writes = { fail: false };
    const { server, api, session } = await startClient({ store: quotingStore(writes), refreshRetries: 0 });
    await session.token();
    server.expire();
    writes.fail = true;
    const error = await failureOf(api.get('/echo'));
    expect(error).toMatchObject({ code: 'ERR_BEARER_STORE' });
    expect(String(error.cause.message)).not.toMatch(secrets);
  });

  it.each(['with tokens', 'by the source'])('L20 shows nothing of those of a sign-in %s', async (how) => {
    const writes = { fail: true };
    const session = startSession({
      store: quotingStore(writes),
      refreshRetries: 0,
      source: { obtain: async () => tokenPair('obtained') },
    });
    const seen = recordEvents(session);
    const error = await failureOf(how === 'with tokens' ? session.signIn(tokenPair('login')) : session.signIn());
    expect(error.code).toBe('ERR_BEARER_STORE');
    expect([shown(error), shown(seen)].join()).not.toMatch(secrets);
  });
});

describe('L20 A source whose error quotes tokens', () => {
  it('L20 shows neither those of this sign-in nor those just before them', async () => {
    let answers = 0;
    const session = startSession({
      tokens: tokenPair('1'),
      refreshRetries: 0,
      source: async () => {
        answers++;
        if (answers < 2) return tokenPair('2');
        throw new Error('at_1 rt_1 at_2 rt_2');
      },
    });
    await session.refresh();
    expect((await failureOf(session.refresh())).cause.message).toBe('[token] [token] [token] [token]');
  });

  it('L20 shows none after a sign-out and another sign-in', async () => {
    const session = startSession({
      tokens: tokenPair('1'),
      refreshRetries: 0,
      source: () => Promise.reject(new Error('rt_2 of at_2')),
    });
    await session.signOut();
    await session.signIn(tokenPair('2'));
    expect((await failureOf(session.refresh())).cause.message).toBe('[token] of [token]');
  });

  it('L20 shows none that came back encoded, as a form has it', async () => {
    const [access_token, refresh_token] = ['at/1+a==', 'rt/1|b=='];
    const echo = `bad form: refresh_token=${encodeURIComponent(refresh_token)}&t=${encodeURIComponent(access_token)}`;
    const session = startSession({
      tokens: { access_token, refresh_token },
      refreshRetries: 0,
      source: () => Promise.reject({ response: { status: 400, data: { error: 'e', error_description: echo } } }),
    });
    const { message, cause } = await failureOf(session.refresh());
    expect(cause.error_description).toBe('bad form: refresh_token=[token]&t=[token]');
    expect(message).not.toContain('%2F');
  });
});

/** What loggers and trackers make of an error. */
const PRINTERS: Record<string, (error: Loose) => unknown> = {
  'JSON.stringify': (error) => JSON.stringify(error),
  'toJSON()': (error) => JSON.stringify(error.toJSON?.()),
  'its spread': (error) => JSON.stringify({ ...error }),
  'its config': (error) => JSON.stringify(error.config) + JSON.stringify(error.response?.config),
  'its request': (error) => JSON.stringify(error.request) + JSON.stringify(error.response?.request),
  String: (error) => `${error} ${error.stack}`,
  inspect: (error) => inspect(error),
  'console.log': (error) => format('%s %o %O %j', error, { depth: 1 }, error, error),
  // As pino's stdSerializers.err: what is enumerable, inherited too, then JSON.
  pino: (error) => {
    const shown: Record<string, unknown> = { type: error.name, message: error.message, stack: error.stack };
    for (const key in error) shown[key] ??= error[key];
    return JSON.stringify(shown);
  },
  // As Sentry's normalize(): own fields three deep, and toJSON() where there is one.
  Sentry: (error) => JSON.stringify(normalized({ ...error, message: error.message, stack: error.stack }, 4)),
};

// biome-ignore lint/suspicious/noExplicitAny: an error is anything
type Loose = any;

function normalized(value: Loose, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return String(value);
  if (typeof value.toJSON === 'function') return normalized(value.toJSON(), depth - 1);
  if (depth === 0) return Object.prototype.toString.call(value);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, normalized(each, depth - 1)]));
}

describe('L20 A request that fails beside busy neighbours on one keep-alive agent', () => {
  const FAILURES: Record<string, (made: Busy) => Promise<Loose>> = {
    'a 401 handed on': ({ api }) => failureOf(api.post('/always-401', { a: 1 })),
    'a 500': ({ api, server }) => {
      server.fault('/echo', { status: 500 });
      return failureOf(api.get('/echo'));
    },
    'a streamed 500': ({ api, server }) => {
      server.fault('/echo', { status: 500 });
      return failureOf(api.get('/echo', { responseType: 'stream' }));
    },
    'a network error': ({ api, server }) => {
      server.fault('/echo', 'reset');
      return failureOf(api.get('/echo'));
    },
    'a timeout': ({ api, server }) => {
      server.fault('/echo', 'hang');
      return failureOf(api.get('/echo', { timeout: 100 }));
    },
    'a cancelled request': async ({ api, server }) => {
      const abort = new AbortController();
      const hold = server.hold('/echo/cancelled');
      const failed = failureOf(api.get('/echo/cancelled', { signal: abort.signal }));
      await hold.arrived(1);
      abort.abort();
      return failed;
    },
    'a body that can be sent once': ({ api, server }) => {
      server.fault('/echo', { status: 401 });
      return failureOf(api.post('/echo', Readable.from([Buffer.from('x')])));
    },
    'a refusal for good': ({ api, server }) => {
      server.fault('/echo', { status: 401 });
      server.revokeRefreshTokens();
      return failureOf(api.get('/echo'));
    },
    'a token endpoint that is down': ({ api, server }) => {
      server.fault('/echo', { status: 401 });
      server.fault('/auth/refresh', { status: 503 });
      return failureOf(api.get('/echo'));
    },
    'an answer without a token': ({ api, server }) => {
      server.fault('/echo', { status: 401 });
      server.fault('/auth/refresh', { json: { refresh_token: 'rt_hidden' } });
      return failureOf(api.get('/echo'));
    },
    'a sign-out': async ({ api, session }) => {
      await session.signOut();
      return failureOf(api.get('/echo'));
    },
  };

  type Busy = Awaited<ReturnType<typeof busyClient>>;

  /** Others on the agent bear another user's token and a client's secret, before, while and after. */
  async function busyClient() {
    const httpAgent = new Agent({ keepAlive: true });
    atEnd(() => httpAgent.destroy());
    const made = await startClient({ defaults: { httpAgent }, refreshRetries: 0, whenSignedOut: 'reject' });
    const held = made.server.hold('/public');
    const url = `${made.server.url}/public`;
    const neighbours = ['Bearer at_neighbour', `Basic ${btoa('client:the-secret')}`].map((Authorization) =>
      axios.get(url, { httpAgent, headers: { Authorization } }).catch(() => {}),
    );
    await held.arrived(2);
    atEnd(() => held.release());
    return { ...made, neighbours };
  }

  it.each(Object.entries(FAILURES))('L20 shows no secret of anybody, whatever prints it: %s', async (_, fail) => {
    const made = await busyClient();
    const error = await fail(made);
    const secrets = /\b[ar]t_\w{4}|the-secret|Y2xpZW50OnRoZS1zZWNyZXQ/;
    const shown = Object.entries(PRINTERS).filter(([, print]) =>
      secrets.test(decodeURIComponent(String(print(error)))),
    );
    expect(shown.map(([name]) => name)).toEqual([]);
  });
});

describe('L20 A request whose connection fails', () => {
  it.each([{ maxRedirects: 0 }, {}])('L20 keeps no head that was not sent: %p', async (defaults) => {
    const { api, session } = await startClient({ defaults: { ...defaults, baseURL: 'http://127.0.0.1:1' } });
    const token = await session.token();
    const error = await failureOf(api.get('/'));
    expect(error.code).toBe('ECONNREFUSED');
    expect([inspect(error), inspect(error, { depth: 6, showHidden: true })].join()).not.toContain(token);
  });
});

describe('L20 What a token endpoint repeats', () => {
  const SECRET = 'cs/Secret+1 2';

  /** The URL of one that repeats it twice. */
  async function startEcho(): Promise<string> {
    const text = `${SECRET} and ${encodeURIComponent(SECRET)} are undefined`;
    const answer = JSON.stringify({ error: 'invalid_client', title: text, error_description: text });
    const { url } = await startHttpServer((_req, res) =>
      res.writeHead(401, { 'content-type': 'application/json' }).end(answer),
    );
    return url;
  }

  it.each<[string, (url: string) => TokenSource]>([
    ['a client secret', (url) => refreshToken({ tokenEndpoint: `${url}/t`, clientId: 'app', clientSecret: SECRET })],
    ['an API key', (baseURL) => apiVideo({ apiKey: SECRET, baseURL })],
    [
      'what a source of one’s own calls a secret',
      (url) => ({
        // From an environment that lacks the second one.
        secrets: [SECRET, undefined as never],
        refresh: async (_, { client }) => (await client.post(url)).data,
      }),
    ],
  ])('L20 is shown without %s', async (_, sourceOf) => {
    const source = sourceOf(await startEcho());
    const session = startSession({ tokens: tokenPair('old'), source, refreshRetries: 0 });
    const error = await failureOf(session.refresh());
    expect(shown(error)).not.toMatch(/cs.{1,3}Secret/i);
    expect(error.message).toContain('[token] and [token] are undefined');
  });
});

it('L20 no error has the token in what it was caused by, where that has a config of its own', async () => {
  const wrapping: AxiosAdapter = async (config) => {
    const own = { ...config, headers: AxiosHeaders.from({ ...config.headers }) };
    throw Object.assign(new AxiosError('Network Error', 'ERR_NETWORK', config), {
      cause: new AxiosError('inner', 'E', own),
    });
  };
  const { api, secrets } = await startRecordedClient({ defaults: { adapter: wrapping } });
  const error = await failureOf(api.get('/echo'));
  expect(error.cause.message).toBe('inner');
  for (const secret of secrets) expect(shown(error)).not.toContain(secret);
});
