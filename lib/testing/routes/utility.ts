import { invalidToken } from '../http/door.js';
import { sha256 } from '../http/multipart.js';
import { json, problem, type Reply } from '../http/reply.js';
import type { ApiRequest } from '../http/request.js';
import type { Route } from '../http/router.js';

/** What `/echo` answers: the request as it arrived, without its `authorization`. */
export interface Echo {
  /** In upper case. */
  method: string;
  /** Without the query. */
  path: string;
  /** A name that comes twice holds an array. */
  query: ApiRequest['query'];
  /** Names in lower case. */
  headers: Record<string, string | string[] | undefined>;
  /** Of the body, in bytes. */
  length: number;
  /** Of the body, in hex. */
  sha256: string;
  /** The body as UTF-8, its first 10 kB. */
  text: string;
}

const TEXT_LIMIT = 10_000;
const EMPTY_SHA256 = sha256(Buffer.alloc(0));
const STREAM = Array.from({ length: 16 }, (_, line) => `${line} ${'.'.repeat(253)}\n`.slice(-256));

/**
 * Called once per server: resources made for tests. `/echo` and everything below it, any method; `/public`, which needs
 * no token and tells whether an Authorization header came; `/always-401`, whatever the token; `/scope` (403) and
 * `/scope/401`, which want a scope nobody has; `/stream`, 4 kB sent in chunks.
 */
export function utilityRoutes(): Route[] {
  return [
    { method: '*', path: '/echo/*', guard: 'bearer', answer: (request) => json(echo(request)) },
    {
      method: '*',
      path: '/public/*',
      guard: 'none',
      answer: ({ headers }) => json({ authorization: headers.authorization !== undefined }),
    },
    { method: '*', path: '/always-401', guard: 'bearer', answer: () => invalidToken('Nothing is good enough') },
    { method: '*', path: '/scope', guard: 'bearer', answer: () => insufficientScope(403) },
    { method: '*', path: '/scope/401', guard: 'bearer', answer: () => insufficientScope(401) },
    {
      method: 'GET',
      path: '/stream',
      guard: 'bearer',
      answer: () => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: STREAM }),
    },
  ];
}

function echo({ method, path, query, headers, body }: ApiRequest): Echo {
  const { authorization: _, ...shown } = headers;
  const text = body.toString('utf8', 0, TEXT_LIMIT);
  const hash = body.length === 0 ? EMPTY_SHA256 : sha256(body);
  return { method, path, query, headers: shown, length: body.length, sha256: hash, text };
}

function insufficientScope(status: 401 | 403): Reply {
  const challenge = 'Bearer error="insufficient_scope", scope="admin"';
  return problem(status, 'insufficient-scope', 'This takes the scope "admin"', { 'www-authenticate': challenge });
}
