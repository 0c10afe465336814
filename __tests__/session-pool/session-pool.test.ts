import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios, { type AxiosInstance } from 'axios';
import { bearer, createSession, memoryStore, type Session, type SessionOptions, type TokenStore } from 'axios-bearer';
import { type SessionPool, type SessionPoolOptions, sessionPool } from 'axios-bearer/session-pool';
import type { ApiVideo } from 'axios-bearer/testing';
import {
  atEnd,
  cleanUp,
  closeAtEnd,
  codeOf,
  deferred,
  failureOf,
  installClock,
  MINUTE,
  outcomeOf,
  QUICK,
  refreshAt,
  settle,
  startServer,
  storeWith,
  times,
  until,
} from '../support/kit.js';

afterEach(cleanUp);

interface Users {
  server: ApiVideo;
  pool: SessionPool;
  api: AxiosInstance;
  /** How often a session was made, by key. */
  made: Map<string, number>;
  stores: Map<string, TokenStore>;
  get(user: string): Promise<number | string | undefined>;
}

/** One instance for many users, each with a store that outlives the sessions. */
async function startUsers(
  options: Partial<SessionPoolOptions> = {},
  more: Partial<SessionOptions> = {},
  issued: { expires_in?: number } = {},
): Promise<Users> {
  const server = await startServer();
  const made = new Map<string, number>();
  const stores = new Map<string, TokenStore>();
  const create = (user: string) => {
    made.set(user, (made.get(user) ?? 0) + 1);
    if (!stores.has(user)) stores.set(user, memoryStore());
    const store = stores.get(user)!;
    return createSession({ source: refreshAt(server), tokens: { ...server.issue(), ...issued }, store, ...more });
  };
  const pool = closeAtEnd(sessionPool({ create, ...options }));
  const api = axios.create({ baseURL: server.url });
  bearer(api, { session: ({ headers }) => pool.get(String(headers['X-User'])) });
  const get = (user: string) => outcomeOf(api.get('/videos', { headers: { 'X-User': user } }));
  return { server, pool, api, made, stores, get };
}

describe('A pool of sessions', () => {
  it('has one session for each key, made once for a thousand that ask at once', async () => {
    const create = jest.fn(async () => createSession({ source: async () => 'token' }));
    const pool = closeAtEnd(sessionPool({ create }));
    const all = await Promise.all(times(1_000, () => pool.get('ada')));
    expect(create).toHaveBeenCalledTimes(1);
    expect(new Set(all).size).toBe(1);
    expect(await pool.get('bob')).not.toBe(all[0]);
    expect(pool.size).toBe(2);
  });

  it('hands out at once what is there, and what create() makes at once', () => {
    const pool = closeAtEnd(sessionPool({ create: () => createSession({ source: async () => 'token' }) }));
    const session = pool.get('ada');
    expect(session).not.toHaveProperty('then');
    expect(pool.get('ada')).toBe(session);
  });

  it('closes the session that was not asked for the longest, beyond `max`', async () => {
    const { pool, made, get } = await startUsers({ max: 2 });
    await get('ada');
    await get('bob');
    const ada = (await pool.get('ada')) as Session;
    const bob = (await pool.get('bob')) as Session;
    await get('ada');
    await get('eve');
    await until(() => pool.size === 2);
    expect(await codeOf(bob.token())).toBe('ERR_BEARER_SIGNED_OUT');
    expect(await codeOf(ada.token())).toBe('fulfilled');
    expect(await get('bob')).toBe(200);
    expect(Object.fromEntries(made)).toEqual({ ada: 1, bob: 2, eve: 1 });
  });

  it('closes a session that was not asked for within `idleMs`, and no other', async () => {
    const clock = installClock();
    const { pool, get } = await startUsers({ idleMs: 10 * MINUTE });
    await get('ada');
    await clock.advance(6 * MINUTE);
    await get('bob');
    await clock.advance(5 * MINUTE);
    expect(pool.size).toBe(1);
    await clock.advance(6 * MINUTE);
    expect(pool.size).toBe(0);
    expect(await get('ada')).toBe(200);
  });

  it('keeps a session with nothing to do for ever, where `idleMs` is Infinity', async () => {
    const clock = installClock();
    const { pool, get } = await startUsers({ idleMs: Number.POSITIVE_INFINITY });
    await get('ada');
    await clock.advance(40 * 24 * 60 * MINUTE);
    expect(pool.size).toBe(1);
  });

  it('gives nothing to those that ask when it was closed', async () => {
    const { pool, get } = await startUsers();
    await get('ada');
    await pool.close();
    expect(pool.size).toBe(0);
    expect(await codeOf(Promise.resolve(pool.get('ada')))).toBe('ERR_BEARER_SIGNED_OUT');
    expect(await get('ada')).toBe('ERR_BEARER_SIGNED_OUT');
  });

  it('makes a session anew that the app has closed', async () => {
    const { pool, made, get } = await startUsers();
    await get('ada');
    await (await pool.get('ada')).close();
    expect(await get('ada')).toBe(200);
    expect(made.get('ada')).toBe(2);
  });

  it('forgets a key on demand: its session is closed, the next one made anew', async () => {
    const { pool, made, get } = await startUsers();
    await get('ada');
    const session = await pool.get('ada');
    await pool.delete('ada');
    expect([pool.size, await codeOf(session.token())]).toEqual([0, 'ERR_BEARER_SIGNED_OUT']);
    await pool.delete('nobody');
    expect(await get('ada')).toBe(200);
    expect(made.get('ada')).toBe(2);
  });
});

describe('A session that is in use is not closed', () => {
  /** Others come, so that it would be its turn to go. */
  async function crowd({ pool }: Users): Promise<void> {
    for (const user of ['bob', 'eve', 'joe']) await pool.get(user);
    await until(() => pool.size < 4);
  }

  it.each([
    ['its request is on the wire, whose 401 is mended', '/videos'],
    ['its refresh is under way', '/auth/refresh'],
  ])('while %s', async (_, path) => {
    const users = await startUsers({ max: 1 });
    const { server, made, get } = users;
    await get('ada');
    server.expire();
    const hold = server.hold(path);
    const request = get('ada');
    await hold.arrived(1);
    await crowd(users);
    hold.release();
    expect(await request).toBe(200);
    expect([made.get('ada'), server.stats.refresh, server.stats.reuse]).toEqual([1, 1, 0]);
  });

  it('while its request waits for `shouldRefresh`, or for `beforeSend`', async () => {
    for (const option of ['shouldRefresh', 'beforeSend']) {
      const users = await startUsers({ max: 1 });
      const { server, pool, made, get } = users;
      await get('ada');
      const asked = deferred();
      const answer = deferred<boolean>();
      const api = axios.create({ baseURL: server.url });
      const ask = () => {
        asked.resolve();
        return answer.promise;
      };
      bearer(api, { session: () => pool.get('ada'), [option]: ask });
      server.expire();
      const request = outcomeOf(api.get('/videos'));
      await asked.promise;
      await crowd(users);
      answer.resolve(true);
      // A token that every answer is said to be refused with is refused in the end.
      expect([option, await request]).toEqual([option, 200]);
      expect(made.get('ada')).toBe(1);
      await cleanUp();
    }
  });

  it.each([
    ['after a 401', {}, ['zoe', 'ada']],
    ['before it is sent for the first time', { expires_in: 0 }, []],
  ])('while its request waits for its turn behind those of another session, %s', async (_, issued, known) => {
    const users = await startUsers({ max: 1 }, {}, issued);
    const { server, pool, made } = users;
    const api = axios.create({ baseURL: server.url });
    bearer(api, { session: ({ headers }) => pool.get(String(headers['X-User'])), replayConcurrency: 1 });
    const get = (user: string) => outcomeOf(api.get('/videos', { headers: { 'X-User': user } }));
    for (const user of known) await get(user);
    server.expire();
    const refreshes = server.hold('/auth/refresh');
    const requests = [get('zoe'), get('ada')];
    await refreshes.arrived(2);
    const before = Object.fromEntries(made);
    const replays = server.hold('/videos');
    refreshes.release();
    await replays.arrived(1);
    await crowd(users);
    replays.release();
    expect(await Promise.all(requests)).toEqual([200, 200]);
    expect(Object.fromEntries(made)).toMatchObject(before);
  });

  it('while the app waits for its refresh', async () => {
    const users = await startUsers({ max: 1 });
    const { server, pool, made } = users;
    const session = await pool.get('ada');
    await session.token();
    const hold = server.hold('/auth/refresh');
    const refreshed = codeOf(session.refresh());
    await hold.arrived(1);
    await crowd(users);
    hold.release();
    expect([await refreshed, made.get('ada')]).toEqual(['fulfilled', 1]);
  });

  it('while its new token is not stored yet', async () => {
    let isDown = false;
    const inner = memoryStore();
    const write: TokenStore['write'] = async (next) => {
      if (isDown && next.token && !next.sent) throw new Error('The disk is full');
      return inner.write(next);
    };
    const users = await startUsers(
      { max: 1 },
      { store: storeWith({ write }, inner), refreshRetries: 0, backoff: QUICK },
    );
    const { server, pool, made, get } = users;
    await get('ada');
    isDown = true;
    server.expire();
    expect(await get('ada')).toBe(401);
    for (const user of ['bob', 'eve']) await pool.get(user);
    await until(() => pool.size === 1);
    isDown = false;
    expect(await get('ada')).toBe(200);
    expect([made.get('ada'), server.stats.reuse]).toEqual([1, 0]);
  });

  it('nor is one whose refresh token rests in no store, and that is told once', async () => {
    const told = jest.spyOn(console, 'error').mockImplementation(() => {});
    atEnd(() => told.mockRestore());
    const { server, pool, made, get } = await startUsers({ max: 1 }, { store: undefined as never });
    for (const user of ['ada', 'bob', 'eve']) expect(await get(user)).toBe(200);
    await until(() => told.mock.calls.length > 0);
    expect(pool.size).toBe(3);
    expect(told.mock.calls).toEqual([[expect.stringContaining('Let create() give each session a store')]]);
    server.expire();
    for (const user of ['ada', 'bob', 'eve']) expect(await get(user)).toBe(200);
    expect([made.get('ada'), server.stats.reuse]).toEqual([1, 0]);
  });

  it('so there are more than `max` while more are in use, and no more when they are done', async () => {
    const clock = installClock();
    const { server, pool, get } = await startUsers({ max: 3 });
    const hold = server.hold('/videos');
    const requests = times(10, (i) => get(`user ${i}`));
    await hold.arrived(10);
    await clock.advance(5_000);
    expect(pool.size).toBe(10);
    hold.release();
    expect(await Promise.all(requests)).toEqual(times(10, () => 200));
    await clock.advance(2_000);
    expect(pool.size).toBe(3);
  });
});

describe('A session that goes, and the next one of its key', () => {
  it('L3 the next one waits until the refresh under way is stored: no refresh token is presented twice', async () => {
    const { server, pool, made, get } = await startUsers();
    await get('ada');
    server.expire();
    const hold = server.hold('/auth/refresh');
    void get('ada');
    await hold.arrived(1);
    const deleted = pool.delete('ada');
    const next = get('ada');
    await settle();
    expect(made.get('ada')).toBe(1);
    hold.release();
    await deleted;
    expect(await next).toBe(200);
    expect([made.get('ada'), server.stats.refresh, server.stats.reuse]).toEqual([2, 1, 0]);
  });

  it('L3 close() resolves when the refreshes under way are stored: the next process goes on from there', async () => {
    const { server, pool, stores, get } = await startUsers();
    await Promise.all([get('ada'), get('bob')]);
    server.expire();
    const hold = server.hold('/auth/refresh');
    const requests = [get('ada'), get('bob')];
    await hold.arrived(2);
    let isClosed = false;
    const closing = pool.close().then(() => {
      isClosed = true;
    });
    await settle();
    expect(isClosed).toBe(false);
    hold.release();
    await closing;
    await Promise.all(requests);
    for (const store of stores.values()) {
      const session = closeAtEnd(createSession({ source: refreshAt(server), store }));
      const { status } = await axios.get(`${server.url}/videos`, {
        headers: { Authorization: `Bearer ${await session.token()}` },
      });
      expect(status).toBe(200);
    }
    expect([server.stats.refresh, server.stats.reuse]).toEqual([2, 0]);
  });

  it('is made by nobody when the pool was closed, or the key deleted, while the one before was being closed', async () => {
    const { server, pool, made, get } = await startUsers();
    await get('ada');
    server.expire();
    const hold = server.hold('/auth/refresh');
    void get('ada');
    await hold.arrived(1);
    void pool.delete('ada');
    const next = get('ada');
    const closed = pool.close();
    hold.release();
    await closed;
    expect([await next, made.get('ada')]).toEqual(['ERR_BEARER_SIGNED_OUT', 1]);
  });

  it('that comes when the pool was closed is closed too', async () => {
    const coming = deferred<Session>();
    const pool = sessionPool({ create: () => coming.promise });
    const asked = codeOf(Promise.resolve(pool.get('ada')));
    await pool.close();
    const session = createSession({ source: async () => 'token', tokens: 'token' });
    coming.resolve(session);
    expect(await asked).toBe('ERR_BEARER_SIGNED_OUT');
    expect(await codeOf(session.token())).toBe('ERR_BEARER_SIGNED_OUT');
  });
});

describe('A create() that fails', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('no such tenant');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('no such tenant');
      },
    ],
  ])('and %s: the request gets its error and is not sent, and the next one asks again', async (_, create) => {
    const server = await startServer();
    const calls = jest.fn(create as () => Promise<Session>);
    const pool = closeAtEnd(sessionPool({ create: calls }));
    const api = axios.create({ baseURL: server.url });
    bearer(api, { session: () => pool.get('ada') });
    await expect(api.get('/videos')).rejects.toThrow('no such tenant');
    await expect(api.get('/videos')).rejects.toThrow('no such tenant');
    expect([calls.mock.calls.length, pool.size, server.log.length]).toEqual([2, 0, 0]);
  });

  it.each([
    ['returns no session', 'a function that returns a Session', () => ({}) as Session],
    ['resolves with no session', 'a function that returns a Session', async () => undefined as never],
  ])('as it %s', async (_, message, create) => {
    const pool = closeAtEnd(sessionPool({ create }));
    const error = await failureOf(Promise.resolve(pool.get('ada')));
    expect(error).toMatchObject({
      code: 'ERR_BEARER_CONFIG',
      message: expect.stringContaining(`"create" must be ${message}`),
    });
    expect(pool.size).toBe(0);
  });

  it('L21 as it returns one session for two keys, which would share their tokens', async () => {
    const session = createSession({ source: async () => 'token' });
    const pool = closeAtEnd(sessionPool({ create: async () => session }));
    await pool.get('ada');
    const error = await failureOf(Promise.resolve(pool.get('bob')));
    expect(error).toMatchObject({
      code: 'ERR_BEARER_CONFIG',
      message: expect.stringContaining('a new Session at each call'),
    });
  });
});

it.each([undefined, null, '', 7, {}])('L21 a key that is no text, or empty, is nobody’s: %p', async (key) => {
  const { pool, made } = await startUsers();
  const error = await failureOf(Promise.resolve(pool.get(key as string)));
  expect(error).toMatchObject({ code: 'ERR_BEARER_CONFIG', message: expect.stringContaining('"key" must be a text') });
  expect(made.size).toBe(0);
});

it.each([
  ['options', undefined],
  ['create', {}],
  ['create', { create: 'session' }],
  ['max', { create: () => {}, max: 0 }],
  ['max', { create: () => {}, max: 1.5 }],
  ['max', { create: () => {}, max: '10' }],
  ['idleMs', { create: () => {}, idleMs: 0 }],
  ['idleMs', { create: () => {}, idleMs: Number.NaN }],
  ['idleMs', { create: () => {}, idleMs: '1m' }],
])('a wrong option is named: %s, in %j', (option, given) => {
  const make = () => sessionPool(given as never);
  expect(make).toThrow(`option "${option}" must be`);
  expect(make).toThrow(expect.objectContaining({ code: 'ERR_BEARER_CONFIG' }));
});
