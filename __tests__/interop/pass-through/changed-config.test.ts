import { describe } from '@jest/globals';
import axios from 'axios';
import { both } from './both.js';
import { answering, type Config, endOf, spying } from './facts.js';

const takesFrozen = await (async () => {
  const api = axios.create({ adapter: answering });
  api.interceptors.request.use((config) => Object.freeze(config));
  return api.get('http://x/').then(
    () => true,
    () => false,
  );
})();
const frozenTitle = takesFrozen ? '' : ` (axios ${axios.VERSION} takes no frozen one)`;

describe(`what an interceptor makes of the config${frozenTitle}`, () => {
  const rows: Record<string, (config: Config) => unknown> = {
    'a promise of it': async (config) => config,
    'a copy': (config) => ({ ...config }),
    'a copy of its headers too': (config) => ({ ...config, headers: { ...config.headers } }),
    'an object with hardly anything': () => ({ url: 'http://x/bar', method: 'post', adapter: answering }),
    'headers of null': (config) => Object.assign(config, { headers: null }),
    'headers of the platform': (config) => Object.assign(config, { headers: new Headers({ 'X-Own': 'yes' }) }),
    'headers that are frozen': (config) => Object.assign(config, { headers: Object.freeze({ ...config.headers }) }),
    'one without a prototype': (config) => Object.assign(Object.create(null), config),
    ...(takesFrozen && { 'a frozen one': (config: Config) => Object.freeze(config) }),
    'a sealed one': (config) => Object.seal(config),
    'one with another adapter': (config) => Object.assign(config, { adapter: spying([]) }),
    'one with an empty list of transforms': (config) => Object.assign(config, { transformRequest: [] }),
    'one with validateStatus undefined': (config) => Object.assign(config, { validateStatus: undefined }),
    'one with validateStatus null': (config) => Object.assign(config, { validateStatus: null }),
  };
  for (const [name, change] of Object.entries(rows)) {
    both(`is heeded alike: ${name}`, async (make) => {
      const api = make({ adapter: answering });
      api.interceptors.request.use(change as never);
      return endOf(() => api.post('http://x/foo', { a: 1 }));
    });
  }

  both('fails alike when it is nothing at all', async (make) => {
    const api = make({ adapter: answering });
    api.interceptors.request.use(() => undefined as never);
    const failure = await api.get('http://x/').catch((error) => error);
    return [failure.constructor.name, failure instanceof TypeError];
  });
});
