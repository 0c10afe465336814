import { describe, expect, it } from '@jest/globals';
import { answerOf, isFinal, isOfGateway, isTransient, messageIn } from '../../lib/sources/answer.js';

const body = { error: 'invalid_grant', error_description: 'revoked' };
const thrown = (fields: object) => Object.assign(new Error('failed'), fields);

describe('what a failed token request says, by the client that threw it', () => {
  it.each<[string, unknown]>([
    ['axios', thrown({ response: { status: 400, data: body } })],
    ['axios, with the body as text', thrown({ response: { status: 400, data: JSON.stringify(body) } })],
    ['got', thrown({ response: { statusCode: 400, body: JSON.stringify(body) } })],
    ['got, with responseType json', thrown({ response: { statusCode: 400, body } })],
    ['simple-oauth2', thrown({ output: { statusCode: 400 }, data: { isResponseError: true, payload: body } })],
    ['openid-client 5', thrown({ ...body, response: { statusCode: 400, body } })],
    ['openid-client 6', thrown({ ...body, status: 400, code: 'OAUTH_RESPONSE_BODY_ERROR', cause: body })],
    ['openid-client 6, with its Response', thrown({ ...body, response: new Response('', { status: 400 }) })],
    ['ofetch', thrown({ status: 400, statusCode: 400, data: body })],
    ['superagent', thrown({ status: 400, response: { status: 400, body } })],
    ['the app around fetch', thrown({ status: 400, ...body })],
    ['the app around axios', thrown({ cause: thrown({ response: { status: 400, data: body } }) })],
  ])('%s', (_, error) => {
    const { status, fields } = answerOf(error);
    expect([status, fields.error, fields.error_description]).toEqual([400, 'invalid_grant', 'revoked']);
    expect(isFinal(error)).toBe(true);
  });

  it('MSAL', () => {
    const error = thrown({ errorCode: 'interaction_required', errorMessage: 'AADSTS50079' });
    expect(answerOf(error).fields).toMatchObject({ error: 'interaction_required', error_description: 'AADSTS50079' });
    expect(isFinal(error)).toBe(true);
  });

  it.each([undefined, null, 7, '', 'no', new Error('x'), { response: null }, { response: { data: '<p>' } }])(
    'nothing, if it is %p',
    (error) => {
      expect([answerOf(error).status, answerOf(error).fields.error, isFinal(error)]).toEqual([
        undefined,
        undefined,
        false,
      ]);
    },
  );
});

describe('an OAuth error', () => {
  it.each([
    'invalid_grant',
    'invalid_client',
    'unauthorized_client',
    'interaction_required',
    'bad_refresh_token',
    'token_revoked',
  ])('%s ends a session, whatever its status', (error) => {
    for (const status of [200, 400, 401, 403, 404, 422])
      expect(isFinal({ response: { status, data: { error } } })).toBe(true);
  });

  it.each([408, 425, 429, 500, 502, 503])('L10 does not, on a bad day: %i', (status) => {
    expect(isFinal({ response: { status, data: body } })).toBe(false);
  });

  it.each(['Forbidden', 'Bad Request', 'access_denied', 'Access Denied', 'slow_down', 'temporarily_unavailable', ''])(
    'is none, and ends nothing: %p',
    (error) => {
      expect(isFinal({ response: { status: 400, data: { error } } })).toBe(false);
    },
  );
});

it('an error that is its own cause is looked at no longer than others', () => {
  const error = thrown({});
  Object.assign(error, { cause: error });
  expect(answerOf(error).status).toBeUndefined();
});

describe('what an answer says for people', () => {
  it.each<[string, unknown, string | undefined]>([
    ['Laravel', { message: 'blacklisted' }, 'blacklisted'],
    ['Nest', { message: ['refreshToken must be a string'], error: 'Bad Request' }, 'refreshToken must be a string'],
    ['simplejwt', { detail: 'Token is blacklisted', code: 'token_not_valid' }, 'Token is blacklisted'],
    ['Firebase', { error: { code: 400, message: 'TOKEN_EXPIRED' } }, 'TOKEN_EXPIRED'],
    ['Rails', { errors: ['dead'] }, 'dead'],
    ['a text', 'Refresh token expired', 'Refresh token expired'],
    ['a page: nothing', '<!doctype html>', undefined],
    ['no more than a name: nothing', { error: 'invalid_grant' }, undefined],
  ])('%s', (_, data, said) => {
    expect(messageIn(thrown({ response: { status: 401, data } }))).toBe(said);
  });
});

it.each([
  'temporarily_unavailable',
  'server_error',
  'slow_down',
  'authorization_pending',
  'rate_limited',
  'rate_limit_exceeded',
  'RateLimitExceeded',
  'too_many_requests',
  'ThrottlingException',
])('%s passes, whatever its status', (error) => {
  for (const status of [200, 400, 401, 403]) expect(isTransient({ response: { status, data: { error } } })).toBe(true);
  expect(isTransient({ response: { status: 400, data: body } })).toBe(false);
});

type OfGateway = [what: string, expected: boolean, status: number, data: unknown];

it.each<OfGateway>([
  ['a page', true, 404, '<html>default backend</html>'],
  ['a text', true, 404, 'default backend - 404'],
  ['a firewall’s page', true, 403, '<html>Just a moment…</html>'],
  ...[405, 421, 426, 431].map((status): OfGateway => ['a status of proxies', true, status, '']),
  ['a status of proxies', true, 407, { error: 'proxy' }],
  ['no body', false, 404, ''],
  ['no body', false, 404, undefined],
  ['JSON as text', false, 404, '{"message":"no"}'],
  ['JSON', false, 404, { message: 'no' }],
  ['a redirect', false, 302, '<a href="/login">Found</a>'],
  ['a framework’s page', false, 400, '<html>This app is not installed</html>'],
  ['a framework’s page', false, 401, '<pre>UnauthorizedError</pre>'],
  ['a framework’s text', false, 403, 'Forbidden'],
])('%s may be of what stands before the token endpoint: %p (%i with %j)', (_, expected, status, data) => {
  expect(isOfGateway({ response: { status, data } })).toBe(expected);
});
