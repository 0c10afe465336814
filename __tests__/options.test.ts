import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios, { AxiosHeaders, type InternalAxiosRequestConfig } from 'axios';
import {
  bearer,
  createSession,
  type InstallOptions,
  isBearerError,
  memoryStore,
  replayable,
  type SessionOptions,
  staticToken,
} from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import {
  atEnd,
  cleanUp,
  closeAtEnd,
  codeOf,
  failureOf,
  headersAt,
  nextEvent,
  startClient,
  startSession,
  storeWith,
  tokenPair,
} from './support/kit.js';

afterEach(cleanUp);

const BASE = 'https://api.example.com';
const ok: SessionOptions = { source: async () => 'x' };

function thrownBy(task: () => unknown): Error & { code?: string } {
  try {
    task();
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected it to throw');
}

/** As a reader sees it: which option, what it must be, what it was. */
function expectConfigError(error: Error & { code?: string }, option: string): void {
  expect(error.code).toBe('ERR_BEARER_CONFIG');
  expect(isBearerError(error)).toBe(true);
  expect(axios.isAxiosError(error)).toBe(true);
  expect(error.message).toContain(`"${option}"`);
  expect(error.message).toMatch(/must be .+; got .+/);
}

const circular: Record<string, unknown> = {};
circular.self = circular;

const session: [option: string, wrong: unknown[]][] = [
  [
    'source',
    [undefined, null, {}, [], 'text', 42, true, { refresh: 'text' }, { obtain: 5 }, { revoke: () => {} }, circular],
  ],
  [
    'store',
    [
      'redis',
      {},
      { ...memoryStore(), withLock: 'no' },
      { ...memoryStore(), write: null },
      { ...memoryStore(), read: 1 },
    ],
  ],
  ['leeway', [-1, Number.NaN, '5000', 5n, {}, true]],
  ['refreshTimeout', [0, -1, Number.NaN, '10s', {}]],
  ['refreshRetries', [-1, Number.NaN, '3', {}]],
  ['identity', ['id']],
  ['keepFresh', ['no', 1]],
  ['backoff', [5]],
  ['refreshWindow', [5]],
];
const nested: [option: string, options: object][] = [
  ['backoff.initial', { backoff: { initial: -1 } }],
  ['backoff.initial', { backoff: { initial: '250' } }],
  ['backoff.factor', { backoff: { factor: 0.5 } }],
  ['backoff.factor', { backoff: { factor: Number.NaN } }],
  ['backoff.cap', { backoff: { cap: -5 } }],
  ['backoff.cap', { backoff: { cap: '30s' } }],
  ['refreshWindow.limit', { refreshWindow: { limit: 0 } }],
  ['refreshWindow.limit', { refreshWindow: { limit: '5' } }],
  ['refreshWindow.interval', { refreshWindow: { interval: 0 } }],
  ['refreshWindow.interval', { refreshWindow: { interval: Number.NaN } }],
  ...['x', 42, ['a', 5], '*', ['*'], 'https://*.example.com', {}].map((origins): [string, object] => [
    'source.origins',
    { source: { refresh: ok.source, origins } },
  ]),
  ...Object.entries({ revoke: 'x', isRejected: true, interactive: 'no', needsRefreshToken: 1 }).map(
    ([name, value]): [string, object] => [`source.${name}`, { source: { refresh: ok.source, [name]: value } }],
  ),
];
const install: [option: string, wrong: unknown[]][] = [
  [
    'origins',
    [
      'api.example.com',
      'not a url',
      '',
      'mailto:me@example.com',
      ['https://a.example', 'b'],
      [5],
      5,
      {},
      true,
      'https://*.example.com',
      'https://api.example.com/*',
    ],
  ],
  ['skip', ['/login', true]],
  ['whenSignedOut', ['throw', true]],
  ['shouldRefresh', [401, [401]]],
  ['maxReplays', [-1, Number.NaN, '2', {}]],
  ['replayConcurrency', [0, -1, Number.NaN, 1.5, '64']],
  ['header', ['', true, 5, 'X Token', 'Bad\nName', 'Authorization:']],
  ['scheme', [5, true, 'Bearer\r\nX: y', 'Tökén']],
  ['redact', ['no', 0]],
];

const cases = (table: [string, unknown[]][]) =>
  table.flatMap(([option, wrong]) => wrong.map((value): [string, string, unknown] => [option, show(value), value]));
const show = (value: unknown) =>
  value === circular
    ? 'a circular object'
    : typeof value === 'bigint'
      ? '5n'
      : (JSON.stringify(value) ?? String(value));

describe('a wrong option is told at once, by name, with what it must be and what it was', () => {
  it.each(cases(session))('session option %s: %s', (option, _, value) => {
    expectConfigError(
      thrownBy(() => createSession({ ...ok, [option]: value })),
      option,
    );
  });

  it.each(nested.map(([option, options]): [string, object] => [option, options]))(
    'session option %s: %j',
    (option, options) => {
      expectConfigError(
        thrownBy(() => createSession({ ...ok, ...options })),
        option,
      );
    },
  );

  it.each(cases(install))('install option %s: %s', (option, _, value) => {
    const api = axios.create({ baseURL: BASE });
    expectConfigError(
      thrownBy(() => bearer(api, { ...ok, [option]: value })),
      option,
    );
    expectConfigError(
      thrownBy(() => startSession().install(api, { [option]: value })),
      option,
    );
  });

  it.each<[string, unknown]>([
    ['{}', {}],
    ['null', null],
    ['undefined', undefined],
    ['"text"', 'text'],
    ['a circular object', circular],
  ])('session: %s', (_, value) => {
    const api = axios.create({ baseURL: BASE });
    expectConfigError(
      thrownBy(() => bearer(api, { session: value as never })),
      'session',
    );
  });

  it.each<[string, unknown]>([
    ['fields of other names', { token: 'a' }],
    ['[]', []],
    ['a number', 5],
    ['a line break', 'a\nb'],
  ])('tokens that are none (%s) are told as ERR_BEARER_TOKEN', (_, tokens) => {
    expect(thrownBy(() => createSession({ ...ok, tokens: tokens as never })).code).toBe('ERR_BEARER_TOKEN');
  });

  it('a promise of tokens is not taken for nobody signed in', () => {
    const tokens = Promise.resolve('token') as never;
    const error = thrownBy(() => createSession({ ...ok, tokens }));
    expectConfigError(error, 'tokens');
    expect(error.message).toContain('await');
  });

  it('quotes the value, but not one that may be a secret', () => {
    expect(thrownBy(() => createSession({ ...ok, leeway: -17 })).message).toContain('got -17');
    const mistaken = [
      () => createSession({ source: 'at_secret' as never }),
      () => createSession({ source: { accessToken: 'at_secret' } as never }),
      () => createSession({ ...ok, store: { token: 'at_secret' } as never }),
      () => bearer(axios.create({ baseURL: BASE }), { session: { accessToken: 'at_secret' } as never }),
    ];
    for (const mistake of mistaken) expect(thrownBy(mistake).message).not.toContain('at_secret');
  });
});

describe('where the token may go', () => {
  /** An adapter that answers whether it was given a token. */
  const tells = async (config: InternalAxiosRequestConfig) => {
    const data = Boolean(config.headers.get('Authorization'));
    return { status: 200, statusText: '', headers: new AxiosHeaders(), data, config };
  };

  it('with no baseURL, no page and no origin of the source is asked for at install, naming "origins"', () => {
    const api = axios.create();
    const error = thrownBy(() => bearer(api, ok));
    expect(error).toMatchObject({ code: 'ERR_BEARER_CONFIG' });
    expect(error.message).toContain('"origins"');
    expect(thrownBy(() => startSession().install(api)).message).toContain('"origins"');
    expect(thrownBy(() => bearer(api, { session: () => undefined })).message).toContain('"origins"');
  });

  it.each([
    ['a relative baseURL', '/api'],
    ['a baseURL that is no URL', 'api'],
  ])('with %s and no page is not known: it is no error, and nothing is attached until it is', async (_, baseURL) => {
    const { api, session } = await startClient({ defaults: { baseURL, adapter: tells } });
    const skipped = nextEvent(session, 'skipped');
    expect((await api.get('/x')).data).toBe(false);
    expect(await skipped).toMatchObject({ reason: 'origin' });
    expect((await api.get('/x', { baseURL: BASE })).data).toBe(false);
    api.defaults.baseURL = BASE;
    expect((await api.get('/x')).data).toBe(true);
  });

  it.each<InstallOptions>([
    { origins: '*' },
    { origins: 'https://api.example.com' },
    { origins: 'https://api.example.com/some/path' },
    { origins: ['https://a.example', 'http://127.0.0.1:8080'] },
  ])('is content with %j', (options) => {
    expect(() => closeAtEnd(bearer(axios.create(), { ...ok, ...options }))).not.toThrow();
  });
});

describe('a right option is taken', () => {
  it.each<Partial<SessionOptions & InstallOptions>>([
    { leeway: 0 },
    { refreshRetries: 0 },
    { refreshTimeout: 1 },
    { backoff: {} },
    { backoff: { initial: 0, factor: 1, cap: 0 } },
    { refreshWindow: { limit: 1, interval: 1 } },
    { refreshWindow: { limit: Number.POSITIVE_INFINITY } },
    { maxReplays: 0 },
    { replayConcurrency: 1 },
    { replayConcurrency: Number.POSITIVE_INFINITY },
    { header: false },
    { header: 'X-Token' },
    { scheme: '' },
    { redact: false },
    { whenSignedOut: 'reject' },
  ])('%p', (options) => {
    expect(() => closeAtEnd(bearer(axios.create({ baseURL: BASE }), { ...ok, ...options }))).not.toThrow();
  });

  it('undefined is the default, for every option', async () => {
    const names = [...session, ...install].map(([option]) => option).filter((option) => option !== 'source');
    const undefinedOptions = Object.fromEntries([...names, 'tokens'].map((option) => [option, undefined]));
    const {
      server,
      api,
      session: installed,
    } = await startClient({ ...undefinedOptions, tokens: tokenPair('expired') });
    await installed.signIn(server.issue());
    server.expire();
    expect((await api.get('/videos')).status).toBe(200);
  });

  it('null tokens are no tokens', () => {
    expect(startSession({ tokens: null }).state.status).toBe('signed-out');
  });
});

describe('after a wrong option', () => {
  it('the instance is as it was: nothing is half installed', async () => {
    const { api } = await startClient();
    const bare = axios.create({ baseURL: api.defaults.baseURL as string });
    const shape = () => JSON.stringify([Object.keys(bare), Object.keys(bare.interceptors.request), bare.defaults]);
    const before = shape();
    for (const wrong of [{ maxReplays: -1 }, { origins: 'x' }, { leeway: -1 }, { source: 5 }]) {
      thrownBy(() => bearer(bare, { ...ok, ...(wrong as object) }));
    }
    expect(shape()).toBe(before);
    expect((await bare.get('/public')).data).toEqual({ authorization: false });
  });

  it('the store was not asked, nor is it listened to', () => {
    const subscribe = jest.fn(() => () => {});
    const read = jest.fn(async () => undefined);
    const store = storeWith({ subscribe, read });
    const api = axios.create({ baseURL: BASE });
    thrownBy(() => bearer(api, { ...ok, store, leeway: -1 }));
    thrownBy(() => bearer(api, { ...ok, store, origins: 'x' }));
    const stops = subscribe.mock.results.length;
    expect([stops, read.mock.calls.length]).toEqual([0, 0]);
  });

  it('a second try with right ones works', async () => {
    const { server } = await startClient();
    const api = axios.create({ baseURL: server.url });
    thrownBy(() => bearer(api, { ...ok, maxReplays: -1 }));
    closeAtEnd(bearer(api, { ...ok, tokens: server.issue() }));
    expect((await api.get('/videos')).status).toBe(200);
  });

  it('signIn() that can’t work tells why, by rejecting', async () => {
    const useless = startSession({ source: { needsRefreshToken: true, refresh: async () => 'x' } });
    expect(await codeOf(useless.signIn())).toBe('ERR_BEARER_CONFIG');
    atEnd(() => useless.close());
  });
});

it("a scheme may end with a blank, as in 'Bearer ' + token: there is one", async () => {
  const { api, session, server } = await startClient({ scheme: 'Bearer ' });
  const seen = headersAt(server, '/echo', 'authorization');
  await api.get('/echo');
  expect(seen).toEqual([[`Bearer ${await session.token()}`]]);
});

describe('What is called with nothing to work with says so', () => {
  it.each<[string, () => unknown, string]>([
    ['apiVideo', () => apiVideo('key' as never), '"apiVideo" must be an object such as { apiKey }'],
    ['apiVideo', () => apiVideo({ apiKey: 5 as never }), '"apiKey" must be a string'],
    ['staticToken', () => staticToken(undefined as never), '"token" must be a string'],
    ['replayable', () => replayable('a stream' as never), '"replayable" must be a function that makes the body'],
    ['session.on', () => createSession(ok).on('refreshed', undefined as never), "on('refreshed') needs a function"],
  ])('%s', (_, call, message) => {
    const error = thrownBy(call);
    expect(error).toMatchObject({ code: 'ERR_BEARER_CONFIG' });
    expect((error as Error).message).toContain(message);
  });

  it.each<[string, () => unknown]>([
    ['tokens', () => createSession({ ...ok, tokens: 42 as never })],
    ['signIn()', () => createSession(ok).signIn({ access_token: 'a b' })],
  ])('%s is told of itself, and not of the source', async (named, call) => {
    const error = await failureOf((async () => call())());
    expect(error.message).toContain('The option tokens, signIn() and update() take');
    expect(error.message).toContain(named);
  });
});

it('an empty baseURL is relative to the page, as any other: a module may be loaded where there is none', () => {
  expect(() => bearer(axios.create({ baseURL: '' }), ok)).not.toThrow();
  expect(() => bearer(axios.create(), ok)).toThrow('"origins"');
});
