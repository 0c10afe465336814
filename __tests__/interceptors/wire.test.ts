import { describe, expect, it } from '@jest/globals';
import axios, { AxiosHeaders, type AxiosResponse, isAxiosError } from 'axios';
import type { Config, Guard, Journey } from '../../lib/interceptors/config.js';
import { arm, disarm, headersOf, headerValue, nameOf, ownOf, settle, standIn } from '../../lib/interceptors/wire.js';

const HOME = new URL('https://api.example/a');
const guardOf = (settings: object = {}, hears = true) =>
  ({
    settings: { header: 'Authorization', scheme: 'Bearer', ...settings },
    hears: () => hears,
    destination: () => HOME,
  }) as unknown as Guard;
const journeyOf = (config: Config, guard = guardOf(), accessToken = 'a') =>
  ({ guard, config, sent: { token: { accessToken } }, own: ownOf(config), worn: {} }) as unknown as Journey;
const configOf = (config: object = {}) => ({ headers: new AxiosHeaders(), ...config }) as Config;

describe('a header', () => {
  it('is found in any case, by its whole name', () => {
    expect(nameOf({ 'x-TOKEN': 1, 'X-Token-Kind': 2 }, 'X-Token')).toBe('x-TOKEN');
    expect(nameOf({ 'X-Token-Kind': 2, 'X-Tokem': 3 }, 'X-Token')).toBeUndefined();
  });

  it('is the scheme and the token, or the bare token; once per token', () => {
    const guard = guardOf();
    expect(headerValue(guard, 'a')).toBe('Bearer a');
    expect(guard.latest).toEqual({ accessToken: 'a', value: 'Bearer a' });
    Object.assign(guard.latest!, { value: 'kept' });
    expect(headerValue(guard, 'a')).toBe('kept');
    expect(headerValue(guard, 'b')).toBe('Bearer b');
    expect(headerValue(guardOf({ scheme: '' }), 'a')).toBe('a');
  });

  it('finds headers as axios makes them, whatever an interceptor has left', () => {
    const kept = configOf({ headers: new AxiosHeaders({ a: 'b' }) });
    const { headers } = kept;
    expect(headersOf(kept)).toBe(headers);
    const foreign = { setContentType() {} };
    expect(headersOf(configOf({ headers: foreign }))).toBe(foreign);
    for (const left of [undefined, { a: 'b' }]) {
      const config = { headers: left } as unknown as Config;
      expect(headersOf(config)).toBe(config.headers);
      expect(config.headers.toJSON()).toEqual({ ...left });
    }
  });
});

describe('on the wire', () => {
  it('bears the token in the name that is there, and gives back what it had', () => {
    const [validateStatus, beforeRedirect] = [() => true, () => {}];
    const config = configOf({ headers: new AxiosHeaders({ AUTHORIZATION: 'old' }), validateStatus, beforeRedirect });
    const journey = journeyOf(config);
    journey.asked = true;
    arm(config, journey);
    expect({ ...config.headers }).toEqual({ AUTHORIZATION: 'Bearer a' });
    expect(journey.asked).toBe(false);
    expect(config.validateStatus).not.toBe(validateStatus);
    expect(config.beforeRedirect).not.toBe(beforeRedirect);
    expect('fetchOptions' in config).toBe(false);
    disarm(config, journey);
    expect([config.validateStatus, config.beforeRedirect]).toEqual([validateStatus, beforeRedirect]);
  });

  it('bears nothing of ours that it had not before', () => {
    const config = configOf();
    const before = Object.keys(config);
    const journey = journeyOf(config, guardOf({ header: 'X-Token' }));
    arm(config, journey);
    expect(Object.keys(config)).toEqual([...before, 'beforeRedirect', 'fetchOptions']);
    disarm(config, journey);
    expect(Object.keys(config)).toEqual(before);
  });

  it('keeps what somebody else has put there meanwhile', () => {
    const config = configOf({ validateStatus: () => true });
    const journey = journeyOf(config);
    arm(config, journey);
    const theirs = () => false;
    config.validateStatus = theirs;
    disarm(config, journey);
    expect(config.validateStatus).toBe(theirs);
    expect('beforeRedirect' in config).toBe(false);
  });

  it.each([
    ['no header is to be written', guardOf({ header: false }), 'a'],
    ['there is no token', guardOf(), ''],
  ])('bears no token where %s, and still lets a 401 pass', (_, guard, token) => {
    const config = configOf({ validateStatus: () => false });
    const journey = journeyOf(config, guard, token);
    arm(config, journey);
    expect({ ...config.headers }).toEqual({});
    expect('beforeRedirect' in config).toBe(false);
    expect(config.validateStatus?.(401)).toBe(true);
    expect(journey.asked).toBe(true);
  });

  it('lets a 401 pass, and the caller judge every other status', () => {
    const config = configOf({ validateStatus: (status: number) => status === 200 });
    const journey = journeyOf(config);
    arm(config, journey);
    expect([200, 400, 500].map((status) => config.validateStatus?.(status))).toEqual([true, false, false]);
    expect(journey.asked).toBe(false);
    expect(config.validateStatus?.(401)).toBe(true);
    expect(journey.asked).toBe(true);
  });

  it('leaves the judgement alone where nobody would hear of it, or there is none', () => {
    const validateStatus = () => true;
    const [unheard, unjudged] = [configOf({ validateStatus }), configOf({ validateStatus: null })];
    arm(unheard, journeyOf(unheard, guardOf({}, false)));
    arm(unjudged, journeyOf(unjudged));
    expect([unheard.validateStatus, unjudged.validateStatus]).toEqual([validateStatus, null]);
  });

  it('L19 loses the token on a redirect to another origin, and the caller’s own beforeRedirect is called', () => {
    const calls: unknown[][] = [];
    const config = configOf({ beforeRedirect: (...args: unknown[]) => calls.push(args) });
    arm(config, journeyOf(config));
    const [answer, request] = [{ statusCode: 302 }, { url: HOME.href }];
    const redirect = (href?: string) => {
      const options = { href, headers: { authorization: 'Bearer a', other: 'b' } };
      config.beforeRedirect?.(options, answer as never, request as never);
      expect(calls.at(-1)).toEqual([options, answer, request]);
      return Object.keys(options.headers);
    };
    expect(redirect('https://api.example/b')).toEqual(['authorization', 'other']);
    expect(redirect('https://other.example/b')).toEqual(['other']);
    expect(redirect('http://api.example/b')).toEqual(['other']);
    expect(redirect('nonsense')).toEqual(['other']);
    const bare = { href: 'https://other.example', headers: { undefined: 'a' } };
    config.beforeRedirect?.(bare, answer as never, request as never);
    expect(bare.headers).toEqual({ undefined: 'a' });
  });

  it.each([
    ['authorization', undefined, undefined],
    ['X-Token', undefined, { redirect: 'error' }],
    ['X-Token', { redirect: 'follow', mode: 'cors' }, { redirect: 'error', mode: 'cors' }],
    ['X-Token', { redirect: 'manual' }, { redirect: 'manual' }],
  ])(
    'L19 is followed by fetch nowhere with a secret of a name that fetch does not know: %s, %j',
    (header, options, armed) => {
      const config = configOf(options && { fetchOptions: options });
      const journey = journeyOf(config, guardOf({ header }));
      arm(config, journey);
      expect((config as { fetchOptions?: unknown }).fetchOptions).toEqual(armed);
      disarm(config, journey);
      expect((config as { fetchOptions?: unknown }).fetchOptions).toBe(options);
    },
  );
});

describe('what a config bears of its own', () => {
  it('is not what somebody has put on Object.prototype', () => {
    const config = Object.create({ validateStatus: 1, adapter: 2 });
    expect({ ...ownOf(Object.assign(config, { adapter: 3, url: 4 })) }).toEqual({ adapter: 3 });
    expect(Object.getPrototypeOf(ownOf(config))).toBeNull();
  });
});

describe('what stands in for an adapter', () => {
  it('acts once, and gives the place back', async () => {
    const adapter = async () => ({}) as AxiosResponse;
    const config = configOf({ adapter });
    const answer = {} as AxiosResponse;
    standIn(config, async (sent) => {
      expect(sent.adapter).toBe(adapter);
      return answer;
    });
    expect(await (config.adapter as typeof adapter as (config: Config) => Promise<AxiosResponse>)(config)).toBe(answer);
    expect(config.adapter).toBe(adapter);
  });

  it('gives it back before, when told to', () => {
    const config = configOf();
    const leave = standIn(config, async () => ({}) as AxiosResponse);
    expect(config.adapter).toEqual(expect.any(Function));
    leave(config);
    expect('adapter' in config).toBe(false);
  });
});

describe('what is made of a status', () => {
  const response = (status: number) => ({ status, config: {}, request: {} }) as AxiosResponse;
  const made = (status: number, judge: Config['validateStatus']) => {
    try {
      return settle(response(status), judge).status;
    } catch (error) {
      if (!isAxiosError(error)) throw error;
      const { code, message, config, request } = error;
      expect([config, request, error.response?.status]).toEqual([{}, {}, status]);
      return `${code}: ${message}`;
    }
  };

  it('is what axios makes of it', () => {
    const { validateStatus } = axios.defaults;
    expect(made(200, validateStatus)).toBe(200);
    expect(made(401, null)).toBe(401);
    expect(made(401, undefined)).toBe(401);
    expect(made(0, validateStatus)).toBe(0);
    expect(made(401, () => true)).toBe(401);
    expect(made(401, validateStatus)).toBe('ERR_BAD_REQUEST: Request failed with status code 401');
    expect(made(499, validateStatus)).toBe('ERR_BAD_REQUEST: Request failed with status code 499');
    expect(made(500, validateStatus)).toBe('ERR_BAD_RESPONSE: Request failed with status code 500');
  });
});
