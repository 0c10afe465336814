import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import axios, { type AxiosInstance } from 'axios';
import { bearer, type Session } from 'axios-bearer';
import axiosRetry from 'axios-retry';
import { atEnd, cleanUp, closeAtEnd, refreshing, startServer, tokenPair } from './support/kit.js';

const before = axios.create();
const beforeImport = { axios: 'use' in axios, instance: 'use' in before };

beforeAll(async () => {
  await import('axios-bearer/use');
});
afterEach(cleanUp);

const plugin = jest.fn((instance: AxiosInstance, options: { answer: number }) => ({ instance, ...options }));

describe('axios-bearer/use', () => {
  it('is what gives axios its use(): without the import there is none', () => {
    expect(beforeImport).toEqual({ axios: false, instance: false });
    expect(typeof axios.use).toBe('function');
    expect('use' in before).toBe(false);
  });

  it('calls the plugin with axios and the options, and returns what it returns, typed', () => {
    const result = axios.use(plugin, { answer: 42 });
    const answer: number = result.answer;
    expect(answer).toBe(42);
    expect(result.instance).toBe(axios);
    expect(plugin.mock.lastCall).toEqual([axios, { answer: 42 }]);
  });

  it('is there on instances created afterwards, and on theirs, each its own', () => {
    const api = axios.create();
    const child = api.create();
    expect(api.use(plugin, { answer: 1 }).instance).toBe(api);
    expect(child.use(plugin, { answer: 2 }).instance).toBe(child);
  });

  it('works apart from its object, as functions are passed around', () => {
    const { use } = axios.create();
    expect(use(plugin, { answer: 3 }).answer).toBe(3);
  });

  it('takes a plugin without options, and one that returns nothing', () => {
    const bare = jest.fn((_instance: AxiosInstance, _options?: object) => {});
    expect(axios.create().use(bare)).toBeUndefined();
    expect(bare.mock.lastCall![1]).toBeUndefined();
  });

  it('lets what a plugin throws through', () => {
    const broken = () => {
      throw new Error('in the plugin');
    };
    expect(() => axios.create().use(broken)).toThrow('in the plugin');
  });

  it('imported twice is imported once: one use(), one create() around the old one', async () => {
    const { use, create } = axios;
    jest.resetModules();
    await import('axios-bearer/use');
    expect([axios.use, axios.create]).toEqual([use, create]);
    const api = axios.create();
    expect(Object.keys(api).filter((key) => key === 'use')).toHaveLength(1);
  });

  it('leaves create() what it was: defaults are merged, config is respected', async () => {
    const server = await startServer();
    const api = axios.create({ baseURL: server.url, headers: { 'X-A': '1' } });
    const child = api.create({ headers: { 'X-B': '2' } });
    const { headers } = (await child.get('/public')).config;
    expect([String(headers['X-A']), String(headers['X-B'])]).toEqual(['1', '2']);
    expect(axios.isAxiosError(await child.get('/nowhere').catch((error: unknown) => error))).toBe(true);
  });

  it('changes no request: use() is in no config and no default', async () => {
    const server = await startServer();
    const api = axios.create({ baseURL: server.url });
    const { config } = await api.get('/public');
    expect('use' in config).toBe(false);
    expect('use' in api.defaults).toBe(false);
  });

  it('installs bearer on an instance: api.use(bearer, options) is bearer(api, options)', async () => {
    const server = await startServer();
    const api = axios.create({ baseURL: server.url });
    const session: Session = closeAtEnd(api.use(bearer, { source: refreshing, tokens: server.issue() }));
    server.expire();
    expect((await api.get('/videos')).status).toBe(200);
    expect(session.state).toMatchObject({ status: 'active', generation: 2 });
  });

  it('installs bearer on axios itself, and uninstalls it', async () => {
    const server = await startServer();
    const session = axios.use(bearer, {
      source: async () => tokenPair('x'),
      tokens: server.issue(),
      origins: server.url,
    });
    atEnd(() => session.close());
    expect((await axios.get(`${server.url}/videos`)).status).toBe(200);
    session.close();
    expect((await axios.get(`${server.url}/public`)).data).toEqual({ authorization: false });
  });

  it.each(['before', 'after'])(
    'installs axios-retry beside it (%s): 503 is retried by one, 401 mended by the other',
    async (order) => {
      const server = await startServer();
      const api = axios.create({ baseURL: server.url });
      const options = { retries: 3, retryDelay: () => 1 };
      if (order === 'before') api.use(axiosRetry, options);
      closeAtEnd(api.use(bearer, { source: refreshing, tokens: server.issue() }));
      if (order === 'after') api.use(axiosRetry, options);
      server.expire();
      server.fault('/videos', { status: 503 }, { times: 2 });
      expect((await api.get('/videos')).status).toBe(200);
      expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 1, ok: 1 });
    },
  );
});
