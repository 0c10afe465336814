import { setImmediate } from 'node:timers/promises';
import { type AxiosAdapter, AxiosHeaders, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';
import settle from 'axios/unsafe/core/settle.js';

const REFRESH = '/auth/refresh';
const CHALLENGE = 'Bearer realm="api", error="invalid_token"';

/** A server without a wire, one for each contender: what is left to measure is axios and what is installed on it. */
export class Server {
  token = newToken();
  served = 0;
  refused = 0;
  refreshes = 0;

  /**
   * It answers at once, yet not on the stack of the request: no real answer does, and a deep stack would make an
   * AxiosError dearer than it is.
   */
  readonly adapter: AxiosAdapter = async (config) => {
    await undefined;
    if (config.url === REFRESH) await setImmediate(); // later than every 401, so that all of them wait
    return new Promise((resolve, reject) => settle(resolve, reject, this.#answer(config)));
  };

  /** From now on the old token is refused. */
  rotate(): string {
    this.token = newToken();
    this.served = 0;
    this.refused = 0;
    this.refreshes = 0;
    return this.token;
  }

  get tokens() {
    return { token_type: 'Bearer' as const, access_token: this.token, refresh_token: 'refresh', expires_in: 3_600 };
  }

  #answer(config: InternalAxiosRequestConfig): AxiosResponse {
    if (config.url === REFRESH) return this.#refreshed(config);
    if (config.headers.Authorization === `Bearer ${this.token}`) {
      this.served++;
      return answer(config, 200, '{"videoId":"vi4k0jvEUuaTdRAEjQ4Jfagz","title":"a video"}', {});
    }
    this.refused++;
    return answer(config, 401, '{"title":"The access token expired"}', { 'www-authenticate': CHALLENGE });
  }

  #refreshed(config: InternalAxiosRequestConfig): AxiosResponse {
    this.refreshes++;
    return answer(config, 200, JSON.stringify(this.tokens), {});
  }
}

function answer(
  config: InternalAxiosRequestConfig,
  status: number,
  data: string,
  headers: Record<string, string>,
): AxiosResponse {
  const all = new AxiosHeaders({ 'content-type': 'application/json', ...headers });
  return { data, status, statusText: '', headers: all, config, request: {} };
}

/** As long as a JWT with a few claims: axios scans every header that it knows of. */
function newToken(): string {
  const part = (length: number) => Array.from({ length }, () => Math.random().toString(36).at(-1)).join('');
  return [part(36), part(420), part(342)].join('.');
}

/** As long as the others, for who reads its end there. */
export function jwtOfAnHour(): string {
  const exp = Math.ceil(Date.now() / 1_000) + 3_600;
  const claims = { sub: 'ada', exp, iat: exp - 3_600, scope: 'x'.repeat(240) };
  const [header, payload] = [{ alg: 'RS256', typ: 'JWT' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  return `${header}.${payload}.${newToken().slice(-342)}`;
}
