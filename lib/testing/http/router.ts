import { refuseWithoutBearer, refuseWithoutCookie, type Visitor } from './door.js';
import { problem, type Reply } from './reply.js';
import type { ApiRequest } from './request.js';

/** One endpoint. */
export interface Route {
  /** In upper case; `*` for any. */
  method: string;
  /** `/videos/:id`: a `:name` stands for one segment. A last `*` stands for anything, or nothing. */
  path: string;
  /** Which credentials it takes to get in. */
  guard: 'bearer' | 'cookie' | 'none';
  /** Called once the guard has let the request in. */
  answer(request: ApiRequest, params: Params): Reply | Promise<Reply>;
}

/** What stood in the place of each `:name`. */
export type Params = Readonly<Record<string, string>>;

const guards: Record<Route['guard'], (visitor: Visitor) => Reply | undefined> = {
  bearer: refuseWithoutBearer,
  cookie: refuseWithoutCookie,
  none: () => undefined,
};

/**
 * Called once per server. The function it returns does a request's work: the first route that fits, behind its guard;
 * 404 when there is none; 500 when a route throws.
 */
export function createRouter(routes: readonly Route[]): (request: ApiRequest, visitor: Visitor) => Promise<Reply> {
  const table = routes.map((route) => ({ route, pattern: compile(route.path) }));
  return async (request, visitor) => {
    for (const { route, pattern } of table) {
      if (route.method !== '*' && route.method !== request.method) continue;
      const match = pattern.exec(request.path);
      if (match) return guards[route.guard](visitor) ?? guarded(route, request, match.groups ?? {});
    }
    return problem(404, 'not-found', `No ${request.method} ${request.path} here`);
  };
}

async function guarded(route: Route, request: ApiRequest, params: Params): Promise<Reply> {
  try {
    return await route.answer(request, params);
  } catch (error) {
    return problem(500, 'internal-error', String(error));
  }
}

function compile(path: string): RegExp {
  const source = path.replace(/:(\w+)/g, '(?<$1>[^/]+)').replace(/\/\*$/, '(?:/.*)?');
  return new RegExp(`^${source}$`);
}
