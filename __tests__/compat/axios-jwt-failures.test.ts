import { afterEach, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { fakeClock } from 'axios-bearer/testing';
import { jwt, startJwtServer, tokenOf } from '../support/jwt.js';
import { atEnd, cleanUp, closeAtEnd, failureOf, settle } from '../support/kit.js';
import { appWith, bearersOf, type Entry, memoryStorage, ours, peer, refreshAt } from './axios-jwt.setup.js';

afterEach(cleanUp);

/** A request's user, or else its status, or else what went wrong. */
async function outcome(request: Promise<{ data: { user?: string } }>): Promise<unknown> {
  return request.then(
    ({ data }) => data.user ?? data,
    (error) => error.response?.status ?? error.code ?? error.message,
  );
}

/** What happens with each of them, in the same scene. */
interface Case {
  name: string;
  run: (entry: Entry) => Promise<unknown>;
  peer: unknown;
  ours: unknown;
}

const cases: Case[] = [
  {
    name: 'a 401 to a token that is alive by the clock',
    run: async (entry) => {
      const { api, server } = await appWith(entry);
      server.expire();
      return [await outcome(api.get('/videos')), server.refreshes];
    },
    peer: [401, 0],
    ours: ['ada', 1],
  },
  {
    name: '100 of them at once',
    run: async (entry) => {
      const { api, server } = await appWith(entry);
      server.expire();
      const all = await Promise.all(Array.from({ length: 100 }, () => outcome(api.get('/videos'))));
      return [all.filter((user) => user === 'ada').length, server.refreshes];
    },
    peer: [0, 0],
    ours: [100, 1],
  },
  {
    name: 'two users, two instances, a storage each',
    run: async (entry) => {
      const { api: adas, server } = await appWith(entry);
      const { api: bobs } = await appWith(entry, { server, tokens: server.issue('bob') });
      return Promise.all([outcome(adas.get('/videos')), outcome(bobs.get('/videos'))]);
    },
    peer: ['bob', 'bob'],
    ours: ['ada', 'bob'],
  },
  {
    name: 'the same, both expired',
    run: async (entry) => {
      const { api: adas, server } = await appWith(entry, { ends: -60 });
      const { api: bobs } = await appWith(entry, { server, tokens: server.issue('bob', -60) });
      return Promise.all([outcome(adas.get('/videos')), outcome(bobs.get('/videos'))]);
    },
    peer: ['bob', 'bob'],
    ours: ['ada', 'bob'],
  },
  {
    name: 'two instances, a `tokenExpireFudge` each',
    run: async (entry) => {
      const tokens = { accessToken: tokenOf('ada', 20), refreshToken: 'r' };
      const { api, server } = await appWith(entry, { tokens, tokenExpireFudge: 30 });
      await appWith(entry, { server, tokens });
      await outcome(api.get('/public'));
      return server.refreshes;
    },
    peer: 0,
    ours: 1,
  },
  {
    name: 'one 503 from the token endpoint',
    run: async (entry) => {
      const { api, server } = await appWith(entry, { ends: -60 });
      server.refuse(503);
      return (await outcome(api.get('/videos'))) === 'ada';
    },
    peer: false,
    ours: true,
  },
  {
    name: 'a logout during a refresh',
    run: async (entry) => {
      const { api, server, storage } = await appWith(entry, { ends: -60 });
      const arrived = server.holdRefresh();
      const request = outcome(api.get('/videos'));
      const open = await arrived;
      await entry.clearAuthTokens();
      open();
      await request;
      return storage.tokens === null;
    },
    peer: false,
    ours: true,
  },
  {
    name: 'another user’s login during a refresh',
    run: async (entry) => {
      const { api, server } = await appWith(entry, { ends: -60 });
      const arrived = server.holdRefresh();
      const request = outcome(api.get('/videos'));
      const open = await arrived;
      await entry.setAuthTokens(server.issue('bob'));
      open();
      return [await request, await outcome(api.get('/videos'))];
    },
    peer: ['ada', 'ada'],
    ours: ['ERR_BEARER_IDENTITY', 'bob'],
  },
  {
    name: 'an abort during a refresh',
    run: async (entry) => {
      const { api, server } = await appWith(entry, { ends: -60 });
      const arrived = server.holdRefresh();
      const aborter = new AbortController();
      const request = outcome(api.get('/videos', { signal: aborter.signal }));
      const open = await arrived;
      aborter.abort();
      const first = await Promise.race([request, settle().then(() => 'waits on')]);
      open();
      await request;
      return first;
    },
    peer: 'waits on',
    ours: 'ERR_CANCELED',
  },
  {
    name: 'a refresh that fails for three who wait',
    run: async (entry) => {
      const { api, server } = await appWith(entry, { ends: -60 });
      server.refuse(401, 401, 401);
      const errors = await Promise.all([1, 2, 3].map(() => failureOf(api.get('/videos'))));
      return new Set(errors.map(({ message }) => message)).size;
    },
    peer: 2,
    ours: 1,
  },
  {
    name: '20 requests while the token endpoint answers 400',
    run: async (entry) => {
      // No time passes, so that no backoff is ever over.
      const clock = fakeClock();
      atEnd(() => clock.restore());
      const { api, server } = await appWith(entry, { ends: -60 });
      server.refuse(...Array(20).fill(400));
      for (let i = 0; i < 20; i += 1) await outcome(api.get('/videos'));
      return server.refreshes;
    },
    peer: 20,
    ours: 1,
  },
  {
    name: 'a JWT without `exp`',
    run: async (entry) => {
      let calls = 0;
      const { api } = await appWith(entry, {
        tokens: { accessToken: jwt({ sub: 'ada' }), refreshToken: 'r' },
        requestRefresh: async () => {
          calls += 1;
          return jwt({ sub: 'ada', jti: calls });
        },
      });
      for (let i = 0; i < 5; i += 1) await api.get('/public');
      return calls;
    },
    peer: 5,
    ours: 0,
  },
  {
    name: 'an access token that is no JWT',
    run: async (entry) => {
      const { api } = await appWith(entry, { tokens: { accessToken: 'opaque', refreshToken: 'r' } });
      return String(await outcome(api.get('/public'))).replace(/.*(Invalid token specified).*/, '$1');
    },
    peer: 'Invalid token specified',
    ours: '[object Object]',
  },
  {
    name: 'a clock that is two hours ahead',
    run: async (entry) => {
      const hourly = () => tokenOf('ada', -3_600);
      let calls = 0;
      const { api } = await appWith(entry, {
        tokens: { accessToken: hourly(), refreshToken: 'r' },
        requestRefresh: async () => {
          calls += 1;
          return hourly();
        },
      });
      for (let i = 0; i < 5; i += 1) await api.get('/public');
      return calls;
    },
    peer: 5,
    ours: 1,
  },
  {
    name: 'a `tokenExpireFudge` longer than a token’s life',
    run: async (entry) => {
      const { api, server } = await appWith(entry, { ends: -60, tokenExpireFudge: '2h' });
      for (let i = 0; i < 5; i += 1) await api.get('/videos');
      return server.refreshes;
    },
    peer: 5,
    ours: 1,
  },
  {
    name: '`requestRefresh` answers `{ accessToken }`',
    run: async (entry) => {
      const requestRefresh = async () => ({ accessToken: tokenOf('ada') }) as never;
      const { api } = await appWith(entry, { ends: -60, requestRefresh });
      await api.get('/public');
      return entry.isLoggedIn();
    },
    peer: false,
    ours: true,
  },
  {
    name: 'a stored item that can’t be read',
    run: async (entry) => {
      const { api, storage } = await appWith(entry);
      storage.put('{"accessToken":"tru');
      return outcome(api.get('/public'));
    },
    peer: 'Failed to parse auth tokens: {"accessToken":"tru',
    ours: { bearer: false },
  },
  {
    name: 'a request to another origin',
    run: async (entry) => {
      const other = closeAtEnd(await startJwtServer());
      const { api } = await appWith(entry);
      return (await api.get(`${other.url}/public`)).data.bearer;
    },
    peer: true,
    ours: false,
  },
  {
    name: 'an `Authorization` of the caller’s own',
    run: async (entry) => {
      const { api, server } = await appWith(entry);
      await api.get('/public', { headers: { Authorization: 'Basic b3duOm93bg==' } });
      return bearersOf(server, '/public')[0] === 'Basic b3duOm93bg==';
    },
    peer: false,
    ours: true,
  },
  // The last one: axios-jwt's module does not come back from it.
  {
    name: 'a refresh call through the same instance',
    run: async (entry) => {
      const server = closeAtEnd(await startJwtServer());
      const api = axios.create({ baseURL: server.url });
      const storage = memoryStorage(server.issue('ada', -60));
      entry.applyAuthTokenInterceptor(api, { requestRefresh: refreshAt(server, api), getStorage: () => storage });
      const other = axios.create({ baseURL: server.url });
      entry.applyAuthTokenInterceptor(other, { requestRefresh: refreshAt(server), getStorage: () => storage });
      const requests = [api, other].map((instance) => outcome(instance.get('/videos')));
      const patience = settled(server.url).then(() => 'hangs');
      return Promise.all(requests.map((request) => Promise.race([request, patience])));
    },
    peer: ['hangs', 'hangs'],
    ours: ['ada', 'ada'],
  },
];

/** There and back over a socket, often enough for anything that is going to happen. */
async function settled(url: string): Promise<void> {
  for (let i = 0; i < 5; i += 1) await axios.get(`${url}/public`);
}

describe('Where axios-jwt fails', () => {
  it.each(cases)('$name: axios-jwt $peer', async ({ run, peer: expected }) => {
    expect(await run(peer as unknown as Entry)).toEqual(expected);
  });

  it.each(cases)('$name: axios-bearer/axios-jwt $ours', async ({ run, ours: expected }) => {
    expect(await run(ours)).toEqual(expected);
  });
});
