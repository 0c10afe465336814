import type { AxiosResponse } from 'axios';
import { readHeader } from '../platform/headers.js';

const QUOTED = /error_(?:description|uri)\s*=\s*"(?:[^"\\]|\\.)*"/gi;
const INSUFFICIENT = /(?:^|[\s,])error\s*=\s*(?:"insufficient_\w+"|insufficient_\w+(?=[\s,]|$))/i;
const INVALID_TOKEN = /(?:^|[\s,])error\s*=\s*(?:"invalid_token"|invalid_token(?=[\s,]|$))/i;

/**
 * Would a new token mend it? A 401 says so (RFC 9110 §15.5.2), unless what lacks is scope (RFC 6750 §3.1) or a stronger
 * sign-in (RFC 9470 §3): `insufficient_…`.
 */
export function isTokenRefused(response: AxiosResponse): boolean {
  return response.status === 401 && !INSUFFICIENT.test(errorIn(response));
}

/** It says that the token was no good, so that nothing was done (RFC 6750 §3.1). */
export function saysInvalidToken(response: AxiosResponse): boolean {
  return INVALID_TOKEN.test(errorIn(response));
}

/** `WWW-Authenticate`, as the server sent it. */
export function challengeOf({ headers }: AxiosResponse): string | undefined {
  const challenge = readHeader(headers, 'www-authenticate');
  return challenge === undefined || challenge === null ? undefined : String(challenge);
}

function errorIn(response: AxiosResponse): string {
  return (challengeOf(response) ?? '').replace(QUOTED, '');
}
