import { Agent, createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios, {
  type AxiosAdapter,
  type AxiosInstance,
  type CreateAxiosDefaults,
  type InternalAxiosRequestConfig,
} from 'axios';
import { bearer, memoryStore, type SessionOptions, type TokenSource, type TokenStore } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { clientCredentials, refreshToken } from 'axios-bearer/oauth2';
import { atEnd, cleanUp, closeSessionAtEnd, failureOf } from '../support/kit.js';

afterEach(cleanUp);

interface Arrived {
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

interface Reply {
  status?: number;
  type?: string;
  body?: string;
  ms?: number;
  zipped?: boolean;
}

const FRESH = JSON.stringify({ access_token: 'new', refresh_token: 'r1', expires_in: 3600 });

/** A token endpoint for any protocol. It keeps what arrived. */
async function tokenEndpoint({
  status = 200,
  type = 'application/json',
  body = FRESH,
  ms = 0,
  zipped = false,
}: Reply = {}) {
  const arrived: Arrived[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req
      .on('data', (chunk) => chunks.push(chunk))
      .on('end', () => {
        arrived.push({ url: req.url as string, headers: req.headers, body: String(Buffer.concat(chunks)) });
        const headers = { 'content-type': type, ...(zipped && { 'content-encoding': 'gzip' }) };
        setTimeout(() => res.writeHead(status, headers).end(zipped ? gzipSync(body) : body), ms);
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, arrived };
}

const API = 'http://api.invalid/v1';
const CLIENT = { clientId: 'id', clientSecret: 'secret' };
const readyMade: Record<string, (url: string) => TokenSource> = {
  'refreshToken()': (url) => refreshToken({ tokenEndpoint: `${url}/token`, ...CLIENT }),
  'clientCredentials()': (url) => clientCredentials({ tokenEndpoint: `${url}/token`, ...CLIENT }),
  'apiVideo()': (url) => apiVideo({ baseURL: url }),
  'apiVideo({ apiKey })': (url) => apiVideo({ baseURL: url, apiKey: 'key' }),
};
const own = (url: string): TokenSource => ({
  refresh: async ({ refreshToken }, { client }) => (await client.post(`${url}/token`, { refreshToken })).data,
});

function guarded(api: AxiosInstance, source: TokenSource, options: Partial<SessionOptions> = {}) {
  const tokens = source.refresh ? { access_token: 'old', refresh_token: 'r0' } : undefined;
  return closeSessionAtEnd(
    bearer(api, { source, tokens, refreshRetries: 0, backoff: { initial: 1, cap: 1 }, ...options }),
  );
}

const encrypted = (data: unknown) => `<${JSON.stringify(data)}>`;

/** What an instance has that is meant for the app's API, and would break or betray a token request. */
const DEFAULTS: [string, CreateAxiosDefaults][] = [
  ['a Content-Type', { headers: { 'Content-Type': 'application/json' } }],
  ['a Content-Type for POST', { headers: { post: { 'content-type': 'text/plain' } } as never }],
  ['an API key as a header', { headers: { 'X-Api-Key': 'api-key' } }],
  ['cookies', { headers: { Cookie: 'sid=api-key' } }],
  ['params', { params: { key: 'api-key' } }],
  ['auth', { auth: { username: 'u', password: 'api-key' } }],
  ['transforms that encrypt', { transformRequest: [encrypted], transformResponse: [() => undefined] }],
  ['a response type', { responseType: 'arraybuffer' }],
  ['a rule for statuses', { validateStatus: () => false }],
  ['a limit on bodies', { maxBodyLength: 1, maxContentLength: 1 }],
  ['decompress: false', { decompress: false }],
  ['a base URL that absolute URLs may not leave', { allowAbsoluteUrls: false } as CreateAxiosDefaults],
  ['a Unix socket', { socketPath: join(tmpdir(), 'no-such-socket') }],
];

describe.each(Object.entries(readyMade))('the token request of %s', (_, make) => {
  it.each(DEFAULTS)('is not changed by what the instance has: %s', async (_, defaults) => {
    const { url, arrived } = await tokenEndpoint();
    const plain = axios.create({ baseURL: API });
    await guarded(plain, make(url)).refresh();
    await guarded(axios.create({ baseURL: API, ...defaults }), make(url)).refresh();
    expect(arrived).toHaveLength(2);
    const [bare, full] = arrived;
    expect(full).toEqual(bare);
    expect(bare?.headers).toMatchObject({ accept: 'application/json' });
    expect(JSON.stringify(full)).not.toContain('api-key');
  });

  it.each(['{"access_token":', 'Maintenance', '', 'null', '[]', '"text"'])(
    'that is answered %p brings no token (RFC 6749 §5.1)',
    async (body) => {
      const { url } = await tokenEndpoint({ body });
      const session = guarded(axios.create({ baseURL: API }), make(url));
      expect((await failureOf(session.refresh())).code).toBe('ERR_BEARER_TOKEN');
    },
  );

  it('goes by the adapter, the agent and the credentials of the instance', async () => {
    const { url } = await tokenEndpoint();
    const http = axios.getAdapter('http');
    const sent: InternalAxiosRequestConfig[] = [];
    const adapter: AxiosAdapter = (config) => {
      sent.push(config);
      return http(config);
    };
    const httpAgent = new Agent();
    atEnd(() => httpAgent.destroy());
    const fetchOptions = { cache: 'no-store' };
    const transport = { adapter, httpAgent, proxy: false as const, withCredentials: true, fetchOptions };
    await guarded(axios.create({ baseURL: API, ...transport }), make(url)).refresh();
    expect(sent).toHaveLength(1);
    expect(sent[0]?.httpAgent).toBe(httpAgent);
    expect(sent[0]).toMatchObject({ proxy: false, withCredentials: true, maxRedirects: 0 });
    expect(sent[0]?.fetchOptions).toEqual({ cache: 'no-store', redirect: 'error' });
  });

  it('L5 is not sent once the lock of the store is lost', async () => {
    const { url, arrived } = await tokenEndpoint();
    let asked = 0;
    const inner = memoryStore();
    const withLock: TokenStore['withLock'] = (task, options) =>
      inner.withLock((lock) => task({ ...lock, isHeld: () => asked++ === 0 }), options);
    const session = guarded(axios.create({ baseURL: API }), make(url), { store: { ...inner, withLock } });
    expect((await failureOf(session.refresh())).code).toMatch(/^ERR_BEARER_/);
    expect([asked > 1, arrived]).toEqual([true, []]);
  });

  it('is sent by whatever client the source is called with', async () => {
    const { url, arrived } = await tokenEndpoint();
    const source = make(url);
    const ctx = { client: axios.create(), signal: new AbortController().signal, attempt: 0 };
    const answer = await (source.refresh?.({ refreshToken: 'r0' }, ctx) ?? source.obtain?.(ctx));
    expect(answer).toMatchObject({ access_token: 'new' });
    expect(arrived).toHaveLength(1);
  });

  it('reads a form where the server answers with one, as GitHub does', async () => {
    const body = 'access_token=form&expires_in=60&refresh_token=r1&token_type=bearer';
    const { url } = await tokenEndpoint({ body, type: 'application/x-www-form-urlencoded; charset=utf-8' });
    const session = guarded(axios.create({ baseURL: API }), make(url));
    expect(await session.refresh()).toMatchObject({ accessToken: 'form', refreshToken: 'r1' });
  });

  it('asks no more where a 200 says why there is no token, as GitHub and Slack do', async () => {
    const { url, arrived } = await tokenEndpoint({
      body: '{"error":"bad_refresh_token","error_description":"It expired"}',
    });
    // A service that can obtain a token asks again after the cap: that must not come during the test.
    const backoff = { initial: 30_000, cap: 30_000 };
    const session = guarded(axios.create({ baseURL: API }), make(url), { backoff });
    expect(await failureOf(session.refresh())).toMatchObject({
      code: 'ERR_BEARER_REJECTED',
      message: 'The token request was refused: bad_refresh_token, It expired. Sign in again',
    });
    const asked = arrived.length;
    expect((await failureOf(session.refresh())).code).toBe('ERR_BEARER_REJECTED');
    expect(arrived).toHaveLength(asked);
  });
});

describe.each(Object.entries({ ...readyMade, 'a function with ctx.client': own }))(
  'the token request of %s',
  (_, make) => {
    it('L3 is not cut by the timeout of the instance: its answer may be the only token left', async () => {
      const { url, arrived } = await tokenEndpoint({ ms: 60 });
      const session = guarded(axios.create({ baseURL: API, timeout: 20 }), make(url));
      expect((await session.refresh()).accessToken).toBe('new');
      expect(arrived).toHaveLength(1);
    });

    it('has no limit but its own, whatever the instance has for the bodies of its API', async () => {
      const { url } = await tokenEndpoint();
      const session = guarded(axios.create({ baseURL: API, maxBodyLength: 1, maxContentLength: 1 }), make(url));
      expect((await session.refresh()).accessToken).toBe('new');
    });

    it('reads a compressed response, though the instance reads none', async () => {
      const { url } = await tokenEndpoint({ zipped: true });
      const session = guarded(axios.create({ baseURL: API, decompress: false }), make(url));
      expect((await session.refresh()).accessToken).toBe('new');
    });

    it('is sent by an instance that new Axios() made, which has no create()', async () => {
      const { url, arrived } = await tokenEndpoint();
      const api = new axios.Axios({ ...(axios.defaults as object), baseURL: API }) as AxiosInstance;
      expect((await guarded(api, make(url)).refresh()).accessToken).toBe('new');
      expect(arrived).toHaveLength(1);
    });
  },
);

it('a function with ctx.client has what a sibling has: baseURL, headers, params and transforms', async () => {
  const { url, arrived } = await tokenEndpoint({ body: `{"data":${FRESH}}` });
  const api = axios.create({
    baseURL: url,
    headers: { 'X-App': 'me' },
    params: { v: 1 },
    transformResponse: [(text) => JSON.parse(text).data],
  });
  const source = {
    refresh: async (_: unknown, { client }: { client: AxiosInstance }) => (await client.post('/t')).data,
  };
  expect((await guarded(api, source as TokenSource).refresh()).accessToken).toBe('new');
  expect(arrived[0]).toMatchObject({ url: '/t?v=1', headers: { 'x-app': 'me' } });
});

it('params and headers of refreshToken() go with each of its requests', async () => {
  const { url, arrived } = await tokenEndpoint();
  const options = { params: { audience: 'https://api.example' }, headers: { 'X-Tenant': 'one' } };
  const source = refreshToken({ tokenEndpoint: `${url}/token`, ...CLIENT, ...options });
  await guarded(axios.create({ baseURL: API }), source).refresh();
  expect(Object.fromEntries(new URLSearchParams(arrived[0]?.body))).toEqual({
    grant_type: 'refresh_token',
    refresh_token: 'r0',
    audience: 'https://api.example',
  });
  expect(arrived[0]?.headers).toMatchObject({ 'x-tenant': 'one' });
});

it.each<[string, (url: string, isRejected: () => boolean) => TokenSource]>([
  ['refreshToken()', (url, isRejected) => refreshToken({ tokenEndpoint: url, ...CLIENT, isRejected })],
  ['apiVideo()', (url, isRejected) => apiVideo({ baseURL: url, isRejected })],
])('isRejected of %s decides what ends the session', async (_, make) => {
  const { url } = await tokenEndpoint({ status: 404, body: '{}' });
  expect(
    (
      await failureOf(
        guarded(
          axios.create({ baseURL: API }),
          make(url, () => true),
        ).refresh(),
      )
    ).code,
  ).toBe('ERR_BEARER_REJECTED');
  const refused = await tokenEndpoint({ status: 400, body: '{"error":"invalid_grant"}' });
  const kept = guarded(
    axios.create({ baseURL: API }),
    make(refused.url, () => false),
  );
  expect((await failureOf(kept.refresh())).code).toBe('ERR_BEARER_UNAVAILABLE');
});
