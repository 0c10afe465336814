import type { Reply } from '../model/server.js';
import { jwt } from '../support/jwt.js';
import { type PageTime, START } from './page-time.js';

/** How a token tells its end: by `expires_in`, by its own claims, or not at all. */
export type ExpiryFormat = 'expires_in' | 'a JWT' | 'nothing';

/** Each refresh token is good once; presented again, it ends all tokens. Its clock is never set. */
export class TokenServer {
  readonly #expiries = new Map<string, number>();
  readonly #spent = new Set<string>();
  #count = 0;
  revoked = false;

  /** @param life seconds */
  constructor(
    readonly time: PageTime,
    readonly life: number,
    readonly telling: ExpiryFormat,
  ) {}

  /** What a login or a refresh is answered. */
  issue() {
    this.#count += 1;
    const now = Math.floor((START + this.time.elapsed) / 1_000);
    const claims = { jti: this.#count, iat: now, exp: now + this.life };
    const access_token = this.telling === 'a JWT' ? jwt(claims) : `at_${this.#count}`;
    this.#expiries.set(access_token, this.time.elapsed + this.life * 1_000);
    const told = this.telling === 'expires_in' ? { expires_in: this.life } : {};
    return { access_token, refresh_token: `rt_${this.#count}`, ...told };
  }

  /** The token endpoint. */
  refresh(token: string): Reply {
    this.revoked ||= this.#spent.has(token);
    if (this.revoked) return { status: 400, data: { error: 'invalid_grant' } };
    this.#spent.add(token);
    return { status: 200, data: this.issue() };
  }

  /** The API. */
  resource(token: string): Reply {
    const known = !this.revoked && this.time.elapsed < (this.#expiries.get(token) ?? 0);
    return known ? { status: 200, data: 'for you' } : { status: 401 };
  }
}
