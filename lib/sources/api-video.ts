/**
 * api.video as a source of tokens.
 *
 * @module axios-bearer/api-video
 */
import type { InternalAxiosRequestConfig } from 'axios';
import { checkTypes, configError } from '../errors.js';
import { own } from '../platform/own.js';
import { parseUrl } from '../platform/url.js';
import type { Token, TokenResponse } from '../token.js';
import { sendBare } from './client.js';
import { ofKnownProtocol, type SourceContext, type TokenSource } from './source.js';

/** What `apiVideo` is given. Nothing is required: with `tokens` of your own it needs no key. */
export interface ApiVideoOptions {
  /** Exchanged for a first token, and again when the refresh token is dead. Default: none. */
  apiKey?: string | undefined;
  /** Default `https://ws.api.video`; the sandbox is `https://sandbox.api.video`. */
  baseURL?: string | undefined;
  /** An upload token (POST /upload-tokens): serves `POST /upload` as `?token=`, with no Bearer and no refresh. Default: none. */
  delegatedToken?: string | undefined;
  /**
   * Called with what a token request failed with: does it end the session? It alone decides then. Default: 400, 401 and 403,
   * and another 4xx if each attempt is answered with it, two at least, and the access token is of no use any more.
   */
  isRejected?: TokenSource['isRejected'];
}

/**
 * Call it for api.video. With an API key it signs in by itself; with tokens of your own (`tokens`, `signIn(tokens)`) it
 * refreshes those, and falls back on the API key if there is one.
 *
 * @throws ERR_BEARER_CONFIG when `baseURL` is no URL
 * @see https://docs.api.video/reference/authentication
 */
export function apiVideo(options: ApiVideoOptions = {}): TokenSource {
  if (typeof options !== 'object') throw configError('apiVideo', 'an object such as { apiKey }', options);
  const { apiKey, baseURL = 'https://ws.api.video', delegatedToken, isRejected } = own(options);
  checkTypes('string', { apiKey, baseURL, delegatedToken });
  const origin = parseUrl(baseURL)?.origin;
  if (!origin) throw configError('baseURL', 'a URL such as https://ws.api.video', baseURL);
  const ask = async (path: string, body: object, { client }: SourceContext) => {
    const headers = { 'Content-Type': 'application/json' };
    const request = { method: 'post', url: baseURL.replace(/\/$/, '') + path, data: JSON.stringify(body), headers };
    return (await sendBare(client, request)) as TokenResponse;
  };

  const source: TokenSource = {
    needsRefreshToken: true,
    origins: [origin],
    ...(apiKey && { secrets: [apiKey] }),
    refresh: ({ refreshToken }: Partial<Token>, ctx) => ask('/auth/refresh', { refreshToken }, ctx),
    ...(apiKey && { obtain: (ctx) => ask('/auth/api-key', { apiKey }, ctx) }),
    ...(isRejected && { isRejected }),
    authorize: (config) => delegate(config, delegatedToken),
  };
  return isRejected ? source : ofKnownProtocol(source);
}

/** Is a delegated token to serve this request? One that the caller has put there keeps its place. */
function delegate(config: InternalAxiosRequestConfig, token: string | undefined): boolean {
  const { method, url = '', params } = config;
  if (method !== 'post' || !/(^|\/)upload\/?(?:[?#]|$)/.test(url)) return false;
  const given = params instanceof URLSearchParams ? params.get('token') : params?.token;
  if (given || /[?&]token=/.test(url)) return true;
  if (!token) return false;
  config.params =
    params instanceof URLSearchParams ? new URLSearchParams([...params, ['token', token]]) : { ...params, token };
  return true;
}
