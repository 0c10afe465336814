import { configError } from '../errors.js';
import type { TokenSource } from './source.js';

/** Call it for a token that never changes: a personal access token, a service key. A 401 is handed on. @throws ERR_BEARER_CONFIG without one */
export function staticToken(token: string): TokenSource {
  if (typeof token !== 'string') throw configError('token', 'a string: a personal access token, a service key', token);
  return { tokens: token };
}
