import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApiVideo } from './api-video.js';
import { assemble } from './assemble.js';
import { type ApiVideoOptions, readOptions } from './options.js';

const BACKLOG = 65_535; // the kernel cuts it to its own limit; Node's 511 is too few for a storm
const KEEP_ALIVE_MS = 60_000; // Node's 5 s would cut an idle connection just as a client takes it up again

/**
 * Called at the start of a test, a suite or a demo: a server that behaves like api.video, over real HTTP on 127.0.0.1 at
 * a free port. Resolves when it listens. Call `close()` at the end, or it keeps the process alive.
 *
 * Everything but `/auth/*`, `/cookie/*`, `/upload` and `/public` takes a Bearer token, or answers 401 with an RFC 6750
 * challenge. What each endpoint does is told in `routes/`; throws a `TypeError` when `apiKeys` is empty.
 *
 * @example
 * const server = await startApiVideo();
 * const api = axios.create({ baseURL: server.url });
 * bearer(api, { source: apiVideo({ apiKey: server.apiKey, baseURL: server.url }) });
 * server.fault('/auth/refresh', { status: 503 });
 * server.expire();
 * await api.get('/videos');
 * expect(server.stats).toMatchObject({ refresh: 2, ok: 1 });
 * await server.close();
 */
export async function startApiVideo(options: ApiVideoOptions = {}): Promise<ApiVideo> {
  const settings = readOptions(options);
  const { listener, levers } = assemble(settings);
  const server = await listen(listener);
  const { port } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= shutDown(server);
    return closed;
  };
  return { url: `http://127.0.0.1:${port}`, apiKey: settings.apiKeys[0]!, ...levers, close };
}

async function listen(listener: RequestListener): Promise<Server> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, listener);
  server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG });
  await once(server, 'listening');
  return server;
}

function shutDown(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
