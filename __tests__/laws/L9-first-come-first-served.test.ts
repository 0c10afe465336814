import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosInstance, type AxiosRequestConfig } from 'axios';
import { memoryStore, replayable } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import type { ApiVideo, Hold } from 'axios-bearer/testing';
import {
  ALWAYS,
  cleanUp,
  clientOf,
  failureOf,
  freezeClock,
  HOUR,
  installClock,
  instantAt,
  QUICK,
  roundTrip,
  SECOND,
  startServer,
  statusOrError,
  times,
  watchEvent,
} from '../support/kit.js';

afterEach(cleanUp);

/** In which order requests to `/echo/<i>` leave, by what reaches the adapter, and how many are there at once. */
function departures(api: AxiosInstance) {
  const seen = { left: [] as number[], most: 0 };
  let now = 0;
  const send = axios.getAdapter('http');
  api.defaults.adapter = (config) => {
    if (!config.url?.startsWith('/echo/')) return send(config);
    seen.left.push(Number(config.url.slice('/echo/'.length)));
    now += 1;
    seen.most = Math.max(seen.most, now);
    return send(config).finally(() => {
      now -= 1;
    });
  };
  return seen;
}

/** In which order they came. */
function arrivals({ log }: ApiVideo): number[] {
  return log.filter(({ path }) => path.startsWith('/echo/')).map(({ path }) => Number(path.slice('/echo/'.length)));
}

/** `n` requests that met a 401 one after the other, and now wait for a refresh in the test's hands. Time stands still. */
async function waitingForReplay(
  n: number,
  options: Parameters<typeof clientOf>[1] = {},
  configOf: (i: number) => AxiosRequestConfig = () => ({}),
) {
  const clock = freezeClock();
  const server = await startServer();
  const client = clientOf(server, options);
  const seen = departures(client.api);
  const waiting = watchEvent(client.session, 'waiting');
  const doors = times(n, (i) => server.hold(`/echo/${i}`));
  const requests = times(n, (i) => statusOrError(client.api.get(`/echo/${i}`, configOf(i))));
  for (const door of doors) await door.arrived(1);
  server.expire();
  const refresh = server.hold('/auth/refresh');
  for (const [i, door] of doors.entries()) {
    door.release();
    await waiting.count(i + 1); // so that their order is beyond doubt
  }
  expect(waiting.all.map(({ after }) => after)).toEqual(times(n, () => '401'));
  Object.assign(seen, { left: [], most: 0 });
  return { clock, seen, refresh, requests, ...client };
}

/** How many wait at the door when no more come. */
async function crowd(server: ApiVideo, door: Hold, expected: number): Promise<number> {
  await door.arrived(expected);
  await roundTrip(server);
  return door.waiting;
}

describe('replays', () => {
  it('L9 leave first come first served: one at a time, they come in that order', async () => {
    const { server, requests } = await waitingForReplay(60, { replayConcurrency: 1 });
    server.reset(); // lets the refresh in, and counts anew
    expect(await Promise.all(requests)).toEqual(times(60, () => 200));
    expect(arrivals(server)).toEqual(times(60, (i) => i));
    expect(server.stats.maxInFlight).toBe(1);
  });

  it.each([
    [2, { replayConcurrency: 2 }],
    [8, { replayConcurrency: 8 }],
    [64, {}],
  ])('L9 leave first come first served, %i at a time and no more, with the options %j', async (n, options) => {
    const { seen, server, refresh, requests } = await waitingForReplay(100, options);
    const door = server.hold('/echo/*');
    refresh.release();
    expect(await crowd(server, door, n)).toBe(n);
    door.release();
    expect(await Promise.all(requests)).toEqual(times(100, () => 200));
    expect(seen).toEqual({ left: times(100, (i) => i), most: n });
  });

  it('L9 that fail give their place to the next', async () => {
    const { api, server, refresh, requests } = await waitingForReplay(20, { replayConcurrency: 2 });
    for (let i = 0; i < 8; i += 1) server.fault(`/echo/${i}`, i % 2 ? 'reset' : { status: 500 }, ALWAYS);
    refresh.release();
    expect((await Promise.all(requests)).map((end) => end === 200)).toEqual(times(20, (i) => i >= 8));
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
  });

  it('L9 keep their place for a second at most: answers that take long stop nobody', async () => {
    const { clock, seen, server, refresh, requests } = await waitingForReplay(6, { replayConcurrency: 2 });
    const door = server.hold('/echo/*');
    refresh.release();
    expect(await crowd(server, door, 2)).toBe(2);
    await clock.advance(SECOND - 1);
    expect(await crowd(server, door, 2)).toBe(2);
    await clock.advance(1);
    expect(await crowd(server, door, 4)).toBe(4);
    await clock.advance(SECOND);
    expect(await crowd(server, door, 6)).toBe(6);
    door.release();
    expect(await Promise.all(requests)).toEqual(times(6, () => 200));
    expect(seen).toEqual({ left: times(6, (i) => i), most: 6 });
  });

  it('L9 bear the token of the moment at which their turn comes', async () => {
    const { server, session, refresh, requests } = await waitingForReplay(6, { replayConcurrency: 2 });
    const door = server.hold('/echo/*');
    refresh.release();
    await door.arrived(2);
    await session.refresh();
    const replayed = watchEvent(session, 'replayed');
    const token = await session.token();
    const bore: unknown[] = [];
    server.fault(({ path, headers }) => path.startsWith('/echo/') && bore.push(headers.authorization) < 0, 'hang');
    door.release();
    expect(await Promise.all(requests)).toEqual(times(6, () => 200));
    expect(replayed.all.map(({ generation }) => generation)).toEqual(times(4, () => 3));
    expect(bore.slice(2)).toEqual(times(4, () => `Bearer ${token}`));
  });

  it('L9 that are aborted on the wire or in the queue give their place to the next', async () => {
    const aborters = times(12, () => new AbortController());
    const signalOf = (i: number) => ({ signal: aborters[i]!.signal });
    const { server, refresh, requests } = await waitingForReplay(12, { replayConcurrency: 2 }, signalOf);
    const door = server.hold('/echo/*');
    refresh.release();
    await door.arrived(2);
    for (const i of [0, 1, 2, 3, 4, 5]) aborters[i]!.abort();
    for (const i of [0, 1, 2, 3, 4, 5]) expect(await requests[i]).toMatchObject({ code: 'ERR_CANCELED' });
    door.release();
    expect(await Promise.all(requests.slice(6))).toEqual(times(6, () => 200));
  });

  it('L9 whose body is made anew and fails to be gives its place to the next', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { replayConcurrency: 1, backoff: QUICK });
    let bodies = 0;
    const body = replayable(() => {
      bodies += 1;
      if (bodies > 1) throw new Error('no second body');
      return Readable.from(['once']);
    });
    server.expire();
    expect(await failureOf(api.post('/echo', body))).toMatchObject({ message: 'no second body' });
    server.expire();
    expect(await Promise.all(times(5, (i) => statusOrError(api.get(`/echo/${i}`))))).toEqual(times(5, () => 200));
  });

  it('L9 that meet a 401 again wait again, and stop nobody', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { replayConcurrency: 1, backoff: QUICK });
    server.expire();
    server.fault('/echo/0', { status: 401 }, { times: 2 });
    expect(await Promise.all(times(10, (i) => statusOrError(api.get(`/echo/${i}`))))).toEqual(times(10, () => 200));
  });
});

describe('a request that queues at the gate', () => {
  it.each([
    ['a newer one has come', 'waited before its first send'],
    ['a newer one has come', 'met a 401'],
    ['that one has ended', 'waited before its first send'],
    ['that one has ended', 'met a 401'],
  ])(
    'L9 bears the token of its turn, not the one that was there when it joined the queue, where %s, if it %s',
    async (what, how) => {
      const clock = installClock();
      const server = await startServer();
      const isHeld = how !== 'met a 401';
      const tokens = { ...server.issue(), ...(isHeld && { expires_in: 0 }) };
      const { api, session } = clientOf(server, { tokens, replayConcurrency: 1 });
      const waiting = watchEvent(session, 'waiting');
      const bore: unknown[] = [];
      const send = axios.getAdapter('http');
      api.defaults.adapter = (config) => {
        bore.push([config.url, config.headers.get('Authorization')]);
        return send(config);
      };
      const [all, refresh] = [server.hold('/echo/*'), server.hold('/auth/refresh')];
      server.expire();
      const requests = times(2, (i) => statusOrError(api.get(`/echo/${i}`)));
      if (!isHeld) await all.arrived(2);
      all.release();
      await waiting.count(2);
      const [first, second] = waiting.all.map(({ url }) => url) as [string, string];
      const door = server.hold(first);
      refresh.release();
      await door.arrived(1);
      if (what === 'that one has ended') clock.jump(2 * HOUR);
      else await session.refresh();
      door.release();
      expect(await Promise.all(requests)).toEqual([200, 200]);
      expect(bore.filter((each) => String(each).startsWith(second)).at(-1)).toEqual([
        second,
        `Bearer ${await session.token()}`,
      ]);
      expect(server.log.filter(({ path }) => path === second)).toHaveLength(isHeld ? 1 : 2);
      expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
    },
  );
});

describe('requests held before their first send', () => {
  it.each([
    ['for a first token', false],
    ['for a new one in place of an expired one', true],
  ])('L9 leave in order and paced, when they waited %s', async (_, expired) => {
    freezeClock(); // a place is given up with time
    const server = await startServer();
    const source = apiVideo({ apiKey: server.apiKey, baseURL: server.url });
    const tokens = expired ? { ...server.issue(), expires_in: 0 } : undefined;
    const { api } = clientOf(server, { source, tokens, replayConcurrency: 4 });
    const { left } = departures(api);
    const door = server.hold('/echo/*');
    const requests = times(60, (i) => api.get(`/echo/${i}`));
    expect(await crowd(server, door, 4)).toBe(4);
    door.release();
    await Promise.all(requests);
    expect(left).toEqual(times(60, (i) => i));
    expect(server.stats).toMatchObject({ unauthorized: 0 });
    expect(server.stats.maxInFlight).toBeLessThanOrEqual(5); // 1 is the round trip
  });

  it('L9 leave 64 at a time unless told otherwise', async () => {
    freezeClock(); // a place is given up with time
    const server = await startServer();
    const { api } = clientOf(server, { source: instantAt(server), tokens: { ...server.issue(), expires_in: 0 } });
    const door = server.hold('/echo/*');
    const requests = times(100, (i) => api.get(`/echo/${i}`));
    expect(await crowd(server, door, 64)).toBe(64);
    door.release();
    await Promise.all(requests);
  });

  it('L9 leave in exact order one at a time', async () => {
    const server = await startServer();
    const source = instantAt(server);
    const tokens = { ...server.issue(), expires_in: 0 };
    const { api } = clientOf(server, { source, tokens, replayConcurrency: 1 });
    await Promise.all(times(40, (i) => api.get(`/echo/${i}`)));
    expect(arrivals(server)).toEqual(times(40, (i) => i));
    expect(server.stats.maxInFlight).toBe(1);
  });

  it('L9 leave in order and paced, when they waited for the store', async () => {
    freezeClock(); // a place is given up with time
    const server = await startServer();
    const store = memoryStore();
    const { access_token: accessToken } = server.issue();
    await store.write({ version: 1, id: 'i', session: 's', token: { accessToken, issuedAt: Date.now() } });
    const { api } = clientOf(server, { store, tokens: undefined, replayConcurrency: 4 });
    const { left } = departures(api);
    const door = server.hold('/echo/*');
    const requests = times(40, (i) => api.get(`/echo/${i}`));
    expect(await crowd(server, door, 4)).toBe(4);
    door.release();
    await Promise.all(requests);
    expect(left).toEqual(times(40, (i) => i));
    expect(server.stats.unauthorized).toBe(0);
  });

  it('L9 whose request transform throws give their place to the next', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { tokens: { ...server.issue(), expires_in: 0 }, replayConcurrency: 1 });
    const transformRequest = () => {
      throw new Error('transform');
    };
    const ends = times(6, (i) =>
      statusOrError(i < 3 ? api.post('/echo', 'x', { transformRequest }) : api.get('/echo')),
    );
    for (const end of (await Promise.all(ends)).slice(0, 3)) expect(end).toMatchObject({ message: 'transform' });
    expect(await Promise.all(ends.slice(3))).toEqual([200, 200, 200]);
  });

  it('L9 that fail, or are aborted while they wait, give their place to the next', async () => {
    const server = await startServer();
    const tokens = { ...server.issue(), expires_in: 0 };
    const { api } = clientOf(server, { tokens, replayConcurrency: 1 });
    const hold = server.hold('/auth/refresh');
    const aborter = new AbortController();
    server.fault('/echo/1', 'reset');
    server.fault('/echo/2', { status: 500 });
    const ends = times(6, (i) => statusOrError(api.get(`/echo/${i}`, i === 0 ? { signal: aborter.signal } : {})));
    await hold.arrived(1);
    aborter.abort();
    expect(await ends[0]).toMatchObject({ code: 'ERR_CANCELED' });
    hold.release();
    expect((await Promise.all(ends)).map((end) => end === 200)).toEqual([false, false, false, true, true, true]);
  });
});
