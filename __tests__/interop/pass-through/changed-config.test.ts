import { describe } from '@jest/globals';
import axios from 'axios';
import { both } from './compare.js';
import { answering, type Config, endOf, spying } from './facts.js';

const closed = { frozen: Object.freeze, sealed: Object.seal };

/** Does this axios, by itself, take a config that an interceptor has frozen, or sealed? */
async function takes(close: (config: Config) => unknown): Promise<boolean> {
  const api = axios.create({ adapter: answering });
  api.interceptors.request.use(close as never);
  return api.post('http://x/foo', { a: 1 }).then(
    () => true,
    () => false,
  );
}

const taken: Record<string, (config: Config) => unknown> = {};
const refused: string[] = [];
for (const [name, close] of Object.entries(closed)) {
  if (await takes(close)) taken[`a ${name} one`] = close;
  else refused.push(name);
}
const title = refused.length ? ` (axios ${axios.VERSION} takes none that is ${refused.join(' or ')})` : '';

describe(`what an interceptor makes of the config${title}`, () => {
  const rows: Record<string, (config: Config) => unknown> = {
    'a promise of it': async (config) => config,
    'a copy': (config) => ({ ...config }),
    'a copy of its headers too': (config) => ({ ...config, headers: { ...config.headers } }),
    'an object with hardly anything': () => ({ url: 'http://x/bar', method: 'post', adapter: answering }),
    'headers of null': (config) => Object.assign(config, { headers: null }),
    'headers of the platform': (config) => Object.assign(config, { headers: new Headers({ 'X-Own': 'yes' }) }),
    'headers that are frozen': (config) => Object.assign(config, { headers: Object.freeze({ ...config.headers }) }),
    'one without a prototype': (config) => Object.assign(Object.create(null), config),
    ...taken,
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
