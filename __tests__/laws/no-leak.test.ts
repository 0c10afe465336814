import { Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { format, inspect } from 'node:util';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios, {
  AxiosError,
  AxiosHeaders,
  type AxiosResponse,
  getAdapter,
  type InternalAxiosRequestConfig,
} from 'axios';
import { type BearerEvent, bearer, createSession, memoryStore, type TokenStore } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import {
  adapters,
  atEnd,
  cleanUp,
  EVENTS,
  failureOf,
  nextEvent,
  onAdapters,
  outcomeOf,
  type RecordedClient,
  settle,
  startHttpServer,
  startRecordedClient,
  watchEvent,
} from '../support/kit.js';

afterEach(cleanUp);

const ok = (_: IncomingMessage, res: ServerResponse) => res.writeHead(200).end('{}');
const refuse = (_: IncomingMessage, res: ServerResponse) => res.writeHead(401).end('{}');

/** Everything that a server of no kind has heard, as one text. */
const overheard = (received: unknown) => JSON.stringify(received);

const never = () => new Promise<never>(() => {});

function expectNoSecret(text: string, secrets: string[]): void {
  for (const secret of secrets) expect(text).not.toContain(secret.slice(0, 12));
}

/** URLs that lead, or seem to lead, somewhere else. FFFF: the foreign port, HHHH: our own. */
const TRICKS = [
  'http://127.0.0.1:FFFF/x',
  'HTTP://127.0.0.1:FFFF/x',
  '//127.0.0.1:FFFF/x',
  '///127.0.0.1:FFFF/x',
  '////127.0.0.1:FFFF/x',
  '\\\\127.0.0.1:FFFF\\x',
  '/\\127.0.0.1:FFFF/x',
  '\\/127.0.0.1:FFFF/x',
  '/\t/127.0.0.1:FFFF/x',
  '/\n/127.0.0.1:FFFF/x',
  '\t//127.0.0.1:FFFF/x',
  ' //127.0.0.1:FFFF/x',
  '\u0000//127.0.0.1:FFFF/x',
  'http:\\\\127.0.0.1:FFFF\\x',
  'http:/\\127.0.0.1:FFFF/x',
  'http:/127.0.0.1:FFFF/x',
  'http:127.0.0.1:FFFF/x',
  ' http://127.0.0.1:FFFF/x',
  '\thttp://127.0.0.1:FFFF/x',
  'ht\ntp://127.0.0.1:FFFF/x',
  'http://127.0.0.1:HHHH@127.0.0.1:FFFF/x',
  'http://127.0.0.1:HHHH%40127.0.0.1:FFFF/x',
  'http://127.0.0.1:HHHH\\@127.0.0.1:FFFF/x',
  'http://127.0.0.1:FFFF\\@127.0.0.1:HHHH/x',
  'http://127.0.0.1:FFFF#@127.0.0.1:HHHH/x',
  'http://127.0.0.1:FFFF?@127.0.0.1:HHHH/x',
  'http://2130706433:FFFF/x',
  'http://127.1:FFFF/x',
  '@127.0.0.1:FFFF/x',
  ':FFFF/x',
  '.:FFFF/x',
  '/.//127.0.0.1:FFFF/x',
  '/..//127.0.0.1:FFFF/x',
  './/127.0.0.1:FFFF/x',
];

/** What an app may make of a config to send it again. */
const COPIES: Record<string, (config: InternalAxiosRequestConfig) => InternalAxiosRequestConfig> = {
  spread: (config) => ({ ...config, headers: new AxiosHeaders(config.headers) }),
  // Functions are lost in it, with axios alone too.
  'as JSON': ({ transformRequest, transformResponse, ...rest }) => JSON.parse(JSON.stringify(rest)),
};

describe(`L19 the token stays at home (${onAdapters})`, () => {
  const homes: Record<string, (url: string) => { baseURL: string | undefined }> = {
    'a baseURL': (url) => ({ baseURL: url }),
    'a baseURL with a path': (url) => ({ baseURL: `${url}/api/` }),
    'origins and no baseURL': () => ({ baseURL: undefined }),
  };
  for (const adapter of adapters) {
    for (const [name, home] of Object.entries(homes)) {
      for (const strict of name === 'a baseURL' ? [false, true] : [false]) {
        const option = strict ? ', allowAbsoluteUrls: false' : '';
        it(`L19 sends no trick of a URL to a foreign origin with the token, from ${name}${option} (${adapter})`, async () => {
          const foreign = await startHttpServer(refuse);
          const { api, server, secrets } = await startRecordedClient((url) => ({
            origins: url,
            defaults: { adapter, ...home(url), ...(strict && { allowAbsoluteUrls: false }) },
          }));
          const ours = new URL(server.url).port;
          const urls = TRICKS.map((trick) => trick.replaceAll('FFFF', String(foreign.port)).replaceAll('HHHH', ours));
          await Promise.all(urls.map((url) => outcomeOf(api.get(url, { timeout: 2000 }))));
          expectNoSecret(overheard(foreign.received), secrets);
          expect(server.stats.refresh).toBe(0);
          if (!strict) expect(foreign.received.length).toBeGreaterThan(0);
        });
      }
    }

    it(`L19 goes with every way to write a URL at home (${adapter})`, async () => {
      const { api, server, secrets, sends } = await startRecordedClient({ defaults: { adapter } });
      const urls = [
        '/echo',
        'echo',
        `${server.url}/echo`,
        `${server.url.replace('http', 'HTTP')}/echo`,
        '/echo?q=//x',
        '/echo#//x',
      ];
      for (const url of urls) expect([url, await outcomeOf(api.get(url))]).toEqual([url, 200]);
      api.defaults.baseURL = `${server.url}/`;
      expect(await outcomeOf(api.get('/echo'))).toBe(200);
      api.defaults.baseURL = `${server.url}/echo`;
      expect([await outcomeOf(api.get('below')), await outcomeOf(api.get(''))]).toEqual([200, 200]);
      expect(new Set(sends.map(({ headers }) => headers.authorization))).toEqual(new Set([`Bearer ${secrets[0]}`]));
    });

    for (const [name, copy] of Object.entries(COPIES)) {
      for (const header of ['Authorization', 'X-Token']) {
        it(`L19 sends a config that was copied on its way, ${name}, to no foreign origin with its token: ${header} (${adapter})`, async () => {
          const foreign = await startHttpServer(ok);
          const copied: InternalAxiosRequestConfig[] = [];
          const send = axios.getAdapter(adapter);
          const { api, server, secrets, sends } = await startRecordedClient({ header, defaults: { adapter: send } });
          api.defaults.adapter = (config) => {
            if (config.url === '/public') copied.push(copy(config));
            return send(config);
          };
          // When it is sent first, and when it is replayed.
          server.fault('/public', { status: 401 });
          await api.get('/public');
          expect(copied.map(({ headers }) => AxiosHeaders.from(headers as never).get(header))).toEqual(
            [0, 2].map((n) => `Bearer ${secrets[n]}`),
          );
          const [first] = copied;
          for (const config of copied.splice(0)) {
            expect(await outcomeOf(api.request({ ...config, baseURL: foreign.url }))).toBe(200);
            expect(await outcomeOf(api.request({ ...config, url: `${foreign.url}/x` }))).toBe(200);
          }
          expect(foreign.received).toHaveLength(4);
          expectNoSecret(overheard(foreign.received), secrets);
          // At home it bears the token of the moment.
          await api.request(first!);
          expect(sends.at(-1)?.headers[header.toLowerCase()]).toBe(`Bearer ${secrets[2]}`);
        });
      }
    }

    it(`L19 judges a URL object as it does its text (${adapter})`, async () => {
      const foreign = await startHttpServer(refuse);
      const { api, server, secrets } = await startRecordedClient({ defaults: { adapter } });
      await outcomeOf(api.get(new URL(`${foreign.url}/x`) as never));
      expectNoSecret(overheard(foreign.received), secrets);
      const end = await outcomeOf(api.get(new URL(`${server.url}/echo`) as never));
      const bare = axios.create({ baseURL: server.url, adapter, headers: { Authorization: `Bearer ${secrets[0]}` } });
      expect(end).toBe(await outcomeOf(bare.get(new URL(`${server.url}/echo`) as never)));
      expect(server.stats.refresh).toBe(0);
    });

    it(`L19 judges the URL that axios makes: an absolute one under allowAbsoluteUrls: false bears the token where it arrives at home (${adapter})`, async () => {
      const foreign = await startHttpServer(refuse);
      const { api, sends, secrets } = await startRecordedClient({ defaults: { adapter } });
      await outcomeOf(api.get(`${foreign.url}/x`, { allowAbsoluteUrls: false }));
      expectNoSecret(overheard(foreign.received), secrets);
      // Older versions of axios know no such option, and go abroad.
      expect(sends.length + foreign.received.length).toBe(1);
      for (const { headers } of sends) expect(headers.authorization).toBe(`Bearer ${secrets[0]}`);
    });

    it(`L19 judges an absolute URL by what goes to the adapter: an interceptor may take allowAbsoluteUrls: false off (${adapter})`, async () => {
      const foreign = await startHttpServer(refuse);
      const { api, server, secrets } = await startRecordedClient({ defaults: { adapter, allowAbsoluteUrls: false } });
      api.interceptors.request.use((config) => {
        delete config.allowAbsoluteUrls;
        return config;
      });
      expect(await outcomeOf(api.get(`${foreign.url}/x`))).toBe(401);
      expect(foreign.received).toHaveLength(1);
      expectNoSecret(overheard(foreign.received), secrets);
      expect(server.stats.refresh).toBe(0);
    });

    it(`L19 judges the final URL, whoever has changed it: baseURL per request, interceptors of any time (${adapter})`, async () => {
      const foreign = await startHttpServer(refuse);
      const abroad = (config: InternalAxiosRequestConfig) => {
        if (config.url === '/by-url') config.url = `${foreign.url}/by-url`;
        if (config.url === '/by-base') config.baseURL = foreign.url;
        return config;
      };
      const { api, server, secrets, session } = await startRecordedClient({
        defaults: { adapter },
        before: (bare) => void bare.interceptors.request.use(abroad),
      });
      api.interceptors.request.use(async (config) => {
        if (config.url === '/late') config.url = `${foreign.url}/late`;
        return config;
      });
      const skipped = watchEvent(session, 'skipped').count(4);
      await outcomeOf(api.get('/x', { baseURL: foreign.url }));
      for (const url of ['/by-url', '/by-base', '/late']) await outcomeOf(api.get(url));
      expect(foreign.received).toHaveLength(4);
      expectNoSecret(overheard(foreign.received), secrets);
      expect((await skipped).map(({ reason }) => reason)).toEqual(Array(4).fill('origin'));
      expect(server.stats.refresh).toBe(0);
    });

    for (const status of [302, 307] as const) {
      for (const [header, options] of Object.entries({
        Authorization: {},
        'a bare Authorization': { scheme: '' },
        'X-Api-Token': { header: 'X-Api-Token', scheme: '' },
      })) {
        it(`L19 never crosses a ${status} to another origin: ${header} (${adapter})`, async () => {
          const foreign = await startHttpServer(ok);
          const { api, server, session, secrets } = await startRecordedClient({ ...options, defaults: { adapter } });
          const abroad = { redirect: `${foreign.url}/there`, status };
          // At the first send, as a replay, and as one that was held.
          server.fault('/echo', abroad);
          await outcomeOf(api.post('/echo', 'x'));
          server.fault('/echo', { status: 401 });
          server.fault('/echo', abroad);
          await outcomeOf(api.post('/echo', 'x'));
          server.fault('/echo', abroad);
          await outcomeOf(api.post('/echo', 'x', { bearer: { minValidity: 7_200_000 } }));
          await session.refresh().catch(() => {});
          expectNoSecret(overheard(foreign.received), secrets);
        });
      }
    }

    it(`L19 crosses no redirect from home, where an absolute URL had led under allowAbsoluteUrls: false (${adapter})`, async () => {
      const foreign = await startHttpServer(ok);
      const { api, server, secrets } = await startRecordedClient({
        header: 'X-Api-Token',
        scheme: '',
        defaults: { adapter, allowAbsoluteUrls: false },
      });
      server.fault(() => true, { redirect: `${foreign.url}/there` });
      await outcomeOf(api.get(`${foreign.url}/x`));
      expectNoSecret(overheard(foreign.received), secrets);
    });

    it(`L19 crosses neither several redirects, nor one that goes abroad and comes back (${adapter})`, async () => {
      const { api, server, secrets } = await startRecordedClient({
        header: 'X-Api-Token',
        scheme: '',
        defaults: { adapter },
      });
      const second = await startHttpServer(ok);
      const first = await startHttpServer((req, res) =>
        res.writeHead(302, { location: req.url === '/back' ? `${server.url}/public` : `${second.url}/x` }).end(),
      );
      for (const path of ['/on', '/back']) {
        server.fault('/echo', { redirect: first.url + path });
        await outcomeOf(api.get('/echo'));
      }
      expectNoSecret(overheard([first.received, second.received]), secrets);
    });

    it(`L19 the refresh call follows no redirect, and the session is kept (${adapter})`, async () => {
      for (const status of [302, 307, 308] as const) {
        const foreign = await startHttpServer((_, res) =>
          res.writeHead(200, { 'content-type': 'application/json' }).end('{"access_token":"evil","expires_in":3600}'),
        );
        const { api, server, session, secrets } = await startRecordedClient({ defaults: { adapter } });
        server.expire();
        server.fault('/auth/refresh', { redirect: `${foreign.url}/collect`, status });
        const error = await failureOf(api.get('/echo'));
        expect(error.code).toMatch(/^ERR_BEARER_(UNAVAILABLE|TOKEN)$/);
        expect(foreign.received).toEqual([]);
        expect(session.state.status).not.toBe('signed-out');
        expectNoSecret(inspect(error, { depth: 8 }), secrets);
      }
    });

    it(`L19 follows no redirect with an API key either (${adapter})`, async () => {
      const foreign = await startHttpServer(ok);
      const { api, server } = await startRecordedClient((url) => ({
        tokens: 'none',
        source: apiVideo({ apiKey: 'test-api-key', baseURL: url }),
        defaults: { adapter },
      }));
      server.fault('/auth/api-key', { redirect: `${foreign.url}/collect`, status: 307 });
      await outcomeOf(api.get('/echo'));
      expect(foreign.received).toEqual([]);
    });
  }

  it('L19 never crosses a redirect to a sub-domain, or up from one, where follow-redirects alone would (http)', async () => {
    const lookup: LookupFunction = (_, options, done) =>
      options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
    const httpAgent = new Agent({ lookup });
    for (const [from, to] of [
      ['home.test', 'sub.home.test'],
      ['sub.home.test', 'home.test'],
    ] as const) {
      for (const header of ['Authorization', 'X-Api-Token']) {
        const { api, server, sends, secrets } = await startRecordedClient((url) => ({
          header,
          scheme: '',
          defaults: { httpAgent, baseURL: url.replace('127.0.0.1', from), proxy: false },
        }));
        const { port } = new URL(server.url);
        server.fault('/public', { redirect: `http://${to}:${port}/public/there` });
        expect(await outcomeOf(api.get('/public'))).toBe(200);
        const [first, second] = sends;
        expect([first?.headers.host, first?.headers[header.toLowerCase()]]).toEqual([`${from}:${port}`, secrets[0]]);
        expect(second?.headers.host).toBe(`${to}:${port}`);
        expectNoSecret(JSON.stringify(second?.headers), secrets);
      }
    }
  });

  const verdicts: [string, boolean][] = [
    ['/x', true],
    ['https://api.example.com/x', true],
    ['https://api.example.com:443/x', true],
    ['HTTPS://API.EXAMPLE.COM/x', true],
    ['http://api.example.com/x', false],
    ['https://api.example.com:8443/x', false],
    ['https://example.com/x', false],
    ['https://sub.api.example.com/x', false],
    ['https://api.example.com.evil.test/x', false],
    ['https://api.example.com@evil.test/x', false],
    ['https://api.example.com:x@evil.test/x', false],
    ['https://evil.test/https://api.example.com', false],
    ['https://evil.test?https://api.example.com/', false],
    ['https://evil.test#https://api.example.com/', false],
    ['https://evil.test\\@api.example.com/x', false],
    ['https://api.example.com./x', false],
    ['https://api。example.com.evil.test/x', false],
    ['https://apí.example.com/x', false],
    ['ftp://api.example.com/x', false],
    ['file:///api.example.com', false],
  ];
  /** Answers everything, and tells which header it was given. */
  const spy = async (config: InternalAxiosRequestConfig): Promise<AxiosResponse> => ({
    status: 200,
    statusText: '',
    headers: new AxiosHeaders(),
    data: Boolean(config.headers.get('Authorization')),
    config,
  });
  const TOKENS = { access_token: 'at_canary', refresh_token: 'rt_canary', expires_in: 3600 };
  function instance(options: { baseURL?: string; origins?: '*' | string | string[]; more?: string[] }) {
    const { baseURL, origins, more } = options;
    const api = axios.create({ ...(baseURL && { baseURL }), adapter: spy });
    const source = { refresh: never, ...(more && { origins: more }) };
    const session = bearer(api, { source, tokens: TOKENS, ...(origins && { origins }) });
    atEnd(() => session.close());
    return api;
  }

  for (const [url, mine] of verdicts) {
    it(`L19 ${mine ? 'goes to' : 'stays away from'} ${url}, at home on https://api.example.com`, async () => {
      expect((await instance({ baseURL: 'https://api.example.com' }).get(url)).data).toBe(mine);
      if (url !== '/x') expect((await instance({ origins: 'https://api.example.com' }).get(url)).data).toBe(mine);
    });
  }

  for (const baseURL of [undefined, '/', '/api', '']) {
    it(`L19 takes a page's origin for home, with the baseURL ${baseURL}, and sees through what a browser reads as foreign`, async () => {
      const page = Object.getOwnPropertyDescriptor(globalThis, 'location');
      Object.defineProperty(globalThis, 'location', { value: { href: 'https://home.test/page' }, configurable: true });
      atEnd(() => {
        Reflect.deleteProperty(globalThis, 'location');
        if (page) Object.defineProperty(globalThis, 'location', page);
      });
      const api = instance({ baseURL });
      for (const url of ['/x', 'x', '?q', 'https://home.test/x'])
        expect([url, (await api.get(url)).data]).toEqual([url, true]);
      const tricks = [
        '//evil.test',
        '/\\evil.test',
        '\\\\evil.test',
        '\\/evil.test',
        '/\t/evil.test',
        '/\n\\evil.test',
        '\t//evil.test',
      ];
      for (const url of [...tricks, 'https://evil.test', 'http://home.test/x']) {
        // Where a browser would send it, after axios has put the two together.
        const there = new URL(api.getUri({ url }), 'https://home.test/page').origin;
        expect([url, (await api.get(url)).data]).toEqual([url, there === 'https://home.test']);
      }
    });
  }

  it('L19 goes to each of the origins listed, and not home if home is not among them', async () => {
    const api = instance({ baseURL: 'https://home.test', origins: ['https://a.test', 'https://b.test:444/path'] });
    const urls = ['https://a.test/x', 'https://b.test:444/y', 'https://b.test/x', '/x'];
    const told = await Promise.all(urls.map((url) => api.get(url)));
    expect(told.map(({ data }) => data)).toEqual([true, true, false, false]);
  });

  it('L19 goes to the source’s own origins as well', async () => {
    const api = instance({ baseURL: 'https://home.test', more: ['https://source.test'] });
    const told = await Promise.all(['/x', 'https://source.test/x', 'https://else.test'].map((url) => api.get(url)));
    expect(told.map(({ data }) => data)).toEqual([true, true, false]);
  });

  it('L19 goes anywhere only where “*” was asked for', async () => {
    expect((await instance({ origins: '*' }).get('https://anywhere.test/x')).data).toBe(true);
  });

  it('L19 reads the baseURL at each request: a home that moves takes the token with it', async () => {
    const api = instance({ baseURL: 'https://home.test' });
    expect((await api.get('/x')).data).toBe(true);
    api.defaults.baseURL = 'https://new.test';
    const told = await Promise.all(['/x', 'https://home.test/x'].map((url) => api.get(url)));
    expect(told.map(({ data }) => data)).toEqual([true, false]);
  });

  it.each(['/api', 'api', '//x'])(
    'L19 stays away while nothing tells where home is: with the baseURL %s and no page, until it is an origin’s',
    async (baseURL) => {
      const api = instance({ baseURL });
      expect((await api.get('/x')).data).toBe(false);
      expect((await api.get('https://anywhere.test/x')).data).toBe(false);
      api.defaults.baseURL = 'https://home.test';
      expect((await api.get('/x')).data).toBe(true);
    },
  );

  it.each([
    // The adapters below 1.8.3 dial an absolute URL whatever the option says; getUri(), by which it is judged, heeds it.
    ['1.8.0', false],
    ['1.8.2', false],
    ['1.8.3', true],
  ])('L19 judges what axios %s really dials where allowAbsoluteUrls is false', async (version, heeds) => {
    const { VERSION } = axios;
    Object.assign(axios, { VERSION: version });
    atEnd(() => void Object.assign(axios, { VERSION }));
    for (const at of ['instance', 'request'] as const) {
      const option = { allowAbsoluteUrls: false };
      const api = instance({ baseURL: 'https://home.test' });
      if (at === 'instance') Object.assign(api.defaults, option);
      const { data } = await api.get('https://evil.test/x', at === 'request' ? option : {});
      // An axios that knows no such option has no way to stay at home.
      const knowsOption = api.getUri({ url: 'https://evil.test/x', ...option }).startsWith('https://home.test');
      expect([at, data]).toEqual([at, heeds && knowsOption]);
    }
  });

  it('L19 refuses to be installed where nothing tells where home is, and names the option', () => {
    const homeless = axios.create();
    expect(() => bearer(homeless, { source: never })).toThrow(/origins/);
    expect(() => bearer(homeless, { source: never })).toThrow(expect.objectContaining({ code: 'ERR_BEARER_CONFIG' }));
    for (const origins of ['nonsense', '', 'api.example.com', ['https://a.test', '/x']]) {
      const api = axios.create({ baseURL: 'https://home.test' });
      expect(() => bearer(api, { source: never, origins })).toThrow(
        expect.objectContaining({ code: 'ERR_BEARER_CONFIG' }),
      );
    }
  });
});

describe('L19 a request that beforeSend has changed', () => {
  it.each([0, 1])('L19 is not sent where its token may not go: before send %i', async (at) => {
    const foreign = await startHttpServer(ok);
    const { api, server, sends } = await startRecordedClient({
      beforeSend: (config, { replay }) => {
        if (replay === at) config.baseURL = foreign.url;
      },
    });
    server.expire();
    const error = await failureOf(api.get('/echo'));
    expect(error).toMatchObject({ code: 'ERR_BEARER_CONFIG', message: expect.stringContaining(foreign.url) });
    expect(foreign.received).toEqual([]);
    expect(sends.filter(({ path }) => path === '/echo')).toHaveLength(at);
  });
});

describe('L19 only the 401 of a request that we gave a token is ours to mend', () => {
  it('L19 a wrong password on a login route that is skipped, or told to be left alone, refreshes nothing', async () => {
    const { api, server, session, authorizations } = await startRecordedClient({
      skip: ({ url }) => url === '/public/login',
    });
    const skipped = watchEvent(session, 'skipped').count(2);
    server.fault('/public*', { status: 401 }, { times: 2 });
    expect(await outcomeOf(api.post('/public/login', { password: 'wrong' }))).toBe(401);
    expect(await outcomeOf(api.post('/public/other', { password: 'wrong' }, { bearer: false }))).toBe(401);
    expect(authorizations('/public')).toEqual([undefined, undefined]);
    expect((await skipped).map(({ reason }) => reason)).toEqual(['skip', 'off']);
    expect(server.stats.refresh).toBe(0);
  });

  it('L19 a 401 while nobody is signed in refreshes nothing, also with a source that needs no refresh token', async () => {
    const { api, server, session } = await startRecordedClient({ tokens: 'none' });
    await session.signOut();
    expect(await outcomeOf(api.get('/echo'))).toBe(401);
    expect(server.stats.refresh).toBe(0);
  });

  it('L19 a 401 of a request sent before the sign-in refreshes nothing, though somebody is signed in by then', async () => {
    const { api, server, session, authorizations } = await startRecordedClient();
    await session.signOut();
    const hold = server.hold('/echo');
    const end = outcomeOf(api.get('/echo'));
    await hold.arrived(1);
    await session.signIn(server.issue());
    hold.release();
    expect(await end).toBe(401);
    expect(authorizations('/echo')).toEqual([undefined]);
    expect(server.stats.refresh).toBe(0);
  });

  it('L19 a foreign origin’s 401 refreshes nothing', async () => {
    const foreign = await startHttpServer(refuse);
    const { api, server } = await startRecordedClient();
    expect(await outcomeOf(api.get(`${foreign.url}/x`))).toBe(401);
    expect(foreign.received).toHaveLength(1);
    expect(server.stats.refresh).toBe(0);
  });

  // Below axios 1.12 nothing tells where fetch was redirected to.
  const ownFetch = { env: { fetch: (...args: Parameters<typeof fetch>) => fetch(...args) } };
  const isTold = adapters.includes('fetch') && getAdapter('fetch', ownFetch as never) !== getAdapter('fetch');
  const tellingAdapters = adapters.filter((adapter) => adapter === 'http' || isTold);
  for (const adapter of tellingAdapters) {
    it(`L19 a 401 behind a redirect to another origin refreshes nothing, and is sent once (${adapter})`, async () => {
      const foreign = await startHttpServer(refuse);
      const { api, server, session, secrets } = await startRecordedClient({ defaults: { adapter } });
      const told: BearerEvent[] = [];
      for (const event of ['refreshing', 'replayed', 'breakerOpen'] as const) session.on(event, () => told.push(event));
      server.fault('/echo', { redirect: `${foreign.url}/file` }, { times: Number.POSITIVE_INFINITY });
      for (let n = 1; n <= 5; n += 1) expect(await outcomeOf(api.get('/echo'))).toBe(401);
      expectNoSecret(overheard(foreign.received), secrets);
      expect([told, foreign.received.length, server.stats.refresh]).toEqual([[], 5, 0]);
      // One at home is mended all the same.
      server.fault('/public', { redirect: `${server.url}/echo/there` });
      server.expire();
      expect(await outcomeOf(api.get('/public'))).toBe(200);
      expect(server.stats.refresh).toBe(1);
    });
  }

  it('L19 a session in cookies attends to the 401s of home, and of nobody else', async () => {
    let live = false;
    let refreshes = 0;
    const home = await startHttpServer((req, res) => {
      if (req.url === '/refresh') {
        refreshes += 1;
        live = true;
      }
      res.writeHead(live ? 200 : 401).end('{}');
    });
    const foreign = await startHttpServer(refuse);
    const api = axios.create({ baseURL: home.url });
    const session = bearer(api, {
      header: false,
      source: async (_, { client }) => void (await client.post('/refresh')),
    });
    atEnd(() => session.close());
    expect(await outcomeOf(api.get(`${foreign.url}/x`))).toBe(401);
    expect(await outcomeOf(api.get('/x', { bearer: false }))).toBe(401);
    expect(refreshes).toBe(0);
    expect(await outcomeOf(api.get('/x'))).toBe(200);
    expect(refreshes).toBe(1);
    expect(home.received.map(({ headers }) => headers.authorization)).toEqual(Array(4).fill(undefined));
  });

  for (const adapter of tellingAdapters) {
    it(`L19 a session in cookies leaves a 401 alone that is met behind a redirect to another origin (${adapter})`, async () => {
      const foreign = await startHttpServer(refuse);
      let refreshes = 0;
      const { api, server } = await startRecordedClient({
        header: false,
        tokens: 'none',
        source: async () => {
          refreshes += 1;
        },
        defaults: { adapter },
      });
      server.fault('/public', { redirect: `${foreign.url}/file` }, { times: Number.POSITIVE_INFINITY });
      expect(await outcomeOf(api.get('/public'))).toBe(401);
      expect([foreign.received.length, refreshes]).toEqual([1, 0]);
    });
  }

  it('L19 a delegated upload token goes home only, and its 401 refreshes nothing', async () => {
    const foreign = await startHttpServer(refuse);
    const { api, server, sends } = await startRecordedClient((url) => ({
      source: apiVideo({ delegatedToken: 'to_canary', baseURL: url }),
    }));
    expect(await outcomeOf(api.post('/upload', 'x'))).toBe(401);
    expect(sends[0]).toMatchObject({ path: '/upload', query: { token: 'to_canary' } });
    expect(sends[0]?.headers.authorization).toBeUndefined();
    expect(await outcomeOf(api.post(`${foreign.url}/upload`, 'x'))).toBe(401);
    expect(overheard(foreign.received)).not.toContain('canary');
    expect(server.stats.refresh).toBe(0);
  });
});

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
      () => bearer(axios.create({ baseURL: 'https://home.test' }), { source: never, origins: given as never }),
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

  it('L20 L23 once somebody clears the response interceptors: requests go as on bare axios, until it is installed again', async () => {
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

  it('L14 a request that is under way when they are cleared is recovered', async () => {
    const { api, session, server } = await startRecordedClient({ defaults: { adapter } });
    server.expire();
    const refresh = server.hold('/auth/refresh');
    const request = api.get('/echo');
    await nextEvent(session, 'waiting');
    api.interceptors.response.clear();
    refresh.release();
    expect((await request).status).toBe(200);
  });
});
