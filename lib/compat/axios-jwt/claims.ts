import { claimsOf, own } from '../internal.js';

/** ms since the epoch; `undefined`: the token does not say. */
export function expiryOf(token: string | undefined): number | undefined {
  const { exp } = own(claimsOf(token));
  return typeof exp === 'number' && exp > 0 ? exp * 1_000 : undefined;
}

/** The user of a token (RFC 7519 §4.1.2), at its issuer. `undefined`: it does not say; all else may be the same for another user. */
function subjectOf(token: string): string | undefined {
  const { iss, sub } = own(claimsOf(token));
  return sub || sub === 0 ? JSON.stringify([iss, sub]) : undefined;
}

export function haveSameSubject(a: string, b: string): boolean {
  const subject = subjectOf(a);
  return subject !== undefined && subject === subjectOf(b);
}
