import type { AxiosInstance, InternalAxiosRequestConfig } from 'axios';
import type { Token, TokenResponse } from '../token.js';

/** Where tokens come from. A plain function serves as its `refresh`. */
export interface TokenSource {
  /**
   * Called when a new token is due (RFC 6749 §6), one call at a time for all requests that need it. `token` is `{}` when there is
   * none yet. Tried whenever it exists…
   */
  refresh?(token: Partial<Token>, ctx: SourceContext): Promise<TokenResponse>;
  /** …unless this is true and there is no refresh token (RFC 6749 §6, api.video). Default `false`. */
  needsRefreshToken?: boolean | undefined;
  /**
   * Called for a first token, or after a definite refusal; never by itself after `signOut()`. If it is refused, it is called
   * again no sooner than `backoff.cap`, unless it is `interactive`.
   */
  obtain?(ctx: SourceContext): Promise<TokenResponse>;
  /** Called by `signOut()`, and for a token that came too late to be used (RFC 7009). Its failure harms nothing. */
  revoke?(token: Token, ctx: SourceContext): Promise<void>;
  /** Held from the start, with nobody asked: as if given as the session's `tokens`, where none are. Default: none. */
  tokens?: TokenResponse | undefined;
  /**
   * Called with what `refresh` or `obtain` threw, or with an answer that has fields but no token: does it end the session?
   * Default: 400, 401, 403, and an OAuth error that another try can't mend, whatever its status (RFC 6749 §5.2).
   */
  isRejected?(error: unknown): boolean;
  /** What no error may quote beside tokens, should the server echo it: a client secret, an API key. Default: none. */
  secrets?: string[] | undefined;
  /** `true`: `obtain` asks a person, so it runs outside the lock and has no deadline. Default `false`. */
  interactive?: boolean | undefined;
  /** Origins of the API that its tokens are for, such as `https://api.example.com`; they join `origins`. Default: none. */
  origins?: string[] | undefined;
  /** Called for each request before a token is looked for; `true`: the source has authorized the request itself. */
  authorize?(config: InternalAxiosRequestConfig): boolean;
}

/** On a source, known to every copy of this package. */
const KNOWN_PROTOCOL = Symbol.for('axios-bearer.known');

/** Marks a source of ours: it asks as its protocol wants, and what is final it leaves to us. */
export function ofKnownProtocol(source: TokenSource): TokenSource {
  return Object.assign(source, { [KNOWN_PROTOCOL]: true });
}

export function isOfKnownProtocol(source: TokenSource): boolean {
  return KNOWN_PROTOCOL in source;
}

/** Called when a new token is due: a source with nothing but `refresh`. Most apps have this call already. */
export type RefreshFunction = NonNullable<TokenSource['refresh']>;

/** What a source is given beside the token. */
export interface SourceContext {
  /**
   * Aborted at the deadline: `refreshTimeout`, four times that where a refresh token is presented. `client` heeds it already,
   * and sends nothing once the store’s lock is lost.
   */
  signal: AbortSignal;
  /** 0 at first, then how many attempts in a row failed before this one. */
  attempt: number;
  /**
   * The instance's sibling: same defaults, none of its interceptors, no Authorization of its own. It follows no
   * redirect and reads at most 1 MiB. Send with it, never with the guarded instance: that one waits for you.
   */
  client: AxiosInstance;
  /**
   * Why the source is asked: `first`: there is no token yet. `expiry`: the token ends, or has ended. `refused`: a request
   * with it was refused. `asked`: by `session.refresh()`. `signIn`: by `session.signIn()`; `revoke()` has none.
   */
  reason?: 'first' | 'expiry' | 'refused' | 'asked' | 'signIn';
  /** `WWW-Authenticate` of the 401 that made it necessary (RFC 9110 §11.6.1), if it had one: a scope or `acr_values` may stand there. */
  challenge?: string;
}
