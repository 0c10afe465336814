import { describe, expect, it } from '@jest/globals';
import { deadlineFailure, sourceFailure, storeFailure } from '../lib/failure.js';
import type { Token } from '../lib/token.js';

const SOURCE = { refresh: async () => 'a' };
const TOKENS: Token[] = [
  { accessToken: 'at_1', refreshToken: 'rt_1', issuedAt: 0 },
  { accessToken: '', issuedAt: 0 },
];
const answered = (status: number, data?: unknown, headers = {}) =>
  Object.assign(new Error(`status ${status}`), { response: { status, data, headers } });
const failed = (error: unknown, source: Parameters<typeof sourceFailure>[1] = SOURCE) =>
  sourceFailure(error, source, TOKENS);
const causeOf = (error: unknown) => failed(error).error.cause as Error & Record<string, unknown>;

describe('what the source threw', () => {
  it.each([400, 401, 403])('ends the session if it was answered %i', (status) => {
    const { error, retry, askedDelay } = failed(answered(status));
    expect([error.code, error.message, error.cause?.message, retry, askedDelay]).toEqual([
      'ERR_BEARER_REJECTED',
      'A token was refused for good: sign in again',
      `status ${status}`,
      'ended',
      0,
    ]);
  });

  it.each([
    [404, 'later'],
    [409, 'later'],
    [300, 'later'],
    [299, 'again'],
    [200, 'again'],
    [429, 'again'],
    [500, 'again'],
    [503, 'again'],
  ])('does not if it was answered %i: it is tried again, %s', (status, when) => {
    const { error, retry } = failed(answered(status));
    expect([error.code, error.message, retry]).toEqual([
      'ERR_BEARER_UNAVAILABLE',
      'No token could be had just now; the session is kept',
      when,
    ]);
  });

  it.each([new Error('socket hang up'), 'no', undefined, null, {}])(
    'is tried again if nothing answered: %p',
    (error) => {
      expect(failed(error).retry).toBe('again');
    },
  );

  it('is tried again no sooner than the server asks', () => {
    expect(failed(answered(503, {}, { 'retry-after': '7' })).askedDelay).toBe(7_000);
  });

  it('is judged by isRejected where there is one, unless that fails', () => {
    expect(failed(new Error('x'), { ...SOURCE, isRejected: () => true }).retry).toBe('ended');
    expect(failed(answered(401), { ...SOURCE, isRejected: () => false }).retry).toBe('later');
    const isRejected = () => {
      throw new Error('judge');
    };
    expect(failed(answered(401), { ...SOURCE, isRejected }).retry).toBe('later');
  });
});

describe('the cause that is told', () => {
  it('has no token of ours in it', () => {
    const data = { error: 'rt_1', error_description: 'at_1 is not at_1', error_uri: 'https://a/?rt_1' };
    const thrown = Object.assign(answered(500, data), { message: 'rt_1, at_1 and rt_1' });
    expect(causeOf(thrown)).toMatchObject({
      message: '[token], [token] and [token]',
      error: '[token]',
      error_description: '[token] is not [token]',
      error_uri: 'https://a/?[token]',
    });
    expect(storeFailure(new Error('at_1 b'), TOKENS).error.cause?.message).toBe('[token] b');
  });

  it('has the name, the code, the status and the OAuth error, wherever the client puts them', () => {
    const own = Object.assign(new TypeError('oh'), { code: 'ECONNRESET', status: 503, error: 'server_error' });
    expect(causeOf(own)).toMatchObject({
      name: 'TypeError',
      message: 'oh',
      code: 'ECONNRESET',
      status: 503,
      error: 'server_error',
    });
    expect(causeOf(answered(500, { error: 'slow_down' }))).toMatchObject({
      name: 'Error',
      status: 500,
      error: 'slow_down',
    });
    expect(causeOf(Object.assign(answered(500), { status: 501 }))).toMatchObject({ status: 500 });
  });

  it('has nothing that the error has not, and no text made of what is none', () => {
    const data = { error: 7, error_description: { rt: 'rt_1' } };
    expect(Object.keys(causeOf(Object.assign(answered(500, data), { code: 7, secret: 'rt_1' })))).toEqual([
      'name',
      'status',
    ]);
    expect(Object.keys(causeOf(Object.assign(new Error('x'), { name: '' })))).toEqual([]);
    expect(causeOf(Object.assign(new Error('x'), { name: '' })).name).toBe('Error');
    expect(Object.keys(causeOf(answered(500, null)))).toEqual(['name', 'status']);
  });

  it('says something of what is no error', () => {
    const texts = ['no', 7, undefined, null, {}].map((thrown) => causeOf(thrown).message);
    const nameless = 'it threw an object without a message';
    expect(texts).toEqual(['no', '7', 'undefined', nameless, nameless]);
  });

  it('leaves no body of the refresh call where the platform keeps the error', () => {
    const config = { url: '/token', data: 'refresh_token=rt_1' };
    failed(Object.assign(new Error('aborted'), { config }));
    expect(config).toEqual({ url: '/token' });
  });
});

it('a missed deadline names the option, and ctx.client; it is tried again unless the source is stuck', () => {
  const { error, retry } = deadlineFailure(400, false);
  expect([error.code, error.message, retry]).toEqual([
    'ERR_BEARER_UNAVAILABLE',
    'The source did not answer within 400 ms (refreshTimeout). If it sends through the guarded instance, ' +
      'that request waits for the refresh it is part of: send it with ctx.client',
    'again',
  ]);
  expect(deadlineFailure(400, true).retry).toBe('later');
});

it('a store that fails is tried again', () => {
  const { error, retry } = storeFailure(new Error('disk full'));
  expect([error.code, error.message, error.cause?.message, retry]).toEqual([
    'ERR_BEARER_STORE',
    'The token store failed; see cause',
    'disk full',
    'again',
  ]);
});
