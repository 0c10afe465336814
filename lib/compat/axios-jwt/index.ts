import type { AxiosInstance } from 'axios';
import { bearer, type InstallOptions } from '../../index.js';
import { own } from '../internal.js';
import { expiryOf } from './claims.js';
import { leewayOf, type StringValue } from './leeway.js';
import { NO_REFRESH_TOKEN, Sessions, type TokenRefreshRequest } from './sessions.js';
import { defaults, type StorageType, storageOf } from './storage.js';
import { storedTokens } from './tokens.js';

export type { TokenRefreshRequest } from './sessions.js';
export type { IAuthTokens } from './shared-storage.js';
export {
  applyStorage,
  getBrowserLocalStorage,
  getBrowserSessionStorage,
  type StorageType,
} from './storage.js';
export {
  clearAuthTokens,
  getAccessToken,
  getRefreshToken,
  isLoggedIn,
  setAccessToken,
  setAuthTokens,
} from './tokens.js';

/** How an instance is served. */
export interface IAuthTokenInterceptorConfig {
  /** Default `Authorization`. */
  header?: string;
  /** Default `'Bearer '`, with the space. */
  headerPrefix?: string;
  /** Called when a new access token is due: once, however many requests wait for it. */
  requestRefresh: TokenRefreshRequest;
  /** How long before its end a token is refreshed first: seconds, or words such as `'1 min'`. Default 10 s. */
  tokenExpireFudge?: number | StringValue;
  /** Called once: where this instance's tokens are kept. Default: what `applyStorage()` has named, or `localStorage`. */
  getStorage?: () => StorageType | undefined;
  /** Not in axios-jwt: origins that the token may go to. Default: the `baseURL`'s; anywhere, where there is none. */
  origins?: InstallOptions['origins'];
}

const ERROR_PREFIX = 'Unable to refresh access token for request due to token refresh error: ';

function sessionsOf(config: IAuthTokenInterceptorConfig, tokenPrefix = ''): Sessions {
  const { requestRefresh, tokenExpireFudge, getStorage } = own(config) as IAuthTokenInterceptorConfig;
  const leeway = leewayOf(tokenExpireFudge);
  defaults.leeway = leeway;
  const storage = storageOf(getStorage);
  return new Sessions({ requestRefresh, storage, leeway, tokenPrefix, errorPrefix: ERROR_PREFIX });
}

const installed = new WeakMap<AxiosInstance, () => void>();

/**
 * Call it once, where the axios instance is made. Every request bears the stored access token; it is refreshed before
 * it ends, and after a 401, and the request is replayed. Called again for an instance, it takes the first one's place.
 */
export const applyAuthTokenInterceptor = (axios: AxiosInstance, config: IAuthTokenInterceptorConfig): void => {
  if (!axios.interceptors) throw new Error(`invalid axios instance: ${axios}`);
  const { header, headerPrefix = 'Bearer ', origins = hasOrigin(axios) ? undefined : '*' } = own(config);
  // What follows the last space goes along with the token; the words before are the scheme.
  const [tokenPrefix = '', ...words] = headerPrefix.split(' ').reverse();
  const sessions = sessionsOf(config, tokenPrefix);
  installed.get(axios)?.();
  const session = () => sessions.resolve();
  installed.set(axios, bearer(axios, { session, header, scheme: words.reverse().join(' '), origins }));
};

function hasOrigin({ defaults: { baseURL } }: AxiosInstance): boolean {
  try {
    return Boolean(baseURL && new URL(baseURL, globalThis.location?.href));
  } catch {
    return false;
  }
}

/** @deprecated It was renamed to {@link applyAuthTokenInterceptor}. */
export const useAuthTokenInterceptor = applyAuthTokenInterceptor;

/**
 * Call it for `instance.interceptors.request.use()`. It attaches the access token, refreshed where it is due. Being a
 * request interceptor it never sees a 401: `applyAuthTokenInterceptor` does.
 */
export const authTokenInterceptor = (config: IAuthTokenInterceptorConfig) => {
  const { header = 'Authorization', headerPrefix = 'Bearer ' } = own(config);
  const sessions = sessionsOf(config);
  // biome-ignore lint/suspicious/noExplicitAny: as axios-jwt has it; it fits whatever the caller's axios calls a config
  return async (requestConfig: any): Promise<any> => {
    const session = await sessions.current();
    if (!session) return requestConfig;
    const accessToken = await sessions.withAxiosJwtErrors(session.token());
    const { headers } = requestConfig;
    if (headers) headers[header] = `${headerPrefix}${accessToken}`;
    return requestConfig;
  };
};

/**
 * Call it for an access token to use elsewhere: the stored one, or a new one where its end is near or unknown.
 *
 * @throws in axios-jwt's words
 */
export const refreshTokenIfNeeded = async (requestRefresh: TokenRefreshRequest): Promise<string | undefined> => {
  const { accessToken } = (await storedTokens()) ?? {};
  const { leeway } = defaults;
  if (accessToken && (expiryOf(accessToken) ?? 0) - leeway > Date.now()) return accessToken;
  const sessions = new Sessions({ requestRefresh, storage: () => defaults.storage, leeway });
  const session = await sessions.current();
  if (!session) throw new Error(NO_REFRESH_TOKEN);
  return (await sessions.withAxiosJwtErrors(session.refresh())).accessToken;
};
