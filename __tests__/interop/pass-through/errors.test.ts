import { describe } from '@jest/globals';
import type { AxiosError, AxiosInstance, AxiosRequestConfig, AxiosResponse } from 'axios';
import { adapters, onAdapters } from '../../support/kit.js';
import { both, type Install, ready } from './compare.js';
import { answering, configFacts, endOf, failureOf, responseFacts } from './facts.js';
import { NOWHERE } from './server.js';

const thrower = (what: string) => (): never => {
  throw new Error(`from ${what}`);
};

describe(`errors of the wire (${onAdapters})`, () => {
  const rows: Record<string, [path: string, config?: AxiosRequestConfig]> = {
    'a 404': ['/status/404'],
    'a 500 to a POST': ['/status/500', { method: 'post', data: { a: 1 } }],
    'a 401': ['/status/401'],
    'a 401 that validateStatus lets pass': ['/status/401', { validateStatus: () => true }],
    'a 200 that validateStatus refuses': ['/status/200', { validateStatus: (status) => status !== 200 }],
    'JSON cut off': ['/bad-json', { responseType: 'json', transitional: { silentJSONParsing: false } }],
    'an answer cut off': ['/broken'],
    'an answer too large': ['/big/2000', { maxContentLength: 1000 }],
    'a body too large': ['/status/200', { method: 'post', data: 'x'.repeat(2000), maxBodyLength: 1000 }],
    'a timeout': ['/hang', { timeout: 5 }],
    'a timeout with a message of its own': ['/hang', { timeout: 5, timeoutErrorMessage: 'too slow' }],
    'a timeout told from an abort': ['/hang', { timeout: 5, transitional: { clarifyTimeoutError: true } }],
    'too many redirects': ['/redirect/3', { maxRedirects: 1 }],
    'a redirect that is not followed': ['/redirect/1', { maxRedirects: 0 }],
    'a name that no header may have': ['/empty', { headers: { 'bad name': 'x' } }],
    'a transitional option of the wrong type': ['/empty', { transitional: { silentJSONParsing: 'no' as never } }],
    'a paramsSerializer that throws': ['/empty', { params: { a: 1 }, paramsSerializer: { serialize: thrower('it') } }],
    'a response transform that throws': ['/empty', { transformResponse: thrower('it') }],
    'a response transform that throws over a 500': ['/status/500', { transformResponse: thrower('it') }],
    'a response transform that throws over a 401': ['/status/401', { transformResponse: thrower('it') }],
    'a request transform that throws': ['/empty', { transformRequest: thrower('it') }],
  };
  for (const adapter of adapters) {
    for (const [name, [url, config]] of Object.entries(rows)) {
      if (name === 'a 401' && adapter === 'fetch') continue;
      both(`${name} ends alike (${adapter})`, (make, web) => {
        const api = make({ baseURL: web.url, adapter });
        return endOf(() => api.request({ url, ...config }));
      });
    }

    both(`a refused connection fails alike, cause included (${adapter})`, (make) =>
      endOf(() => make({ adapter }).get(NOWHERE)),
    );

    both(`URLs that lead nowhere end alike (${adapter})`, async (make) => {
      const api = make({ adapter });
      const urls = ['http://[', 'nothing:/x', 'http:///', '::', 'data:text/plain,hi', 'http://127.0.0.1:99999/', ''];
      return Promise.all(urls.map((url) => endOf(() => api.get(url))));
    });
  }
});

if (adapters.includes('fetch')) {
  // Up to 1.13 fetch wraps each error of a status in another of the same; ours for a 401 is the one.
  both('a 401 of fetch fails alike, but for the wrapping of older versions', async (make, web) => {
    const failure = await failureOf(() => make({ baseURL: web.url, adapter: 'fetch' }).get('/status/401'));
    const { message, code, status, response, config } = failure as AxiosError;
    return [String(failure), message, code, status, responseFacts(response!), configFacts(config)];
  });
}

describe('while a token is awaited', () => {
  const slowly: Install = {
    name: 'a token that takes its time',
    options: { source: { obtain: () => new Promise((resolve) => setTimeout(resolve, 20, 'secret')) } },
  };
  for (const timeout of ['5000', 'no number', 2 ** 31 - 1] as number[]) {
    both(
      `a timeout of ${JSON.stringify(timeout)} ends alike`,
      (make, web) => endOf(() => make({ baseURL: web.url, timeout }).get('/status/200')),
      [slowly],
    );
  }
});

describe('errors of interceptors', () => {
  type Manager = 'request' | 'response';
  const send = (api: AxiosInstance) => api.get('http://x/', { adapter: answering });

  for (const manager of ['request', 'response'] as Manager[]) {
    both(`what a ${manager} interceptor throws comes through`, (make) => {
      const api = make();
      api.interceptors[manager].use(thrower(manager) as never);
      return endOf(() => send(api));
    });

    both(`what a ${manager} interceptor rejects with comes through, undefined too`, async (make) => {
      const api = make();
      api.interceptors[manager].use((): Promise<never> => Promise.reject());
      return [await failureOf(() => send(api))];
    });
  }

  // Some versions pass by the response interceptors where everything before the wire is synchronous.
  for (const synchronous of [true, false]) {
    const name = synchronous ? 'synchronous' : 'asynchronous';
    both(
      `a request transform that throws meets the same response interceptors, with ${name} request interceptors`,
      async (make) => {
        const api = make({ adapter: answering });
        const met: string[] = [];
        api.interceptors.request.use((config) => config, undefined, { synchronous });
        api.interceptors.response.use(null, (error): Promise<AxiosResponse> => {
          met.push(error.message);
          throw error;
        });
        const end = await endOf(() => api.post('http://x/', {}, { transformRequest: thrower('it') }));
        return [met, end];
      },
      synchronous ? ready : undefined,
    );
  }
});
