import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import axios, { type AxiosError } from 'axios';
import { bearer, replayable } from 'axios-bearer';
import { type ApiVideo, type Echo, startApiVideo } from 'axios-bearer/testing';
import type { IAxiosRetryConfig } from 'axios-retry';
import { ALWAYS, failureOf, refreshAt, times } from '../support/kit.js';
import {
  type ClientOptions,
  type ClientWithPlugin,
  clientWith,
  closeSessions,
  installed,
  type Variant,
  variants,
} from './client.js';
import { axiosRetryOf } from './modules.js';

let server: ApiVideo;
beforeAll(async () => {
  server = await startApiVideo();
});
afterEach(() => {
  closeSessions();
  server.reset();
});
afterAll(() => server.close());

function retrying(variant: Variant, retry: IAxiosRetryConfig = {}, options?: ClientOptions): ClientWithPlugin {
  return clientWith(server, variant, (api) => axiosRetryOf[variant.kind](api, retry), options);
}

/** Expired, and we know it: a request is held before its first send. */
const held = () => ({ tokens: { ...server.issue(), expires_in: 0 } });
const everything = () => true;
const exponentially = (n: number, error?: AxiosError) =>
  axiosRetryOf['ES module'].exponentialDelay(n, error as never, 1);

describe.each(variants)(`axios-retry, ${installed}`, (variant) => {
  describe('and a server that refuses every token', () => {
    it('retries nothing by default: a request costs 2 refreshes and 5 hits', async () => {
      const { api, observed } = retrying(variant);
      expect((await failureOf(api.get('/always-401'))).response?.status).toBe(401);
      expect(server.stats).toMatchObject({ refresh: 2, unauthorized: 5 });
      expect(observed).toMatchObject({ requests: 1, failures: [401] });
    });

    it.each<[string, IAxiosRetryConfig]>([
      ['retry-everything', { retryCondition: everything }],
      ['a retryCondition on 401', { retryCondition: (error) => error.response?.status === 401 }],
      ['retry-everything and shouldResetTimeout', { retryCondition: everything, shouldResetTimeout: true }],
      ['retry-everything and exponentialDelay', { retryCondition: everything, retryDelay: exponentially as never }],
    ])('under %s, a request costs 2 refreshes and 8 hits: its 4 sends and 4 replays of the first', async (_, retry) => {
      const { api, observed } = retrying(variant, retry, { defaults: { timeout: 5_000 } });
      expect((await failureOf(api.get('/always-401'))).response?.status).toBe(401);
      expect(server.stats).toMatchObject({ refresh: 2, unauthorized: 8 });
      expect(observed).toMatchObject({ requests: 4, failures: [401, 401, 401, 401] });
    });

    it('under retry-everything, 10 at once cost 2 refreshes and at most 8 hits each, later ones their 4 sends', async () => {
      const { api } = retrying(variant, { retryCondition: everything });
      await Promise.all(times(10, () => failureOf(api.get('/always-401'))));
      const { refresh, unauthorized } = server.stats;
      expect(refresh).toBe(2);
      expect(unauthorized).toBeLessThanOrEqual(80);
      await failureOf(api.get('/always-401'));
      expect(server.stats).toMatchObject({ refresh, unauthorized: unauthorized + 4 });
    });
  });

  describe('and a refresh that fails for now', () => {
    it('sends a held POST when it succeeds after all, once, its body as JSON', async () => {
      const { api } = retrying(variant, {}, held());
      server.fault('/auth/refresh', { status: 503 });
      const { data } = await api.post<Echo>('/echo', { title: 'a' });
      expect(data).toMatchObject({ text: '{"title":"a"}', headers: { 'content-type': 'application/json' } });
      expect(server.stats).toMatchObject({ refresh: 2, ok: 1 });
    });

    it('sends a held body through its own transformRequest, once', async () => {
      const { api } = retrying(variant, {}, held());
      server.fault('/auth/refresh', { status: 503 });
      const { data } = await api.put<Echo>('/echo', 'a', { transformRequest: (body) => `sealed(${body})` });
      expect(data.text).toBe('sealed(a)');
    });

    it('asks the token endpoint no sooner than the backoff says, however often it retries', async () => {
      const backoff = { initial: 30_000, factor: 1, cap: 30_000 };
      const { api, observed } = retrying(variant, {}, { ...held(), backoff });
      server.fault('/auth/refresh', { status: 503 }, ALWAYS);
      expect((await failureOf(api.get('/echo'))).code).toBe('ERR_BEARER_UNAVAILABLE');
      expect(observed.requests).toBe(4);
      expect(server.stats).toMatchObject({ refresh: 1, ok: 0 });
    });
  });

  describe('and an end that no retry mends', () => {
    const ends: Record<string, (house: ClientWithPlugin) => unknown> = {
      ERR_BEARER_IDENTITY: ({ session }) => session.signIn(server.issue()),
      ERR_BEARER_SIGNED_OUT: ({ session }) => session.signOut(),
      ERR_BEARER_REJECTED: () => server.revokeRefreshTokens(),
    };
    const conditions = { 'its default condition': {}, 'retry-everything': { retryCondition: everything } };
    for (const [code, end] of Object.entries(ends)) {
      it.each(Object.entries(conditions))(`L21 under %s, sends nothing that failed with ${code}`, async (_, retry) => {
        const house = retrying(variant, retry, held());
        const refreshes = server.hold('/auth/refresh');
        const requests = [house.api.get('/echo'), house.api.post('/echo', 'a')].map((request) => failureOf(request));
        await refreshes.arrived(1);
        await end(house);
        refreshes.release();
        const failures = await Promise.all(requests);
        expect(failures.map((error) => error.code)).toEqual([code, code]);
        expect(house.observed.requests).toBe(2);
        expect(server.log.filter(({ path }) => path === '/echo')).toEqual([]);
      });
    }

    it('L21 under retry-everything, sends nothing in another name that waited after a 401', async () => {
      const { api, session } = retrying(variant, { retryCondition: everything });
      server.expire();
      const refreshes = server.hold('/auth/refresh');
      const request = failureOf(api.get('/echo'));
      await refreshes.arrived(1);
      await session.signIn(server.issue());
      refreshes.release();
      expect((await request).code).toBe('ERR_BEARER_IDENTITY');
      expect(server.stats).toMatchObject({ ok: 0, unauthorized: 1 });
    });

    it('L16 under retry-everything, sends no stream a second time', async () => {
      const { api } = retrying(variant, { retryCondition: everything });
      server.expire();
      expect((await failureOf(api.put('/echo', Readable.from(['a'])))).code).toBe('ERR_BEARER_BODY');
      expect(server.stats).toMatchObject({ ok: 0, unauthorized: 1 });
    });

    it('keeps its retries for a config that is sent again later', async () => {
      const { api, session } = retrying(variant, {}, held());
      server.revokeRefreshTokens();
      const { config } = await failureOf(api.get('/echo'));
      await session.signIn(server.issue());
      server.fault('/echo', { status: 503 }, { times: 3 });
      expect((await api(config!)).status).toBe(200);
    });
  });

  it('retries a 503 after a 401 and a 401 after a 503, each body sent as it is', async () => {
    const { api, observed } = retrying(variant);
    server.expire();
    server.fault('/echo', { status: 503 }, { times: 2 });
    const { data } = await api.put<Echo>('/echo', { title: 'a' });
    expect(data.text).toBe('{"title":"a"}');
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 1, ok: 1 });
    expect(observed).toMatchObject({ requests: 3, failures: [503, 503] });
  });

  it('L16 sends a replayable body whole each time, on replays and on retries', async () => {
    const { api } = retrying(variant);
    server.expire();
    server.fault('/echo', { status: 503 }, { times: 2 });
    const { data } = await api.put<Echo>(
      '/echo',
      replayable(() => Readable.from(['a', 'b'])),
    );
    expect(data.text).toBe('ab');
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 1, ok: 1 });
  });

  it('has its validateResponse asked about the recovered answer only', async () => {
    const seen: number[] = [];
    const validateResponse: IAxiosRetryConfig['validateResponse'] = ({ status }) => {
      seen.push(status);
      return status < 300;
    };
    const { api } = retrying(variant, { validateResponse });
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(seen).toEqual([200]);
  });
});

describe('axios.use, of axios-bearer/use', () => {
  it.each(['before', 'after'])('installs axios-retry on axios itself, %s axios-bearer', async (order) => {
    await import('axios-bearer/use');
    const retry = () => axios.use(axiosRetryOf['ES module'], { retries: 1 });
    const ids = order === 'before' ? retry() : undefined;
    const session = axios.use(bearer, { source: refreshAt(server), tokens: server.issue(), origins: server.url });
    const { requestInterceptorId, responseInterceptorId } = ids ?? retry();
    server.expire();
    server.fault('/videos', { status: 503 });
    expect((await axios.get(`${server.url}/videos`)).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 1, ok: 1 });
    session.close();
    axios.interceptors.request.eject(requestInterceptorId);
    axios.interceptors.response.eject(responseInterceptorId);
  });
});
