import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import axios from 'axios';
import { type ApiRequest, type ApiVideo, type ApiVideoOptions, startApiVideo } from 'axios-bearer/testing';
import { atEnd, closeAtEnd } from './cleanup.js';

/** For `server.fault`: played for every such request. */
export const ALWAYS = { times: Number.POSITIVE_INFINITY };

/** The token server of `axios-bearer/testing`, closed when the test is over. */
export async function startServer(options?: ApiVideoOptions): Promise<ApiVideo> {
  return closeAtEnd(await startApiVideo(options));
}

/** Every request that reaches `server` from now on, in order. */
export function requestsTo(server: ApiVideo): ApiRequest[] {
  const requests: ApiRequest[] = [];
  server.hold((request) => {
    requests.push(request);
    return false;
  });
  return requests;
}

/** These headers of every request to `path` from now on. */
export function headersAt(server: ApiVideo, path: string, ...names: string[]) {
  const seen: unknown[][] = [];
  server.fault((request) => {
    if (request.path === path) seen.push(names.map((name) => request.headers[name]));
    return false;
  }, 'hang');
  return seen;
}

/** Makes `n` requests, one after the other: what a client had sent before has most likely arrived then. */
export async function roundTrip(server: ApiVideo, n = 3): Promise<void> {
  for (let i = 0; i < n; i += 1) await axios.get(`${server.url}/public`);
}

export interface Received {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
}

/** A bare HTTP server, closed when the test is over: `listener` answers, `received` tells what came. */
export async function startHttpServer(listener: RequestListener, host = '127.0.0.1') {
  const received: Received[] = [];
  const server = createServer((req, res) => {
    received.push({ method: req.method ?? '', url: req.url ?? '', headers: req.headers });
    listener(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  atEnd(close);
  return { url: `http://127.0.0.1:${port}`, port, received };
}

/** Gives Node the `online` event of a browser's window until the test is over. */
export function installWindow(): { goOnline(): void; readonly listeners: number } {
  const listeners = new Set<() => void>();
  const methods = {
    addEventListener: (_: string, listener: () => void) => void listeners.add(listener),
    removeEventListener: (_: string, listener: () => void) => void listeners.delete(listener),
  };
  Object.assign(globalThis, methods);
  atEnd(() => Object.keys(methods).forEach((name) => void Reflect.deleteProperty(globalThis, name)));
  return {
    goOnline: () => [...listeners].forEach((listener) => void listener()),
    get listeners() {
      return listeners.size;
    },
  };
}

/** How often `path` was asked for. */
export function hits({ log }: ApiVideo, path: string): number {
  return log.filter((entry) => entry.path === path).length;
}
