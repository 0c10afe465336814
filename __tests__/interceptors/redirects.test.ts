import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type AxiosAdapter, AxiosHeaders, type AxiosResponse, getAdapter } from 'axios';
import type { Config } from '../../lib/interceptors/config.js';
import { becameGet, redirectedTo, tellingRedirects } from '../../lib/interceptors/redirects.js';
import { describeOn } from '../support/on.js';

afterEach(() => void jest.restoreAllMocks());

const from = (request: unknown) => redirectedTo({ request } as AxiosResponse)?.href;

describe('where redirects have led to', () => {
  const http = (_redirectCount: number) => ({
    _redirectable: { _redirectCount },
    res: { responseUrl: 'https://a.example/b' },
  });

  it('is told by Node’s request once there was one, and by XMLHttpRequest', () => {
    expect(from(http(1))).toBe('https://a.example/b');
    expect(from({ responseURL: 'https://a.example/c' })).toBe('https://a.example/c');
  });

  it.each([
    undefined,
    null,
    'https://a.example',
    {},
    http(0),
    { res: { responseUrl: 'https://a.example/b' } },
    { _redirectable: { _redirectCount: 1 } },
    { responseURL: '' },
    { responseURL: 'nonsense' },
  ])('is not known where there were none, or of a request that does not tell: %j', (request) => {
    expect(from(request)).toBeUndefined();
  });
});

it('a relative one tells of no redirect, though a page could complete it: axios-mock-adapter has the config’s', () => {
  Object.assign(globalThis, { location: { href: 'https://page.example/' } });
  try {
    expect(from({ responseURL: '/relative' })).toBeUndefined();
  } finally {
    Reflect.deleteProperty(globalThis, 'location');
  }
});

it('a redirect has made a GET of a request where there was one, and the last method is such', () => {
  const became = (_redirectCount: number, method: string) =>
    becameGet({ request: { _redirectable: { _redirectCount }, method } } as AxiosResponse);
  expect([became(1, 'GET'), became(2, 'HEAD'), became(1, 'POST'), became(0, 'GET')]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  for (const request of [undefined, null, {}]) expect(becameGet({ request } as AxiosResponse)).toBe(false);
});

it('an adapter that tells it by itself, or is nobody’s to change, is the one that axios would take', () => {
  const own: AxiosAdapter = async () => ({}) as never;
  const config = { headers: {} } as Config;
  expect(tellingRedirects('http', config)).toBe(getAdapter('http'));
  expect(tellingRedirects(own, config)).toBe(own);
  expect(tellingRedirects(['xhr', 'http'], config)).toBe(getAdapter(['xhr', 'http']));
});

/** Axios has an adapter for fetch from 1.7 on, and hears of a config's own fetch later still. */
const takesFetch = (() => {
  try {
    return getAdapter('fetch', { env: { fetch: async () => new Response() } } as never) !== getAdapter('fetch');
  } catch {
    return false;
  }
})();

const fetches = {
  title: 'fetch, whose response axios does not show,',
  isThere: takesFetch,
  how: 'this axios takes none',
  required: undefined,
};

describeOn(fetches, () => {
  type Own = ReturnType<typeof fetchVia>;

  const fetchVia = (url: string, redirected = true) =>
    jest.fn<typeof fetch>(async () => {
      const own = { url: { value: url }, redirected: { value: redirected } };
      return Object.defineProperties(new Response('body'), own);
    });
  const configOf = (own?: Own | typeof fetch) =>
    ({
      url: 'https://a.example/first',
      method: 'get',
      headers: new AxiosHeaders(),
      ...(own && { env: { fetch: own, Request } }),
    }) as unknown as Config;
  const send = (config: Config) => tellingRedirects('fetch', config)(config);

  it('leaves word of it, and is called and answers as before', async () => {
    const own = fetchVia('https://b.example/last');
    const response = await send(configOf(own));
    expect(redirectedTo(response)?.href).toBe('https://b.example/last');
    expect(response.data).toBe('body');
    expect(own.mock.calls.map(([sent]) => (sent as Request).url)).toEqual(['https://a.example/first']);
  });

  it('leaves word of it where the config has axios’s own function for an adapter', async () => {
    jest.spyOn(globalThis, 'fetch').mockImplementation(fetchVia('https://b.example/last'));
    const named = getAdapter('fetch');
    const config = { ...configOf(), adapter: named };
    const response = await tellingRedirects(named, config)(config);
    expect(redirectedTo(response)?.href).toBe('https://b.example/last');
  });

  it('leaves word of each request by itself, however adapters alternate', async () => {
    const told: unknown[] = [];
    for (const last of ['https://b.example/1', undefined, 'https://b.example/2']) {
      tellingRedirects('http', configOf());
      const answer = await send(configOf(fetchVia(last ?? 'https://a.example/first', last !== undefined)));
      told.push(redirectedTo(answer)?.href);
    }
    expect(told).toEqual(['https://b.example/1', undefined, 'https://b.example/2']);
  });

  it('fails as before', async () => {
    const error = new RangeError('no such host');
    const failing = send(
      configOf(async () => {
        throw error;
      }),
    );
    await expect(failing).rejects.toThrow('no such host');
  });

  it('is the platform’s own where the config names none', async () => {
    const platform = jest.spyOn(globalThis, 'fetch').mockImplementation(fetchVia('https://c.example/last'));
    expect(redirectedTo(await send(configOf()))?.href).toBe('https://c.example/last');
    expect(platform).toHaveBeenCalledTimes(1);
  });

  it('has one adapter for each fetch, as axios keeps each', () => {
    const own = fetchVia('https://b.example/last');
    const adapter = tellingRedirects('fetch', configOf(own));
    expect(tellingRedirects('fetch', configOf(own))).toBe(adapter);
    expect(tellingRedirects('fetch', configOf(fetchVia('https://b.example/last')))).not.toBe(adapter);
  });

  it('is not touched on the config', async () => {
    const config = configOf(fetchVia('https://b.example/last'));
    const before = { ...config };
    await send(config);
    expect(config).toEqual(before);
    expect((config as { env?: unknown }).env).toBe((before as { env?: unknown }).env);
  });
});
