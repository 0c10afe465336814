import { describe } from '@jest/globals';
import axios, { type AxiosAdapter, type AxiosRequestConfig, type InternalAxiosRequestConfig } from 'axios';
import { adapters, onAdapters } from '../../support/kit.js';
import { both } from './compare.js';
import { answering, answerOf, type Config, configFacts, endOf, ON_THE_WIRE, spying } from './facts.js';

type Adapter = AxiosRequestConfig['adapter'];

describe(`adapters (${onAdapters})`, () => {
  const named: Adapter[] = [...adapters, ['none', 'http'] as never, [answering], ['xhr', 'http'], undefined];
  for (const adapter of named) {
    const name = JSON.stringify(adapter) ?? 'undefined';
    both(`are found alike: ${name}`, (make, web) =>
      endOf(() => make({ baseURL: web.url }).get('/status/200', { adapter })),
    );
  }

  for (const adapter of ['none', [], ['xhr'], null, false] as never[]) {
    both(`are missed alike: ${JSON.stringify(adapter)}`, (make, web) =>
      endOf(() => make({ baseURL: web.url }).get('/status/200', { adapter })),
    );
  }

  both('are called once, with the config and nothing else', async (make) => {
    const calls: unknown[] = [];
    const adapter = function (this: unknown, ...args: [InternalAxiosRequestConfig]) {
      const own = Object.keys(args[0]).filter((key) => ![...ON_THE_WIRE, 'bearer'].includes(key));
      calls.push([args.length, own, args[0].adapter === adapter]);
      return answering(args[0]);
    };
    await make({ adapter }).post('http://x/', { a: 1 });
    return calls;
  });

  const swaps: Record<string, (config: Config) => void> = {
    'by a request interceptor': (config) => {
      config.adapter = answering;
    },
    'by one that takes it away': (config) => {
      delete config.adapter;
    },
    'by a request transform': (config) => {
      config.transformRequest = function () {
        this.adapter = answering;
      };
    },
  };
  for (const [name, swap] of Object.entries(swaps)) {
    both(`may be swapped ${name}`, async (make, web) => {
      const seen: Config[] = [];
      const api = make({ baseURL: web.url, adapter: spying(seen) });
      api.interceptors.request.use((config) => {
        swap(config as Config);
        return config;
      });
      return [await endOf(() => api.get('/status/200')), seen.length];
    });
  }

  both('may be swapped on the instance later', async (make) => {
    const api = make({ adapter: () => Promise.reject(new Error('the first one')) });
    api.defaults.adapter = answering;
    return endOf(() => api.get('http://x/'));
  });

  both('may change the config that they are given', async (make) => {
    const adapter: AxiosAdapter = async (config) => {
      Object.assign(config, { url: 'http://y/', validateStatus: null, seenBy: 'adapter', adapter: 'http' });
      return answerOf(config, { status: 404 });
    };
    return endOf(() => make({ adapter }).get('http://x/'));
  });

  both('may be those of axios, called by one’s own', async (make, web) => {
    const adapter: AxiosAdapter = async (config) => {
      const response = await axios.getAdapter('http')(config);
      return { ...response, statusText: 'seen' };
    };
    const api = make({ baseURL: web.url, adapter });
    return [await endOf(() => api.get('/status/200')), await endOf(() => api.get('/status/500'))];
  });
});

describe('answers of adapters', () => {
  const rows: Record<string, (config: InternalAxiosRequestConfig) => unknown> = {
    'with no config': () => ({ status: 200, data: 'bare', headers: {} }),
    'with a config of its own': () => ({ status: 200, data: 'bare', headers: {}, config: { own: true } }),
    'with a config of null': (config) => answerOf(config, { config: null }),
    'with a copy of the config': (config) => answerOf({ ...config }),
    'with no status': (config) => ({ data: 'no status', config }),
    'with status 401, of one that asks nobody': (config) => answerOf(config, { status: 401 }),
    'with status 500, of one that asks nobody': (config) => answerOf(config, { status: 500 }),
    'with status 0': (config) => answerOf(config, { status: 0 }),
    'with a status that is a string': (config) => answerOf(config, { status: '200' }),
    'with keys of its own': (config) => answerOf(config, { cached: true, id: 'x', [Symbol.for('mine')]: 1 }),
    'with headers of null': (config) => answerOf(config, { headers: null }),
    'that is frozen': (config) => Object.freeze(answerOf(config)),
    'that is an instance of a class': (config) => Object.assign(new (class Answer {})(), answerOf(config)),
    'that is nothing': () => undefined,
    'that is null': () => null,
    'that is a string': () => 'text',
  };
  for (const [name, answer] of Object.entries(rows)) {
    both(`are handed on alike: one ${name}`, (make) => {
      const adapter: AxiosAdapter = async (config) => answer(config) as never;
      return endOf(() => make({ adapter }).get('http://x/'));
    });
  }

  both('come as the very object that the adapter made, its config too', async (make) => {
    const own = { mine: true };
    const made: object[] = [];
    const adapter: AxiosAdapter = async (config) => {
      made.push(answerOf(config), answerOf(own as never));
      return made.at(config.url === 'http://x/own' ? -1 : -2) as never;
    };
    const api = make({ adapter });
    const [first, second] = [await api.get('http://x/'), await api.get('http://x/own')];
    return [first === made[0], second === made[3], second.config === (own as never)];
  });

  both('may be one object for many requests', async (make) => {
    const shared = { status: 200, data: 'shared', headers: {} };
    const api = make({ adapter: async () => shared as never });
    const answers = await Promise.all(['a', 'b'].map((path) => api.get(`http://x/${path}`)));
    return answers.map((answer) => [answer === (shared as never), configFacts(answer.config)]);
  });

  both('may come from a thenable', (make) => {
    const adapter = (config: InternalAxiosRequestConfig) => ({
      // biome-ignore lint/suspicious/noThenProperty: what it is about
      then: (resolve: (value: unknown) => unknown) => Promise.resolve(resolve(answerOf(config))),
    });
    return endOf(() => make({ adapter: adapter as never }).get('http://x/'));
  });
});
