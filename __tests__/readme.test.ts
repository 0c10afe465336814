import assert from 'node:assert/strict';
import { createReadStream, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosAdapter, type AxiosInstance, type AxiosResponse } from 'axios';
import * as core from 'axios-bearer';
import * as apiVideoEntry from 'axios-bearer/api-video';
import * as authRefresh from 'axios-bearer/axios-auth-refresh';
import * as browser from 'axios-bearer/browser';
import * as file from 'axios-bearer/file';
import * as oauth2 from 'axios-bearer/oauth2';
import type { SessionPool } from 'axios-bearer/session-pool';
import * as sessionPoolEntry from 'axios-bearer/session-pool';
import * as testing from 'axios-bearer/testing';
import { type ApiVideo, type Echo, startApiVideo } from 'axios-bearer/testing';
import 'axios-bearer/use';
import axiosRetry from 'axios-retry';
import { readInstallOptions, readSessionOptions } from '../lib/read-options.js';
import { startAuthorizationServer } from './support/authorization-server.js';
import { literalsOf, membersOf, namesOf, readReadme, rowsOf, runBlock, source, type Values } from './support/readme.js';

const readme = readReadme();
const { bearer } = core;

let server: ApiVideo;
let api: AxiosInstance;
let own: Values;
const realAdapter = axios.defaults.adapter;

beforeEach(async () => {
  server = await startApiVideo();
  axios.defaults.adapter = toServer();
  api = axios.create({ baseURL: 'https://api.example.com' });
  own = {};
});

afterEach(async () => {
  (own.session as core.Session | undefined)?.close();
  axios.defaults.adapter = realAdapter as typeof axios.defaults.adapter;
  await server.close();
});

/** The README's hosts are ours, and so are its cookies; only this far from the truth does a block run. */
function toServer(): AxiosAdapter {
  const send = axios.getAdapter('http');
  const here = (url: string | undefined) =>
    url?.replace(/^https:\/\/(?:api\.example\.com|ws\.api\.video)/, server.url).replace(/^\/files/, '/echo/files');
  let cookie: string | undefined;

  return async (config) => {
    const { url, baseURL } = config;
    config.url = here(url);
    config.baseURL = here(baseURL);
    if (cookie) config.headers.set('Cookie', cookie);
    try {
      const answer = await send(config);
      cookie = answer.headers['set-cookie']?.[0] ?? cookie;
      return answer;
    } finally {
      Object.assign(config, { url, baseURL });
      config.headers.delete('Cookie');
    }
  };
}

const refresh: core.RefreshFunction = async ({ refreshToken }, { client }) =>
  (await client.post('/auth/refresh', { refreshToken })).data;

/** Runs the block of that name, after which `own` holds what it declared. */
async function run(name: string, given: Values = {}): Promise<Values> {
  const block = readme.blocks.find((one) => one.name === name);
  if (!block) throw new Error(`The README has no block "${name}"`);
  const modules = {
    axios: { default: axios },
    'axios-retry': { default: axiosRetry },
    'axios-bearer': core,
    'axios-bearer/api-video': apiVideoEntry,
    'axios-bearer/axios-auth-refresh': authRefresh,
    'axios-bearer/oauth2': oauth2,
    'axios-bearer/testing': testing,
    'axios-bearer/use': {},
    ...(given.modules as Values),
  };
  const globals = {
    ...core,
    ...apiVideoEntry,
    ...testing,
    axios,
    api,
    refresh,
    apiKey: server.apiKey,
    createReadStream,
  };
  own = await runBlock(block, modules, { ...globals, saved: server.issue(), ...given });
  return own;
}

/** Signed in, as the README takes it for granted where it has shown how. */
function signedIn(options: Partial<core.SessionOptions> = {}): core.Session {
  return bearer(api, { tokens: server.issue(), source: refresh, ...options });
}

/** What arrived, and how it was answered. */
function wire(): string[] {
  return server.log.map(({ status, method, path }) => `${method} ${path} ${status}`);
}

const REFRESHED = ['GET /videos 401', 'POST /auth/refresh 200', 'GET /videos 200'];

/** One expired token: does the session of this instance live through it? */
async function outlives(instance = api): Promise<string[]> {
  server.expire();
  server.reset();
  await instance.get('/videos');
  return wire();
}

/** What each block must do, by its name. */
const proofs: Record<string, (name: string) => Promise<void>> = {
  async 'axios-bearer'(name) {
    const saved = server.issue();
    server.expire();
    await run(name, { saved });
    expect(wire()).toEqual(REFRESHED);
  },

  async 'The first five lines'(name) {
    await run(name);
    expect(wire()).toEqual(['POST /auth/api-key 200', 'GET /videos 200']);
    expect(own.data).toMatchObject({ data: [] });
    expect(await outlives(own.api as AxiosInstance)).toEqual(REFRESHED);
  },

  async 'Your own refresh function'(name) {
    await run(name);
    expect(await outlives()).toEqual(REFRESHED);
  },

  async 'Your own refresh function 2'(name) {
    server.fault('/auth/revoke', 'empty');
    await run(name);
    expect(wire()).toEqual(['POST /auth/api-key 200', 'GET /videos 200', 'POST /auth/revoke 204']);
  },

  async 'OAuth 2'(name) {
    const logins = await startAuthorizationServer();
    const send = axios.getAdapter('http');
    const places = new Map([
      ['https://login.example.com/token', logins.tokenEndpoint],
      ['https://login.example.com/revoke', logins.revocationEndpoint],
      ['/videos', logins.resource],
    ]);
    api.defaults.adapter = (config) => send({ ...config, baseURL: '', url: places.get(config.url ?? '') });
    try {
      const saved = { access_token: 'expired', refresh_token: await logins.login('my-app') };
      const { session } = (await run(name, { saved })) as { session: core.Session };
      expect((await api.get('/videos')).data).toEqual({ owner: 'ada' });
      expect([logins.asked, logins.revoked]).toEqual([1, 0]);
      const token = await session.token();
      await session.signOut();
      expect(await logins.isActive(token)).toBe(false);
    } finally {
      await logins.close();
    }
  },

  async 'api.video'(name) {
    await run(name);
    expect(await outlives()).toEqual(REFRESHED);
  },

  async 'api.video 2'(name) {
    const clock = testing.fakeClock();
    try {
      const { session } = (await run(name)) as { session: core.Session };
      await api.get('/videos');
      const refreshed = new Promise((resolve) => session.on('refreshed', resolve));
      await clock.advance(54 * 60_000);
      expect(server.stats.refresh).toBe(0);
      await clock.advance(60_000 + 500);
      await refreshed;
      expect(wire().at(-1)).toBe('POST /auth/refresh 200');
    } finally {
      clock.restore();
    }
  },

  async 'api.video 3'(name) {
    signedIn();
    const { data } = await api.post('/upload-tokens', { ttl: 60 });
    const uploads = axios.create({ baseURL: 'https://ws.api.video' });
    const form = new FormData();
    form.append('file', new Blob(['a film']), 'film.mp4');
    server.reset();
    await run(name, { api: uploads, delegatedToken: data.token, form });
    expect(wire()).toEqual(['POST /upload 201']);
    expect(server.log[0]?.authorized).toBe(false);
  },

  async Cookies(name) {
    await axios.post('https://api.example.com/cookie/login');
    server.expire();
    server.reset();
    await run(name);
    expect(wire()).toEqual(['GET /cookie/me 401', 'POST /cookie/refresh 204', 'GET /cookie/me 200']);
  },

  async 'Login and logout'(name) {
    server.fault('/login', { json: server.issue() });
    await run(name, { email: 'ada@example.com', password: 'lovelace' });
    expect(wire()).toEqual(['POST /login 200', 'GET /videos 200']);
    expect((own.session as core.Session).state).toEqual({ status: 'signed-out' });
  },

  async 'Login and logout 2'(name) {
    const shown: string[] = [];
    const showLogin = () => void shown.push('login');
    server.fault('/auth/refresh', { json: server.issue() });
    const { session } = (await run(name, { showLogin })) as { session: core.Session };
    expect([session.state.status, shown]).toEqual(['active', []]);
    session.close();
    server.fault('/auth/refresh', { status: 401 });
    await run(name, { showLogin });
    expect(shown).toEqual(['login']);
  },

  async 'Login and logout 3'(name) {
    const session = signedIn();
    const react = { useSyncExternalStore: (_: unknown, getSnapshot: () => unknown) => getSnapshot() };
    const { useSession } = await run(name, { session, modules: { react } });
    expect((useSession as () => unknown)()).toMatchObject({ status: 'active', generation: 1 });
  },

  async 'Several instances, several identities'(name) {
    const billing = axios.create({ baseURL: 'https://api.example.com' });
    await run(name, { billing });
    server.expire();
    await Promise.all([api.get('/videos'), billing.get('/videos')]);
    expect(server.stats).toMatchObject({ unauthorized: 2, refresh: 1, ok: 2 });
  },

  async 'Several instances, several identities 2'(name) {
    const { uninstall } = await run(name, { tokensOf: { ada: server.issue(), bob: server.issue() } });
    const generations = server.log.map(({ generation }) => generation);
    expect(generations[0]).toBeLessThan(generations[1] as number);
    server.expire();
    await api.get('/videos', { headers: { 'X-Tenant': 'ada' } });
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0, ok: 3 });
    (uninstall as () => void)();
    await expect(api.get('/videos', { headers: { 'X-Tenant': 'ada' } })).rejects.toMatchObject({
      response: { status: 401 },
    });
  },

  async 'Several instances, several identities 3'(name) {
    const stores = new Map<string, core.TokenStore>();
    const storeOf = (user: string) => stores.get(user) ?? stores.set(user, core.memoryStore()).get(user);
    const early = core.createSession({ source: refresh, store: storeOf('ada') as core.TokenStore });
    await early.signIn(server.issue());
    await early.close();
    const { pool } = await run(name, { modules: { 'axios-bearer/session-pool': sessionPoolEntry }, storeOf });
    server.expire();
    await api.get('/videos', { headers: { 'X-User': 'ada' } });
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0, ok: 2 });
    await (pool as SessionPool).close();
  },

  async 'axios.use'(name) {
    await run(name);
    expect((own.api as AxiosInstance).use).toBeInstanceOf(Function);
    server.fault('/videos', { status: 503 });
    await axios.get('https://ws.api.video/videos');
    expect(wire()).toEqual(['POST /auth/api-key 200', 'GET /videos 503', 'GET /videos 200']);
    axios.interceptors.request.clear();
    axios.interceptors.response.clear();
  },

  async 'One request'(name) {
    const { access_token: accessToken, refresh_token: refreshToken } = server.issue();
    const minutes = (n: number) => Date.now() + n * 60_000;
    signedIn({ tokens: { accessToken, refreshToken, issuedAt: minutes(-52), expiresAt: minutes(8) } });
    for (const path of ['/status', '/orders']) server.fault(path, { json: {} });
    await run(name, { video: { title: 'A film' }, order: {} });
    expect(wire()).toEqual(['GET /status 200', 'POST /auth/refresh 200', 'POST /videos 201', 'POST /orders 200']);
    expect(server.log.map(({ authorized }) => authorized)).toEqual([false, false, true, true]);
  },

  async 'One request 2'(name) {
    signedIn();
    const path = fileURLToPath(new URL('../README.md', import.meta.url));
    const answers: AxiosResponse<Echo>[] = [];
    api.interceptors.response.use((answer) => {
      answers.push(answer);
      return answer;
    });
    server.expire();
    await run(name, { path });
    expect(wire()).toEqual(['POST /echo/files 401', 'POST /auth/refresh 200', 'POST /echo/files 200']);
    expect(answers.map(({ data }) => data.length)).toEqual([statSync(path).size]);
  },

  async GraphQL(name) {
    server.fault('/graphql', { json: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] } });
    server.fault('/graphql', { json: { data: { me: { name: 'Ada' } } } });
    await run(name);
    expect(wire()).toEqual(['POST /graphql 200', 'POST /auth/refresh 200', 'POST /graphql 200']);
  },

  async 'WebSocket, fetch'(name) {
    const session = signedIn();
    const opened: unknown[] = [];
    class WebSocket {
      constructor(...given: unknown[]) {
        opened.push(given);
      }
    }
    const fetchHere = (url: string, init: RequestInit) =>
      fetch(url.replace('https://api.example.com', server.url), init);
    const { answer } = await run(name, { session, WebSocket, fetch: fetchHere });
    expect(opened).toEqual([['wss://api.example.com/live', ['bearer', await session.token()]]]);
    expect(answer).toMatchObject({ status: 200 });
  },

  async 'Keeping a session through a restart'(name) {
    const items = new Map<string, string>();
    const AsyncStorage = {
      getItem: async (key: string) => items.get(key) ?? null,
      setItem: async (key: string, value: string) => void items.set(key, value),
      removeItem: async (key: string) => void items.delete(key),
    };
    const { session: before } = (await run(name, { AsyncStorage })) as { session: core.Session };
    await before.signIn(server.issue());
    before.close();
    expect([...items.keys()]).toEqual(['axios-bearer']);
    await run(name, { AsyncStorage });
    expect(await outlives()).toEqual(REFRESHED);
  },

  // Here, as on any server, it is a memory; in pages it is tested in __tests__/browser.
  async 'Several tabs, one session'(name) {
    const { session } = (await run(name, { modules: { 'axios-bearer/browser': browser } })) as {
      session: core.Session;
    };
    await session.signIn(server.issue());
    expect(await outlives()).toEqual(REFRESHED);
  },

  async 'Several processes, one session'(name) {
    const folder = await mkdtemp(join(tmpdir(), 'axb-'));
    const fileStore = (path: string) => file.fileStore(join(folder, path));
    const { session: first } = (await run(name, { modules: { 'axios-bearer/file': { fileStore } } })) as {
      session: core.Session;
    };
    await first.signIn(server.issue());
    await first.close();
    await run(name, { modules: { 'axios-bearer/file': { fileStore } } });
    expect(await outlives()).toEqual(REFRESHED);
    // Its socket goes a moment after its last refresh.
    await rm(folder, { recursive: true, maxRetries: 5 });
  },

  async 'Several hosts, one session'(name) {
    const made: unknown[] = [];
    class Pool {}
    const postgresStore = (pool: unknown, options: object) => {
      made.push([pool, options]);
      return core.memoryStore();
    };
    const modules = { 'axios-bearer/postgres': { postgresStore }, pg: { default: { Pool } } };
    await run(name, { modules });
    expect(made).toEqual([[expect.any(Pool), { key: 'crm', createTable: true }]]);
  },

  async Events(name) {
    const told: unknown[] = [];
    const note = (facts: unknown, text: unknown) => void told.push([text, facts]);
    await run(name, {
      session: signedIn(),
      log: { info: note, warn: note, error: note },
      metrics: { increment: (metric: string, labels: object) => note(labels, metric) },
    });
    server.expire();
    server.fault('/auth/refresh', { status: 503 });
    await api.get('/videos');
    expect(told).toEqual([
      ['bearer_waiting', { after: '401' }],
      ['refresh failed', { code: 'ERR_BEARER_UNAVAILABLE', cause: expect.any(String), retryAfter: expect.any(Number) }],
      ['token refreshed', { generation: 2, adopted: false }],
    ]);
  },

  async Errors(name) {
    const told: unknown[] = [];
    const given = { log: { warn: (facts: object) => told.push(facts) }, showLogin: () => told.push('login') };
    signedIn({ refreshRetries: 0, backoff: { initial: 0 } });
    server.expire();
    server.fault('/auth/refresh', { status: 503 });
    await run(name, given);
    server.revokeRefreshTokens();
    await run(name, given);
    expect(told).toEqual([{ retryAfter: expect.any(Number) }, 'login']);
  },

  async 'Coming from another package'(name) {
    await run(name);
    await api.get('/videos');
    expect(wire()).toEqual(REFRESHED);
  },

  async 'Testing your own app'(name) {
    const tests: Promise<void>[] = [];
    const test = (_: string, body: () => Promise<void>) => void tests.push(body());
    await run(name, { modules: { 'node:test': { test }, 'node:assert/strict': { default: assert } } });
    expect(tests).toHaveLength(1);
    await Promise.all(tests);
  },

  async 'Testing your own app 2'(name) {
    const session = signedIn();
    const refreshed = new Promise((resolve) => session.on('refreshed', resolve));
    await run(name);
    await refreshed;
    const requests = server.log.filter(({ path }) => path === '/videos');
    expect(requests.map(({ status, generation }) => [status, generation])).toEqual([
      [200, 1],
      [200, 1],
    ]);
  },
};

describe('The code in the README', () => {
  it('is all run here', () => {
    expect(Object.keys(proofs)).toEqual(readme.blocks.map(({ name }) => name));
  });

  it.each(Object.keys(proofs))('does what the text says under "%s"', (name) => proofs[name]?.(name));
});

describe('The README', () => {
  const table = (heading: string, columns = 2) =>
    namesOf(rowsOf(readme, heading).filter((row) => row.length === columns)).sort();

  it.each([
    ['each option of a session', 'Options of a session', 3, membersOf('lib/options.ts', 'SessionOptions')],
    ['each option of an instance', 'Options of an instance', 3, membersOf('lib/options.ts', 'InstallOptions')],
    [
      'each option of a request',
      'One request',
      3,
      ['false', ...membersOf('lib/interceptors/config.ts', 'BearerRequestOptions')],
    ],
    ['each error code', 'Errors', 3, literalsOf('lib/errors.ts', 'BearerErrorCode')],
    ['each event', 'Events', 3, membersOf('lib/session/events.ts', 'BearerEvents')],
    ['each member of a source', 'Your own refresh function', 2, membersOf('lib/sources/source.ts', 'TokenSource')],
    [
      'each member and each state of a session',
      'Login and logout',
      2,
      [
        ...membersOf('lib/session/session.ts', 'Session').filter((name) => name !== 'constructor'),
        ...literalsOf('lib/session/snapshot.ts', 'SessionState', 'status'),
      ],
    ],
    ['each lever of the test server', 'Testing your own app', 2, membersOf('lib/testing/api-video.ts', 'ApiVideo')],
  ])('names %s, and no other', (_, heading, columns, names) => {
    expect(names.length).toBeGreaterThan(1);
    expect(table(heading, columns)).toEqual([...names].sort());
  });

  it('names each reason for a request without a token, and each for the end of a session', () => {
    const events = readme.sections.find(({ heading }) => heading === 'Events')?.text;
    for (const type of ['SkipReason', 'SignOutReason']) {
      for (const reason of literalsOf('lib/session/events.ts', type)) expect(events).toContain(`\`'${reason}'\``);
    }
  });

  it('names each entry of the package', () => {
    const { name, exports } = JSON.parse(source('package.json'));
    for (const entry of Object.keys(exports)) {
      if (entry !== './package.json') expect(readme.text).toContain(`${name}${entry.slice(1)}'`);
    }
  });

  it.each([
    ['Options of a session', readSessionOptions({ source: refresh })],
    ['Options of an instance', readInstallOptions({})],
  ])('gives the defaults that the code has under "%s"', (heading, settings) => {
    const { source: _, ...defaults } = settings as Values;
    for (const [first, shown] of rowsOf(readme, heading)) {
      const value = defaults[namesOf([[first ?? '']])[0] ?? ''];
      if (value !== undefined) expect([first, literal(shown)]).toEqual([first, value]);
    }
  });
});

/** The value of a cell such as `` `10_000` ``. */
function literal(cell: string | undefined): unknown {
  return new Function(`return (${cell?.replaceAll('`', '')})`)();
}
