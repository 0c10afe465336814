import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { atEnd } from '../../support/kit.js';
import { reply } from './open.js';

/** An API of one origin, whose refresh token rotates in an httpOnly cookie, for pages of another one. */
export interface CookieServer {
  readonly url: string;
  readonly refreshes: number;
  /** Refresh tokens that came twice. Each has ended the session, as at a server that takes it for theft. */
  readonly reused: number;
  /** All access tokens so far are over. */
  expire(): void;
  /** The refresh token is over too. */
  revoke(): void;
  /** Does a refresh answer 503? */
  down: boolean;
}

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Serves one page, at `url`, for all paths but those of its scripts. */
export function servePage(scripts: () => Record<string, string>): Promise<string> {
  return listen(({ url = '' }, response) => {
    const script = scripts()[url];
    response.setHeader('Content-Type', script ? 'text/javascript' : 'text/html');
    const tags = '<link rel="icon" href="data:,"><script type="module" src="/main.js"></script>';
    response.end(script ?? `<!doctype html><title>A page</title><body>${tags}</body>`);
  });
}

export async function startCookieServer(pageOrigin: () => string): Promise<CookieServer> {
  let access = new Set<string>();
  let current = '';
  let n = 0;
  const state = { refreshes: 0, reused: 0, down: false };

  function grant(response: ServerResponse): void {
    current = `rt${++n}`;
    access.add(`at${n}`);
    response.setHeader('Set-Cookie', `rt=${current}; HttpOnly; SameSite=Lax; Path=/auth`);
    reply(response, 200, { access_token: `at${n}`, expires_in: 3600 });
  }

  function refresh(request: IncomingMessage, response: ServerResponse): void {
    const [, token] = /rt=(\w+)/.exec(request.headers.cookie ?? '') ?? [];
    if (state.down) reply(response, 503, {});
    else if (token && token === current) {
      state.refreshes += 1;
      grant(response);
    } else {
      if (token) state.reused += 1;
      current = '';
      reply(response, 401, {});
    }
  }

  const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
    'POST /auth/refresh': refresh,
    'POST /auth/login': async (request, response) => {
      const { password } = (await json(request)) as { password: string };
      if (password === 'right') grant(response);
      else reply(response, 401, {});
    },
    'POST /auth/logout': (_, response) => {
      current = '';
      response.setHeader('Set-Cookie', 'rt=; HttpOnly; Path=/auth; Max-Age=0');
      reply(response, 200, {});
    },
    'GET /videos': (request, response) => {
      const [, token = ''] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? [];
      reply(response, access.has(token) ? 200 : 401, {});
    },
  };

  const url = await listen((request, response) => {
    response.setHeader('Access-Control-Allow-Origin', pageOrigin());
    response.setHeader('Access-Control-Allow-Credentials', 'true');
    response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type');
    if (request.method === 'OPTIONS') response.writeHead(204).end();
    else routes[`${request.method} ${request.url}`]?.(request, response);
  });

  return Object.assign(state, {
    url,
    expire: () => {
      access = new Set();
    },
    revoke: () => {
      access = new Set();
      current = '';
    },
  });
}
