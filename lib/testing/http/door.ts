import type { Authority, Standing } from '../state/authority.js';
import type { CookieSessions } from '../state/cookies.js';
import { problem, type Reply } from './reply.js';
import type { ApiRequest } from './request.js';

/** What a request came with: the standing of its Bearer token, if it had one, and whether it had a live cookie. */
export interface Visitor {
  bearer?: Standing;
  cookie: boolean;
}

/** Called for each request once it is let through the holds: reads its credentials. */
export function identify(request: ApiRequest, authority: Authority, cookies: CookieSessions): Visitor {
  const token = bearerToken(request);
  const sid = sessionId(request);
  const cookie = sid !== undefined && cookies.isLive(sid);
  return token === undefined ? { cookie } : { bearer: authority.inspect(token), cookie };
}

/** Called for each request to a route behind a Bearer token: the 401, or `undefined` to let it in. */
export function refuseWithoutBearer({ bearer }: Visitor): Reply | undefined {
  if (!bearer) return missingToken();
  if (bearer.state === 'live') return undefined;
  return invalidToken(`The access token is ${bearer.state}`);
}

/**
 * Called for each request to a route behind the cookie: the 401, or `undefined` to let it in. It carries no challenge:
 * HTTP has no scheme for cookies, and servers of this kind send none.
 */
export function refuseWithoutCookie({ cookie }: Visitor): Reply | undefined {
  return cookie ? undefined : problem(401, 'authentication-session', 'No live session cookie');
}

/** Called for a token that does not do: 401 with the challenge of RFC 6750 §3.1. */
export function invalidToken(description: string): Reply {
  const challenge = `Bearer error="invalid_token", error_description="${description}"`;
  return problem(401, 'authentication-invalid-token', description, { 'www-authenticate': challenge });
}

/** Called by the cookie routes: the `sid` of the Cookie header. */
export function sessionId(request: ApiRequest): string | undefined {
  return /(?:^|;\s*)sid=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
}

// RFC 6750 §3: a request without any token is told the scheme and no error.
function missingToken(): Reply {
  const detail = 'The Authorization header is missing';
  return problem(401, 'authentication-missing-authorization-header', detail, { 'www-authenticate': 'Bearer' });
}

function bearerToken(request: ApiRequest): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
}
