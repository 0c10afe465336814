import { type AxiosAdapter, type AxiosResponse, getAdapter } from 'axios';
import { type ParsedUrl, parseUrl } from '../platform/url.js';
import type { Config } from './config.js';

type Fetch = typeof fetch;

/** Of the requests that fetch was redirected with: axios does not show its response. */
const urls = new WeakMap<object, string>();

/** What follow-redirects keeps of requests that were redirected to another origin, and lost their token there. */
const abroad = new WeakSet<object>();

export function noteAbroad(options: object): void {
  abroad.add(options);
}

/** Was it redirected to another origin, wherever it has come to since? Over Node's http only; fetch tells of the last place. */
export function wasAbroad({ request }: AxiosResponse): boolean {
  return abroad.has(request?._redirectable?._options);
}

/** Has a redirect made a GET of a request (RFC 9110 §15.4.4)? Node's http tells of it. */
export function becameGet({ request }: AxiosResponse): boolean {
  return wasRedirected(request) && ['GET', 'HEAD'].includes(request.method);
}

function wasRedirected(request: AxiosResponse['request']): boolean {
  return request?._redirectable?._redirectCount > 0;
}

/** Where redirects have led to; `undefined`: there were none, or the adapter does not tell. */
export function redirectedTo({ request }: AxiosResponse): ParsedUrl | undefined {
  if (!request || typeof request !== 'object') return undefined;
  const byHttp = wasRedirected(request) ? request.res?.responseUrl : undefined;
  const url = byHttp || request.responseURL || urls.get(request);
  // axios-mock-adapter has the config's, which may be relative.
  return url ? parseUrl(url) : undefined;
}

/** The adapter that a config names; that of fetch leaves word of where redirects have led to. */
export function tellingRedirects(named: Config['adapter'], config: Config): AxiosAdapter {
  const adapter = getAdapter(named, config as never);
  if (!isFetch(adapter, config)) return adapter;
  return getAdapter('fetch', { ...config, env: tellingEnv(config) } as never);
}

/** What axios takes fetch from: one that leaves word of where redirects have led to. */
export function tellingEnv(config: Config): object | undefined {
  const { env } = config as { env?: { fetch?: Fetch } };
  const own = env?.fetch ?? globalThis.fetch;
  return own ? { ...env, fetch: tellingFetch(own) } : env;
}

/** One for each fetch, as axios keeps an adapter for each. */
const telling = new WeakMap<Fetch, Fetch>();

function tellingFetch(own: Fetch): Fetch {
  const known = telling.get(own);
  if (known) return known;
  const made: Fetch = async (input, init) => {
    const response = await own(input, init);
    if (typeof input === 'object' && response.redirected) urls.set(input, response.url);
    return response;
  };
  telling.set(own, made);
  return made;
}

/** What is known of an adapter: asked for each request. */
const fetches = new WeakMap<AxiosAdapter, boolean>();

/** Is it axios's fetch adapter? That of `axios.getAdapter('fetch')`, with no config, is another function. */
function isFetch(adapter: AxiosAdapter, config: Config): boolean {
  const known = fetches.get(adapter);
  if (known !== undefined) return known;
  const isOne = [config, {}].some((of) => adapter === fetchAdapter(of));
  fetches.set(adapter, isOne);
  return isOne;
}

/** There is none below axios 1.7. */
function fetchAdapter(config: object): AxiosAdapter | undefined {
  try {
    return getAdapter('fetch', config as never);
  } catch {
    return undefined;
  }
}
