import { json, problem, type Reply } from '../http/reply.js';
import { type ApiRequest, readJson } from '../http/request.js';
import type { Route } from '../http/router.js';
import type { Authority } from '../state/authority.js';

/**
 * Called once per server: the token endpoints. A key or a refresh token that does not do is answered 400 with problem
 * details, as api.video documents it; so are malformed JSON and a missing field.
 */
export function authRoutes(authority: Authority, apiKeys: readonly string[]): Route[] {
  return [
    {
      method: 'POST',
      path: '/auth/api-key',
      guard: 'none',
      answer: (request) => withField(request, 'apiKey', (key) => signIn(authority, apiKeys, key)),
    },
    {
      method: 'POST',
      path: '/auth/refresh',
      guard: 'none',
      answer: (request) => withField(request, 'refreshToken', (token) => refresh(authority, token)),
    },
  ];
}

function signIn(authority: Authority, apiKeys: readonly string[], key: string): Reply {
  if (!apiKeys.includes(key)) return problem(400, 'authentication-invalid-api-key', 'The API key is unknown');
  return noStore(json(authority.grant()));
}

function refresh(authority: Authority, token: string): Reply {
  const outcome = authority.refresh(token);
  if (typeof outcome === 'object') return noStore(json(outcome));
  return problem(400, 'authentication-invalid-refresh-token', `The refresh token is ${outcome}`);
}

function withField(request: ApiRequest, field: string, then: (value: string) => Reply): Reply {
  const value = readJson(request)?.[field];
  if (typeof value === 'string') return then(value);
  return problem(400, 'attribute-required', `The body must be a JSON object with a string \`${field}\``);
}

// RFC 6749 §5.1: an answer with tokens must say so.
function noStore(reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, 'cache-control': 'no-store' } };
}
