import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosInstance } from 'axios';
import * as core from 'axios-bearer';
import type { ApiVideo } from 'axios-bearer/testing';
import { atEnd, cleanUp, deferred, settle, startServer, until } from '../support/kit.js';
import { type Block, readReadme, runBlock } from '../support/readme.js';
import { rowsOf, sectionOf } from './markdown.js';

const PAGE = 'docs/migrate-from-the-queue-snippet.md';
const blocks = readReadme(PAGE).blocks;
const block = (name: string) => blocks.find((one) => one.name === name) as Block;

afterEach(cleanUp);

/** A browser's storage and address bar. */
function browser() {
  const items = new Map<string, string>();
  const localStorage = {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
    clear: () => items.clear(),
  };
  return { items, localStorage, window: { location: { href: '/' } } };
}

interface App extends ReturnType<typeof browser> {
  server: ApiVideo;
  api: AxiosInstance;
  logout(): unknown;
}

type Start = (signedIn?: boolean) => Promise<App>;

async function start(name: string) {
  const server = await startServer();
  const page = browser();
  const modules = { axios: { default: axios }, 'axios-bearer': core };
  const app = await runBlock(block(name), modules, { baseURL: server.url, ...page });
  return { ...page, server, api: app.api as AxiosInstance, session: app.session as core.Session };
}

const before: Start = async (signedIn = true) => {
  const app = await start('Before');
  const { access_token, refresh_token } = app.server.issue();
  if (signedIn) app.items.set('accessToken', access_token).set('refreshToken', refresh_token);
  return { ...app, logout: () => app.items.clear() };
};

const after: Start = async (signedIn = true) => {
  const app = await start('After');
  atEnd(() => app.session.close());
  if (signedIn) await app.session.signIn(app.server.issue());
  return { ...app, logout: () => app.session.signOut() };
};

const statusOf = (request: Promise<{ status: number }>) =>
  request.then(
    ({ status }) => status,
    (error) => error.code,
  );

/** What becomes of each row of the table: what is found with the blocks under "Before" and "After". */
const rows: [row: string, run: (begin: Start) => Promise<unknown>, before: unknown, after: unknown][] = [
  [
    '100 requests at once, expired token',
    async (begin) => {
      const { server, api } = await begin();
      server.expire();
      const all = await Promise.all(Array.from({ length: 100 }, () => statusOf(api.get('/videos'))));
      return [all.filter((status) => status === 200).length, server.stats.refresh];
    },
    // Each 401 that comes late is one more refresh: how many do is chance.
    [100, expect.any(Number)],
    [100, 1],
  ],
  [
    'the token endpoint answers 503 once',
    async (begin) => {
      const { server, api, items } = await begin();
      server.expire();
      server.fault('/auth/refresh', { status: 503 });
      const hold = server.hold('/videos');
      const requests = Promise.all(Array.from({ length: 10 }, () => statusOf(api.get('/videos'))));
      await hold.arrived(10);
      hold.release();
      return [(await requests).filter((status) => status === 200).length, items.size > 0];
    },
    [0, false],
    [10, true],
  ],
  [
    'a 401 that arrives after the refresh',
    async (begin) => {
      const { server, api } = await begin();
      server.expire();
      const refreshed = deferred();
      const send = axios.getAdapter('http');
      const adapter: typeof send = async (config) => {
        const answer = await send(config).catch((error) => error);
        await refreshed.promise;
        return answer instanceof Error ? Promise.reject(answer) : answer;
      };
      const late = api.get('/videos', { adapter });
      await until(() => server.stats.unauthorized === 1);
      await api.get('/videos');
      refreshed.resolve();
      return [(await late).status, server.stats.refresh];
    },
    [200, 2],
    [200, 1],
  ],
  [
    '20 polls of a URL that always says 401',
    async (begin) => {
      const { server, api } = await begin();
      for (let poll = 0; poll < 20; poll++) await statusOf(api.get('/always-401'));
      return server.stats.refresh;
    },
    20,
    2,
  ],
  [
    'a wrong password at the login',
    async (begin) => {
      const { server, api, window } = await begin(false);
      server.fault('/login', { status: 401 });
      await statusOf(api.post('/login', {}));
      return [server.log.map(({ path }) => path), window.location.href];
    },
    [['/login', '/auth/refresh'], '/login'],
    [['/login'], '/'],
  ],
  [
    'a logout during a refresh',
    async (begin) => {
      const { server, api, items, logout } = await begin();
      server.expire();
      const hold = server.hold('/auth/refresh');
      const request = statusOf(api.get('/videos'));
      await hold.arrived(1);
      await logout();
      hold.release();
      await request;
      await settle();
      // A sign-out is an entry too, without a token.
      return [...items.values()].filter((item) => !/^\{"version"/.test(item) || item.includes('oken')).length;
    },
    2,
    0,
  ],
  [
    'an abort during a refresh',
    async (begin) => {
      const { server, api } = await begin();
      server.expire();
      const hold = server.hold('/auth/refresh');
      const aborter = new AbortController();
      const request = statusOf(api.get('/videos', { signal: aborter.signal }));
      await hold.arrived(1);
      aborter.abort();
      const heard = await Promise.race([request, settle().then(() => 'later')]);
      hold.release();
      await request;
      return heard;
    },
    'later',
    'ERR_CANCELED',
  ],
  [
    'an absolute URL of another origin',
    async (begin) => {
      const other = await startServer();
      const { api } = await begin();
      return (await api.get(`${other.url}/public`)).data.authorization;
    },
    true,
    false,
  ],
  [
    'other interceptors, per recovered request',
    async (begin) => {
      const { server, api } = await begin();
      const seen: string[] = [];
      api.interceptors.request.use((config) => {
        seen.push('request');
        return config;
      });
      api.interceptors.response.use(
        (answer) => {
          seen.push(String(answer.status));
          return answer;
        },
        (error) => {
          seen.push(String(error.response?.status));
          throw error;
        },
      );
      server.expire();
      await api.get('/videos');
      return seen.sort();
    },
    ['200', '200', 'request', 'request'],
    ['200', 'request'],
  ],
  [
    'a stream as body, sent again',
    async (begin) => {
      const { server, api } = await begin();
      server.expire();
      const headers = { 'Content-Type': 'text/plain' };
      return api.post('/echo/files', Readable.from(['a film']), { headers, maxRedirects: 0 }).then(
        ({ status, data }) => [status, data.length],
        (error) => error.code,
      );
    },
    [200, 0],
    'ERR_BEARER_BODY',
  ],
];

describe('From the queue snippet: what the page says', () => {
  it('names each row that is measured, and no other', () => {
    expect(rowsOf(sectionOf(PAGE, 'What changes')).map(([name]) => name)).toEqual(rows.map(([name]) => name));
  });

  it.each(rows)('%s: before', async (_, run, expected) => {
    expect(await run(before)).toEqual(expected);
  });

  it.each(rows)('%s: after', async (_name, run, _before, expected) => {
    expect(await run(after)).toEqual(expected);
  });

  it('who was signed in at the time of the change stays so', async () => {
    const { server, api, items, localStorage } = await before();
    const source: core.RefreshFunction = async ({ refreshToken }, { client }) =>
      (await client.post('/auth/refresh', { refreshToken })).data;
    const fresh = axios.create({ baseURL: api.defaults.baseURL as string });
    const { session } = await runBlock(block('After 3'), {}, { ...core, api: fresh, localStorage, source });
    atEnd(() => (session as core.Session).close());
    server.expire();
    expect((await fresh.get('/videos')).status).toBe(200);
    expect([...items.keys()]).toEqual(['session']);
  });
});
