import { Readable } from 'node:stream';
import { expect } from '@jest/globals';
import axios, { type AxiosAdapter, type AxiosResponse } from 'axios';
import FormData from 'form-data';
import { deferred, installClock, roundTrip, startServer, until } from '../support/kit.js';
import { type App, appWith, end, endOrHang, inject, type ours, times } from './axios-auth-refresh.setup.js';

type Entry = typeof ours;

interface Case {
  when: string;
  see(entry: Entry): Promise<unknown>;
  ours: unknown;
  peer: unknown;
}

const MINUTE = 60_000;

/** Answers of that path come when the gate is open. */
function late(path: string, open: Promise<void>): AxiosAdapter {
  return async (config) => {
    const answer = axios.getAdapter('http')(config);
    if (config.url === path)
      await answer.then(
        () => open,
        () => open,
      );
    return answer;
  };
}

function aborter() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

/** All at the door at once, and all refused before the refresh is answered. */
async function storm({ api, server }: App, n: number): Promise<unknown[]> {
  const refresh = server.hold('/auth/refresh');
  const door = server.hold('/videos');
  const all = times(n, () => end(api.get('/videos')));
  await door.arrived(n);
  door.release();
  await until(() => server.stats.unauthorized === n);
  await roundTrip(server);
  refresh.release();
  return Promise.all(all);
}

/** What fails with axios-auth-refresh, by the law that it breaks. */
export const failing: Case[] = [
  {
    when: 'L1 100 requests at once meet an expired token',
    see: async (entry) => {
      const app = await appWith(entry);
      const ends = await storm(app, 100);
      return [ends.filter((status) => status === 200).length, app.server.stats.refresh];
    },
    ours: [100, 1],
    peer: [1, 1],
  },
  {
    when: 'L2 a 401 that arrives when the refresh is over already',
    see: async (entry) => {
      const open = deferred();
      const { api, calls } = await appWith(entry, {
        axios: { adapter: late('/echo/late', open.promise) },
        refresh: async (_, { storage, server }) => {
          storage.tokens = server.issue();
        },
      });
      const straggler = end(api.get('/echo/late'));
      const first = await end(api.get('/videos'));
      open.resolve();
      return [first, await straggler, calls.length];
    },
    ours: [200, 200, 1],
    peer: [200, 200, 2],
  },
  {
    when: 'L3 two instances share a refresh function, and the refresh token rotates',
    see: async ({ createAuthRefresh }) => {
      const server = await startServer();
      const storage = { tokens: server.issue() };
      const refresh = async () => {
        const { refresh_token: refreshToken } = storage.tokens;
        storage.tokens = (await axios.post(`${server.url}/auth/refresh`, { refreshToken })).data;
      };
      const apis = times(2, () => {
        const api = axios.create({ baseURL: server.url });
        createAuthRefresh(api, refresh);
        inject({ api, storage });
        return api;
      });
      server.expire();
      const hold = server.hold('/auth/refresh');
      const all = apis.map((api) => end(api.get('/videos')));
      await until(() => server.stats.unauthorized === 2);
      await roundTrip(server);
      hold.release();
      return [(await Promise.all(all)).sort(), server.stats.refresh, server.stats.reuse];
    },
    ours: [[200, 200], 1, 0],
    // The server takes a spent refresh token for stolen, and ends the session.
    peer: [[400, 401], 2, 1],
  },
  {
    when: 'L18 the refresh goes through the same instance, after an await, with skipAuthRefresh',
    see: async (entry) => {
      const app = await appWith(entry, {
        injects: false,
        refresh: async (failed, { api, storage }) => {
          await null;
          const body = { refreshToken: storage.tokens.refresh_token };
          const { data } = await api.post('/auth/refresh', body, { skipAuthRefresh: true });
          failed.response.config.headers.Authorization = `Bearer ${data.access_token}`;
        },
      });
      return endOrHang(app, app.api.get('/videos'));
    },
    ours: 200,
    peer: 'hangs',
  },
  {
    when: 'L18 the same without skipAuthRefresh: sent all the same after 3 s',
    see: async (entry) => {
      const { api, server } = await appWith(entry, {
        refresh: async (_, { api, renew }) => {
          await null;
          await renew(api);
        },
      });
      const clock = installClock();
      const request = end(api.get('/videos'));
      await until(() => server.stats.unauthorized === 1);
      await roundTrip(server);
      await clock.advance(3_000);
      return endOrHang({ server }, request);
    },
    ours: 200,
    peer: 'hangs',
  },
  {
    when: 'L24 the same, and the refresh is refused: all gets an end in 5 minutes',
    see: async (entry) => {
      const { api, server } = await appWith(entry, {
        refresh: async (_, { api, renew }) => {
          await null;
          await renew(api);
        },
      });
      server.fault('/auth/refresh', { status: 401 });
      const clock = installClock();
      const request = end(api.get('/videos'));
      await until(() => server.stats.unauthorized === 1);
      await roundTrip(server);
      await clock.advance(3_000);
      await roundTrip(server, 5);
      await clock.advance(5 * MINUTE);
      return endOrHang({ server }, request);
    },
    ours: 401,
    peer: 'hangs',
  },
  {
    when: 'L10 a login dialog takes 4 minutes: who was refused, and who came while it was open',
    see: async (entry) => {
      const dialog = deferred();
      const { api, server } = await appWith(entry, {
        refresh: async (_, { storage, server }) => {
          await dialog.promise;
          storage.tokens = server.issue();
        },
      });
      const clock = installClock();
      const all = ['/videos', '/echo/1'].map((path) => end(api.get(path)));
      await until(() => server.stats.unauthorized === 2);
      await roundTrip(server);
      all.push(end(api.get('/echo/2')));
      await clock.advance(2 * MINUTE);
      await roundTrip(server);
      all.push(end(api.get('/echo/3')));
      await clock.advance(2 * MINUTE);
      dialog.resolve();
      return (await Promise.all(all)).sort();
    },
    ours: [200, 200, 200, 200],
    peer: [200, 200, 200, 401],
  },
  {
    when: 'L16 a Readable is sent again',
    see: async (entry) => {
      const { api } = await appWith(entry);
      const answer = await api.post('/echo', Readable.from(['a film'])).catch((error) => error);
      return answer.data?.length ?? answer.code;
    },
    ours: 'ERR_BEARER_BODY',
    peer: 0,
  },
  {
    when: "L16 npm's form-data is sent again",
    see: async (entry) => {
      const { api, server } = await appWith(entry);
      const form = new FormData();
      form.append('title', 'A film');
      const { signal, abort } = aborter();
      const answer = api.post('/echo', form, { signal }).catch((error) => error.code);
      const ended = await endOrHang({ server }, answer);
      abort();
      await answer;
      return ended;
    },
    ours: 'ERR_BEARER_BODY',
    peer: 'hangs',
  },
  {
    when: 'L16 a body is transformed once',
    see: async (entry) => {
      const { api } = await appWith(entry);
      const transformRequest = [(data: string) => `<${data}>`];
      const answer = await api.put('/echo', 'text', { transformRequest }).catch(({ response }) => response);
      return answer.data.text ?? answer.status;
    },
    ours: '<text>',
    // With the Content-Length of the first time.
    peer: 400,
  },
  {
    when: 'L17 a request that was refused is aborted during the refresh',
    see: async (entry) => {
      const { api, server } = await appWith(entry);
      const hold = server.hold('/auth/refresh');
      const { signal, abort } = aborter();
      const request = api.get('/videos', { signal });
      await hold.arrived(1);
      abort();
      const ended = await endOrHang({ server }, request);
      hold.release();
      await end(request);
      return ended;
    },
    ours: 'ERR_CANCELED',
    peer: 'hangs',
  },
  {
    when: 'L17 a request that came during the refresh is aborted',
    see: async (entry) => {
      const { api, server } = await appWith(entry);
      const hold = server.hold('/auth/refresh');
      const first = api.get('/videos');
      await hold.arrived(1);
      const { signal, abort } = aborter();
      const request = api.get('/echo', { signal });
      abort();
      const ended = await endOrHang({ server }, request);
      hold.release();
      await end(request);
      return [ended, await end(first)];
    },
    ours: ['ERR_CANCELED', 200],
    peer: ['hangs', 200],
  },
  {
    when: 'L22 logout: the interceptor is ejected during the refresh',
    see: async (entry) => {
      const { api, server, eject } = await appWith(entry);
      const hold = server.hold('/auth/refresh');
      const request = api.get('/videos');
      await hold.arrived(1);
      eject();
      hold.release();
      return [await end(request), server.log.filter(({ path }) => path === '/videos').length];
    },
    ours: [401, 1],
    peer: [200, 2],
  },
  {
    when: 'L8 the refresh is answered 503 once',
    see: async (entry) => {
      const app = await appWith(entry);
      app.server.fault('/auth/refresh', { status: 503 });
      return (await storm(app, 3)).sort();
    },
    ours: [200, 200, 200],
    peer: [401, 401, 503],
  },
  {
    when: 'L7 20 polls of a URL that always says 401',
    see: async (entry) => {
      const { api, server } = await appWith(entry, { maxRetries: 1 });
      const clock = installClock();
      for (let i = 0; i < 20; i += 1) {
        const state = { done: false };
        const poll = end(api.get('/always-401')).finally(() => {
          state.done = true;
        });
        while (!state.done) {
          await clock.advance(250);
          await roundTrip(server, 1);
        }
        expect(await poll).toBe(401);
      }
      return server.stats.refresh;
    },
    ours: 2,
    peer: 20,
  },
  {
    when: 'L14 an interceptor that unwraps answers',
    see: async (entry) => {
      const { api } = await appWith(entry);
      api.interceptors.response.use(({ data }) => data);
      const answer = (await api.get('/echo')) as unknown as { method: string } | undefined;
      return answer?.method;
    },
    ours: 'GET',
    peer: undefined,
  },
  {
    when: 'L14 an interceptor that was there first and logs what fails',
    see: async ({ createAuthRefresh }) => {
      const server = await startServer();
      const api = axios.create({ baseURL: server.url });
      const seen: unknown[] = [];
      api.interceptors.response.use(
        (answer: AxiosResponse) => {
          seen.push(answer.status);
          return answer;
        },
        (error) => {
          seen.push(error.response.status);
          throw error;
        },
      );
      createAuthRefresh(api, async (failed) => {
        failed.response.config.headers.Authorization = `Bearer ${server.issue().access_token}`;
      });
      await api.get('/videos');
      return seen;
    },
    ours: [200],
    peer: [401, 200],
  },
];
