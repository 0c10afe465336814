import type { AxiosResponse } from 'axios';
import { readHeader } from '../headers.js';

const QUOTED = /error_(?:description|uri)\s*=\s*"(?:[^"\\]|\\.)*"/gi;
const INSUFFICIENT_SCOPE = /(?:^|[\s,])error\s*=\s*(?:"insufficient_scope"|insufficient_scope(?=[\s,]|$))/i;

/** Would a new token mend it? A 401 says so (RFC 9110 §15.5.2), unless what lacks is scope (RFC 6750 §3.1). */
export function isTokenRefused({ status, headers }: AxiosResponse): boolean {
  if (status !== 401) return false;
  const challenge = String(readHeader(headers, 'www-authenticate') ?? '');
  return !INSUFFICIENT_SCOPE.test(challenge.replace(QUOTED, ''));
}
