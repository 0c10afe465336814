import { sessionId } from '../http/door.js';
import { json, problem, type Reply } from '../http/reply.js';
import type { Route } from '../http/router.js';
import type { CookieSessions } from '../state/cookies.js';

/** Called once per server: sessions wholly in an httpOnly cookie. A cookie that cannot be renewed is answered 400. */
export function cookieRoutes(cookies: CookieSessions): Route[] {
  return [
    { method: 'POST', path: '/cookie/login', guard: 'none', answer: () => setCookie(cookies.open()) },
    {
      method: 'POST',
      path: '/cookie/refresh',
      guard: 'none',
      answer: (request) => {
        const renewed = cookies.renew(sessionId(request) ?? '');
        return renewed ? setCookie(renewed) : problem(400, 'authentication-session', 'The session cannot be renewed');
      },
    },
    { method: 'GET', path: '/cookie/me', guard: 'cookie', answer: () => json({ name: 'Ada' }) },
  ];
}

function setCookie(sid: string): Reply {
  return { status: 204, headers: { 'set-cookie': `sid=${sid}; HttpOnly; Path=/; SameSite=Lax` } };
}
