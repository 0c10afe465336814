import axios, { type AxiosInstance, type AxiosRequestConfig, getAdapter } from 'axios';

// A token answer is a few kB; whatever is larger is not one.
const LARGEST_ANSWER = 1024 * 1024;

/**
 * The client that sources get: bare of interceptors, so that a refresh can't wait for itself; no redirects, since a 307
 * would carry the refresh token to another origin; statuses are judged by axios's own rule, whatever the app's is.
 *
 * @param mayStillSend asked right before each request
 */
export function tokenClient(
  sibling: AxiosInstance | undefined,
  signal: AbortSignal,
  mayStillSend: () => boolean,
): AxiosInstance {
  const client = (sibling ?? axios).create({
    signal,
    maxRedirects: 0,
    // The fetch adapter of older versions knows of no maxRedirects.
    fetchOptions: { redirect: 'error' },
    maxContentLength: LARGEST_ANSWER,
    responseType: 'json',
    validateStatus: (status) => status >= 200 && status < 300,
  });
  client.defaults.adapter = told(client.defaults.adapter);
  client.interceptors.request.use((config) => {
    if (!mayStillSend()) throw new Error('The lock of the token store was lost: nothing is sent any more');
    return config;
  });
  forgetAuthorization(client.defaults.headers as unknown as Record<string, unknown>);
  return client;
}

/** An instance may bear the old token as a default; many servers judge it before they look at the refresh token. */
function forgetAuthorization(headers: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() === 'authorization') delete headers[name];
    else if (value && typeof value === 'object') forgetAuthorization(value as Record<string, unknown>);
  }
}

type Adapter = AxiosRequestConfig['adapter'];

/** XMLHttpRequest follows redirects whatever one says, and takes the refresh token along; fetch can be told. */
function told(adapter: Adapter): Adapter {
  try {
    return getAdapter(adapter) === getAdapter('xhr') && getAdapter('fetch') ? 'fetch' : adapter;
  } catch {
    // No browser, or an axios without fetch (below 1.7).
    return adapter;
  }
}
