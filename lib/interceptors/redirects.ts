import { type AxiosAdapter, type AxiosResponse, getAdapter } from 'axios';
import type { ParsedUrl } from '../platform/url.js';
import type { Config } from './config.js';
import { parse } from './origins.js';

type Fetch = typeof fetch;

/** Of the requests that fetch was redirected with: axios does not show its response. */
const urls = new WeakMap<object, string>();

/** Where redirects have led to; `undefined`: there were none, or the adapter does not tell. */
export function redirectedTo({ request }: AxiosResponse): ParsedUrl | undefined {
  if (!request || typeof request !== 'object') return undefined;
  const byHttp = request._redirectable?._redirectCount > 0 ? request.res?.responseUrl : undefined;
  const url = byHttp || request.responseURL || urls.get(request);
  return url ? parse(url) : undefined;
}

/** The adapter that a config names; that of fetch leaves word of where redirects have led to. */
export function tellingRedirects(named: Config['adapter'], config: Config): AxiosAdapter {
  const adapter = getAdapter(named, config as never);
  if (!isFetch(adapter, config)) return adapter;
  const { env } = config as { env?: { fetch?: Fetch } };
  return getAdapter(named, { ...config, env: { ...env, fetch: tellingFetch(env?.fetch) } } as never);
}

/** One for each fetch, as axios keeps an adapter for each. */
const telling = new WeakMap<Fetch, Fetch>();

function tellingFetch(own: Fetch | undefined): Fetch {
  const key = own ?? globalThis.fetch;
  const known = telling.get(key);
  if (known) return known;
  const made: Fetch = async (input, init) => {
    const response = await key(input, init);
    if (typeof input === 'object' && response.redirected) urls.set(input, response.url);
    return response;
  };
  telling.set(key, made);
  return made;
}

let latest: { adapter: AxiosAdapter; isFetch: boolean } | undefined;

/** Is it axios's fetch adapter? Asked for each request, nearly always of the same one. */
function isFetch(adapter: AxiosAdapter, config: Config): boolean {
  if (latest?.adapter !== adapter) latest = { adapter, isFetch: adapter === fetchAdapter(config) };
  return latest.isFetch;
}

/** There is none below axios 1.7. */
function fetchAdapter(config: Config): AxiosAdapter | undefined {
  try {
    return getAdapter('fetch', config as never);
  } catch {
    return undefined;
  }
}
