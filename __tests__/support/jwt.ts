import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

export function jwt(claims: object): string {
  return `${encode({ alg: 'none' })}.${encode(claims)}.x`;
}

/** A JWT of this user that ends in so many seconds; another one each time. */
let minted = 0;
export function tokenOf(sub: string, seconds = 3600, more: object = {}): string {
  const now = Math.floor(Date.now() / 1000);
  minted += 1;
  return jwt({ sub, jti: minted, iat: now, exp: now + seconds, ...more });
}

function userOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString() || '{}').sub;
}

export interface Tokens {
  accessToken: string;
  refreshToken: string;
}

export interface JwtServer {
  readonly url: string;
  /** What came and how it was answered: `GET /videos ada 200`. */
  readonly log: string[];
  /** The headers of what came, in the same order. */
  readonly headers: IncomingMessage['headers'][];
  readonly refreshes: number;
  /** Refresh tokens that came a second time. */
  readonly reused: number;
  issue(sub: string, seconds?: number): Tokens;
  /** All access tokens so far are refused. */
  expire(): void;
  /** The next refresh calls are answered so. */
  refuse(...statuses: number[]): void;
  /** The next refresh call waits at the door. Resolves when it is there, with the way to let it in. */
  holdRefresh(): Promise<() => void>;
  close(): Promise<void>;
}

/**
 * An app's backend, with JWTs for tokens. A refresh token is good for one refresh. `/login` and `/public` are for
 * anyone, `/closed` for nobody, the rest for who is signed in.
 */
export async function startJwtServer(): Promise<JwtServer> {
  const live = new Set<string>();
  const refreshTokens = new Map<string, string>();
  const spent = new Set<string>();
  const log: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const statuses: number[] = [];
  const counts = { refreshes: 0, reused: 0 };
  let door: ((open: () => void) => void) | undefined;

  const issue = (sub: string, seconds?: number): Tokens => {
    const tokens = { accessToken: tokenOf(sub, seconds), refreshToken: `rt_${sub}_${minted}` };
    live.add(tokens.accessToken);
    refreshTokens.set(tokens.refreshToken, sub);
    return tokens;
  };
  const answerOf = ({ accessToken, refreshToken }: Tokens) => ({
    access_token: accessToken,
    refresh_token: refreshToken,
  });

  const refresh = async (token: string): Promise<[number, object]> => {
    counts.refreshes += 1;
    if (spent.has(token)) counts.reused += 1;
    const waits = door;
    door = undefined;
    if (waits) await new Promise<void>(waits);
    const status = statuses.shift();
    if (status) return [status, { error: 'refused' }];
    const sub = refreshTokens.get(token);
    if (!sub || spent.has(token)) return [401, { error: 'spent or unknown' }];
    spent.add(token);
    return [200, answerOf(issue(sub))];
  };

  const answer = async (req: IncomingMessage, body: Record<string, string>): Promise<[number, object]> => {
    if (req.url === '/login') return [200, answerOf(issue(body.user ?? ''))];
    if (req.url === '/refresh') return refresh(body.token ?? '');
    if (req.url === '/closed') return [401, { error: 'invalid_token' }];
    if (req.url === '/public') return [200, { bearer: Boolean(req.headers.authorization) }];
    const token = req.headers.authorization?.replace('Bearer ', '') ?? '';
    return live.has(token) ? [200, { user: userOf(token) }] : [401, { error: 'invalid_token' }];
  };

  const server = createServer(async (req: IncomingMessage, res: ServerResponse) => {
    headers.push(req.headers);
    const body = req.method === 'POST' ? ((await json(req)) as Record<string, string>) : {};
    const [status, data] = await answer(req, body);
    log.push(`${req.method} ${req.url} ${status}`);
    res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(data));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log,
    headers,
    get refreshes() {
      return counts.refreshes;
    },
    get reused() {
      return counts.reused;
    },
    issue,
    expire: () => live.clear(),
    refuse: (...next) => void statuses.push(...next),
    holdRefresh: () =>
      new Promise((arrived) => {
        door = arrived;
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
