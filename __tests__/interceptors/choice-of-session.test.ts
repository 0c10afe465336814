import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';
import { bearer, type InstallOptions, type Session, type SessionOptions } from 'axios-bearer';
import type { ApiVideo } from 'axios-bearer/testing';
import {
  cleanUp,
  codeOf,
  deferred,
  installClock,
  nextEvent,
  refreshing,
  startServer,
  startSession,
} from '../support/kit.js';

afterEach(cleanUp);

const MINUTE = 60_000;

type Choice = (config: InternalAxiosRequestConfig) => Session | undefined;

/** The same choice, made at once or with a promise of it. */
const manners: [
  string,
  (choose: Choice) => Choice | ((config: InternalAxiosRequestConfig) => Promise<Session | undefined>),
][] = [
  ['at once', (choose) => choose],
  ['after a while', (choose) => async (config) => choose(config)],
];

function sent({ log }: ApiVideo, path: string) {
  return log.filter((entry) => entry.path === path).map(({ generation }) => generation);
}

describe.each(manners)('A function that chooses the session %s', (_, make) => {
  /** Ada's token is the server's first, Bob's the second. A header says for which user a request is, unless `choose` does. */
  async function tenants(options: InstallOptions & Partial<SessionOptions> & { choose?: Choice } = {}) {
    const { choose, source = refreshing, ...rest } = options;
    const server = await startServer();
    const [ada, bob] = [
      startSession({ tokens: server.issue(), source }),
      startSession({ tokens: server.issue(), source }),
    ];
    const all: Record<string, Session> = { ada, bob };
    const api: AxiosInstance = axios.create({ baseURL: server.url });
    bearer(api, { ...rest, session: make(choose ?? (({ headers }) => all[String(headers['X-Tenant'])])) });
    const as = (tenant: string) => ({ headers: { 'X-Tenant': tenant } });
    return { server, api, ada, bob, all, as };
  }

  it('is asked for each request anew', async () => {
    const { server, api, as } = await tenants();
    for (const tenant of ['ada', 'bob', 'nobody', 'bob', 'ada']) await api.get('/public', as(tenant));
    expect(sent(server, '/public')).toEqual([1, 2, undefined, 2, 1]);
  });

  it('L21 is not asked again for the replay: it goes as who it was sent as', async () => {
    let who = 'ada';
    const { server, api, all, ada } = await tenants({ choose: () => all[who] });
    const door = server.hold('/echo/ada');
    const request = api.get('/echo/ada');
    await door.arrived(1);
    who = 'bob';
    server.expire();
    door.release();
    expect((await request).status).toBe(200);
    expect(sent(server, '/echo/ada')).toEqual([1, 3]);
    expect(ada.state).toMatchObject({ generation: 2 });
  });

  it('L21 gives nobody who waits as Ada the token of Bob, who signs in there', async () => {
    const { server, api, ada, as } = await tenants();
    const refresh = server.hold('/auth/refresh');
    server.fault('/echo/ada', { status: 401 });
    const request = codeOf(api.get('/echo/ada', as('ada')));
    await refresh.arrived(1);
    await ada.signIn(server.issue());
    refresh.release();
    expect(await request).toBe('ERR_BEARER_IDENTITY');
    expect(sent(server, '/echo/ada')).toEqual([1]);
  });

  it('L22 ends who waits when that session is signed out, and no other', async () => {
    const { server, api, ada, as } = await tenants();
    server.expire();
    const refresh = server.hold('/auth/refresh');
    const waits = [api.get('/echo/ada', as('ada')), api.get('/echo/bob', as('bob'))].map(codeOf);
    await refresh.arrived(2);
    await ada.signOut();
    refresh.release();
    expect(await Promise.all(waits)).toEqual(['ERR_BEARER_SIGNED_OUT', 'fulfilled']);
  });

  it('L19 sends no token abroad, and a 401 from there refreshes nothing', async () => {
    const { server, api, as } = await tenants();
    const abroad = await startServer();
    expect((await api.get(`${abroad.url}/public`, as('ada'))).data).toEqual({ authorization: false });
    expect(await codeOf(api.get(`${abroad.url}/videos`, as('ada')))).toBe('ERR_BAD_REQUEST');
    expect(server.stats.refresh).toBe(0);
  });

  it('leaves alone what is skipped, told to be left alone, or authorized by its caller', async () => {
    const { server, api, ada, as } = await tenants({ skip: ({ url }) => url === '/echo/skipped' });
    const events: unknown[] = [];
    ada.on('skipped', ({ reason }) => events.push(reason));
    const own = { headers: { ...as('ada').headers, Authorization: 'Basic abc' } };
    const left = [
      api.get('/echo/skipped', as('ada')),
      api.get('/echo/off', { ...as('ada'), bearer: false }),
      api.get('/echo/own', own),
    ];
    expect(await Promise.all(left.map(codeOf))).toEqual(Array(3).fill('ERR_BAD_REQUEST'));
    expect(events.sort()).toEqual(['off', 'own-authorization', 'skip']);
    expect(server.stats.refresh).toBe(0);
  });

  it('heeds minValidity, replay and maxReplays as one session does', async () => {
    const clock = installClock();
    const { server, api, as } = await tenants({ maxReplays: 1 });
    await clock.advance(30 * MINUTE);
    await api.get('/echo/long', { ...as('ada'), bearer: { minValidity: 40 * MINUTE } });
    expect(sent(server, '/echo/long')).toEqual([3]);
    server.fault('/echo/once', { status: 401 });
    expect(await codeOf(api.get('/echo/once', { ...as('bob'), bearer: { replay: false } }))).toBe('ERR_BAD_REQUEST');
    expect(sent(server, '/echo/once')).toEqual([2]);
    server.fault('/echo/twice', { status: 401 }, { times: 2 });
    expect(await codeOf(api.get('/echo/twice', as('ada')))).toBe('ERR_BAD_REQUEST');
    expect(sent(server, '/echo/twice')).toHaveLength(2);
  });

  it('L6 L7 bounds the refreshes of one session and not those of another', async () => {
    const server = await startServer();
    const soon = { source: refreshing, backoff: { initial: 1, factor: 1, cap: 1 } };
    const [ada, bob] = [
      startSession({ tokens: server.issue(), ...soon }),
      startSession({ tokens: server.issue(), ...soon }),
    ];
    const api = axios.create({ baseURL: server.url });
    bearer(api, { session: make(({ params }) => (params.as === 'ada' ? ada : bob)) });
    const poll = async (who: string, path: (i: number) => string) => {
      const before = server.stats.refresh;
      for (let i = 0; i < 10; i += 1) {
        expect(await codeOf(api.get(path(i), { params: { as: who } }))).toBe('ERR_BAD_REQUEST');
      }
      return server.stats.refresh - before;
    };
    // One target is not worth more than two; all together have the limit of `refreshWindow`.
    const names = [...'abcdefghij'].map((name) => `/echo/${name}`);
    server.fault((request) => names.includes(request.path), { status: 401 }, { times: Number.POSITIVE_INFINITY });
    for (const who of ['ada', 'bob']) {
      expect(await poll(who, () => '/always-401')).toBe(2);
      expect(await poll(who, (i) => names[i] as string)).toBe(3);
    }
  });

  it('keeps whenSignedOut for a session that is signed out, as for nobody', async () => {
    const { server, api, ada, as } = await tenants({ whenSignedOut: 'reject' });
    await ada.signOut();
    for (const tenant of ['ada', 'nobody']) {
      expect(await codeOf(api.get('/public', as(tenant)))).toBe('ERR_BEARER_SIGNED_OUT');
    }
    expect(server.stats.requests).toBe(0);
    expect((await api.get('/public', as('bob'))).data).toEqual({ authorization: true });
  });
});

describe.each<[string, () => Session | undefined | Promise<Session | undefined>]>([
  [
    'throws',
    () => {
      throw new Error('no tenant');
    },
  ],
  ['rejects', () => Promise.reject(new Error('no tenant'))],
  ['returns no session', () => 'ada' as never],
  ['promises no session', async () => 'ada' as never],
])('A function that %s', (_, choose) => {
  it('has no say where a request is told to be left alone', async () => {
    const server = await startServer();
    const api = axios.create({ baseURL: server.url });
    bearer(api, { session: choose });
    expect((await api.get('/public', { bearer: false })).data).toEqual({ authorization: false });
    expect(await codeOf(api.get('/public'))).not.toBe('fulfilled');
    expect(server.stats.requests).toBe(1);
  });

  it('has none where the request is made by a source', async () => {
    const server = await startServer();
    const api = axios.create({ baseURL: server.url });
    bearer(api, { session: choose });
    const obtain = async () => (await api.post('/auth/api-key', { apiKey: server.apiKey }, { bearer: false })).data;
    expect(await startSession({ source: { obtain } }).token()).toMatch(/^at_/);
  });
});

it('L22 a session that is signed out while the function still thinks gives no token', async () => {
  const server = await startServer();
  const session = startSession({ tokens: server.issue(), source: refreshing });
  const chosen = deferred<Session>();
  const api = axios.create({ baseURL: server.url });
  bearer(api, { session: () => chosen.promise });
  const request = api.get('/public');
  await session.signOut();
  const skipped = nextEvent(session, 'skipped');
  chosen.resolve(session);
  expect((await request).data).toEqual({ authorization: false });
  expect(await skipped).toMatchObject({ reason: 'signed-out' });
});
