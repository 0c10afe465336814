import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosRequestConfig, type InternalAxiosRequestConfig } from 'axios';
import { replayable, type TokenResponse } from 'axios-bearer';
import {
  adapters,
  atEnd,
  cleanUp,
  clientOf,
  codeOf,
  deferred,
  failureOf,
  nextEvent,
  onAdapters,
  startHttpServer,
  startServer,
  tokenPair,
} from '../support/kit.js';

type Config = InternalAxiosRequestConfig;

afterEach(cleanUp);

/** A client, and a place where none of its tokens may go. */
async function setting(defaults: AxiosRequestConfig, options: object = {}) {
  const elsewhere = await startHttpServer((_req, res) => void res.end('{}'));
  return { ...clientOf(await startServer(), { defaults: defaults as never, ...options }), elsewhere };
}

const ways: [string, (config: Config, elsewhere: string) => void][] = [
  ['url', (config, elsewhere) => Object.assign(config, { url: `${elsewhere}/taken` })],
  ['baseURL', (config, elsewhere) => Object.assign(config, { baseURL: elsewhere })],
];

describe.each(adapters)(`L19 a request that is moved after it was judged (${onAdapters}), over %s`, (adapter) => {
  it.each(ways)('L19 is not sent where a transform has set its %s to another origin', async (_, move) => {
    const { api, server, elsewhere } = await setting({ adapter });
    const transformRequest = [
      function (this: Config, data: unknown) {
        move(this, elsewhere.url);
        return data;
      },
      ...[axios.defaults.transformRequest].flat(),
    ] as never;
    for (const data of [{ a: 1 }, replayable(() => 'made')]) {
      const error = await failureOf(api.post('/echo', data, { transformRequest }));
      expect(error).toMatchObject({ code: 'ERR_BEARER_CONFIG', message: expect.stringContaining(elsewhere.url) });
    }
    expect([elsewhere.received, server.log]).toEqual([[], []]);
  });

  it.each(ways)('L19 is not sent where its %s has changed while it waited for a token', async (_, move) => {
    const answer = deferred<TokenResponse>();
    const source = () => answer.promise;
    const made = await setting({ adapter }, { source, tokens: tokenPair('old', { expires_in: -1 }) });
    const { api, session, server, elsewhere } = made;
    let kept!: Config;
    api.interceptors.request.use((config) => {
      kept = config;
      return config;
    });
    const waits = nextEvent(session, 'waiting');
    const failing = failureOf(api.get('/echo'));
    await waits;
    move(kept, elsewhere.url);
    answer.resolve(server.issue());
    expect(await failing).toMatchObject({ code: 'ERR_BEARER_CONFIG' });
    expect([elsewhere.received, server.log]).toEqual([[], []]);
  });

  it.each(ways)('L19 is not sent again where its %s has changed since its 401', async (_, move) => {
    const { api, session, server, elsewhere } = await setting({ adapter });
    let kept!: Config;
    api.interceptors.request.use((config) => {
      kept = config;
      return config;
    });
    atEnd(session.on('refreshed', () => move(kept, elsewhere.url)));
    server.expire();
    expect(await failureOf(api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_CONFIG' });
    expect(elsewhere.received).toEqual([]);
    expect((await api.get('/echo', { transformRequest: [] })).status).toBe(200);
  });

  it('L19 is not sent where an absolute URL is heeded that was not when it was judged', async () => {
    const { api, elsewhere } = await setting({ adapter, allowAbsoluteUrls: false });
    const transformRequest = function (this: Config) {
      this.allowAbsoluteUrls = true;
    } as never;
    const code = await codeOf(api.get(`${elsewhere.url}/taken`, { transformRequest }));
    // Versions of axios that have no such option heed the URL at once, and it gets no token.
    expect(elsewhere.received.map(({ headers }) => headers.authorization)).toEqual(
      code === 'ERR_BEARER_CONFIG' ? [] : [undefined],
    );
  });

  it('goes on where it is moved to an origin that is allowed, or within its own', async () => {
    const { api, server, elsewhere } = await setting({ adapter });
    const to = (fields: object) => ({
      transformRequest: function (this: Config) {
        Object.assign(this, fields);
      } as never,
    });
    expect((await api.get('/echo/a', to({ url: '/echo/b' }))).data.path).toBe('/echo/b');
    const allowing = clientOf(server, { defaults: { adapter }, origins: [server.url, elsewhere.url] });
    await allowing.api.get('/echo', to({ baseURL: elsewhere.url }));
    expect(elsewhere.received).toMatchObject([{ headers: { authorization: expect.stringMatching(/^Bearer ./) } }]);
  });

  it('without a token of ours goes where it likes', async () => {
    const { api, elsewhere } = await setting({ adapter }, { header: false, tokens: undefined, source: async () => {} });
    await api.get('/public', {
      transformRequest: function (this: Config) {
        this.baseURL = elsewhere.url;
      } as never,
    });
    expect(elsewhere.received).toHaveLength(1);
  });
});
