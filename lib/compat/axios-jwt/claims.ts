import { claimsOf } from '../../internal.js';

/** ms since the epoch; `undefined`: the token does not say. */
export function expiryOf(token: string | undefined): number | undefined {
  const { exp } = claimsOf(token);
  return typeof exp === 'number' && exp > 0 ? exp * 1_000 : undefined;
}

/** The user of a token: its subject, or all that is the same in each of the user's tokens. `undefined`: it does not say. */
function subjectOf(token: string): string | undefined {
  const { exp, iat, nbf, jti, ...rest } = claimsOf(token);
  const claims = rest.sub === undefined ? rest : { iss: rest.iss, sub: rest.sub };
  return Object.keys(claims).length > 0 ? JSON.stringify(claims) : undefined;
}

export function haveSameSubject(a: string, b: string): boolean {
  const subject = subjectOf(a);
  return subject !== undefined && subject === subjectOf(b);
}
