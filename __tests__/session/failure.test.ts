import { describe, expect, it } from '@jest/globals';
import { bearerError } from '../../lib/errors.js';
import {
  deadlineFailure,
  errorOf,
  Failure,
  lockFailure,
  sourceFailure,
  storeFailure,
  waitedTooLong,
} from '../../lib/session/failure.js';
import { reasonOf, redactedCause } from '../../lib/session/redacted-cause.js';
import type { TokenSource } from '../../lib/sources/source.js';

const SOURCE = { refresh: async () => 'a' };
const TOKENS = ['at_1', 'rt_1', ''];
const answered = (status: number, data?: unknown, headers = {}) =>
  Object.assign(new Error(`status ${status}`), { response: { status, data, headers } });
const refused = (host: string) => Object.assign(new Error(`connect ECONNREFUSED ${host}:1`), { code: 'ECONNREFUSED' });
const failed = (error: unknown, source: TokenSource = SOURCE, statuses?: number[], isLast = true) =>
  sourceFailure(error, { source, known: TOKENS, statuses, isLast });
const causeOf = (error: unknown) => failed(error).error.cause as Error & Record<string, unknown>;

describe('what the source threw', () => {
  it.each([
    [302, 'unavailable'],
    [404, 'unavailable'],
    [408, 'retryable'],
    [425, 'retryable'],
    [429, 'retryable'],
    [503, 'retryable'],
  ])('is tried again or not by its status alone, whichever client threw it: %i', (status, kind) => {
    const byFetch = Object.assign(new Error('no token'), { status });
    expect([failed(answered(status)).kind, failed(byFetch).kind]).toEqual([kind, kind]);
  });

  it.each([400, 401, 403])('ends the session if it was answered %i', (status) => {
    const { error, kind, askedDelay, offline, afterRejection } = failed(answered(status));
    expect([error.code, error.message, error.cause?.message, kind, askedDelay, offline, afterRejection]).toEqual([
      'ERR_BEARER_REJECTED',
      `The token request was refused: status ${status}. Sign in again`,
      `status ${status}`,
      'rejected',
      0,
      false,
      false,
    ]);
  });

  it.each([
    [404, 'unavailable', false],
    [409, 'unavailable', false],
    [300, 'unavailable', false],
    [299, 'retryable', true],
    [200, 'retryable', true],
    [429, 'retryable', false],
    [500, 'retryable', false],
    [503, 'retryable', false],
  ] as const)('does not if it was answered %i: that is %s; the network’s doing: %p', (status, expected, network) => {
    const { error, kind, offline } = failed(answered(status));
    expect([error.code, error.message, kind, offline]).toEqual([
      'ERR_BEARER_UNAVAILABLE',
      `No token could be had just now: status ${status}. The session is kept`,
      expected,
      network,
    ]);
  });

  it.each([new Error('socket hang up'), 'no', undefined, null, {}])(
    'is tried again if nothing answered: %p',
    (error) => {
      const { kind, offline } = failed(error);
      expect([kind, offline]).toEqual(['retryable', true]);
    },
  );

  it('is taken for a refusal if each attempt was answered the same 4xx, and no other follows', () => {
    const kinds = [[], [404], [404, 404], [0, 404], [400, 404]].map((statuses) => [
      failed(answered(404), SOURCE, [...statuses]).kind,
      failed(answered(404), SOURCE, [...statuses], false).kind,
    ]);
    expect(kinds).toEqual([
      ['retryable', 'retryable'],
      ['rejected', 'retryable'],
      ['rejected', 'retryable'],
      ['unavailable', 'unavailable'],
      ['unavailable', 'unavailable'],
    ]);
  });

  it('is never taken for one, and is tried again, if it is of what stands before the token endpoint', () => {
    const kinds = (status: number, text: string) =>
      [[], [status, status]].map((statuses) => failed(answered(status, text), SOURCE, statuses).kind);
    for (const [status, text] of [
      [404, '<html>'],
      [404, 'default backend - 404'],
      [405, ''],
      [403, '<html>'],
    ] as const)
      expect(kinds(status, text)).toEqual(['retryable', 'retryable']);
    expect(failed(answered(403, '<html>'), SOURCE).kind).toBe('retryable');
    expect([400, 401].map((status) => failed(answered(status, '<html>')).kind)).toEqual(['rejected', 'rejected']);
  });

  it('is never taken for one where the server says when to come back', () => {
    expect(failed(answered(404, {}, { 'retry-after': '7' }), SOURCE, [404, 404]).kind).toBe('retryable');
  });

  it.each([400, 401, 403])('does not end the session if it was %i and says that this passes', (status) => {
    const later = [
      answered(status, { error: 'temporarily_unavailable' }),
      answered(status, { error: 'rate_limit_exceeded' }),
      answered(status, {}, { 'retry-after': '7' }),
    ];
    expect(later.map((error) => failed(error).kind)).not.toContain('rejected');
  });

  it.each([408, 425, 429, 500, 302])('is not taken for one if that is %i', (status) => {
    expect(failed(answered(status), SOURCE, [status, status]).kind).not.toBe('rejected');
  });

  it('is tried again no sooner than the server asks', () => {
    expect(failed(answered(503, {}, { 'retry-after': '7' })).askedDelay).toBe(7_000);
  });

  it('is judged by isRejected where there is one, unless that fails', () => {
    expect(failed(new Error('x'), { ...SOURCE, isRejected: () => true }).kind).toBe('rejected');
    expect(failed(answered(401), { ...SOURCE, isRejected: () => false }).kind).toBe('unavailable');
    const isRejected = () => {
      throw new Error('judge');
    };
    expect(failed(answered(401), { ...SOURCE, isRejected }).kind).toBe('unavailable');
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

describe('the reason in the message', () => {
  it.each([
    [answered(400, { error: 'invalid_grant', error_description: 'revoked' }), 'invalid_grant, revoked (400)'],
    [answered(401, { error: 'invalid_client' }), 'invalid_client (401)'],
    [answered(400, { error: 7, title: 'The refresh token\n is not known' }), 'The refresh token is not known (400)'],
    [answered(400, { title: 'No', detail: 'rt_1 was used' }), 'No, [token] was used (400)'],
    [answered(503, '<html>'), 'status 503'],
    [Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }), 'socket hang up (ECONNRESET)'],
    [new TypeError('fetch failed', { cause: refused('::1') }), 'fetch failed: connect ECONNREFUSED ::1:1'],
    [
      Object.assign(new AggregateError([refused('::1'), refused('127.0.0.1')]), { code: 'ECONNREFUSED' }),
      'connect ECONNREFUSED ::1:1: connect ECONNREFUSED 127.0.0.1:1',
    ],
    [new Error('a'.repeat(1_000)), 'a'.repeat(300)],
  ])('%p: is %s', (error, reason) => {
    expect(reasonOf(redactedCause(error, TOKENS))).toBe(reason);
  });

  it('has the code of what was beneath', () => {
    expect(causeOf(new TypeError('fetch failed', { cause: refused('::1') })).code).toBe('ECONNREFUSED');
    expect(causeOf(new AggregateError([refused('::1')])).code).toBe('ECONNREFUSED');
  });

  it.each([{ errors: { name: 'required' } }, { errors: ['required', null, 7] }, { errors: 'no', cause: 'none' }])(
    'is the message, where %j beneath it is none',
    (fields) => {
      expect(causeOf(Object.assign(new Error('invalid'), fields)).message).toBe('invalid');
    },
  );

  it('ends, though an error is its own cause', () => {
    const error = new Error('round');
    error.cause = error;
    expect(causeOf(error).message).toBe('round');
  });
});

it.each([
  ['as it is', 'a/b c+d%~!'],
  ['encoded in a URL', 'a%2Fb%20c%2Bd%25~!'],
  ['encoded in a form', 'a%2Fb+c%2Bd%25%7E%21'],
  ['encoded in lower case', 'a%2fb+c%2bd%25%7e%21'],
  ['in JSON as PHP writes it', 'a\\/b c+d%~!'],
])('a cause has no secret that a server echoes %s', (_, echo) => {
  expect(redactedCause(new Error(`wrong: "${echo}"`), ['a/b c+d%~!']).message).toBe('wrong: "[token]"');
});

it('a cause has no part of a secret that another one begins, and survives any secret', () => {
  expect(redactedCause(new Error('sess-1234.more'), ['sess-1234', 'sess-1234.more']).message).toBe('[token]');
  for (const odd of ['\ud800 lone', '(a)[b]*^$|.?+{}', '\n\n\n\n'])
    expect(redactedCause(new Error(`is ${odd}!`), [odd]).message).toBe('is [token]!');
});

it('a cause keeps its words where a secret is too short to be one', () => {
  expect(redactedCause(new Error('the key is wrong'), ['key']).message).toBe('the key is wrong');
});

it('a cause that was given no tokens hides none, and needs none', () => {
  expect(redactedCause(new Error('at_1'), []).message).toBe('at_1');
  expect(redactedCause(new Error('at_1'), TOKENS).message).toBe('[token]');
});

const OWN_INSTANCE =
  'If the source sends through the guarded instance, that request waits for the refresh it is part of: ' +
  'send it with ctx.client';

it('a missed deadline names the option, and ctx.client; it is tried again, and being online again ends the waiting', () => {
  const { error, kind, offline } = deadlineFailure(400, 'refreshTimeout');
  expect([error.code, error.message, kind, offline]).toEqual([
    'ERR_BEARER_UNAVAILABLE',
    `The source did not answer within 400 ms (refreshTimeout). ${OWN_INSTANCE}`,
    'retryable',
    true,
  ]);
});

it('L24 what a request is told that waited too long names the options, and ctx.client', () => {
  const { code, message } = waitedTooLong(42_100.4);
  expect([code, message]).toEqual([
    'ERR_BEARER_UNAVAILABLE',
    `No token came within 42100 ms (refreshRetries, refreshTimeout, backoff). ${OWN_INSTANCE}`,
  ]);
});

it('L24 a lock that was not had is no fault of the store, and no other attempt is made now', () => {
  const { error, kind } = lockFailure(400.6);
  expect([error.code, error.message, error.cause, kind]).toEqual([
    'ERR_BEARER_UNAVAILABLE',
    'Another holder of the token store kept its lock for 401 ms. The session is kept',
    undefined,
    'unavailable',
  ]);
  const failed = lockFailure(400, new Error('lock wait')).error;
  expect([failed.message, failed.cause?.message]).toEqual([
    'Another holder of the token store kept its lock for 400 ms: lock wait. The session is kept',
    'lock wait',
  ]);
});

it('a store that fails is tried again', () => {
  const { error, kind, offline } = storeFailure(new Error('disk full'));
  expect([error.code, error.message, error.cause?.message, kind, offline]).toEqual([
    'ERR_BEARER_STORE',
    'The token store failed: disk full',
    'disk full',
    'retryable',
    false,
  ]);
});

it('what leaves is the error, without what it means to us', () => {
  const error = bearerError('ERR_BEARER_STORE', 'x');
  const other = new Error('of something else');
  expect(errorOf(new Failure(error, 'retryable'))).toBe(error);
  expect(errorOf(other)).toBe(other);
});
