import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import axios, { type AxiosError, type InternalAxiosRequestConfig } from 'axios';
import type { Echo } from 'axios-bearer/testing';
import { cleanUp, roundTrip, until } from '../support/kit.js';
import {
  type App,
  appWith,
  both,
  end,
  endOrHang,
  type Failed,
  ours,
  peer,
  storingRefresh,
  times,
  wire,
} from './axios-auth-refresh.setup.js';

type Entry = typeof ours;

/** A sentence of its documentation, and how to see whether it holds. */
interface Promised {
  says: string;
  see(entry: Entry): Promise<unknown>;
  documented: unknown;
  /** What the peer does, where it breaks its own word. */
  peer?: unknown;
}

const REFRESHED = ['GET /videos 401', 'POST /auth/refresh 200', 'GET /videos 200'];

const promised: Record<string, Promised[]> = {
  'createAuthRefresh(axios, refreshAuthLogic, options)': [
    {
      says: 'the logic is run whenever a 401 is returned, and the request resolved with its new answer',
      see: async (entry) => {
        const { api, server } = await appWith(entry);
        return [await end(api.get('/videos')), wire(server)];
      },
      documented: [200, REFRESHED],
    },
    {
      says: 'it accepts one parameter, the failedRequest that the original call returned',
      see: async (entry) => {
        const { api, calls } = await appWith(entry);
        await api.get('/videos', { params: { page: 2 } });
        const [error] = calls as [AxiosError];
        const { response, config, isAxiosError } = error;
        return [
          isAxiosError,
          response?.status,
          response?.data,
          config?.url,
          config?.params,
          response?.config === config,
        ];
      },
      documented: [true, 401, expect.objectContaining({ status: 401 }), '/videos', { page: 2 }, true],
    },
    {
      says: "failedRequest.response.config.headers['Authorization'] = … goes with the request that is sent again",
      see: async (entry) => {
        const { api } = await appWith(entry, { injects: false });
        return end(api.get('/videos', { headers: { Authorization: 'Bearer old' } }));
      },
      documented: 200,
    },
    {
      says: 'new requests created while the logic is processing are bound onto its promise',
      see: async (entry) => {
        const { api, server } = await appWith(entry);
        const hold = server.hold('/auth/refresh');
        const first = api.get('/videos');
        await hold.arrived(1);
        const later = times(3, (i) => api.get(`/echo/${i}`));
        await axios.get(`${server.url}/public`);
        hold.release();
        return [await Promise.all([first, ...later].map(end)), wire(server).slice(2).sort()];
      },
      documented: [
        [200, 200, 200, 200],
        ['GET /echo/0 200', 'GET /echo/1 200', 'GET /echo/2 200', 'GET /public 200', 'GET /videos 200'],
      ],
    },
    {
      says: 'requests are resolved when the refreshing logic failed: each gets its error',
      see: async (entry) => {
        const failure = new Error('no session');
        const gate = { open: () => {} };
        const opened = new Promise<void>((resolve) => {
          gate.open = resolve;
        });
        const { api, server, calls } = await appWith(entry, {
          refresh: async () => {
            await opened;
            throw failure;
          },
        });
        const ends = ['/videos', '/echo/2'].map((path) => api.get(path).catch((error) => error));
        await until(() => calls.length > 0 && server.stats.unauthorized === 2);
        await roundTrip(server);
        ends.push(api.get('/echo/3').catch((error) => error));
        gate.open();
        const errors = await Promise.all(ends);
        return errors.map((error) => (error === failure ? 'its error' : (error.response?.status ?? error.code)));
      },
      documented: ['its error', 'its error', 'its error'],
      peer: ['its error', 401, 'ERR_CANCELED'],
    },
    {
      says: 'other status codes are left alone',
      see: async (entry) => {
        const { api, server } = await appWith(entry);
        server.fault('/videos', { status: 403 });
        server.fault('/echo', { status: 500 });
        return [await end(api.get('/videos')), await end(api.get('/echo')), server.stats.refresh];
      },
      documented: [403, 500, 0],
    },
    {
      says: 'it returns the interceptor id, in case you want to eject it manually',
      see: async (entry) => {
        const { api, server, id, eject } = await appWith(entry);
        eject();
        return [typeof id, await end(api.get('/videos')), server.stats.refresh];
      },
      documented: ['number', 401, 0],
    },
    {
      says: 'while refreshing, responses of the instance itself are not intercepted: the refresh call needs no mark',
      see: async (entry) => {
        const { api, server } = await appWith(entry, { injects: false, refresh: (_, { api, renew }) => renew(api) });
        server.fault('/auth/refresh', { status: 401 });
        return [await end(api.get('/videos')), wire(server)];
      },
      documented: [401, ['GET /videos 401', 'POST /auth/refresh 401']],
    },
    {
      says: 'the logic must be a function',
      see: async ({ createAuthRefresh }) => {
        try {
          return createAuthRefresh(axios.create(), undefined as never);
        } catch (error) {
          return [error instanceof Error, /refreshAuthCall.*function/.test(String(error))];
        }
      },
      documented: [true, true],
    },
  ],

  'Skipping the interceptor: skipAuthRefresh': [
    {
      says: 'a 401 of a request with skipAuthRefresh is handed on',
      see: async (entry) => {
        const { api, server } = await appWith(entry);
        return [await end(api.get('/videos', { skipAuthRefresh: true })), server.stats.refresh];
      },
      documented: [401, 0],
    },
    {
      says: 'the logic of the interceptor is skipped: nor does such a request wait for a refresh',
      see: async (entry) => {
        const { api, server } = await appWith(entry);
        const hold = server.hold('/auth/refresh');
        const first = api.get('/videos');
        await hold.arrived(1);
        const ended = await endOrHang({ server }, api.get('/public', { skipAuthRefresh: true }));
        hold.release();
        return [ended, await end(first)];
      },
      documented: [200, 200],
      peer: ['hangs', 200],
    },
  ],

  'Request interceptor': [
    {
      says: 'an interceptor that injects the token gives the new one to the request that is sent again',
      see: async (entry) => {
        const { api, server } = await appWith(entry, { refresh: storingRefresh });
        return [await end(api.post('/echo', { a: 1 })), wire(server)];
      },
      documented: [200, ['POST /echo 401', 'POST /auth/refresh 200', 'POST /echo 200']],
    },
    {
      says: 'wrapped in a function, stalled requests are using the newly fetched data',
      see: async (entry) => {
        const { api, server } = await appWith(entry, { refresh: storingRefresh });
        const hold = server.hold('/auth/refresh');
        const first = api.get('/videos');
        await hold.arrived(1);
        const stalled = api.get('/echo');
        hold.release();
        return [await end(first), await end(stalled), server.stats.unauthorized];
      },
      documented: [200, 200, 1],
    },
  ],

  'Status codes to intercept': [
    {
      says: 'statusCodes: [401, 403] intercepts both',
      see: async (entry) => {
        const { api, server } = await appWith(entry, { statusCodes: [401, 403] });
        await api.get('/videos');
        server.fault('/videos', { status: 403 });
        return [await end(api.get('/videos')), server.stats.refresh];
      },
      documented: [200, 2],
    },
    {
      says: 'statusCodes: [403] leaves the 401 alone',
      see: async (entry) => {
        const { api, server } = await appWith(entry, { statusCodes: [403] });
        return [await end(api.get('/videos')), server.stats.refresh];
      },
      documented: [401, 0],
    },
  ],

  'Customize intercept logic: shouldRefresh': [
    {
      says: 'it determines whether a failed request triggers a refresh, by the body too',
      see: async (entry) => {
        const shouldRefresh = (error: AxiosError) =>
          (error?.response?.data as { business_error_code?: number })?.business_error_code === 100385;
        const { api, server } = await appWith(entry, { shouldRefresh });
        server.fault('/videos', { status: 400, body: { business_error_code: 100385 } });
        return [await end(api.get('/videos', { headers: { Authorization: 'x' } })), server.stats.refresh];
      },
      // The token has expired as well: that 401 is not asked for.
      documented: [200, 1],
    },
    {
      says: 'the statusCodes are ignored then',
      see: async (entry) => {
        const { api, server } = await appWith(entry, { shouldRefresh: () => false, statusCodes: [401] });
        return [await end(api.get('/videos')), server.stats.refresh];
      },
      documented: [401, 0],
    },
    {
      says: 'one that throws counts as no, and is reported',
      see: async (entry) => {
        const { api, server } = await appWith(entry, {
          shouldRefresh: () => {
            throw new Error('oops');
          },
        });
        return [await end(api.get('/videos')), server.stats.refresh, reported()];
      },
      documented: [401, 0, 1],
    },
    {
      says: 'a status that the request itself declares valid is no failed request',
      see: async (entry) => {
        const { api, server } = await appWith(entry);
        return [await end(api.get('/videos', { validateStatus: () => true })), server.stats.refresh];
      },
      documented: [401, 0],
    },
  ],

  'Retry instance for stalled requests: retryInstance': [
    {
      says: 'it is used for the retry, with its own interceptors on both ways',
      see: async (entry) => {
        const answers: unknown[] = [];
        const more = ({ server }: App) => {
          const retryInstance = axios.create({ baseURL: server.url });
          retryInstance.interceptors.request.use((config) => {
            config.headers['X-Retry'] = 'yes';
            return config;
          });
          retryInstance.interceptors.response.use((answer) => {
            answers.push(answer.data.headers['x-retry']);
            return answer;
          });
          return { retryInstance };
        };
        const { api } = await appWith(entry, { more });
        const { data } = await api.post('/echo', { a: 1 });
        return [data.text, data.headers['x-retry'], answers];
      },
      documented: ['{"a":1}', 'yes', ['yes']],
    },
    {
      says: 'what it answers is the answer, unwrapped by its own interceptor or not',
      see: async (entry) => {
        const more = ({ server }: App) => {
          const retryInstance = axios.create({ baseURL: server.url });
          retryInstance.interceptors.response.use((answer) => answer.data);
          return { retryInstance };
        };
        const { api } = await appWith(entry, { more });
        const answer: unknown = await api.get('/echo');
        return (answer as Echo).method;
      },
      documented: 'GET',
    },
    {
      says: 'what it fails with is the failure',
      see: async (entry) => {
        const more = ({ server }: App) => ({ retryInstance: axios.create({ baseURL: server.url }) });
        const { api, server } = await appWith(entry, { more });
        return [await end(api.get('/always-401')), server.stats.refresh];
      },
      documented: [401, 1],
    },
  ],

  'onRetry callback before sending the stalled requests': [
    {
      says: 'it is called before each request that has waited, and what it returns is sent',
      see: async (entry) => {
        const seen: unknown[] = [];
        const onRetry = (config: InternalAxiosRequestConfig) => {
          seen.push(config.url);
          return { ...config, baseURL: '', url: `${config.baseURL}/echo/again${config.url}` };
        };
        const { api, server } = await appWith(entry, { onRetry });
        const hold = server.hold('/auth/refresh');
        const failed = api.get('/videos');
        await hold.arrived(1);
        const stalled = api.get('/echo');
        hold.release();
        const paths = (await Promise.all([failed, stalled])).map(({ data }) => data.path);
        return [seen.sort(), paths];
      },
      documented: [
        ['/echo', '/videos'],
        ['/echo/again/videos', '/echo/again/echo'],
      ],
    },
    {
      says: 'it may return a promise, and change the headers',
      see: async (entry) => {
        const onRetry = async (config: InternalAxiosRequestConfig) => {
          config.headers.set('X-Try', '2');
          return config;
        };
        const { api } = await appWith(entry, { onRetry });
        const { data } = await api.get('/echo');
        return data.headers['x-try'];
      },
      documented: '2',
    },
    {
      says: 'it may give another body',
      see: async (entry) => {
        const onRetry = (config: InternalAxiosRequestConfig) => ({ ...config, data: { a: 'longer than before' } });
        const { api } = await appWith(entry, { onRetry });
        const { data, response } = await api.post('/echo', { a: 1 }).catch((error) => error);
        return [data?.text ?? response.status, data?.headers['content-type']];
      },
      documented: ['{"a":"longer than before"}', 'application/json'],
      peer: [400, undefined],
    },
    {
      says: 'one that throws is reported, and the request goes on as it was',
      see: async (entry) => {
        const onRetry = () => {
          throw new Error('oops');
        };
        const { api } = await appWith(entry, { onRetry });
        return [await end(api.get('/videos')), reported()];
      },
      documented: [200, 1],
    },
    {
      says: 'with a retryInstance too',
      see: async (entry) => {
        const onRetry = (config: InternalAxiosRequestConfig) => ({ ...config, url: '/echo/again' });
        const more = ({ server }: App) => ({ retryInstance: axios.create({ baseURL: server.url }) });
        const { api } = await appWith(entry, { onRetry, more });
        return (await api.get('/echo')).data.path;
      },
      documented: '/echo/again',
      peer: '/echo',
    },
  ],

  'Deduplicate refresh calls: deduplicateRefresh': [
    {
      says: 'by default only one refresh call runs at a time, for requests already in flight too',
      see: async (entry) => {
        const { api, server } = await appWith(entry);
        const hold = server.hold('/auth/refresh');
        const answers = server.hold('/videos');
        const all = times(10, () => end(api.get('/videos')));
        await answers.arrived(10);
        answers.release();
        await until(() => server.stats.unauthorized === 10);
        await roundTrip(server);
        await hold.arrived(1);
        hold.release();
        const ends = await Promise.all(all);
        return [ends.filter((status) => status === 200).length, server.stats.refresh];
      },
      documented: [10, 1],
      peer: [1, 1],
    },
    {
      says: 'false: every failed request triggers a refresh cycle of its own',
      see: async (entry) => {
        const refresh = async (failed: Failed, { server }: App) => {
          failed.response.config.headers.Authorization = `Bearer ${server.issue().access_token}`;
        };
        const { api, calls } = await appWith(entry, { deduplicateRefresh: false, refresh, injects: false });
        const ends = await Promise.all(times(3, (i) => end(api.get(`/echo/${i}`))));
        return [ends, calls.map(({ config }) => config?.url).sort()];
      },
      documented: [
        [200, 200, 200],
        ['/echo/0', '/echo/1', '/echo/2'],
      ],
      peer: [[200, expect.anything(), expect.anything()], expect.not.arrayContaining(['/echo/1', '/echo/2'])],
    },
    {
      says: 'false: refresh calls marked with skipAuthRefresh cause no loop',
      see: async (entry) => {
        const { api, server, calls } = await appWith(entry, {
          deduplicateRefresh: false,
          refresh: (_, { api }) => api.post('/auth/refresh', { refreshToken: 'spent' }, { skipAuthRefresh: true }),
        });
        server.fault('/auth/refresh', { status: 401 });
        return [await endOrHang({ server }, api.get('/videos')), calls.length, server.stats.refresh];
      },
      documented: [401, 1, 1],
    },
  ],

  'Intercept on network error: interceptNetworkError': [
    {
      says: 'a network error starts a refresh, its response faked as { config }',
      see: async (entry) => {
        const { api, server, calls } = await appWith(entry, { interceptNetworkError: true });
        let cut = true;
        // As a browser has it: XMLHttpRequest shows status 0.
        const { getAdapter } = axios;
        api.defaults.adapter = async (config) => {
          if (!cut) return getAdapter('http')(config);
          cut = false;
          throw new axios.AxiosError('Network Error', 'ERR_NETWORK', config, { status: 0 });
        };
        const ended = await end(api.post('/echo', { a: 1 }));
        const [failed] = calls as [AxiosError];
        return [ended, failed.code, failed.response?.status, failed.response?.config === failed.config, wire(server)];
      },
      documented: [200, 'ERR_NETWORK', undefined, true, ['POST /auth/refresh 200', 'POST /echo 200']],
    },
    {
      says: 'any network error: on a platform without XMLHttpRequest too',
      see: async (entry) => {
        const { api, server } = await appWith(entry, { interceptNetworkError: true });
        server.fault('/videos', 'reset');
        return [await end(api.get('/videos')), server.stats.refresh];
      },
      documented: [200, 1],
      peer: [expect.stringMatching(/ECONNRESET|EPIPE/), 0],
    },
    {
      says: 'by default it does not',
      see: async (entry) => {
        const { api, server } = await appWith(entry);
        server.fault('/videos', 'reset');
        return [await end(api.get('/videos')), server.stats.refresh];
      },
      documented: [expect.stringMatching(/ECONNRESET|EPIPE/), 0],
    },
  ],

  'maxRetries (from its types)': [
    {
      says: 'a request that still fails with an auth error is given up, by default after 3 attempts at most',
      see: async (entry) => {
        const { api, server } = await appWith(entry);
        const ended = await end(api.get('/always-401'));
        return [ended, server.stats.refresh >= 1 && server.stats.refresh <= 3];
      },
      documented: [401, true],
    },
    {
      says: 'a second refresh mends it where the first one did not',
      see: async (entry) => {
        const { api, server } = await appWith(entry);
        server.fault('/videos', { status: 401 }, { times: 2 });
        return [await end(api.get('/videos')), server.stats.refresh];
      },
      documented: [200, 2],
      peer: [401, 1],
    },
    {
      says: 'maxRetries: 1 refreshes once',
      see: async (entry) => {
        const { api, server } = await appWith(entry, { maxRetries: 1 });
        return [await end(api.get('/always-401')), server.stats.refresh];
      },
      documented: [401, 1],
    },
    {
      says: 'maxRetries: 0 refreshes never',
      see: async (entry) => {
        const { api, server } = await appWith(entry, { maxRetries: 0 });
        return [await end(api.get('/videos')), server.stats.refresh];
      },
      documented: [401, 0],
    },
  ],
};

let reports: jest.SpiedFunction<typeof console.error>;
const reported = () => reports.mock.calls.length;

beforeEach(() => {
  reports = jest.spyOn(console, 'error').mockImplementation(() => {});
});

afterEach(async () => {
  reports.mockRestore();
  await cleanUp();
});

describe.each(Object.entries(promised))('%s', (_, sentences) => {
  it.each(sentences)('$says', async ({ see, documented }) => {
    expect(await see(ours)).toEqual(documented);
  });

  it.each(sentences)('axios-auth-refresh itself: $says', async ({ see, documented, ...rest }) => {
    expect(await see(peer)).toEqual('peer' in rest ? rest.peer : documented);
  });
});

it('has the same names, and three of them are one function', () => {
  for (const [, entry] of both) {
    expect(Object.keys(entry).sort()).toEqual(['createAuthRefresh', 'createAuthRefreshInterceptor', 'default']);
    expect(new Set([entry.createAuthRefresh, entry.createAuthRefreshInterceptor, entry.default]).size).toBe(1);
  }
});
