import axios, { type AxiosInstance, type AxiosRequestConfig, type CreateAxiosDefaults } from 'axios';
import {
  bearer,
  createSession,
  type InstallOptions,
  type RefreshFunction,
  type Session,
  type SessionOptions,
  type TokenResponse,
  type TokenStore,
} from 'axios-bearer';
import type { ApiRequest, ApiVideo, ApiVideoOptions } from 'axios-bearer/testing';
import { closeSessionAtEnd } from './cleanup.js';
import { requestsTo, startServer } from './server.js';

/** A backoff so short that a test need not notice it. */
export const QUICK = { initial: 1, factor: 1, cap: 5 };

/** The refresh call that an app of the server's writes: one POST by `ctx.client`, to the instance's `baseURL`. */
export const refreshing: RefreshFunction = async ({ refreshToken }, { client }) =>
  (await client.post('/auth/refresh', { refreshToken })).data;

/** The same, to `server` whatever the `baseURL` is. */
export function refreshAt(server: ApiVideo): RefreshFunction {
  return async ({ refreshToken }, { client }) =>
    (await client.post(`${server.url}/auth/refresh`, { refreshToken })).data;
}

/** A refresh call without a network, and how often it was made. Its answer comes in the same tick. */
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

/** A token response; the name is part of its tokens. */
export function tokenPair(name: string, more: object = {}): TokenResponse & object {
  return { access_token: `at_${name}`, refresh_token: `rt_${name}`, expires_in: 3600, ...more };
}

/** A session without axios, closed when the test is over. */
export function startSession(options: Partial<SessionOptions> = {}): Session {
  return closeSessionAtEnd(createSession({ source: async () => 'from-source', ...options }));
}

export interface Client {
  server: ApiVideo;
  api: AxiosInstance;
  session: Session;
}

export interface ClientOptions extends Partial<SessionOptions>, InstallOptions {
  /** What the instance is created with. */
  defaults?: CreateAxiosDefaults;
  /** Runs before axios-bearer is installed. */
  before?: (api: AxiosInstance, server: ApiVideo) => void;
}

/** An instance for `server` and its session, signed in unless `tokens` says otherwise; closed when the test is over. */
export function clientOf(server: ApiVideo, { defaults, before, ...options }: ClientOptions = {}): Client {
  const api = axios.create({ baseURL: server.url, ...defaults });
  before?.(api, server);
  const tokens = 'tokens' in options ? options.tokens : server.issue();
  const session = closeSessionAtEnd(bearer(api, { source: refreshing, ...options, tokens }));
  return { server, api, session };
}

type WithServer = { server?: ApiVideoOptions };

/** A server, started with the option `server`, and a client of it. */
export async function startClient({ server, ...options }: ClientOptions & WithServer = {}): Promise<Client> {
  return clientOf(await startServer(server), options);
}

/** Another instance of the same session. */
export function anotherInstance({ session, server }: Client, options: InstallOptions = {}): AxiosInstance {
  const api = axios.create({ baseURL: server.url });
  session.install(api, options);
  return api;
}

export interface TokenAnswer {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

export interface RecordedClient extends Client {
  /** Every request that reached the server, headers and all, in order. */
  sends: ApiRequest[];
  /** Every token that the server issued, access and refresh. */
  secrets: string[];
  /** The source's work: POST /auth/refresh by this instance. */
  refreshWith(client: AxiosInstance, refreshToken: string | undefined): Promise<TokenAnswer>;
  /** The `authorization` headers of the requests to paths that begin with `path`. */
  authorizations(path: string): (string | undefined)[];
}

export interface RecordedOptions extends Omit<ClientOptions, 'tokens'>, WithServer {
  /** `expired`: those of the server, and the session knows that they are over. `none`: nobody is signed in. */
  tokens?: Exclude<SessionOptions['tokens'], string> | 'expired' | 'none';
}

/** As `startClient`, with all that is sent and issued on record, and without retries of a refresh. */
export async function startRecordedClient(
  options: RecordedOptions | ((url: string) => RecordedOptions) = {},
): Promise<RecordedClient> {
  const server = await startServer(typeof options === 'object' ? options.server : {});
  const { tokens, server: _, ...rest } = typeof options === 'object' ? options : options(server.url);
  const sends = requestsTo(server);
  const issued = server.issue();
  const secrets = [issued.access_token, issued.refresh_token];
  const refreshWith = async (client: AxiosInstance, refreshToken: string | undefined): Promise<TokenAnswer> => {
    const { data } = await client.post<TokenAnswer>('/auth/refresh', { refreshToken });
    secrets.push(...[data?.access_token, data?.refresh_token].filter(Boolean));
    return data;
  };
  const given =
    tokens === 'expired' ? { ...issued, expires_in: 0 } : tokens === 'none' ? undefined : (tokens ?? issued);
  const client = clientOf(server, {
    source: ({ refreshToken }, { client }) => refreshWith(client, refreshToken),
    refreshRetries: 0,
    backoff: QUICK,
    ...rest,
    tokens: given,
  });
  const authorizations = (path: string) =>
    sends.filter((send) => send.path.startsWith(path)).map((send) => send.headers.authorization);
  return { ...client, sends, secrets, refreshWith, authorizations };
}

/** An instance of axios alone, with a live token in its defaults. */
export function bareClient(url: string, token: string, more: AxiosRequestConfig = {}): AxiosInstance {
  return axios.create({ baseURL: url, ...more, headers: { Authorization: `Bearer ${token}` } } as never);
}

/** A source that answers what it is told, and counts. */
export function sourceThatAnswers(answer: () => unknown): RefreshFunction & { calls: number } {
  const source = Object.assign(
    async () => {
      source.calls += 1;
      return answer() as TokenResponse;
    },
    { calls: 0 },
  );
  return source;
}

/** Two sessions of one process that hold one store, the second one without tokens of its own. */
export async function twoHolders(store: TokenStore, options: ClientOptions = {}) {
  const server = await startServer();
  const a = clientOf(server, { store, ...options });
  await a.session.token();
  const b = clientOf(server, { store, tokens: undefined, ...options });
  await b.session.token();
  return { server, a, b };
}

const isRefused = ({ status }: { status: number }) => status === 401;

/** The ways to say that a 401 refuses the token: for what must hold whatever says so. */
export const rules: [string, Partial<SessionOptions> & InstallOptions][] = [
  ['the default', {}],
  ['a rule of one’s own', { shouldRefresh: isRefused }],
  ['a rule that takes its time', { shouldRefresh: async (answer) => isRefused(answer) }],
];

/** As Vue's reactive() and MobX: what is read from it is wrapped as well. */
export function reactive<T extends object>(target: T): T {
  const get = (from: object, key: PropertyKey, self: unknown): unknown => {
    const value = Reflect.get(from, key, self);
    return typeof value === 'object' && value !== null ? reactive(value) : value;
  };
  return new Proxy(target, { get }) as T;
}
