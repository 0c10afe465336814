import type { AxiosError, AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import type { Backoff, RefreshWindow } from './backoff.js';
import type { RefreshFunction, TokenSource } from './sources/source.js';
import type { TokenStore } from './stores/store.js';
import type { Token, TokenResponse } from './token.js';

/** What a session is made of. Read once, by `bearer` and `createSession`; all times are ms. */
export interface SessionOptions {
  /** Where tokens come from: a {@link TokenSource}, or a plain function that serves as its `refresh`. */
  source: TokenSource | RefreshFunction;
  /**
   * What an earlier run saved. What the store holds goes before it, a sign-out too, and the event `tokensIgnored` says so:
   * for a new login there is `signIn()`. Default: none.
   */
  tokens?: TokenResponse | undefined;
  /** Where tokens rest. Default: `memoryStore()`. */
  store?: TokenStore | undefined;
  /**
   * ms before expiry at which a refresh starts behind the requests, the old token still serving. Default: 5 min, at
   * most a fifth of the token's life; never more than half of it.
   */
  leeway?: number | undefined;
  /** Refresh on a timer too, at the `leeway`, with no request needed. The timer keeps no process alive. Default `false`. */
  keepFresh?: boolean | undefined;
  /**
   * ms for one attempt to refresh, its body included. One that presented a refresh token is not repeated then, as the
   * token may be spent: requests go on waiting within their bound, the token request is let finish, up to four times
   * `refreshTimeout`, and what it brings is kept. A request waits for (`refreshRetries` + 1) × `refreshTimeout` and the
   * delays between: 42 s by default. Default 10 000.
   */
  refreshTimeout?: number | undefined;
  /** Retries of the refresh call on a transient failure: network, 5xx, 429, no usable token in the answer. Default 3. */
  refreshRetries?: number | undefined;
  /**
   * ms between attempts. `Retry-After` (RFC 9110 §10.2.3) and `X-RateLimit-Retry-After` win, up to 5 min; a longer one
   * than `cap` is reported as `retryAfter`, not waited for. Default `{ initial: 250, factor: 2, cap: 30_000 }`.
   */
  backoff?: Partial<Backoff> | undefined;
  /**
   * At most so many refreshes that did not help (the request was refused again with the new token) per interval (ms);
   * then a 401 is handed on, unless the token is past its end or, once per interval, its target has accepted one before.
   * Default `{ limit: 5, interval: 30_000 }`.
   */
  refreshWindow?: Partial<RefreshWindow> | undefined;
  /**
   * Called with each new token, of a sign-in or a refresh; returns the name of its user. The same string lets waiting requests live
   * through a new sign-in. Default: every sign-in is somebody new.
   */
  identity?: ((token: Token) => string) | undefined;
}

/** Such as `https://api.example.com`; `'*'` is any. */
export type Origins = string | string[];

/** How one axios instance is served. Read when it is installed. */
export interface InstallOptions {
  /**
   * Origins that the token may go to, judged at each request on its final URL; or a function that is called for each
   * request and returns them, for a server that is chosen later. Default: the `baseURL`'s, else the page's, plus the
   * source's own. `'*'` sends it anywhere. No token crosses a redirect to another origin, except that
   * a browser's XMLHttpRequest takes a `header` other than `Authorization` along.
   */
  origins?: Origins | ((config: InternalAxiosRequestConfig) => Origins) | undefined;
  /** Called for each request: `true` for login and public routes, which are neither attached nor recovered. */
  skip?: ((config: InternalAxiosRequestConfig) => boolean | undefined) | undefined;
  /** With no token and no way to get one: `'send'` as it is, or `'reject'` with ERR_BEARER_SIGNED_OUT. Default `'send'`. */
  whenSignedOut?: 'send' | 'reject' | undefined;
  /**
   * Called with each answer to a request that bore our token, 2xx too, its body parsed: would a new token mend it? One
   * that throws is reported on the console, and the default counts. Default: 401 (RFC 9110 §15.5.2), unless the challenge
   * says `insufficient_…` (RFC 6750 §3.1, RFC 9470 §3).
   */
  shouldRefresh?: ((response: AxiosResponse) => boolean | Promise<boolean>) | undefined;
  /**
   * Called with an error that came without a response, such as a 401 without CORS headers in a browser, but not with
   * cancellations and timeouts: would a new token mend it? The request is sent again only if it is GET, HEAD, OPTIONS, PUT
   * or DELETE, as any other may have been done. Default: none.
   */
  shouldRefreshOnError?: ((error: AxiosError) => boolean | Promise<boolean>) | undefined;
  /**
   * Called before each send that bears a token, after the transforms: for a CSRF header, a token in the query, a
   * signature, a proof. `replay` is 0 before the first send. The origin is judged after it; if it throws, nothing is
   * sent. What it writes stands in errors as it is, since `redact` removes our header only.
   */
  beforeSend?:
    | ((config: InternalAxiosRequestConfig, send: { replay: number; token: Token }) => void | Promise<void>)
    | undefined;
  /**
   * Replays of one request; `0`: none. GET, HEAD, OPTIONS, and any request with a 401 that says `invalid_token`, are sent up to
   * four times more, with pauses of `backoff.initial` and four times that before a token that was just made is tried
   * again; all others once more. Default 4.
   */
  maxReplays?: number | undefined;
  /** Waiting requests on the wire at once after a refresh; `Infinity`: all. Default 64. */
  replayConcurrency?: number | undefined;
  /** Where the token goes (RFC 6750 §2.1). Default `Authorization`. `false`: nowhere, for a session wholly in httpOnly cookies. */
  header?: string | false | undefined;
  /** What stands before the token. Default `Bearer`. `''` sends the bare token. */
  scheme?: string | undefined;
  /** No token in any error that leaves us: our header is deleted from its config, request and response. Default `true`. */
  redact?: boolean | undefined;
}
