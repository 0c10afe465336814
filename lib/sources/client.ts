import axios, { type AxiosInstance, type AxiosRequestConfig, type CreateAxiosDefaults } from 'axios';
import { own } from '../platform/own.js';

// A token response is a few kB; whatever is larger is not one.
const LARGEST_RESPONSE = 1024 * 1024;

/** The app's way to the network: all that a request of a known protocol needs of an instance. */
const TRANSPORT =
  /^(adapter|env|family|http2Options|https?Agent|httpVersion|insecureHTTPParser|lookup|proxy|transport|withCredentials)$/;

// On the client itself, as a source may be of another copy of this package.
const BARE = Symbol.for('axios-bearer.bareClient');

/**
 * The client that sources get: without interceptors, so that a refresh can't wait for itself; without redirects, since a
 * 307 would carry the refresh token to another origin. The app's timeout, limits and statuses are those of its API.
 *
 * @param mayStillSend asked right before each request
 */
export function tokenClient(
  parent: AxiosInstance | undefined,
  signal: AbortSignal,
  mayStillSend: () => boolean,
): AxiosInstance {
  const own = ownSettings(signal);
  const make = () => {
    const client = creator(parent ?? axios).create(own);
    delete client.defaults.cancelToken;
    client.interceptors.request.use((config) => {
      if (!mayStillSend()) throw new Error('The lock of the token store was lost: nothing is sent any more');
      return config;
    });
    return client;
  };
  const client = make();
  forgetAuthorization(client.defaults.headers as unknown as Record<string, unknown>);
  return Object.defineProperty(client, BARE, { value: () => strip(make(), own) });
}

/** What the app's own settings for its API give way to. */
function ownSettings(signal: AbortSignal): CreateAxiosDefaults {
  return {
    signal,
    timeout: 0,
    maxRedirects: 0,
    // The fetch adapter of older versions knows of no maxRedirects.
    fetchOptions: { redirect: 'error' },
    maxContentLength: LARGEST_RESPONSE,
    maxBodyLength: Number.POSITIVE_INFINITY,
    decompress: true,
    responseType: 'json',
    responseEncoding: 'utf8',
    validateStatus: (status) => status >= 200 && status < 300,
  };
}

/** One that was made by `new Axios()` has no create(). */
function creator(parent: AxiosInstance): AxiosInstance {
  return typeof parent.create === 'function' ? parent : axios.create(parent.defaults as CreateAxiosDefaults);
}

/** An instance may bear the old token as a default; many servers judge it before they look at the refresh token. */
function forgetAuthorization(headers: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() === 'authorization') delete headers[name];
    else if (value && typeof value === 'object') forgetAuthorization(value as Record<string, unknown>);
  }
}

/**
 * Sends a request of a protocol that the source knows to the letter: by the transport of `ctx.client`, without its
 * headers, params and transforms, which are meant for the app's API.
 *
 * @returns what the response has, by name; `{}` if it is neither JSON nor a form
 * @throws what axios throws
 */
export async function sendBare(client: AxiosInstance, request: AxiosRequestConfig): Promise<object> {
  const bare = (client as { [BARE]?: () => AxiosInstance })[BARE]?.() ?? client;
  const headers = { Accept: 'application/json', ...own(request).headers };
  const { data } = await bare.request({ ...request, headers });
  return data !== null && typeof data === 'object' ? data : {};
}

function strip(client: AxiosInstance, own: CreateAxiosDefaults): AxiosInstance {
  const defaults = client.defaults as unknown as Record<string, unknown>;
  for (const name of Object.keys(defaults)) if (!TRANSPORT.test(name) && !(name in own)) delete defaults[name];
  Object.assign(defaults, { headers: {}, responseType: 'text', transformResponse: [parse] });
  return client;
}

/** JSON; or a form, as some servers answer whatever is accepted. */
function parse(text: unknown, headers: { getContentType?(): unknown }): unknown {
  try {
    return JSON.parse(text as string);
  } catch {
    const isForm = String(headers.getContentType?.()).includes('form-urlencoded');
    return isForm ? Object.fromEntries(new URLSearchParams(text as string)) : text;
  }
}
