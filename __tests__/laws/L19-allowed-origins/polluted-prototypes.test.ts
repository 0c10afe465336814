import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosInstance } from 'axios';
import { bearer, createSession, memoryStore, type Session, staticToken, storageStore } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { createAuthRefresh } from 'axios-bearer/axios-auth-refresh';
import { applyAuthTokenInterceptor } from 'axios-bearer/axios-jwt';
import { clientCredentials, refreshToken } from 'axios-bearer/oauth2';
import { jwt } from '../../support/jwt.js';
import { atEnd, cleanUp } from '../../support/kit.js';

afterEach(cleanUp);

/** What a server got, as text: a line for each request. */
type Log = string[];

const HEADERS = ['authorization', 'content-type', 'cookie', 'x-token'];

/** Three servers: the API, its authorization server, and one where nothing of ours may come. All tokens are good once. */
async function startWorld(): Promise<{ log: Log; home: string; auth: string; evil: string; refuse(): void }> {
  const log: Log = [];
  let made = 0;
  let refused = 0;
  const answer = async (where: string, req: IncomingMessage): Promise<[number, unknown]> => {
    const body = await text(req);
    const sent = HEADERS.map((name) => req.headers[name] ?? '-').join(' ');
    log.push(`${where} ${req.method} ${req.url} ${sent} ${body}`);
    const path = String(req.url).split('?')[0];
    if (path === '/nonsense') return [200, { hello: 'world' }];
    if (path === '/down') return [503, {}];
    if (path === '/dead') return [400, { error: 'invalid_grant' }];
    if (where === 'auth' || path?.startsWith('/auth/')) {
      made += 1;
      return [200, { access_token: `at_${made}`, refresh_token: `rt_${made}`, expires_in: 3600 }];
    }
    if (path === '/fails') return [500, {}];
    if (refused > 0 && path !== '/login') {
      refused -= 1;
      return [401, {}];
    }
    return [200, { ok: true }];
  };
  const start = async (where: string) => {
    const server = createServer(async (req, res) => {
      const [status, data] = await answer(where, req);
      res.statusCode = status;
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify(data));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  return {
    log,
    home: await start('home'),
    auth: await start('auth'),
    evil: await start('evil'),
    refuse: () => {
      refused = 1;
    },
  };
}

type World = Awaited<ReturnType<typeof startWorld>>;

async function outcome(work: () => unknown): Promise<string> {
  try {
    const value = (await work()) as { status?: number } | string | undefined;
    return String(typeof value === 'object' ? value?.status : value);
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    const shown = JSON.stringify(error) ?? '';
    return `${code} ${message} ${shown.match(/[ar]t_\w+|the-key|the-secret/g) ?? ''}`;
  }
}

/** What an app does in its life. */
async function live(world: World, api: AxiosInstance, session?: Session): Promise<string[]> {
  const { home, evil, refuse } = world;
  const all: (() => unknown)[] = [
    () => api.get('/a'),
    () => api.get(`${evil}/a`),
    () => refuse() ?? api.post('/refused', { a: 1 }, { bearer: {} }),
    () => api.get('/off', { bearer: false }),
    () => api.get('/fails'),
    () => session?.refresh().then(({ refreshToken }) => refreshToken),
    () => session?.update({ access_token: 'at_new' }).then(() => 'updated'),
    () => api.get('/b'),
    () => session?.signOut(),
    () => api.get('/c'),
    () => session?.signIn({ refresh_token: 'rt_y' }).then(() => 'in'),
    () => api.get(`${home}/d`),
    () => session?.close(),
  ];
  const seen = [];
  for (const each of all) seen.push(await outcome(each));
  return seen;
}

const seed = () => ({ access_token: 'at_0', refresh_token: 'rt_0', expires_in: 3600 });
const appOf = ({ home }: World) => axios.create({ baseURL: home });

const ENTRIES: Record<string, (world: World) => Promise<string[]>> = {
  'a function of one’s own': (world) => {
    const api = appOf(world);
    const source = async (token: object, { client }: { client: AxiosInstance }) =>
      (await client.post('/auth/refresh', JSON.stringify(token).replace(/\d{13}/g, 'time'))).data;
    return live(world, api, bearer(api, { source, tokens: seed() }));
  },
  'a class of one’s own': (world) => {
    const api = appOf(world);
    class Source {
      #path = '/auth/refresh';
      async refresh(_: object, { client }: { client: AxiosInstance }) {
        return (await client.post(this.#path)).data;
      }
    }
    return live(world, api, bearer(api, { source: new Source(), tokens: 'at_0' }));
  },
  'a source that answers nonsense, is down, refuses': async (world) => {
    const seen: string[] = [];
    for (const path of ['/nonsense', '/down', '/dead']) {
      const api = appOf(world);
      const source = async (_: object, { client }: { client: AxiosInstance }) => (await client.post(path)).data;
      const options = { refreshRetries: 1, backoff: { initial: 1, factor: 1, cap: 1 } };
      seen.push(...(await live(world, api, bearer(api, { ...options, source, tokens: seed() }))));
    }
    return seen;
  },
  'apiVideo with a key': (world) => {
    const api = appOf(world);
    return live(world, api, bearer(api, { source: apiVideo({ apiKey: 'the-key', baseURL: world.home }) }));
  },
  'apiVideo with tokens': (world) => {
    const api = appOf(world);
    return live(world, api, bearer(api, { source: apiVideo({ baseURL: world.home }), tokens: seed() }));
  },
  'refreshToken of a public client': (world) => {
    const api = appOf(world);
    const source = refreshToken({ tokenEndpoint: `${world.auth}/token`, clientId: 'id' });
    return live(world, api, bearer(api, { source, tokens: seed() }));
  },
  'refreshToken with a secret': (world) => {
    const api = appOf(world);
    const options = { tokenEndpoint: `${world.auth}/token`, clientId: 'id', clientSecret: 'the-secret' };
    return live(world, api, bearer(api, { source: refreshToken(options), tokens: seed() }));
  },
  clientCredentials: (world) => {
    const api = appOf(world);
    const options = { tokenEndpoint: `${world.auth}/token`, clientId: 'id', clientSecret: 'the-secret' };
    return live(world, api, bearer(api, { source: clientCredentials(options) }));
  },
  staticToken: (world) => {
    const api = appOf(world);
    return live(world, api, bearer(api, { source: staticToken('at_0') }));
  },
  'createSession, for two instances, in a memoryStore': async (world) => {
    const [api, other] = [appOf(world), appOf(world)];
    const source = refreshToken({ tokenEndpoint: `${world.auth}/token`, clientId: 'id' });
    const session = createSession({ source, tokens: seed(), store: memoryStore() });
    session.install(api);
    bearer(other, { session });
    return [await outcome(() => other.get('/other')), ...(await live(world, api, session))];
  },
  'storageStore, found again': async (world) => {
    const items = new Map<string, string>();
    const storage = {
      getItem: (key: string) => items.get(key) ?? null,
      setItem: (key: string, value: string) => void items.set(key, value),
      removeItem: (key: string) => void items.delete(key),
    };
    const source = refreshToken({ tokenEndpoint: `${world.auth}/token`, clientId: 'id' });
    const first = createSession({ source, tokens: seed(), store: storageStore(storage) });
    await first.refresh();
    await first.close();
    const api = appOf(world);
    return live(world, api, bearer(api, { source, store: storageStore(storage) }));
  },
  'several sessions': (world) => {
    const api = appOf(world);
    const session = createSession({ source: staticToken('at_0') });
    bearer(api, { session: ({ url }) => (url === '/b' ? undefined : session) });
    return live(world, api, session);
  },
  'axios-auth-refresh': (world) => {
    const api = appOf(world);
    createAuthRefresh(api, async (error) => {
      error.response.config.headers.Authorization = `Bearer ${(await axios.post(`${world.auth}/token`)).data.access_token}`;
    });
    return live(world, api);
  },
  'axios-jwt': (world) => {
    const api = appOf(world);
    let stored = JSON.stringify({ accessToken: jwt({ sub: 'ada', exp: 4e9 }), refreshToken: 'rt_0' });
    applyAuthTokenInterceptor(api, {
      requestRefresh: async (token) => (await axios.post(`${world.auth}/token`, { token })).data.access_token,
      getStorage: () => ({
        get: async () => stored,
        set: async (_, value) => {
          stored = value;
        },
        remove: async () => {
          stored = '';
        },
      }),
    });
    return live(world, api);
  },
};

/** With this on every object's prototype. */
async function polluted<T>(pollution: Record<string, unknown>, work: () => Promise<T>): Promise<T> {
  for (const [name, value] of Object.entries(pollution)) {
    Object.defineProperty(Object.prototype, name, { value, configurable: true, enumerable: true, writable: true });
  }
  try {
    return await work();
  } finally {
    for (const name of Object.keys(pollution)) Reflect.deleteProperty(Object.prototype, name);
  }
}

/** All that was seen of an entry, with the servers' names in the place of their ports. */
async function seenOf(
  entry: (world: World) => Promise<string[]>,
  pollution: (evil: string) => Record<string, unknown>,
) {
  const world = await startWorld();
  const outcomes = await polluted(pollution(world.evil), () => entry(world));
  const names = (line: string) =>
    ['home', 'auth', 'evil'].reduce((text, name) => text.replaceAll(world[name as 'home'], name), line);
  return [...outcomes, ...world.log].map(names);
}

const hostileStore = { read: async () => undefined, write: async (next: unknown) => next, withLock: async () => {} };
const toEvil = (evil: string) => (config: { baseURL: string }) => {
  config.baseURL = evil;
};

/** Names that are read of what an app or a server gives, by where. */
const POLLUTIONS: Record<string, (evil: string) => Record<string, unknown>> = {
  'where the token may go': () => ({ origins: '*', redact: false }),
  'options of an instance': () => ({ whenSignedOut: 'reject', header: 'X-Token', scheme: 'Evil', maxReplays: 0 }),
  'functions of an instance': (evil) => ({ beforeSend: toEvil(evil), shouldRefresh: () => false, skip: () => true }),
  'a session': () => ({ session: {} }),
  'a source': (evil) => ({ source: { origins: [evil], tokens: 'at_evil' }, tokens: 'at_evil', store: hostileStore }),
  'options of a session': () => ({ refreshTimeout: 1, refreshRetries: 0, cap: 0, leeway: 1e9, identity: () => 'evil' }),
  'members of a source': () => ({ authorize: () => true, needsRefreshToken: true, isRejected: () => true }),
  'ways to a token': (evil) => ({ obtain: async () => 'at_evil', revoke: async () => {}, origins: [evil] }),
  'keys and endpoints': (evil) => ({ apiKey: 'evil', delegatedToken: 'evil', revocationEndpoint: `${evil}/revoke` }),
  'a client': (evil) => ({ clientSecret: 'evil', clientAuth: 'post', issuer: evil, token_endpoint: `${evil}/token` }),
  'parameters and headers': () => ({ params: { evil: 1 }, headers: { 'X-Token': 'evil' }, baseURL: 'http://evil' }),
  'options of a request': () => ({ bearer: { replay: false, session: {} }, replay: false, minValidity: 1e9 }),
  'a request that is left alone': () => ({ bearer: false, skipAuthRefresh: true }),
  'tokens of an answer': () => ({ access_token: 'at_evil', accessToken: 'at_evil', refresh_token: 'rt_evil' }),
  'times of an answer': () => ({ expires_at: 1, expiry_date: 1, expires_on: 1, exp: 1 }),
  'an error of an answer': () => ({ error: 'invalid_grant', title: 'evil', statusCode: 400, payload: {} }),
  'options of axios-auth-refresh': () => ({ statusCodes: [500], deduplicateRefresh: false, maxRetries: 0 }),
  'options of axios-jwt': () => ({ headerPrefix: 'Evil ', tokenExpireFudge: 1e9 }),
};

const baselines = new Map<unknown, Promise<string[]>>();
function baselineOf(entry: (world: World) => Promise<string[]>): Promise<string[]> {
  const known = baselines.get(entry) ?? seenOf(entry, () => ({}));
  baselines.set(entry, known);
  return known;
}

// Older versions of axios read a request's options so themselves.
const ofAxios = /request|parameters/;
const isNew = axios.VERSION.startsWith('1.21.');

describe.each(Object.entries(ENTRIES))('What somebody has put on Object.prototype, under %s,', (_, entry) => {
  const all = Object.entries(POLLUTIONS).filter(([name]) => isNew || !ofAxios.test(name));
  it.each(all)('L19 changes nothing: %s', async (_name, pollution) => {
    const expected = await baselineOf(entry);
    expect(await seenOf(entry, pollution)).toEqual(expected);
  });
});
