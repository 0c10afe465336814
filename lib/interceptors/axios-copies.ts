import axios, { type AxiosAdapter, type AxiosInstance, type AxiosResponse } from 'axios';
import { type Config, isOfOurCopy } from './config.js';
import { tellingEnv, tellingRedirects } from './redirects.js';

/** The adapter that a config names. One of axios's own is the instance's, which may be of another copy of axios. */
export function adapterOf(config: Config, instance: AxiosInstance): AxiosAdapter {
  const named = Object.hasOwn(config, 'adapter') ? config.adapter : undefined;
  if (isOfOurCopy(config)) return tellingRedirects(named || axios.defaults.adapter, config);
  if (typeof named === 'function') return named;
  return (sent) => throughSibling(instance, named, sent);
}

const siblings = new WeakMap<AxiosInstance, AxiosInstance>();

/** Another copy of axios shows its adapters to its own instances only: one without defaults, transforms and interceptors. */
function siblingOf(instance: AxiosInstance): AxiosInstance {
  const known = siblings.get(instance);
  if (known) return known;
  const sibling = instance.create();
  const defaults = sibling.defaults as Record<string, unknown>;
  // What an interceptor has taken off a config must not come back.
  for (const name of Object.keys(defaults)) if (name !== 'adapter' && name !== 'env') delete defaults[name];
  defaults.headers = {};
  siblings.set(instance, sibling);
  return sibling;
}

async function throughSibling(
  instance: AxiosInstance,
  adapter: Config['adapter'],
  config: Config,
): Promise<AxiosResponse> {
  const none = { transformRequest: [], transformResponse: [] };
  const copy = { ...config, ...none, env: tellingEnv(config) as never, ...(adapter && { adapter }) };
  if (!copy.transitional) delete copy.transitional;
  const own = (answer: { config?: unknown } | undefined) => {
    if (answer?.config) answer.config = config;
  };
  try {
    const response = await siblingOf(instance).request(copy);
    own(response);
    return response;
  } catch (error) {
    own(error as Partial<AxiosResponse>);
    own((error as { response?: AxiosResponse }).response);
    throw error;
  }
}
