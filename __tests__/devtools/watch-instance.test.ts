import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';
import axiosRetry from 'axios-retry';
import { type Lane, newRecording } from '../../lib/devtools/recording.js';
import { isMoving } from '../../lib/devtools/view.js';
import { watchInstance } from '../../lib/devtools/watch-instance.js';
import { cleanUp, failureOf, startClient } from '../support/kit.js';

afterEach(cleanUp);

/** What was recorded of the instance's requests: `get /videos 401 200 done`. */
function watch(api: AxiosInstance) {
  const recording = newRecording();
  const stop = watchInstance(api, recording, () => {});
  const told = ({ method, url, sends, outcome, code }: Lane) =>
    [method, url, ...sends.map(({ status }) => status), outcome, code].filter((each) => each !== undefined).join(' ');
  return { recording, stop, lanes: () => recording.lanes.map(told) };
}

const slots = (api: AxiosInstance) =>
  [api.interceptors.request, api.interceptors.response].map(
    (manager) => (manager as unknown as { handlers: unknown[] }).handlers.filter(Boolean).length,
  );

describe('watchInstance', () => {
  it('records each way over the wire, with the status that the server gave', async () => {
    const { api, server } = await startClient();
    const { lanes, recording } = watch(api);
    await api.get('/videos?secret=1');
    server.expire();
    await Promise.all([api.get('/videos'), api.post('/videos', { title: 'a' })]);
    await failureOf(api.get('/videos/none'));
    expect(lanes()).toEqual([
      'get /videos 200 done',
      'get /videos 401 200 done',
      'post /videos 401 201 done',
      'get /videos/none 404 failed ERR_BAD_REQUEST',
    ]);
    expect(recording.counts).toEqual({
      requests: 4,
      sent: 6,
      refused: 2,
      replays: 2,
      refreshes: 0,
      done: 3,
      failed: 1,
    });
    expect(
      server.log
        .filter(({ path }) => path.startsWith('/videos'))
        .map(({ status }) => status)
        .sort(),
    ).toEqual([200, 200, 201, 401, 401, 404]);
    expect(isMoving(recording)).toBe(false);
  });

  it('knows the end of a request whatever other interceptors make of it', async () => {
    const { api } = await startClient();
    api.interceptors.response.use(({ data }) => data);
    api.interceptors.request.use((config) => {
      if (config.url === '/never') throw new Error('offline');
      return config;
    });
    const { lanes, recording } = watch(api);
    api.interceptors.response.use(undefined, () => Promise.reject('a text'));
    await api.get('/videos');
    expect(await failureOf(api.get('/never'))).toBe('a text');
    const breaking = () => {
      throw new Error('mine');
    };
    await failureOf(api.get('/videos', { transformResponse: breaking }));
    expect(isMoving(recording)).toBe(false);
    expect(lanes()).toEqual(['get /videos 200 done', 'get /never failed', 'get /videos 200 failed']);
  });

  it('draws what axios-retry sends again as the same request, while its caller waits', async () => {
    const { api, server } = await startClient();
    axiosRetry(api, { retries: 2, retryDelay: () => 1 });
    const { lanes, recording } = watch(api);
    server.fault('/videos', { status: 503 });
    await api.get('/videos');
    expect(lanes()).toEqual(['get /videos 503 200 done']);
    expect(isMoving(recording)).toBe(false);
  });

  it('leaves an abort to the request: it is failed, and the adapter is the request’s own again', async () => {
    const { api, server } = await startClient();
    const { lanes } = watch(api);
    const controller = new AbortController();
    const hold = server.hold('/videos');
    const gone = failureOf(api.get('/videos', { signal: controller.signal }));
    await hold.arrived(1);
    controller.abort();
    const { config } = (await gone) as { config: { adapter: unknown } };
    expect(config.adapter).toEqual(api.defaults.adapter);
    expect(lanes()).toEqual(['get /videos failed ERR_CANCELED']);
  });

  it('changes nothing of what is sent and answered, nor of the order of interceptors', async () => {
    const seen = async (isWatched: boolean) => {
      const { api, server } = await startClient();
      const order: string[] = [];
      const note = (name: string) => (config: InternalAxiosRequestConfig) => {
        order.push(name);
        return config;
      };
      api.interceptors.request.use(note('first'), null, { synchronous: true });
      if (isWatched) watch(api);
      api.interceptors.request.use(note('second'), null, { synchronous: true });
      server.expire();
      const sending = api.get('/videos');
      const now = [...order];
      const { status, data } = await sending;
      return { order, now, status, data, log: server.log.map(({ path, status }) => `${path} ${status}`) };
    };
    expect(await seen(true)).toEqual(await seen(false));
  });

  it('is gone when it is stopped, and a request on its way ends as without it', async () => {
    const { api, server } = await startClient();
    const before = slots(api);
    const { stop, lanes } = watch(api);
    const hold = server.hold('/videos');
    const sending = api.get('/videos');
    await hold.arrived(1);
    stop();
    hold.release();
    const { config } = await sending;
    expect(config.adapter).toEqual(api.defaults.adapter);
    expect(slots(api)).toEqual(before);
    await api.get('/videos');
    expect(lanes()).toEqual(['get /videos 200 done']);
  });

  it('draws a request once in each timeline that watches its instance, a retry and what comes after one of them too', async () => {
    const { api, server } = await startClient();
    axiosRetry(api, { retries: 2, retryDelay: () => 1 });
    const both = [watch(api), watch(api)];
    server.fault('/videos', { status: 503 });
    const { config } = await api.get('/videos');
    expect(config.adapter).toEqual(api.defaults.adapter);
    both[1]!.stop();
    await api.get('/public');
    expect(both.map(({ lanes }) => lanes())).toEqual([
      ['get /videos 503 200 done', 'get /public 200 done'],
      ['get /videos 503 200 done'],
    ]);
    expect(both.map(({ recording }) => isMoving(recording))).toEqual([false, false]);
  });

  it('watches an instance that no session serves', async () => {
    const { server } = await startClient();
    const bare = axios.create({ baseURL: server.url });
    const { lanes } = watch(bare);
    await bare.get('/public');
    await failureOf(bare.get('/videos'));
    expect(lanes()).toEqual(['get /public 200 done', 'get /videos 401 failed ERR_BAD_REQUEST']);
  });
});
