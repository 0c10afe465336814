import { describe } from '@jest/globals';
import { AxiosError, type AxiosRequestConfig } from 'axios';
import { both } from './compare.js';
import { configFacts, errorFacts, failureOf } from './facts.js';

describe('the identity of errors', () => {
  class Refined extends AxiosError {}
  const withFields = (fields: object) => Object.assign(new Error('with fields'), fields);
  const reasons: Record<string, () => unknown> = {
    'an Error': () => new Error('plain'),
    'a frozen Error': () => Object.freeze(new Error('frozen')),
    'an Error without a stack': () => withFields({ stack: undefined }),
    'an AxiosError of a subclass': () => new Refined('refined', 'E_REFINED'),
    'an Error with a foreign response': () => withFields({ response: { statusCode: 502 }, request: 'text' }),
    'an Error with a foreign config': () => withFields({ config: { url: 'elsewhere' } }),
    'an Error with null in every field': () => withFields({ config: null, response: null, code: null }),
    'a plain object that calls itself an AxiosError': () => ({ isAxiosError: true, status: 503, headers: {} }),
    'a string': () => 'sorry',
    'a number': () => 0,
    null: () => null,
    undefined: () => undefined,
  };
  for (const [name, reasonOf] of Object.entries(reasons)) {
    both(`${name} that an adapter rejects with comes through untouched`, async (make) => {
      const reason = reasonOf();
      const failure = await failureOf(() => make().get('http://x/', { adapter: () => Promise.reject(reason) }));
      return [failure === reason, errorFacts(failure)];
    });
  }

  both('what an adapter throws before it has a promise comes through untouched', async (make) => {
    let reason: unknown;
    const adapter = () => {
      reason = new Error('at once');
      throw reason;
    };
    const failure = await failureOf(() => make().get('http://x/', { adapter }));
    return [failure === reason, errorFacts(failure)];
  });

  const failing: Record<string, AxiosRequestConfig> = {
    'an answer': { url: '/status/500' },
    'a 401': { url: '/status/401' },
    'a timeout': { url: '/hang', timeout: 5 },
    'an adapter’s own error': {
      adapter: () => new Promise((_, reject) => setTimeout(() => reject(new Error('own')), 1)),
    },
  };
  for (const [name, config] of Object.entries(failing)) {
    both(`the stack of an error leads to the caller: ${name}`, async (make, web) => {
      const api = make({ baseURL: web.url });
      const theCaller = async () => await api.request(config);
      const { stack } = (await failureOf(theCaller)) as Error;
      return stack?.includes('theCaller');
    });
  }

  both('one error and one config go by all interceptors, out to the caller', async (make, web) => {
    const api = make({ baseURL: web.url });
    const configs: unknown[] = [];
    const errors: unknown[] = [];
    api.interceptors.request.use((config) => {
      configs.push(config);
      return config;
    });
    for (const _ of [1, 2]) {
      api.interceptors.response.use(null, (error) => {
        errors.push(error);
        throw error;
      });
    }
    const error = (await failureOf(() => api.get('/status/500'))) as AxiosError;
    const { config, response, request } = error;
    const same = [config === configs[0], response?.config === config, response?.request === request];
    return [errors.map((each) => each === error), same];
  });

  both('an error’s config can be changed and sent again', async (make, web) => {
    const api = make({ baseURL: web.url });
    const { config } = (await failureOf(() => api.post('/status/503', { a: 1 }))) as AxiosError;
    const { data } = await api.request({ ...config!, url: '/echo/again' });
    return [data.url, data.body, configFacts(config)];
  });
});
