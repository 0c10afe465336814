import type { ApiRequest } from '../http/request.js';

/** Which requests: a path (`'/auth/refresh'`), the beginning of paths (`'/videos*'`), or a predicate. */
export type Where = string | ((request: ApiRequest) => boolean);

/** Called once per fault or hold: turns the three ways to say *where* into one. */
export function matcher(where: Where): (request: ApiRequest) => boolean {
  if (typeof where === 'function') return where;
  if (!where.endsWith('*')) return (request) => request.path === where;
  const prefix = where.slice(0, -1);
  return (request) => request.path.startsWith(prefix);
}
