import axios, { type AxiosError, type AxiosInstance } from 'axios';
import {
  type BearerEvent,
  type BearerEvents,
  bearer,
  type InstallOptions,
  type RefreshFunction,
  type Session,
  type SessionOptions,
  type TokenStore,
} from 'axios-bearer';
import { type ApiVideo, type ApiVideoOptions, type Clock, fakeClock, startApiVideo } from 'axios-bearer/testing';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const ALWAYS = { times: Number.POSITIVE_INFINITY };
/** So short that a test need not notice it. */
export const SOON = { initial: 1, factor: 1, cap: 5 };

const ends: (() => unknown)[] = [];

/** For `afterEach`: ends whatever a test began, the last first. */
export async function cleanUp(): Promise<void> {
  for (const end of ends.splice(0).reverse()) await end();
}

export function time(): Clock {
  const clock = fakeClock();
  ends.push(() => clock.restore());
  return clock;
}

/** The events of a browser's window, which Node lacks. */
export function browserWindow(): { goOnline(): void; readonly listeners: number } {
  const listeners = new Set<() => void>();
  const methods = {
    addEventListener: (_: string, listener: () => void) => void listeners.add(listener),
    removeEventListener: (_: string, listener: () => void) => void listeners.delete(listener),
  };
  Object.assign(globalThis, methods);
  ends.push(() => Object.keys(methods).forEach((name) => void Reflect.deleteProperty(globalThis, name)));
  return {
    goOnline: () => [...listeners].forEach((listener) => void listener()),
    get listeners() {
      return listeners.size;
    },
  };
}

export async function serve(options?: ApiVideoOptions): Promise<ApiVideo> {
  const server = await startApiVideo(options);
  ends.push(() => server.close());
  return server;
}

/** The refresh function of a user who knows nothing of us: one POST through `ctx.client`. */
export function refreshAt(server: ApiVideo): RefreshFunction {
  return async ({ refreshToken }, { client }) =>
    (await client.post(`${server.url}/auth/refresh`, { refreshToken })).data;
}

/** A refresh without a network: its answer is there in the same tick. The one that shows whether a claim is late. */
export function instantAt(server: ApiVideo): RefreshFunction & { calls: number } {
  const refresh = Object.assign(
    async () => {
      refresh.calls += 1;
      return server.issue();
    },
    { calls: 0 },
  );
  return refresh;
}

export interface Client {
  api: AxiosInstance;
  session: Session;
}

/** Signed in at `server` unless `tokens` says otherwise, and refreshing there unless `source` does. */
export function clientOf(server: ApiVideo, options: Partial<SessionOptions> & InstallOptions = {}): Client {
  const api = axios.create({ baseURL: server.url });
  const session = bearer(api, { source: refreshAt(server), tokens: server.issue(), ...options });
  // A source that never answers is not waited for.
  ends.push(() => void session.close());
  return { api, session };
}

/** Another instance of the same session. */
export function siblingOf({ session }: Client, server: ApiVideo, options: InstallOptions = {}): AxiosInstance {
  const api = axios.create({ baseURL: server.url });
  session.install(api, options);
  return api;
}

/** What a request came to: its status, or the error it failed with. */
export async function outcome(request: Promise<{ status: number }>): Promise<number | AxiosError> {
  return request.then(
    ({ status }) => status,
    (error: AxiosError) => error,
  );
}

/** The error that `request` fails with. It must fail. */
export async function failure<E = AxiosError & { retryAfter?: number }>(request: Promise<unknown>): Promise<E> {
  const error = await request.then(
    () => undefined,
    (reason: E) => reason,
  );
  if (error === undefined) throw new Error('It should have failed');
  return error;
}

export function times<T>(n: number, make: (i: number) => T): T[] {
  return Array.from({ length: n }, (_, i) => make(i));
}

/** What a session tells from now on, and a way to await it. */
export function watch<E extends BearerEvent>(session: Session, event: E) {
  const all: BearerEvents[E][] = [];
  const expectations: { n: number; met: () => void }[] = [];
  session.on(event, (payload) => {
    all.push(payload);
    for (const { n, met } of expectations) if (all.length >= n) met();
  });
  const count = (n: number) =>
    new Promise<void>((met) => {
      if (all.length >= n) met();
      else expectations.push({ n, met });
    });
  return { all, count };
}

/** A promise in a test's hands. */
export function deferred<T = void>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** There and back over a socket: whatever a client had sent before is likely there too. For proving that nothing was. */
export async function roundTrip(server: ApiVideo, n = 3): Promise<void> {
  for (let i = 0; i < n; i += 1) await axios.get(`${server.url}/public`);
}

/** `store`, who is in its lock when, and what is written. */
export function watched(store: TokenStore) {
  const seen = {
    /** Is somebody in the lock now? */
    locked: false,
    /** How often it was had. */
    holds: 0,
    waits: [] as number[],
    /**
     * `locked` and `unlocked`; of each write `marked` (a refresh token is about to be presented), `unmarked` (no token
     * came of it), `committed` (a new token), `signed out`, or `refused`.
     */
    journal: [] as string[],
    /** Called before each new token reaches the store. */
    beforeCommit: async () => {},
  };
  let accessToken: string | undefined;
  const write: TokenStore['write'] = async (next) => {
    const { token, sent } = next;
    const what = !token ? 'signed out' : sent ? 'marked' : token.accessToken === accessToken ? 'unmarked' : 'committed';
    if (what === 'committed') await seen.beforeCommit();
    const there = await store.write(next);
    accessToken = there.token?.accessToken;
    seen.journal.push(there.id === next.id ? what : 'refused');
    return there;
  };
  const withLock: TokenStore['withLock'] = (task, options) => {
    seen.waits.push(options.waitMs);
    return store.withLock(async (lock) => {
      seen.holds += 1;
      seen.locked = true;
      seen.journal.push('locked');
      try {
        return await task(lock);
      } finally {
        seen.locked = false;
        seen.journal.push('unlocked');
      }
    }, options);
  };
  return { seen, store: { ...store, write, withLock } as TokenStore };
}
