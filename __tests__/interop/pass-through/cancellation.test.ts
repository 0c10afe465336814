import { getEventListeners } from 'node:events';
import { describe } from '@jest/globals';
import axios, { type AxiosInstance, type AxiosRequestConfig, type CancelToken } from 'axios';
import { adapters, onAdapters } from '../../support/kit.js';
import { both, ready } from './compare.js';
import { answering, answerOf, endOf, errorFacts, failureOf } from './facts.js';

/** A way to give up, and how many still listen to it. */
const ways = {
  'an AbortSignal': () => {
    const aborter = new AbortController();
    const { signal } = aborter;
    return { options: { signal }, quit: () => aborter.abort(), left: () => getEventListeners(signal, 'abort').length };
  },
  'an AbortSignal with a reason': () => {
    const aborter = new AbortController();
    const { signal } = aborter;
    const quit = () => aborter.abort(new Error('had enough'));
    return { options: { signal }, quit, left: () => getEventListeners(signal, 'abort').length };
  },
  'a CancelToken': () => {
    const { token, cancel } = axios.CancelToken.source();
    const listeners = token as CancelToken & { _listeners?: unknown[] | null };
    return {
      options: { cancelToken: token },
      quit: () => cancel('had enough'),
      left: () => listeners._listeners?.length,
    };
  },
};
type Way = { options: AxiosRequestConfig; quit: () => void; left: () => number | undefined };

describe(`giving up (${onAdapters})`, () => {
  for (const [name, begin] of Object.entries<() => Way>(ways)) {
    for (const adapter of adapters) {
      both(`${name} given up before the call (${adapter})`, async (make, web) => {
        const way = begin();
        way.quit();
        const end = await endOf(() => make({ baseURL: web.url, adapter }).get('/hang', way.options));
        return [end, way.left()];
      });

      both(
        `${name} given up right after the call (${adapter})`,
        async (make, web) => {
          const way = begin();
          const end = endOf(() => make({ baseURL: web.url, adapter }).get('/hang', way.options));
          way.quit();
          return [await end, way.left()];
        },
        ready,
      );

      both(`${name} given up on the wire (${adapter})`, async (make, web) => {
        const way = begin();
        setTimeout(way.quit, 10);
        const end = await endOf(() => make({ baseURL: web.url, adapter }).get('/hang', way.options));
        return [end, way.left()];
      });

      both(`${name} leaves no listener behind when nobody gave up (${adapter})`, async (make, web) => {
        const way = begin();
        const api = make({ baseURL: web.url, adapter, ...way.options });
        await Promise.all([1, 2, 3].map(() => api.get('/status/200')));
        await api.get('/status/500').catch(() => {});
        await new Promise(setImmediate);
        return way.left();
      });
    }

    const places: Record<string, (api: AxiosInstance, quit: () => void) => Promise<unknown>> = {
      'in a request interceptor': (api, quit) => {
        api.interceptors.request.use((config) => {
          quit();
          return config;
        });
        return api.get('http://x/');
      },
      'in the adapter': (api, quit) =>
        api.get('http://x/', {
          adapter: async (config) => {
            quit();
            return answerOf(config);
          },
        }),
      'in the adapter, which fails then': (api, quit) =>
        api.get('http://x/', {
          adapter: async () => {
            quit();
            throw new Error('of the adapter');
          },
        }),
      'in a response transform': (api, quit) => api.get('http://x/', { transformResponse: quit }),
      'in a response interceptor': (api, quit) => {
        api.interceptors.response.use((response) => {
          quit();
          return response;
        });
        return api.get('http://x/');
      },
    };
    for (const [place, act] of Object.entries(places)) {
      both(`${name} given up ${place}`, async (make) => {
        const way = begin();
        const api = make({ adapter: answering, ...way.options });
        return [await endOf(() => act(api, way.quit) as never), way.left()];
      });
    }
  }

  both('the reason of a CancelToken is what the caller gets', async (make) => {
    const { token, cancel } = axios.CancelToken.source();
    cancel('stop');
    const failure = await failureOf(() => make({ adapter: answering }).get('http://x/', { cancelToken: token }));
    return [failure === token.reason, axios.isCancel(failure)];
  });

  both(
    'what was given up before meets the same response interceptors',
    async (make) => {
      const api = make({ adapter: answering });
      let met = 0;
      api.interceptors.response.use(null, (error) => {
        met += 1;
        throw error;
      });
      const failure = await failureOf(() => api.get('http://x/', { signal: AbortSignal.abort() }));
      return [met, errorFacts(failure)];
    },
    ready,
  );

  both('a signal that times out ends it like one that is aborted', async (make, web) => {
    const api = make({ baseURL: web.url });
    return endOf(() => api.get('/hang', { signal: AbortSignal.timeout(5) }));
  });

  both('an adapter hears of it through the config that it was given', async (make) => {
    const aborter = new AbortController();
    const heard: unknown[] = [];
    const adapter = (config: AxiosRequestConfig) =>
      new Promise<never>((_, reject) => {
        heard.push(config.signal === aborter.signal);
        config.signal?.addEventListener?.('abort', () =>
          reject(new axios.CanceledError('mine', undefined, config as never)),
        );
        setImmediate(() => aborter.abort());
      });
    const end = await endOf(() => make().get('http://x/', { signal: aborter.signal, adapter }));
    return [heard, end];
  });
});
