import { Agent, type IncomingMessage, type ServerResponse } from 'node:http';
import type { LookupFunction } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { AxiosHeaders, type AxiosResponse, getAdapter, type InternalAxiosRequestConfig } from 'axios';
import { type BearerEvent, bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import {
  adapters,
  atEnd,
  cleanUp,
  failureOf,
  never,
  onAdapters,
  outcomeOf,
  startHttpServer,
  startRecordedClient,
  watchEvent,
} from '../../support/kit.js';

afterEach(cleanUp);

const ok = (_: IncomingMessage, res: ServerResponse) => res.writeHead(200).end('{}');
const refuse = (_: IncomingMessage, res: ServerResponse) => res.writeHead(401).end('{}');

/** Everything that a server of no kind has heard, as one text. */
const overheard = (received: unknown) => JSON.stringify(received);

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

  // Over fetch it is not known: that tells of the last place only.
  it('L19 a 401 after a redirect abroad and back is of a request without a token, and not ours to mend (http)', async () => {
    const { api, server } = await startRecordedClient({ defaults: { adapter: 'http' } });
    const abroad = await startHttpServer((_req, res) =>
      res.writeHead(302, { location: `${server.url}/always-401` }).end(),
    );
    server.fault('/echo', { redirect: abroad.url });
    expect((await failureOf(api.get('/echo'))).response.status).toBe(401);
    expect([server.stats.refresh, abroad.received.length]).toEqual([0, 1]);
  });

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
    const source = { refresh: () => never, ...(more && { origins: more }) };
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
    expect(() => bearer(homeless, { source: () => never })).toThrow(/origins/);
    expect(() => bearer(homeless, { source: () => never })).toThrow(
      expect.objectContaining({ code: 'ERR_BEARER_CONFIG' }),
    );
    for (const origins of ['nonsense', '', 'api.example.com', ['https://a.test', '/x']]) {
      const api = axios.create({ baseURL: 'https://home.test' });
      expect(() => bearer(api, { source: () => never, origins })).toThrow(
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
