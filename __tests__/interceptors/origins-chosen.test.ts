import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios, { type InternalAxiosRequestConfig } from 'axios';
import { bearer, type Session } from 'axios-bearer';
import { adapters, atEnd, cleanUp, failureOf, nextEvent, onAdapters, startHttpServer } from '../support/kit.js';

const TOKEN = 'Bearer chosen';

async function place() {
  const { url, received } = await startHttpServer((_req, res) => void res.end('{}'));
  return { url, tokens: () => received.map(({ headers }) => headers.authorization) };
}

function install(api: ReturnType<typeof axios.create>, options: object): Session {
  const session = bearer(api, { source: async () => 'next', tokens: 'chosen', ...options });
  atEnd(() => void session.close());
  return session;
}

afterEach(cleanUp);

describe.each(adapters)(`L19 origins as a function (${onAdapters}), over %s`, (adapter) => {
  it('is asked for each request, for a server that is chosen later', async () => {
    const [one, two] = [await place(), await place()];
    let chosen = 'https://none.example';
    const api = axios.create({ adapter });
    install(api, { origins: () => chosen });
    await api.get(`${one.url}/a`);
    chosen = one.url;
    await api.get(`${one.url}/a`);
    await api.get(`${two.url}/a`);
    chosen = two.url;
    await api.get(`${two.url}/a`);
    await api.get(`${one.url}/a`);
    expect([one.tokens(), two.tokens()]).toEqual([
      [undefined, TOKEN, undefined],
      [undefined, TOKEN],
    ]);
  });

  it('gets the config as it will go, and may return several, or any', async () => {
    const [one, two, three] = [await place(), await place(), await place()];
    const asked: (string | undefined)[] = [];
    const origins = (config: InternalAxiosRequestConfig) => {
      asked.push(config.baseURL);
      return config.params?.any ? '*' : [one.url, two.url];
    };
    const api = axios.create({ adapter, baseURL: one.url });
    install(api, { origins });
    api.interceptors.request.use((config) => ({ ...config, baseURL: config.params?.to ?? config.baseURL }));
    await api.get('/a');
    await api.get('/a', { params: { to: two.url } });
    await api.get('/a', { params: { to: three.url } });
    await api.get('/a', { params: { to: three.url, any: 1 } });
    expect([one, two, three].map(({ tokens }) => tokens())).toEqual([[TOKEN], [TOKEN], [undefined, TOKEN]]);
    expect(asked).toEqual([one.url, two.url, three.url, three.url]);
  });

  it('home is not among them by itself', async () => {
    const home = await place();
    const api = axios.create({ adapter, baseURL: home.url });
    const session = install(api, { origins: () => [] });
    const skipped = nextEvent(session, 'skipped');
    await api.get('/a');
    expect(home.tokens()).toEqual([undefined]);
    expect(await skipped).toMatchObject({ reason: 'origin' });
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('Not chosen yet');
      },
    ],
    ['returns no origin', () => 'api.example.com'],
    ['returns nothing', () => undefined],
    ['returns a promise', async () => 'https://api.example'],
  ])('one that %s: the request fails, and nothing is sent', async (_, origins) => {
    const home = await place();
    const api = axios.create({ adapter, baseURL: home.url });
    install(api, { origins });
    const error = await failureOf(api.get('/a'));
    expect(error.message).toMatch(_ === 'throws' ? /Not chosen yet/ : /origins/);
    expect(home.tokens()).toEqual([]);
  });

  it('is judged again for each send by what beforeSend has made of it', async () => {
    const [one, two] = [await place(), await place()];
    const api = axios.create({ adapter, baseURL: one.url });
    const beforeSend = (config: InternalAxiosRequestConfig) => {
      config.baseURL = two.url;
    };
    install(api, { origins: () => [one.url], beforeSend });
    expect(await failureOf(api.get('/a'))).toMatchObject({ code: 'ERR_BEARER_CONFIG' });
    expect([one.tokens(), two.tokens()]).toEqual([[], []]);
  });
});

describe('L19 the warning that no origin is known', () => {
  it('is given once where the baseURL is relative, and not where it is a URL', async () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
    atEnd(() => warn.mockRestore());
    const adapter = async (config: InternalAxiosRequestConfig) => ({
      config,
      data: '',
      status: 200,
      statusText: '',
      headers: {},
    });
    const absolute = axios.create({ adapter, baseURL: 'https://api.example' });
    install(absolute, {});
    await absolute.get('//elsewhere.example/a');
    expect(warn).not.toHaveBeenCalled();
    const relative = axios.create({ adapter, baseURL: '/api' });
    install(relative, {});
    await relative.get('/a');
    await relative.get('/a');
    expect(warn).toHaveBeenCalledTimes(1);
  });
});
