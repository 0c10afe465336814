import { describe, expect, it } from '@jest/globals';
import type { AxiosResponse } from 'axios';
import { challengeOf, isTokenRefused, saysInvalidToken } from '../../lib/interceptors/challenge.js';

const answer = (status: number, headers?: object) => ({ status, headers }) as AxiosResponse;
const refused = (status: number, headers?: object) => isTokenRefused(answer(status, headers));
const withChallenge = (challenge: unknown) => answer(401, { 'www-authenticate': challenge });
const challenged = (challenge: unknown) => isTokenRefused(withChallenge(challenge));

it('a 401 would be mended by a new token, and nothing else', () => {
  expect(refused(401)).toBe(true);
  expect(refused(401, {})).toBe(true);
  for (const status of [200, 400, 403, 407, 500]) expect(refused(status)).toBe(false);
});

it.each([
  'Bearer error="insufficient_scope"',
  'Bearer error=insufficient_scope',
  'error="insufficient_scope"',
  'Bearer realm="a",error="insufficient_scope"',
  'Bearer realm="a", error = "insufficient_scope", scope="x"',
  'Bearer error  =  insufficient_scope scope=x',
  'Bearer error=insufficient_scope,scope=x',
  'Bearer ERROR="INSUFFICIENT_SCOPE"',
  'Bearer error_description="a \\" quote", error="insufficient_scope"',
  'Bearer error_uri="https://a", error="insufficient_scope"',
  'Bearer error_description = "a", error="insufficient_scope"',
  'Bearer error_description  =  "", error="insufficient_scope"',
  'Bearer error="insufficient_user_authentication", acr_values="urn:mfa", max_age="60"',
  'Bearer error=insufficient_user_authentication',
  'Bearer error="insufficient_scope_of_work"',
  'Basic realm="a", Bearer error="insufficient_scope"',
])('not where scope is what lacks, or a stronger sign-in: %s', (challenge) => {
  expect(challenged(challenge)).toBe(false);
});

it.each([
  'Bearer',
  'Bearer error="invalid_token"',
  'Bearer error="insufficient"',
  'Bearer error="insufficient_"',
  'Bearer error="not_insufficient_scope"',
  'Bearer x_error="insufficient_scope"',
  'Bearer xerror=insufficient_scope',
  'Bearer error_description="no error=insufficient_scope , a"',
  'Bearer error_description = "no error=insufficient_scope , a"',
  'Bearer error_description  =  "no error=insufficient_scope , a"',
  'Bearer error_description="a \\" error=insufficient_scope , b"',
  'Bearer error_description="\\"", error_uri="b \\" error=insufficient_scope , c"',
  'Bearer ERROR_URI="https://a?b error=insufficient_scope , c"',
  'Bearer errors="insufficient_scope"',
  undefined,
  null,
  7,
])('but where it does not say so: %s', (challenge) => {
  expect(challenged(challenge)).toBe(true);
});

describe('that the token is no good', () => {
  it.each([
    'Bearer error="invalid_token"',
    'Bearer error=invalid_token',
    'Bearer realm="a", ERROR = "INVALID_TOKEN", error_description="it expired"',
    'Bearer error_description="a \\" quote", error="invalid_token"',
  ])('is said: %s', (challenge) => {
    expect(saysInvalidToken(withChallenge(challenge))).toBe(true);
  });

  it.each([
    'Bearer',
    'Bearer error="invalid_tokens"',
    'Bearer error="invalid_request"',
    'Bearer error="insufficient_scope"',
    'Bearer x_error="invalid_token"',
    'Bearer error_description="no error=invalid_token , a"',
    undefined,
  ])('is not said: %s', (challenge) => {
    expect(saysInvalidToken(withChallenge(challenge))).toBe(false);
  });
});

it('a challenge is read whatever the adapter has made of the name, and is none where the server sent none', () => {
  for (const name of ['www-authenticate', 'WWW-Authenticate', 'wwwAuthenticate']) {
    expect(challengeOf(answer(401, { [name]: 'Bearer' }))).toBe('Bearer');
  }
  expect(challengeOf(withChallenge(7))).toBe('7');
  for (const none of [undefined, null]) expect(challengeOf(withChallenge(none))).toBeUndefined();
  expect(challengeOf(answer(401))).toBeUndefined();
});
