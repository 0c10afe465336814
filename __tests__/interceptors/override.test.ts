import { describe, expect, it } from '@jest/globals';
import { AxiosHeaders } from 'axios';
import type { Config } from '../../lib/interceptors/config.js';
import type { Exchange, Installation } from '../../lib/interceptors/exchange.js';
import { assertDestination, override, restore } from '../../lib/interceptors/override.js';

const HOME = new URL('https://api.example/a');
const installed = (settings: object = {}, hasResponseInterceptor = true) =>
  ({
    settings: { header: 'Authorization', ...settings },
    hasResponseInterceptor: () => hasResponseInterceptor,
    destination: () => HOME,
  }) as unknown as Installation;
const exchangeOf = (config: Config, installation = installed(), accessToken = 'a') =>
  ({ installation, config, sent: { token: { accessToken } } }) as unknown as Exchange;
/** @returns what takes it off again */
const overridden = (exchange: Exchange) => {
  override(exchange);
  return (answer: { config?: unknown } | undefined) => restore(exchange, answer);
};
const configOf = (config: object = {}) => ({ headers: new AxiosHeaders(), ...config }) as Config;

describe('while its adapter runs, a config', () => {
  it('has a validateStatus and a beforeRedirect of ours, and its own again afterwards', () => {
    const [validateStatus, beforeRedirect] = [() => true, () => {}];
    const config = configOf({ validateStatus, beforeRedirect });
    const takeOff = overridden(exchangeOf(config));
    expect(config.validateStatus).not.toBe(validateStatus);
    expect(config.beforeRedirect).not.toBe(beforeRedirect);
    takeOff(undefined);
    expect([config.validateStatus, config.beforeRedirect]).toEqual([validateStatus, beforeRedirect]);
  });

  it('keeps nothing of ours that it had not before', () => {
    const config = configOf();
    const before = Object.keys(config);
    const takeOff = overridden(exchangeOf(config, installed({ header: 'X-Token' })));
    expect(Object.keys(config)).toEqual([...before, 'beforeRedirect', 'fetchOptions']);
    takeOff(undefined);
    expect(Object.keys(config)).toEqual(before);
  });

  it('gives nothing of ours to the answer, which may have a copy of it', () => {
    const validateStatus = () => true;
    const config = configOf({ validateStatus });
    const takeOff = overridden(exchangeOf(config));
    const copy = { ...config };
    takeOff({ config: copy });
    for (const each of [config, copy]) {
      expect(each.validateStatus).toBe(validateStatus);
      expect('beforeRedirect' in each).toBe(false);
    }
  });

  it('keeps what somebody else has put there meanwhile', () => {
    const config = configOf({ validateStatus: () => true });
    const takeOff = overridden(exchangeOf(config));
    const theirs = () => false;
    config.validateStatus = theirs;
    takeOff(undefined);
    expect(config.validateStatus).toBe(theirs);
    expect('beforeRedirect' in config).toBe(false);
  });

  it('does not keep as its own what somebody has put on Object.prototype', () => {
    const inherited = () => {};
    const config = Object.assign(Object.create({ beforeRedirect: inherited }), configOf({})) as Config;
    const takeOff = overridden(exchangeOf(config));
    expect(Object.hasOwn(config, 'beforeRedirect')).toBe(true);
    takeOff(undefined);
    expect(Object.hasOwn(config, 'beforeRedirect')).toBe(false);
  });
});

describe('the status', () => {
  it('401 passes, and every other is the caller’s to judge', () => {
    const config = configOf({ validateStatus: (status: number) => status === 200 });
    const exchange = exchangeOf(config);
    exchange.hasAskedStatus = true;
    override(exchange);
    expect(exchange.hasAskedStatus).toBe(false);
    expect([200, 400, 500].map((status) => config.validateStatus?.(status))).toEqual([true, false, false]);
    expect(exchange.hasAskedStatus).toBe(false);
    expect(config.validateStatus?.(401)).toBe(true);
    expect(exchange.hasAskedStatus).toBe(true);
  });

  it('is judged as before where nobody would recover the request, or where the caller judges none', () => {
    const validateStatus = () => true;
    const [unheard, unjudged] = [configOf({ validateStatus }), configOf({ validateStatus: null })];
    override(exchangeOf(unheard, installed({}, false)));
    override(exchangeOf(unjudged));
    expect([unheard.validateStatus, unjudged.validateStatus]).toEqual([validateStatus, null]);
  });

  it.each([
    ['no header is written', { header: false }, 'a'],
    ['there is no token', {}, ''],
  ])('401 passes where %s too, and redirects are left alone', (_, settings, token) => {
    const config = configOf({ validateStatus: () => false });
    const exchange = exchangeOf(config, installed(settings), token);
    override(exchange);
    expect('beforeRedirect' in config).toBe(false);
    expect(config.validateStatus?.(401)).toBe(true);
    expect(exchange.hasAskedStatus).toBe(true);
  });
});

describe('L19 on a redirect', () => {
  const [answer, request] = [{ statusCode: 302 }, { url: HOME.href }];
  const redirected = (config: Config, href?: string, headers: object = { authorization: 'Bearer a', other: 'b' }) => {
    const options = { href, headers: { ...headers } };
    config.beforeRedirect?.(options, answer as never, request as never);
    return options;
  };
  const names = (config: Config, href?: string) => Object.keys(redirected(config, href).headers);

  it.each([
    ['to the origin of its baseURL', { baseURL: 'https://api.example/v1', url: '/a' }],
    ['to an absolute URL', { url: HOME.href }],
    ['with a beforeRedirect of its own', { baseURL: 'https://api.example/v1', url: '/a', beforeRedirect: () => {} }],
  ])('a request %s loses the token at another origin only', (_, fields) => {
    const config = configOf(fields);
    override(exchangeOf(config));
    expect(names(config, 'https://api.example/b')).toEqual(['authorization', 'other']);
    expect(names(config, 'https://other.example/b')).toEqual(['other']);
    expect(names(config, 'http://api.example/b')).toEqual(['other']);
    expect(names(config, 'nonsense')).toEqual(['other']);
    expect(redirected(config, 'https://other.example', { undefined: 'a' }).headers).toEqual({ undefined: 'a' });
  });

  it('the caller’s own beforeRedirect is called, and sees the headers that go', () => {
    const calls: unknown[][] = [];
    const seen: unknown[] = [];
    const beforeRedirect = (...args: unknown[]) => {
      calls.push(args);
      seen.push(Object.keys((args[0] as { headers: object }).headers));
    };
    const config = configOf({ url: HOME.href, beforeRedirect });
    override(exchangeOf(config));
    const options = redirected(config, 'https://other.example/b');
    expect(calls).toEqual([[options, answer, request]]);
    expect(seen).toEqual([['other']]);
  });

  it('requests to the same baseURL share one guard, and those to another have another', () => {
    const installation = installed();
    const guardOf = (baseURL: string) => {
      const config = configOf({ baseURL, url: '/a' });
      override(exchangeOf(config, installation));
      return config.beforeRedirect;
    };
    const [first, again, other] = ['https://a.example', 'https://a.example', 'https://b.example'].map(guardOf);
    expect(again).toBe(first);
    expect(names({ beforeRedirect: first } as Config, 'https://b.example/')).toEqual(['other']);
    expect(names({ beforeRedirect: other } as Config, 'https://b.example/')).toEqual(['authorization', 'other']);
  });
});

describe('fetch', () => {
  type Fetching = Config & { fetchOptions?: unknown };

  it.each([
    ['authorization', undefined, undefined],
    ['X-Token', undefined, { redirect: 'error' }],
    ['X-Token', { redirect: 'follow', mode: 'cors' }, { redirect: 'error', mode: 'cors' }],
    ['X-Token', { redirect: 'manual' }, { redirect: 'manual' }],
  ])(
    'L19 follows a redirect nowhere with a secret of a name that it does not know: %s, %j',
    (header, fetchOptions, while_) => {
      const config = configOf(fetchOptions && { fetchOptions }) as Fetching;
      const takeOff = overridden(exchangeOf(config, installed({ header })));
      expect(config.fetchOptions).toEqual(while_);
      takeOff(undefined);
      expect(config.fetchOptions).toBe(fetchOptions);
    },
  );
});

describe('L19 a request that beforeSend has changed', () => {
  const judgedBy = (reason: 'origin' | undefined) =>
    ({
      ...exchangeOf(configOf({ url: '/b' }), { ...installed(), originReason: () => reason }),
      checked: { url: '/a' },
    }) as Exchange;

  it('goes out if the token may go where it leads now, and else is an error that names the origin', () => {
    expect(() => assertDestination(judgedBy(undefined))).not.toThrow();
    expect(() => assertDestination(judgedBy('origin'))).toThrow(
      expect.objectContaining({ code: 'ERR_BEARER_CONFIG', message: expect.stringContaining('https://api.example') }),
    );
  });
});
