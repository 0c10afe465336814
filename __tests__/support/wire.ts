import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import axios, { type AxiosError, type AxiosInstance, type CreateAxiosDefaults } from 'axios';
import {
  type BearerEvent,
  type BearerEvents,
  bearer,
  type InstallOptions,
  type Session,
  type SessionOptions,
} from 'axios-bearer';
import { type ApiRequest, type ApiVideo, type ApiVideoOptions, startApiVideo } from 'axios-bearer/testing';

const cleanups: (() => unknown)[] = [];

/** Called at the end of the test, last come first served. */
export function atEnd(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}

/** For afterEach: everything that a test opened is closed. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

type AdapterName = 'http' | 'fetch';

function knows(adapter: AdapterName): boolean {
  try {
    return Boolean(axios.getAdapter(adapter));
  } catch {
    return false;
  }
}

/** The adapters that this axios has. */
export const adapters = (['http', 'fetch'] as const).filter(knows);

/** For titles: what is run on this axios, and what it lacks. */
export const onAdapters = adapters.includes('fetch')
  ? `axios ${axios.VERSION}, adapters http and fetch`
  : `axios ${axios.VERSION}, adapter http only: it has no fetch adapter`;

export interface Rig {
  server: ApiVideo;
  api: AxiosInstance;
  session: Session;
  /** Every request that reached the server, headers and all, in order. */
  sends: ApiRequest[];
  /** Every token that the server gave us, access and refresh. */
  secrets: string[];
  /** The source's work: POST /auth/refresh through this instance. */
  refreshWith(client: AxiosInstance, refreshToken: string | undefined): Promise<Wire>;
  /** The `authorization` headers that came to paths that begin so. */
  authorizations(path: string): (string | undefined)[];
}

export interface Wire {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

export interface RigOptions extends Partial<SessionOptions>, InstallOptions {
  /** What the server is started with. */
  server?: ApiVideoOptions;
  /** What the instance is created with. */
  defaults?: CreateAxiosDefaults;
  /** Runs before axios-bearer is installed. */
  before?: (api: AxiosInstance, server: ApiVideo) => void;
  /** `clock`: expired, and we know it. `none`: no tokens at all. */
  tokens?: SessionOptions['tokens'] | 'clock' | 'none';
}

/** A server, a signed-in session and a guarded instance; `options` may be made of the server's URL. */
export async function rig(options: RigOptions | ((url: string) => RigOptions) = {}): Promise<Rig> {
  const server = await startApiVideo(typeof options === 'object' ? options.server : {});
  atEnd(() => server.close());
  const { defaults, before, tokens, server: _, ...rest } = typeof options === 'object' ? options : options(server.url);
  const sends: ApiRequest[] = [];
  server.hold((request) => {
    sends.push(request);
    return false;
  });
  const issued = server.issue();
  const secrets = [issued.access_token, issued.refresh_token];
  const refreshWith = async (client: AxiosInstance, refreshToken: string | undefined): Promise<Wire> => {
    const { data } = await client.post<Wire>('/auth/refresh', { refreshToken });
    secrets.push(...[data?.access_token, data?.refresh_token].filter(Boolean));
    return data;
  };
  const api = axios.create({ baseURL: server.url, ...defaults });
  before?.(api, server);
  const held = tokens === 'clock' ? { ...issued, expires_in: 0 } : tokens === 'none' ? undefined : (tokens ?? issued);
  const session = bearer(api, {
    source: ({ refreshToken }, { client }) => refreshWith(client, refreshToken),
    ...(held === undefined ? {} : { tokens: held }),
    refreshRetries: 0,
    backoff: { initial: 1, factor: 1, cap: 5 },
    ...rest,
  });
  // A source that never answers is not waited for.
  atEnd(() => void session.close());
  const authorizations = (path: string) =>
    sends.filter((send) => send.path.startsWith(path)).map((send) => send.headers.authorization);
  return { server, api, session, sends, secrets, refreshWith, authorizations };
}

export interface Received {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
}

/** A server of no kind: answers as told and remembers what came. */
export async function listen(listener: RequestListener, host = '127.0.0.1') {
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

/** Resolves when the event has come `times` times from now on; leaves the listener behind for the test's life. */
export function heard<E extends BearerEvent>(session: Session, event: E, times = 1): Promise<BearerEvents[E][]> {
  return new Promise((resolve) => {
    const payloads: BearerEvents[E][] = [];
    const off = session.on(event, (payload) => {
      if (payloads.push(payload) < times) return;
      off();
      resolve(payloads);
    });
  });
}

/** What a request fails with. */
export async function failure(request: Promise<unknown>): Promise<AxiosError & Record<string, unknown>> {
  let answer: unknown;
  try {
    answer = await request;
  } catch (error) {
    return error as AxiosError & Record<string, unknown>;
  }
  throw new Error(`expected a failure, got ${(answer as { status?: number } | undefined)?.status ?? answer}`);
}

/** How a request ends: its status, or else its code. */
export function outcome(request: Promise<{ status: number }>): Promise<number | string | undefined> {
  return request.then(
    ({ status }) => status,
    (error: AxiosError) => error.response?.status ?? error.code,
  );
}
