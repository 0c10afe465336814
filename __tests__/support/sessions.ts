import axios, { type AxiosInstance, type CreateAxiosDefaults } from 'axios';
import {
  type BearerEvent,
  type BearerEvents,
  bearer,
  createSession,
  type InstallOptions,
  memoryStore,
  type RefreshFunction,
  type Session,
  type SessionOptions,
  type TokenResponse,
  type TokenStore,
} from 'axios-bearer';
import { type ApiVideo, type ApiVideoOptions, type Clock, fakeClock, startApiVideo } from 'axios-bearer/testing';

const open: (() => unknown)[] = [];

/** Does `close` when the test is over, last first. */
export function atEnd(close: () => unknown): void {
  open.push(close);
}

/** Called by each file's `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const close of open.splice(0).reverse()) await close();
}

/** Closes it when the test is over. */
export function keep<T extends { close(): unknown }>(thing: T): T {
  atEnd(() => thing.close());
  return thing;
}

/** Closes it when the test is over. A source that never answers is not waited for. */
export function keepSession(session: Session): Session {
  atEnd(() => void session.close());
  return session;
}

export async function serve(options?: ApiVideoOptions): Promise<ApiVideo> {
  return keep(await startApiVideo(options));
}

/** What each request to `path` came with in these headers, from now on. */
export function came(server: ApiVideo, path: string, ...names: string[]) {
  const seen: unknown[][] = [];
  server.fault((request) => {
    if (request.path === path) seen.push(names.map((name) => request.headers[name]));
    return false;
  }, 'hang');
  return seen;
}

export function clockInHand(): Clock {
  const clock = fakeClock();
  atEnd(() => clock.restore());
  return clock;
}

/** What an app of the server's writes: its own refresh call. */
export const refreshing: RefreshFunction = async ({ refreshToken }, { client }) =>
  (await client.post('/auth/refresh', { refreshToken })).data;

export interface Scene {
  server: ApiVideo;
  api: AxiosInstance;
  session: Session;
}

type SceneOptions = Partial<SessionOptions> &
  InstallOptions & { server?: ApiVideo; on?: ApiVideoOptions; axios?: CreateAxiosDefaults };

/** A server, an instance for it, and a session installed there: signed in, unless `tokens` says otherwise. */
export async function scene({ server: given, on, axios: defaults, ...options }: SceneOptions = {}): Promise<Scene> {
  const server = given ?? (await serve(on));
  const api = axios.create({ baseURL: server.url, ...defaults });
  const tokens = 'tokens' in options ? options.tokens : server.issue();
  const session = keepSession(bearer(api, { source: refreshing, ...options, tokens }));
  return { server, api, session };
}

/** A session without axios, closed when the test is over. */
export function lone(options: Partial<SessionOptions> = {}): Session {
  return keepSession(createSession({ source: async () => 'from-source', ...options }));
}

/** A short token answer. */
export function pair(name: string, more: object = {}): TokenResponse & object {
  return { access_token: `at_${name}`, refresh_token: `rt_${name}`, expires_in: 3600, ...more };
}

export type Seen = { [E in BearerEvent]: [name: E, payload: BearerEvents[E]] }[BearerEvent];

const NAMES: BearerEvent[] = [
  'signedIn',
  'tokensIgnored',
  'refreshing',
  'refreshed',
  'refreshFailed',
  'waiting',
  'replayed',
  'skipped',
  'breakerOpen',
  'signedOut',
];

/** Every event from now on. */
export function record(session: Session): Seen[] {
  const seen: Seen[] = [];
  for (const name of NAMES) session.on(name, (payload) => seen.push([name, payload] as Seen));
  return seen;
}

/** The payload of the next such event. */
export function next<E extends BearerEvent>(session: Session, event: E): Promise<BearerEvents[E]> {
  return new Promise((resolve) => {
    const off = session.on(event, (payload) => {
      off();
      resolve(payload);
    });
  });
}

export interface Deferred<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Never settles. */
export const never = new Promise<never>(() => {});

/** The `code` a promise fails with; 'fulfilled' when it does not fail. */
export function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => 'fulfilled',
    (error) => error.code ?? String(error),
  );
}

/** What a promise fails with. Throws when it does not fail. */
// biome-ignore lint/suspicious/noExplicitAny: an error is anything
export function failureOf(promise: Promise<unknown>): Promise<any> {
  return promise.then(
    (value) => {
      throw new Error(`expected a failure, got ${JSON.stringify(value)}`);
    },
    (error) => error,
  );
}

const macrotask = () => new Promise((resolve) => setImmediate(resolve));

/** Lets everything happen that needs no timer and no socket. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await macrotask();
}

/** Tells how a promise stands after that. */
export async function standing(promise: Promise<unknown>): Promise<string> {
  let state = 'pending';
  promise.then(
    () => {
      state = 'fulfilled';
    },
    (error) => {
      state = error?.code ?? 'rejected';
    },
  );
  await settle();
  return state;
}

/** Waits for a condition that no event tells of. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await macrotask();
}

/** A store with some of its methods replaced. */
export function storeWith(changes: Partial<TokenStore>, inner: TokenStore = memoryStore()): TokenStore {
  return { ...inner, ...changes };
}
