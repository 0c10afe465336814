import { expect, it } from '@jest/globals';
import type { AxiosResponse } from 'axios';
import { isTokenRefused } from '../../lib/interceptors/challenge.js';

const refused = (status: number, headers?: object) => isTokenRefused({ status, headers } as AxiosResponse);
const challenged = (challenge: unknown) => refused(401, { 'www-authenticate': challenge });

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
])('not where scope is what lacks: %s', (challenge) => {
  expect(challenged(challenge)).toBe(false);
});

it.each([
  'Bearer',
  'Bearer error="invalid_token"',
  'Bearer error="insufficient_scope_of_work"',
  'Bearer error=insufficient_scope_of_work',
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
