import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosAdapter, type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';
import { cleanUp, type RecordedClient, startRecordedClient } from '../support/kit.js';

type Config = InternalAxiosRequestConfig;

/** Is it the one that is made within another? */
const isInner = (config: { url?: string | undefined }) => config.url === '/echo/inner';

interface Within {
  /** How many inner requests were begun. */
  begun: number;
  outcomes: Promise<number>[];
}

/** Sends one with the guarded instance. */
function inner(api: AxiosInstance, within: Within): Promise<number> {
  within.begun += 1;
  const outcome = api.get('/echo/inner').then(({ status }) => status);
  within.outcomes.push(outcome);
  return outcome;
}

const places: [string, (within: Within) => Promise<RecordedClient>][] = [
  [
    'in runWhen of an interceptor',
    async (within) => {
      const made = await startRecordedClient();
      const runWhen = (config: Config) => {
        if (!isInner(config)) void inner(made.api, within);
        return false;
      };
      made.api.interceptors.request.use((config) => config, null, { runWhen });
      return made;
    },
  ],
  [
    'in a request interceptor that waits for it',
    async (within) => {
      const made = await startRecordedClient();
      made.api.interceptors.request.use(async (config) => {
        if (!isInner(config)) await inner(made.api, within);
        return config;
      });
      return made;
    },
  ],
  [
    'in a response interceptor that waits for it',
    async (within) => {
      const made = await startRecordedClient();
      made.api.interceptors.response.use(async (response) => {
        if (!isInner(response.config)) await inner(made.api, within);
        return response;
      });
      return made;
    },
  ],
  [
    'in transformRequest',
    async (within) => {
      const made = await startRecordedClient();
      const [usual] = [axios.defaults.transformRequest as never].flat() as ((...all: unknown[]) => unknown)[];
      const transformRequest = function (this: Config, ...all: unknown[]) {
        if (this.url === '/echo/outer') void inner(made.api, within);
        return usual?.call(this, ...all);
      };
      made.api.defaults.transformRequest = [transformRequest as never];
      return made;
    },
  ],
  [
    'in transformResponse',
    async (within) => {
      const made = await startRecordedClient();
      const [usual] = [axios.defaults.transformResponse as never].flat() as ((...all: unknown[]) => unknown)[];
      const transformResponse = function (this: Config, ...all: unknown[]) {
        if (this.url === '/echo/outer') void inner(made.api, within);
        return usual?.call(this, ...all);
      };
      made.api.defaults.transformResponse = [transformResponse as never];
      return made;
    },
  ],
  [
    'in beforeSend, which waits for it',
    async (within) => {
      const made = await startRecordedClient({
        beforeSend: async (config) => {
          if (!isInner(config)) await inner(made.api, within);
        },
      });
      return made;
    },
  ],
  [
    'in an adapter, which waits for it',
    async (within) => {
      const http = axios.getAdapter('http');
      const adapter: AxiosAdapter = async (config) => {
        if (config.url === '/echo/outer') await inner(made.api, within);
        return http(config);
      };
      const made = await startRecordedClient({ defaults: { adapter } });
      return made;
    },
  ],
  [
    'in shouldRefresh, which waits for it',
    async (within) => {
      const made = await startRecordedClient({
        shouldRefresh: async ({ config, status }) => {
          if (!isInner(config)) await inner(made.api, within);
          return status === 401;
        },
      });
      return made;
    },
  ],
  [
    'in skip',
    async (within) => {
      const made = await startRecordedClient({
        skip: (config) => {
          if (!isInner(config)) void inner(made.api, within);
          return false;
        },
      });
      return made;
    },
  ],
  [
    'in origins',
    async (within) => {
      const made: RecordedClient = await startRecordedClient((url) => ({
        origins: (config: Config) => {
          if (!isInner(config)) void inner(made.api, within);
          return url;
        },
      }));
      return made;
    },
  ],
  [
    'in a listener of "replayed" and "waiting"',
    async (within) => {
      const made = await startRecordedClient();
      for (const event of ['replayed', 'waiting'] as const) {
        made.session.on(event, ({ url }) => {
          if (url === '/echo/outer') void inner(made.api, within);
        });
      }
      return made;
    },
  ],
];

afterEach(cleanUp);

describe.each(places)('a request within a request: %s', (name, make) => {
  it.each([
    ['with a good token', false],
    ['with one that is refused', true],
  ])('%s: both are answered, each in its own name, after one refresh at most', async (_, isExpired) => {
    const within: Within = { begun: 0, outcomes: [] };
    const { api, server, session, sends } = await make(within);
    if (isExpired) server.expire();
    const { status, data, config } = await api.post('/echo/outer', 'the outer one', { headers: { 'X-Own': 'outer' } });
    expect([status, data.path, data.text]).toEqual([200, '/echo/outer', 'the outer one']);
    expect(config.url).toBe('/echo/outer');
    const outcomes = await Promise.all(within.outcomes);
    expect(outcomes).toEqual(outcomes.map(() => 200));
    if (isExpired || !name.includes('listener')) expect(within.begun).toBeGreaterThan(0);
    expect(server.stats.refresh).toBe(isExpired ? 1 : 0);
    const token = `Bearer ${await session.token()}`;
    for (const path of ['/echo/outer', '/echo/inner']) {
      const of = sends.filter((send) => send.path === path);
      if (of.length > 0) expect(of.at(-1)?.headers).toMatchObject({ authorization: token });
      expect(of.map(({ headers }) => headers['x-own'])).toEqual(
        of.map(() => (path === '/echo/outer' ? 'outer' : undefined)),
      );
    }
  });

  it('ten at a time: all are answered, after one refresh', async () => {
    const within: Within = { begun: 0, outcomes: [] };
    const { api, server } = await make(within);
    server.expire();
    const all = await Promise.all(Array.from({ length: 10 }, () => api.get('/echo/outer')));
    expect(all.map(({ status }) => status)).toEqual(all.map(() => 200));
    const outcomes = await Promise.all(within.outcomes);
    expect(outcomes).toEqual(outcomes.map(() => 200));
    expect(server.stats.refresh).toBe(1);
  });
});
