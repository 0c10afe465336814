import { describe, expect, it } from '@jest/globals';
import { AxiosHeaders } from 'axios';
import type { Config } from '../../lib/interceptors/config.js';
import type { Installation } from '../../lib/interceptors/exchange.js';
import {
  headersOf,
  headerValue,
  isOurValue,
  nameOf,
  noteHeader,
  removeOurs,
  writeToken,
} from '../../lib/interceptors/header.js';
import { rememberAccessToken } from '../../lib/session/access-tokens.js';
import type { Current } from '../../lib/session/current.js';

const installed = (settings: object = {}) =>
  ({
    settings: { header: 'Authorization', scheme: 'Bearer', ...settings },
    headerValues: new WeakMap(),
  }) as unknown as Installation;
const currentOf = (accessToken: string) => ({ token: { accessToken } }) as Current;
const configOf = (headers?: object) => ({ headers: headers && new AxiosHeaders(headers as never) }) as Config;

describe('a header', () => {
  it('is found in any case, by its whole name', () => {
    expect(nameOf({ 'x-TOKEN': 1, 'X-Token-Kind': 2 }, 'X-Token')).toBe('x-TOKEN');
    expect(nameOf({ 'X-Token-Kind': 2, 'X-Tokem': 3 }, 'X-Token')).toBeUndefined();
  });

  it('is found among headers as axios makes them, whatever an interceptor has left', () => {
    const kept = configOf({ a: 'b' });
    const { headers } = kept;
    expect(headersOf(kept)).toBe(headers);
    const foreign = { setContentType() {} };
    expect(headersOf({ headers: foreign } as unknown as Config)).toBe(foreign);
    for (const left of [undefined, { a: 'b' }]) {
      const config = { headers: left } as unknown as Config;
      expect(headersOf(config)).toBe(config.headers);
      expect(config.headers.toJSON()).toEqual({ ...left });
    }
  });
});

describe('the value of our header', () => {
  it('is the scheme and the token, or the bare token', () => {
    expect(headerValue(installed(), currentOf('a'))).toBe('Bearer a');
    expect(headerValue(installed({ scheme: 'Token' }), currentOf('a'))).toBe('Token a');
    expect(headerValue(installed({ scheme: '' }), currentOf('a'))).toBe('a');
  });

  it('is made once per token', () => {
    const installation = installed();
    const [a, b] = [currentOf('a'), currentOf('b')];
    headerValue(installation, a);
    expect(installation.headerValues.get(a)?.value).toBe('Bearer a');
    installation.headerValues.set(a, { value: 'kept', rememberedAt: Number.POSITIVE_INFINITY });
    expect([headerValue(installation, a), headerValue(installation, b)]).toEqual(['kept', 'Bearer b']);
  });
});

describe('the token', () => {
  const written = (headers: object | undefined, settings: object = {}, token = 'a') => {
    const config = configOf(headers);
    writeToken(config, installed(settings), currentOf(token));
    return config.headers && { ...config.headers };
  };

  it('is written under the name that stands there, or else under the name of the option', () => {
    expect(written({ AUTHORIZATION: 'old', other: 'b' })).toEqual({ AUTHORIZATION: 'Bearer a', other: 'b' });
    expect(written(undefined)).toEqual({ Authorization: 'Bearer a' });
    expect(written({ Authorization: 'Basic b' }, { header: 'X-Token', scheme: '' })).toEqual({
      Authorization: 'Basic b',
      'X-Token': 'a',
    });
  });

  it.each([
    ['no header is wanted', { header: false }, 'a'],
    ['there is no token, as in a cookie session', {}, ''],
  ])('is not written where %s', (_, settings, token) => {
    expect(written({ Authorization: 'Basic b' }, settings, token)).toEqual({ Authorization: 'Basic b' });
    expect(written(undefined, settings, token)).toBeUndefined();
  });
});

describe('a header that was written by us', () => {
  rememberAccessToken('held before');
  rememberAccessToken('held');

  it('is known by its token, whatever scheme stands before it', () => {
    for (const value of ['held', 'Bearer held', 'Token held']) expect(isOurValue(value)).toBe(true);
    const others = ['Bearer other', 'Bearer held!', 'held Bearer', 'Bearer ', '', undefined, null, 7, ['Bearer held']];
    for (const value of others) expect(isOurValue(value)).toBe(false);
  });

  it('is not an empty one, though a cookie session holds an empty token', () => {
    rememberAccessToken('');
    for (const value of ['', 'Bearer ']) expect(isOurValue(value)).toBe(false);
  });

  it('is removed from a config that is sent again, under each name that an installation writes', () => {
    noteHeader('X-Token');
    noteHeader('Authorization');
    noteHeader(false);
    const headers = { AUTHORIZATION: 'Bearer held', 'x-token': 'held', 'X-Other': 'held' };
    removeOurs(headers);
    expect(headers).toEqual({ 'X-Other': 'held' });
  });

  it('is told from the caller’s own, which stays', () => {
    noteHeader('Authorization');
    const headers = { Authorization: 'Bearer other', Accept: 'a' };
    removeOurs(headers);
    expect(headers).toEqual({ Authorization: 'Bearer other', Accept: 'a' });
  });
});
