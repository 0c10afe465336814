import { claimsOf } from '../../internal.js';

/** ms since the epoch; `undefined`: the token does not say. */
export function expiryOf(token: string | undefined): number | undefined {
  const { exp } = claimsOf(token);
  return typeof exp === 'number' && exp > 0 ? exp * 1_000 : undefined;
}

/** Whom a token is for: its subject, or all that is the same in each of a user's tokens. `undefined`: it does not say. */
function whoIs(token: string): string | undefined {
  const { exp, iat, nbf, jti, ...rest } = claimsOf(token);
  const told = rest.sub === undefined ? rest : { iss: rest.iss, sub: rest.sub };
  return Object.keys(told).length > 0 ? JSON.stringify(told) : undefined;
}

export function isSameUser(a: string, b: string): boolean {
  const who = whoIs(a);
  return who !== undefined && who === whoIs(b);
}
