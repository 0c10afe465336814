import type { TokenSource } from './source.js';

/** Call it for a token that never changes: a personal access token, a service key. A 401 is handed on. */
export function staticToken(token: string): TokenSource {
  return { tokens: token };
}
