import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosAdapter, type AxiosStatic, type InternalAxiosRequestConfig, type Method } from 'axios';
import { bearer } from 'axios-bearer';
import type { ApiRequest } from 'axios-bearer/testing';
import { cleanUp, closeSessionAtEnd, copies, failureOf, refreshing, startServer } from '../support/kit.js';

const all: [string, AxiosStatic][] = [
  [`our copy, ${axios.VERSION}`, axios],
  ...copies.map(([version, copy]): [string, AxiosStatic] => [`another copy, ${version}`, copy]),
];
const KEY = 'key';
const HOW = ['sent at once', 'held', 'replayed'] as const;

const sign = (authorization: unknown, body: string) =>
  createHmac('sha256', KEY).update(`${authorization}\n${body}`).digest('hex');

// biome-ignore lint/suspicious/noExplicitAny: headers of any copy of axios
function signing(data: unknown, headers: any): unknown {
  headers.set('X-Signature', sign(headers.get('Authorization'), data === undefined ? '' : String(data)));
  return data;
}

/** Requests that came, with what they were sent as. */
async function place(copy: AxiosStatic, how: (typeof HOW)[number] = 'sent at once') {
  const server = await startServer();
  const came: ApiRequest[] = [];
  server.hold((request) => {
    if (request.path === '/echo') came.push(request);
    return false;
  });
  const transformRequest = [...[copy.defaults.transformRequest as never].flat(), signing];
  const api = copy.create({ baseURL: server.url });
  const bare = copy.create({ baseURL: server.url });
  const tokens = { ...server.issue(), ...(how === 'held' && { expires_in: 0 }) };
  const session = closeSessionAtEnd(bearer(api, { tokens, source: refreshing }));
  if (how === 'replayed') server.expire();
  return { server, api, bare, came, session, transformRequest };
}

const bodies: [string, Method, () => unknown, object][] = [
  ['JSON', 'post', () => ({ text: 'Zoë', list: [1, 2] }), {}],
  ['JSON in a PUT', 'put', () => ({ a: 1 }), {}],
  [
    'a form',
    'post',
    () => ({ a: 1, b: ['x', 'y'] }),
    { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
  ],
  ['URLSearchParams', 'post', () => new URLSearchParams({ a: 'b c' }), {}],
  ['a text', 'post', () => 'text', {}],
  ['a text that is JSON', 'patch', () => '{"a":1}', { headers: { 'Content-Type': 'application/json' } }],
  ['a type of one’s own', 'post', () => '<a/>', { headers: { 'content-type': 'text/xml' } }],
  ['no body in a POST', 'post', () => undefined, {}],
  ['no body in a GET', 'get', () => undefined, {}],
  ['no body in a DELETE', 'delete', () => undefined, {}],
  ['a body in a DELETE', 'delete', () => ({ a: 1 }), {}],
  ['null', 'post', () => null, {}],
];

const RELEVANT = ['content-type', 'content-length', 'accept', 'transfer-encoding'];
const shown = ({ headers, body, method }: ApiRequest) => ({
  method,
  body: body.toString(),
  headers: RELEVANT.map((name) => [name, headers[name]]),
});

afterEach(cleanUp);

describe.each(all)('L15 a transform that signs reads the token that the request bears, on %s', (_, copy) => {
  describe.each(HOW)('%s', (how) => {
    it.each(bodies)(
      '%s: signed as it goes, in the type in which bare axios sends it',
      async (_name, method, make, more) => {
        const { server, api, bare, came, session, transformRequest } = await place(copy, how);
        const config = { method, url: '/echo', ...more, transformRequest };
        expect((await api.request({ ...config, data: make() })).status).toBe(200);
        const last = came.at(-1)!;
        expect(last.headers.authorization).toBe(`Bearer ${await session.token()}`);
        // What was signed at the first send goes again as it is: a transform is run once.
        const first = came[0]!;
        const body = make() === null ? 'null' : last.body.toString();
        const signed = [sign(first.headers.authorization, body), sign(first.headers.authorization, '')];
        expect(signed).toContain(last.headers['x-signature']);
        expect(came.map((request) => request.headers['x-signature'])).toEqual(
          came.map(() => last.headers['x-signature']),
        );
        await bare.request({
          ...config,
          data: make(),
          headers: { ...(more as { headers?: object }).headers, Authorization: `Bearer ${await session.token()}` },
        });
        expect(shown(last)).toEqual(shown(came.at(-1)!));
        expect(server.stats.refresh).toBe(how === 'sent at once' ? 0 : 1);
      },
    );
  });

  it('one that throws: nothing is sent, and the caller gets what it threw', async () => {
    const gone = new Error('No key to sign with');
    for (const how of HOW.slice(0, 2)) {
      const { api, came, server } = await place(copy, how);
      const transformRequest = () => {
        throw gone;
      };
      expect(await failureOf(api.post('/echo', {}, { transformRequest }))).toBe(gone);
      expect(came).toEqual([]);
      expect((await api.post('/echo', {})).status).toBe(200);
      expect(server.stats.refresh).toBe(how === 'held' ? 1 : 0);
    }
  });

  it('is run once where the request bears no token, and reads none', async () => {
    const { api, came, transformRequest } = await place(copy);
    const calls: unknown[] = [];
    const counting = (data: unknown, headers: { get(name: string): unknown }) => {
      calls.push(headers.get('Authorization'));
      return data;
    };
    await failureOf(
      api.post('/echo', {}, { bearer: false, transformRequest: [...transformRequest, counting] as never }),
    );
    expect(calls.map(Boolean)).toEqual([false]);
    expect(came).toMatchObject([{ headers: { 'x-signature': sign(undefined, '{}') } }]);
  });
});

describe.each(all.slice(1))('L15 an adapter of one’s own on an instance of %s', (_, copy) => {
  const refusing =
    (replays: number, came: unknown[]): AxiosAdapter =>
    async (config: InternalAxiosRequestConfig) => {
      came.push(config);
      const status = came.length > replays ? 503 : 401;
      const response = { config, status, statusText: '', data: '', headers: {}, request: {} };
      throw new copy.AxiosError('refused', 'ERR_BAD_RESPONSE', config as never, {}, response as never);
    };

  it.each([
    ['its first send', 0],
    ['a replay', 1],
  ])('the error of %s is an AxiosError of that copy', async (_name, replays) => {
    const server = await startServer();
    const came: unknown[] = [];
    const api = copy.create({ baseURL: server.url, adapter: refusing(replays, came) as never });
    closeSessionAtEnd(bearer(api, { source: async () => server.issue(), tokens: server.issue() }));
    const error = await failureOf(api.get('/a'));
    expect(error).toBeInstanceOf(copy.AxiosError);
    expect([error.status ?? error.response.status, came.length]).toEqual([503, replays + 1]);
  });

  it.each([
    ['its first send', false],
    ['a replay', true],
  ])('so is that of the copy’s own adapter at %s, with the config of the request', async (_name, isReplayed) => {
    const { server, api } = await place(copy);
    if (isReplayed) server.expire();
    const error = await failureOf(api.get('/videos/none', { headers: { 'X-Own': 'one' } }));
    expect(error).toBeInstanceOf(copy.AxiosError);
    expect(error).toMatchObject({
      response: { status: 404 },
      config: { url: '/videos/none', headers: { 'X-Own': 'one' } },
    });
    expect(error.response.config).toBe(error.config);
    expect(server.stats.refresh).toBe(isReplayed ? 1 : 0);
  });

  it('so is a 401 that survives, and one that comes without our token', async () => {
    const { api, bare } = await place(copy);
    const [ours, expected] = [await failureOf(api.get('/scope/401')), await failureOf(bare.get('/echo'))];
    expect([expected instanceof copy.AxiosError, ours instanceof copy.AxiosError]).toEqual([true, true]);
    expect([ours.code, ours.message, ours.name]).toEqual([expected.code, expected.message, expected.name]);
    expect(ours.response.data).toMatchObject({ status: 401, title: expect.any(String) });
    expect([ours.config, ours.response.config].map(({ url }) => url)).toEqual(['/scope/401', '/scope/401']);
  });

  it('so are a network error, and a cancellation that the wire has seen', async () => {
    const { server, api } = await place(copy);
    server.fault('/echo', 'reset');
    expect(await failureOf(api.get('/echo'))).toBeInstanceOf(copy.AxiosError);
    const hold = server.hold('/echo');
    const controller = new AbortController();
    const failing = failureOf(api.get('/echo', { signal: controller.signal }));
    await hold.arrived(1);
    controller.abort();
    expect(copy.isCancel(await failing)).toBe(true);
  });
});
