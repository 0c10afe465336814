import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it } from '@jest/globals';
import axios, { type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';
import { bearer } from 'axios-bearer';
import { fakeClock } from 'axios-bearer/testing';
import { closeAtEnd } from '../../support/kit.js';
import { both, installs } from './compare.js';
import { answering, answerOf, configFacts, endOf } from './facts.js';

describe('axios itself', () => {
  for (const { name, options } of installs) {
    it(`goes on as before with us on it, and as new once we are gone: ${name}`, async () => {
      const keys = Object.keys(axios);
      const bare = await endOf(() => axios.post('http://x/', { a: 1 }, { adapter: answering }));
      const session = closeAtEnd(bearer(axios, { origins: '*', ...options }));
      try {
        expect(await endOf(() => axios.post('http://x/', { a: 1 }, { adapter: answering }))).toStrictEqual(bare);
        expect(
          await endOf(() => axios('http://x/', { method: 'post', data: { a: 1 }, adapter: answering })),
        ).toMatchObject({
          status: 200,
        });
      } finally {
        session.close();
      }
      expect(Object.keys(axios)).toEqual(keys);
      const { request, response } = axios.interceptors as unknown as Record<string, { handlers: unknown[] }>;
      expect([request!.handlers.filter(Boolean), response!.handlers.filter(Boolean)]).toEqual([[], []]);
      expect([Object.keys(request!), Object.keys(response!)]).toEqual([['handlers'], ['handlers']]);
    });
  }

  it('goes on with us on every instance that it makes', async () => {
    const { create } = axios;
    const made = installs.map(({ options }) => {
      const instance = create({ adapter: answering });
      closeAtEnd(bearer(instance, { origins: '*', ...options }));
      return instance;
    });
    const bare = configFacts((await create({ adapter: answering }).get('/relative')).config);
    for (const instance of made) expect(configFacts((await instance.get('/relative')).config)).toStrictEqual(bare);
  });
});

describe('what goes on around a request', () => {
  const local = new AsyncLocalStorage<string>();

  both('an AsyncLocalStorage is the caller’s in every place', async (make) => {
    const api = make();
    const places: unknown[] = [];
    const note = <T>(value: T) => {
      places.push(local.getStore());
      return value;
    };
    api.interceptors.request.use(note);
    api.interceptors.response.use(note);
    const adapter: AxiosInstance['defaults']['adapter'] = async (config) => answerOf(note(config));
    const transforms = { transformRequest: note, transformResponse: note };
    const send = (name: string) => local.run(name, () => api.get(`http://x/${name}`, { adapter, ...transforms }));
    await Promise.all(['a', 'b', 'c'].map(send));
    return places.sort();
  });

  both('requests come to their end while all timers stand still', async (make) => {
    const clock = fakeClock();
    try {
      const api = make();
      const refusing = async (config: InternalAxiosRequestConfig) => answerOf(config, { status: 401 });
      return [
        await endOf(() => api.get('http://x/', { adapter: answering })),
        await endOf(() => api.get('http://x/', { adapter: refusing, validateStatus: null })),
      ];
    } finally {
      clock.restore();
    }
  });

  both('requests sent together arrive in their order', async (make) => {
    const order: unknown[] = [];
    const adapter: AxiosInstance['defaults']['adapter'] = async (config) => {
      order.push(config.url);
      return answerOf(config);
    };
    const api = make({ adapter });
    await Promise.all(Array.from({ length: 20 }, (_, n) => api.get(`http://x/${n}`)));
    return order;
  });

  both('answers come in the order in which the adapter gives them', async (make) => {
    const order: unknown[] = [];
    const waiting: (() => void)[] = [];
    const adapter: AxiosInstance['defaults']['adapter'] = (config) =>
      new Promise((resolve) => waiting.push(() => resolve(answerOf(config))));
    const api = make({ adapter });
    const sent = ['a', 'b', 'c'].map((path) =>
      api.get(`http://x/${path}`).then(({ config }) => order.push(config.url)),
    );
    while (waiting.length < 3) await new Promise(setImmediate);
    for (const answer of waiting.reverse()) {
      answer();
      await new Promise(setImmediate);
    }
    await Promise.all(sent);
    return order;
  });
});
