import { describe, expect } from '@jest/globals';
import axios, { type AxiosRequestConfig } from 'axios';
import { both } from './compare.js';
import { answering, type Config, configFacts, endOf, instanceFacts, spying } from './facts.js';

class Tracker {
  readonly id = 1;
  #secret = 2;
  get sum() {
    return this.id + this.#secret;
  }
}
const KEY = Symbol('key');
const tracker = new Tracker();
const map = new Map([['a', 1]]);
const callback = () => {};

/** What others keep on a config. */
const own = {
  id: 'request-1',
  metadata: { start: 1, deep: { list: [1, { a: 2 }] } },
  'axios-retry': { retries: 3, onRetry: callback },
  cache: false,
  nothing: null,
  missing: undefined,
  zero: 0,
  tracker,
  map,
  callback,
  [KEY]: 'symbol',
} as AxiosRequestConfig;

describe('keys of the caller’s own on a config', () => {
  both('come to interceptors, adapter and answer as they were given', async (make) => {
    const seen: Config[] = [];
    const api = make({ adapter: spying(seen) });
    api.interceptors.request.use((config) => {
      seen.push(config as Config);
      return config;
    });
    const { config } = await api.get('http://x/', own);
    seen.push(config as Config);
    const same = seen.map((each) => [each.tracker === tracker, each.map === map, each.callback === callback]);
    return [same, tracker.sum, seen.map((each) => each[KEY]), configFacts(config)];
  });

  both('stay when they are defaults of the instance', async (make) => {
    const { config } = await make({ adapter: answering, ...own } as never).get('http://x/');
    return configFacts(config);
  });

  both('may be set by interceptors, and be read by those of the answer', async (make) => {
    const api = make({ adapter: answering });
    const read: unknown[] = [];
    api.interceptors.request.use((config) => Object.assign(config, { begun: 1, [KEY]: tracker }));
    api.interceptors.response.use((response) => {
      const { begun, [KEY]: kept } = response.config as Config;
      read.push(begun, kept === tracker);
      return response;
    });
    await api.get('http://x/');
    return read;
  });
});

describe('the config a caller gives', () => {
  const deepFrozen = Object.freeze({ headers: Object.freeze({ a: '1' }), params: Object.freeze({ b: 2 }) });
  class Settings {
    url = 'http://x/of-a-class';
    get timeout() {
      return 50;
    }
  }
  const shapes: Record<string, () => AxiosRequestConfig> = {
    'a frozen one': () => deepFrozen as never,
    'one without a prototype': () => Object.assign(Object.create(null), { url: 'http://x/null' }),
    'an instance of a class': () => new Settings(),
    'one that inherits': () => Object.create({ url: 'http://x/inherited', timeout: 5 }),
    'one with getters': () => ({
      get url() {
        return 'http://x/got';
      },
    }),
  };
  for (const [name, make] of Object.entries(shapes)) {
    both(`is read alike and left alone: ${name}`, async (instance) => {
      const given = make();
      const before = configFacts(given);
      const end = await endOf(() => instance({ adapter: answering }).request(given));
      return [end, before, configFacts(given)];
    });
  }

  both('may be used for many requests at once', async (make, web) => {
    const given: AxiosRequestConfig = {
      baseURL: web.url,
      params: { a: 1 },
      headers: { 'X-Own': 'yes' },
      data: { b: 2 },
    };
    const api = make();
    const answers = await Promise.all(['/echo/1', '/echo/2', '/echo/3'].map((url) => api.post(url, { n: url }, given)));
    return [answers.map(({ data }) => [data.url, data.body]), new Set(answers.map(({ config }) => config)).size, given];
  });

  both('is called in every way that axios has', async (make) => {
    const api = make({ adapter: answering, baseURL: 'http://x' });
    const verbs = ['get', 'delete', 'head', 'options', 'post', 'put', 'patch'] as const;
    const forms = ['postForm', 'putForm', 'patchForm'] as const;
    const answers = await Promise.all([
      api('/a', { method: 'put' }),
      api({ url: '/b' }),
      api.request('/c' as never),
      ...verbs.map((verb) => api[verb]('/d', { e: 1 } as never)),
      ...forms.map((form) => api[form]('/f', new FormData())),
    ]);
    const uris = [{ url: '/g', params: { h: 1 } }, { url: 'http://y/', params: new URLSearchParams('a=b') }, {}];
    return [answers.map(({ config }) => configFacts(config)), uris.map((uri) => api.getUri(uri))];
  });
});

describe('what is there for all requests', () => {
  both('is not touched: the instance, its defaults, and those of axios', async (make, web) => {
    const api = make({ baseURL: web.url, headers: { 'X-Own': 'yes' } });
    const before = [instanceFacts(api), instanceFacts(axios)];
    await api.post('/status/200', {});
    await api.get('/status/500').catch(() => {});
    expect([instanceFacts(api), instanceFacts(axios)]).toStrictEqual(before);
    return before;
  });

  both('an instance made of it is bare', async (make) => {
    const child = make({ adapter: answering }).create({ timeout: 3 });
    const { handlers } = child.interceptors.request as unknown as { handlers: unknown[] };
    return [handlers.length, configFacts((await child.get('http://x/')).config)];
  });

  both('a request of an instance with hardly any defaults goes out alike', async (make) => {
    const api = make();
    api.defaults = { adapter: answering } as never;
    return endOf(() => api.get('http://x/', { headers: { 'X-Own': 'yes', Authorization: 'own' } }));
  });

  const polluted = { beforeRedirect: callback, auth: { username: 'a', password: 'b' } };
  for (const [key, value] of Object.entries(polluted)) {
    both(`is not read where nobody put it: Object.prototype.${key}`, async (make, web) => {
      const api = make({ baseURL: web.url });
      Object.defineProperty(Object.prototype, key, { value, configurable: true, writable: true });
      try {
        return await endOf(() => api.get('/redirect/1'));
      } finally {
        delete (Object.prototype as Record<string, unknown>)[key];
      }
    });
  }
});
