import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios from 'axios';
import {
  bearer,
  createSession,
  type InstallOptions,
  memoryStore,
  type SessionOptions,
  type TokenStore,
} from 'axios-bearer';
import { cleanUp, closeSessionAtEnd, installClock, startServer, startSession, tokenPair } from '../support/kit.js';

// What plain JavaScript hands over.
// biome-ignore lint/suspicious/noExplicitAny: of any type
type Any = any;

const API = 'https://api.example';

function thrownBy(act: () => unknown): Any {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('It should have thrown');
}

/** A store that tells of each call. */
function spied() {
  const calls: string[] = [];
  const inner = memoryStore();
  const store = {
    ...inner,
    read: () => {
      calls.push('read');
      return inner.read();
    },
    write: (entry: Any) => {
      calls.push('write');
      return inner.write(entry);
    },
    subscribe: () => {
      calls.push('subscribe');
      return () => void calls.push('left');
    },
  } as TokenStore;
  return { calls, store };
}

const manager = () => ({ use() {}, eject() {}, clear() {} });
const noInstances: [string, Any][] = [
  ['undefined', undefined],
  ['null', null],
  ['a text', 'https://api.example'],
  ['an object', {}],
  ['a mock with use() only', { interceptors: { request: { use() {} }, response: { use() {} } } }],
  [
    'a mock that jest has made of it',
    Object.assign(jest.fn(), { interceptors: { request: { use: jest.fn() }, response: { use: jest.fn() } } }),
  ],
  [
    'a mock with use(), eject() and clear()',
    { defaults: { baseURL: API }, interceptors: { request: manager(), response: manager() } },
  ],
  ['a mock with one manager', { interceptors: { request: axios.create().interceptors.request } }],
  [
    'a mock with handlers and no forEach()',
    { interceptors: { request: { ...manager(), handlers: [] }, response: { ...manager(), handlers: [] } } },
  ],
];

afterEach(cleanUp);

describe.each(noInstances)('%s is no axios instance', (_, instance) => {
  const told = expect.objectContaining({
    code: 'ERR_BEARER_CONFIG',
    isAxiosError: true,
    message: expect.stringMatching(/"instance" must be an axios instance.*mock/),
  });

  it('says bearer()', () => {
    const { calls, store } = spied();
    expect(thrownBy(() => bearer(instance, { source: async () => 'a', store, keepFresh: true }))).toEqual(told);
    expect(calls).toEqual([]);
  });

  it('says bearer() with a session, or with a choice of one', () => {
    const session = startSession();
    expect(thrownBy(() => bearer(instance, { session }))).toEqual(told);
    expect(thrownBy(() => bearer(instance, { session: () => session }))).toEqual(told);
  });

  it('says install(), and the session is as before', async () => {
    const session = startSession({ tokens: 'a' });
    expect(thrownBy(() => session.install(instance))).toEqual(told);
    expect(await session.token()).toBe('a');
  });
});

describe('bearer(api) without what it needs', () => {
  const api = axios.create({ baseURL: API });

  it.each<[string, Any[]]>([
    ['nothing', []],
    ['undefined', [undefined]],
    ['null', [null]],
    ['a text', ['token']],
    ['a number', [7]],
    ['a function', [async () => 'token']],
  ])('is told what it needs: %s', (_, rest) => {
    const error = thrownBy(() => (bearer as Any)(api, ...rest));
    expect(error).toMatchObject({ code: 'ERR_BEARER_CONFIG', isAxiosError: true });
    expect(error.message).toMatch(/"options" must be an object with a source/);
  });

  it.each<[string, Any, RegExp]>([
    ['{}', {}, /"source"/],
    ['a source that is none', { source: {} }, /"source"/],
    ['a source of null', { source: null }, /"source"/],
    ['a session of undefined', { session: undefined }, /"session"/],
    ['a session that is none', { session: {} }, /"session"/],
  ])('is told which option is wrong: %s', (_, options, named) => {
    const error = thrownBy(() => bearer(api, options));
    expect(error.code).toBe('ERR_BEARER_CONFIG');
    expect(error.message).toMatch(named);
  });

  it('serves nobody afterwards', async () => {
    const server = await startServer();
    const bare = axios.create({ baseURL: server.url });
    const before = bare.interceptors.request;
    for (const rest of [[], [null], [{}], [{ source: async () => 'a', header: '' }]]) {
      thrownBy(() => (bearer as Any)(bare, ...rest));
    }
    expect((before as Any).handlers).toEqual([]);
    expect(Object.hasOwn(before, 'forEach')).toBe(false);
    expect((await bare.get('/public')).data).toEqual({ authorization: false });
  });
});

describe('bearer() that throws leaves nothing behind', () => {
  const wrong: [string, InstallOptions & Partial<SessionOptions>][] = [
    ['header', { header: '' }],
    ['origins', { origins: 'nonsense' }],
    ['whenSignedOut', { whenSignedOut: 'never' as Any }],
    ['maxReplays', { maxReplays: -1 }],
    ['replayConcurrency', { replayConcurrency: 0.5 }],
    ['beforeSend', { beforeSend: true as Any }],
    ['shouldRefreshOnError', { shouldRefreshOnError: 'no' as Any }],
    ['tokens', { tokens: { access_token: 7 } as Any }],
    ['leeway', { leeway: -1 }],
    ['backoff', { backoff: null as Any }],
  ];

  it.each(wrong)('no timer, no read of the store, no listener: a wrong %s', async (_, options) => {
    const clock = installClock();
    const { calls, store } = spied();
    const api = axios.create({ baseURL: API });
    let asked = 0;
    const source = async () => {
      asked += 1;
      return tokenPair('new');
    };
    const error = thrownBy(() =>
      bearer(api, { source, store, keepFresh: true, tokens: tokenPair('old', { expires_in: 1 }), ...options }),
    );
    expect(error.code).toMatch(/^ERR_BEARER_(CONFIG|TOKEN)$/);
    await clock.advance(600_000);
    expect([calls, asked]).toEqual([[], 0]);
    expect((api.interceptors.request as Any).handlers).toEqual([]);
    expect((api.interceptors.response as Any).handlers).toEqual([]);
  });

  it('no timer, no read of the store: nothing tells where the token may go', async () => {
    const clock = installClock();
    const { calls, store } = spied();
    const error = thrownBy(() => bearer(axios.create(), { source: async () => 'a', store, keepFresh: true }));
    expect(error).toMatchObject({ code: 'ERR_BEARER_CONFIG', message: expect.stringContaining('"origins"') });
    await clock.advance(600_000);
    expect(calls).toEqual([]);
  });

  it('and leaves at work what was installed before', async () => {
    const server = await startServer();
    const api = axios.create({ baseURL: server.url });
    const session = closeSessionAtEnd(bearer(api, { source: async () => 'a', tokens: server.issue() }));
    thrownBy(() => bearer(api, { source: async () => 'b', header: '' }));
    thrownBy(() => bearer(api, { session: {} as Any }));
    expect((await api.get('/echo')).status).toBe(200);
    expect(session.state.status).toBe('active');
  });

  it('but createSession() needs no instance', async () => {
    expect(await closeSessionAtEnd(createSession({ source: async () => 'b', tokens: 'a' })).token()).toBe('a');
  });
});
