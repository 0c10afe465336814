import axios, { type AxiosInstance, type CreateAxiosDefaults } from 'axios';
import * as ours from 'axios-bearer/axios-jwt';
import * as peer from 'axios-jwt';
import { type JwtServer, startJwtServer, type Tokens } from '../support/jwt.js';
import { closeAtEnd } from '../support/kit.js';

export { ours, peer };
/** What both export. */
export type Entry = typeof ours;
export const both: [name: string, entry: Entry][] = [
  ['axios-jwt', peer as unknown as Entry],
  ['axios-bearer/axios-jwt', ours],
];

export const KEY = 'auth-tokens-test';

export interface MemoryStorage extends ours.StorageType {
  /** What is stored, read. */
  readonly tokens: Tokens | null;
  /** Writes past everybody, as another tab does. */
  put(tokens: object | string | null): void;
}

/** A user's own storage, async as they all are. */
export function memoryStorage(tokens: object | null = null): MemoryStorage {
  const items = new Map<string, string>();
  const storage = {
    get: async (key: string) => items.get(key) ?? null,
    set: async (key: string, value: string) => void items.set(key, value),
    remove: async (key: string) => void items.delete(key),
    get tokens() {
      return JSON.parse(items.get(KEY) ?? 'null');
    },
    put: (next: object | string | null) => {
      if (next === null) items.delete(KEY);
      else items.set(KEY, typeof next === 'string' ? next : JSON.stringify(next));
    },
  };
  storage.put(tokens);
  return storage;
}

export interface App {
  server: JwtServer;
  api: AxiosInstance;
  storage: MemoryStorage;
  /** What axios-jwt's README has: the refresh call with an axios of its own, both tokens returned. */
  requestRefresh: ours.TokenRefreshRequest;
}

interface SceneOptions extends Partial<ours.IAuthTokenInterceptorConfig> {
  server?: JwtServer;
  /** Ada's access token ends in so many seconds. Default an hour. `null`: nobody is signed in. */
  ends?: number | null;
  tokens?: object;
  defaults?: CreateAxiosDefaults;
}

/** A server, Ada signed in there, and an instance with the entry's interceptor. */
export async function appWith(entry: Entry, options: SceneOptions = {}): Promise<App> {
  const { server: given, ends, tokens, defaults, ...config } = options;
  const server = given ?? closeAtEnd(await startJwtServer());
  const storage = memoryStorage(tokens ?? (ends === null ? null : server.issue('ada', ends)));
  const api = axios.create({ baseURL: server.url, ...defaults });
  const requestRefresh = refreshAt(server);
  entry.applyAuthTokenInterceptor(api, { requestRefresh, getStorage: () => storage, ...config });
  return { server, api, storage, requestRefresh };
}

export function refreshAt({ url }: JwtServer, client: AxiosInstance = axios.create()): ours.TokenRefreshRequest {
  return async (token) => {
    const { data } = await client.post(`${url}/refresh`, { token });
    return { accessToken: data.access_token, refreshToken: data.refresh_token };
  };
}

/** The Authorization that the server got with each request to that path. */
export function bearersOf({ log, headers }: JwtServer, path = '/videos'): (string | undefined)[] {
  return headers.filter((_, i) => log[i]?.includes(` ${path} `)).map(({ authorization }) => authorization);
}
