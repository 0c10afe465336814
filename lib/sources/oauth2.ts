/**
 * Any OAuth 2 authorization server as a source of tokens.
 *
 * @module axios-bearer/oauth2
 */
import { checkTypes, configError } from '../errors.js';
import { own } from '../platform/own.js';
import { parseUrl } from '../platform/url.js';
import type { Token, TokenResponse } from '../token.js';
import { isFinal } from './answer.js';
import { sendBare } from './client.js';
import { type Endpoints, endpointsOf } from './metadata.js';
import { ofKnownProtocol, type SourceContext, type TokenSource } from './source.js';

/** How the client authenticates (RFC 6749 §2.3): writes to the body or the headers of a call to the authorization server. */
export type ClientAuthentication = (body: URLSearchParams, headers: Record<string, string>) => void | Promise<void>;

/** What both sources are given: a client, and where to ask. One of `issuer` and `tokenEndpoint` is needed. */
export interface OAuth2Options extends Partial<Endpoints> {
  /** The authorization server's identifier. Endpoints that are not given are read from its metadata (RFC 8414 §3). */
  issuer?: string | undefined;
  /** As the authorization server has registered it (RFC 6749 §2.2). Needed, unless `clientAuth` is a function. */
  clientId?: string | undefined;
  /** Of a confidential client (RFC 6749 §2.3.1): never in a page or an app. Default: none, a public client. */
  clientSecret?: string | undefined;
  /** What to ask for (RFC 6749 §3.3), separated by spaces. Default: what the server gives. */
  scope?: string | undefined;
  /** Further parameters of each request, such as `audience` or `resource` (RFC 8707). Default: none. */
  params?: Record<string, string> | undefined;
  /** Further headers of each request. Default: none. */
  headers?: Record<string, string> | undefined;
  /** How the parameters of each request are written: `form` (RFC 6749 §4.4.2, §6) or `json`. Default: `form`. */
  encoding?: 'form' | 'json' | undefined;
  /**
   * Called with each token response (RFC 6749 §5.1), where the tokens go by other names in it, or stand deeper: returns them
   * by their usual names. If it throws, or returns none, the response counts as one without a token. Default: it is taken as it is.
   */
  // biome-ignore lint/suspicious/noExplicitAny: a token response is anything
  readResponse?: ((response: any) => TokenResponse) | undefined;
  /**
   * Called with what a request failed with, or an answer without a token: does it end the session? It alone decides then.
   * Default: an OAuth error that another try can't mend (`invalid_grant` and its kind, RFC 6749 §5.2); and the same 4xx on
   * each attempt, two at least, of a refresh that began when the access token was over or refused.
   */
  isRejected?: TokenSource['isRejected'];
  /**
   * How the client authenticates (RFC 6749 §2.3.1): `basic` (client_secret_basic), `post` (client_secret_post), `none`
   * (a public client), or a function, called for each request, for anything else (private_key_jwt; nothing at all).
   * Default: `basic` with a secret, `none` without.
   */
  clientAuth?: 'basic' | 'post' | 'none' | ClientAuthentication | undefined;
}

/**
 * Call it for tokens of a login that was done elsewhere (`tokens`, `signIn(tokens)`): it refreshes them (RFC 6749 §6),
 * and `signOut()` revokes them (RFC 7009) where the server can.
 *
 * @throws ERR_BEARER_CONFIG
 */
export function refreshToken(options: OAuth2Options): TokenSource {
  const server = connect(options);
  const source: TokenSource = {
    ...server.source,
    needsRefreshToken: true,
    refresh: (token, ctx) => server.grant('refresh_token', { refresh_token: token.refreshToken as string }, ctx),
  };
  return options.isRejected ? source : ofKnownProtocol(source);
}

/**
 * Call it for a service that acts in its own name (RFC 6749 §4.4): it obtains a token with the client's credentials, and
 * another when that one ends.
 *
 * @throws ERR_BEARER_CONFIG
 */
export function clientCredentials(options: OAuth2Options): TokenSource {
  const server = connect(options);
  return { ...server.source, obtain: (ctx) => server.grant('client_credentials', {}, ctx) };
}

const CONTENT_TYPES = { form: 'application/x-www-form-urlencoded', json: 'application/json' };

/** @throws ERR_BEARER_CONFIG */
function check(options: Partial<OAuth2Options>): void {
  const { issuer, tokenEndpoint, revocationEndpoint, clientId, clientSecret, scope, encoding = 'form' } = options;
  const { params, headers, isRejected, readResponse } = options;
  checkTypes('string', { issuer, tokenEndpoint, revocationEndpoint, clientId, clientSecret, scope });
  checkTypes('object', { params, headers });
  checkTypes('function', { isRejected, readResponse });
  if (!['form', 'json'].includes(encoding)) throw configError('encoding', "'form' or 'json'", encoding);
  // One of the page's own origin may be given as a path.
  if (tokenEndpoint !== undefined && !/^\//.test(tokenEndpoint) && !parseUrl(tokenEndpoint))
    throw configError('tokenEndpoint', 'a URL such as https://auth.example.com/token', tokenEndpoint);
}

function connect(given: OAuth2Options) {
  const options = own(given);
  check(options);
  const { scope, encoding = 'form', readResponse } = options;
  const authenticate = authentication(options);
  const endpoints = endpointsOf(options);

  const send = async (url: string, fields: Record<string, string>, { client }: SourceContext) => {
    const body = new URLSearchParams({ ...fields, ...options.params });
    const headers: Record<string, string> = { 'Content-Type': CONTENT_TYPES[encoding], ...options.headers };
    await authenticate(body, headers);
    const data = encoding === 'json' ? JSON.stringify(Object.fromEntries(body)) : String(body);
    return sendBare(client, { method: 'post', url, data, headers });
  };

  return {
    grant: async (grant_type: string, fields: Record<string, string>, ctx: SourceContext): Promise<TokenResponse> => {
      const { tokenEndpoint } = await endpoints(ctx);
      const response = await send(tokenEndpoint, { grant_type, ...fields, ...(scope && { scope }) }, ctx);
      return readResponse ? readBy(readResponse, response) : (response as TokenResponse);
    },
    source: {
      ...(options.clientSecret && { secrets: [options.clientSecret] }),
      // A plain 400 comes from something in between: only an OAuth error is the authorization server's word.
      isRejected: options.isRejected ?? isFinal,
      async revoke(token: Token, ctx: SourceContext) {
        const { revocationEndpoint } = await endpoints(ctx);
        // The refresh token's end is the end of its access tokens too (RFC 7009 §2.1).
        const [spent, hint] = token.refreshToken
          ? [token.refreshToken, 'refresh_token']
          : [token.accessToken, 'access_token'];
        if (revocationEndpoint) await send(revocationEndpoint, { token: spent, token_type_hint: hint }, ctx);
      },
    },
  };
}

/** A response without a token is handed on: it may say why, and `isRejected` what that means. */
function readBy(read: (response: object) => TokenResponse, response: object): TokenResponse {
  const unread = { ...response, access_token: undefined, accessToken: undefined } as TokenResponse;
  try {
    const tokens = read(response);
    const { access_token, accessToken } = Object(tokens);
    return typeof tokens === 'string' || access_token || accessToken ? tokens : unread;
  } catch {
    return unread;
  }
}

function authentication({ clientId, clientSecret, clientAuth }: Partial<OAuth2Options>): ClientAuthentication {
  const method = clientAuth ?? (clientSecret ? 'basic' : 'none');
  if (typeof method === 'function') return method;
  if (!clientId) throw configError('clientId', 'a string', clientId);
  if (method !== 'none' && !clientSecret) throw configError('clientSecret', `given, for ${method}`, clientSecret);
  const secret = clientSecret as string;
  switch (method) {
    case 'none':
      return (body) => body.set('client_id', clientId);
    case 'post':
      return (body) => {
        body.set('client_id', clientId);
        body.set('client_secret', secret);
      };
    case 'basic':
      return (_, headers) => {
        headers.Authorization = `Basic ${btoa(`${formEncoded(clientId)}:${formEncoded(secret)}`)}`;
      };
    default:
      throw configError('clientAuth', "'basic', 'post', 'none' or a function", method);
  }
}

/** Before base64, as RFC 6749 §2.3.1 has it, and few clients. */
function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}
