import { describe } from '@jest/globals';
import type { AxiosRequestConfig, AxiosRequestTransformer, AxiosResponseTransformer } from 'axios';
import { adapters, onAdapters } from '../../support/kit.js';
import { both } from './compare.js';
import {
  answerOf,
  type Config,
  configFacts,
  endOf,
  headerFacts,
  ON_THE_WIRE,
  print,
  spying,
  wireFacts,
} from './facts.js';

const keysOf = (config: object) =>
  Reflect.ownKeys(config).filter((key) => ![...ON_THE_WIRE, 'bearer'].includes(key as string));

describe('transforms', () => {
  both('are called once each, in their order, with the same arguments', async (make) => {
    const calls: unknown[] = [];
    const down = (name: string): AxiosRequestTransformer =>
      function (this: unknown, ...args) {
        const [data, headers] = args;
        calls.push([name, args.length, print(data), headerFacts(headers), keysOf(this as object)]);
        return { ...data, [name]: 1 };
      };
    const up = (name: string): AxiosResponseTransformer =>
      function (this: unknown, ...args) {
        const [data, headers, status] = args;
        calls.push([name, args.length, print(data), headerFacts(headers), status, keysOf(this as object)]);
        return `${data} ${name}`;
      };
    const seen: Config[] = [];
    const api = make({
      transformRequest: [down('a'), down('b'), (data) => JSON.stringify(data)],
      transformResponse: [up('c'), up('d')],
      adapter: spying(seen),
    });
    const { data } = await api.post('http://x/', { n: 1 });
    return [calls, seen[0]?.data, data];
  });

  both('see the same config as the adapter, and as the answer', async (make) => {
    const seen: unknown[] = [];
    const remember = function (this: unknown, data: unknown) {
      seen.push(this);
      return data;
    };
    const adapter: AxiosRequestConfig['adapter'] = async (config) => {
      seen.push(config);
      return answerOf(config);
    };
    const { config } = await make({ adapter, transformRequest: remember, transformResponse: remember }).get(
      'http://x/',
    );
    return seen.map((each) => each === config);
  });

  both('of an answer are called once with an error’s data too', async (make, web) => {
    const calls: unknown[] = [];
    const transformResponse: AxiosResponseTransformer = (data, _, status) => {
      calls.push([data, status]);
      return { wrapped: data };
    };
    const api = make({ baseURL: web.url, transformResponse });
    const ends = [];
    for (const path of ['/status/200', '/status/404', '/status/401', '/empty'])
      ends.push(await endOf(() => api.get(path)));
    return [calls, ends];
  });

  both('may rewrite headers, which then reach the wire', async (make, web) => {
    const transformRequest: AxiosRequestTransformer = (data, headers) => {
      headers.set('X-Length', String(data.length));
      headers.setContentType('text/x-own');
      headers.delete('Accept');
      return data;
    };
    return wireFacts(await make({ baseURL: web.url, transformRequest }).post('/echo', 'body'));
  });

  both('may be nothing, or a list of nothing', async (make) => {
    const none = [undefined, null, [], [null]] as never[];
    const ends = none.map((transforms) => {
      const seen: Config[] = [];
      const config = { transformRequest: transforms, transformResponse: transforms, adapter: spying(seen) };
      return endOf(() => make(config).post('http://x/', 'as it is')).then((end) => [end, seen.map(configFacts).length]);
    });
    return Promise.all(ends);
  });
});

describe(`data (${onAdapters})`, () => {
  const types = ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];
  const bodies = [{ a: 1, b: [1, { c: 2 }] }, [1, 2], 'text', '{"json":true}', 7, true, null, undefined, new Date(0)];
  for (const adapter of adapters) {
    both(`is written alike, whatever it is (${adapter})`, async (make, web) => {
      const api = make({ baseURL: web.url, adapter });
      return Promise.all(bodies.map((data) => endOfSend(() => api.post('/echo', data))));
    });

    for (const type of types) {
      both(`is written alike as ${type} (${adapter})`, async (make, web) => {
        const api = make({ baseURL: web.url, adapter, headers: { 'Content-Type': type } });
        return Promise.all([{ a: 1, b: [1, 2] }, 'a=1'].map((data) => endOfSend(() => api.post('/echo', data))));
      });
    }
  }

  both('is parsed alike, whatever is asked for', async (make, web) => {
    const asked: AxiosRequestConfig[] = [
      {},
      { responseType: 'json' },
      { responseType: 'text' },
      { transitional: { forcedJSONParsing: false } },
      { transitional: { silentJSONParsing: false }, responseType: 'json' },
    ];
    const paths = ['/status/200', '/bad-json', '/empty', '/cookies'];
    const api = make({ baseURL: web.url });
    return Promise.all(asked.flatMap((config) => paths.map((path) => endOf(() => api.get(path, config)))));
  });
});

const endOfSend = (send: () => Promise<never>) => send().then(wireFacts, String);
