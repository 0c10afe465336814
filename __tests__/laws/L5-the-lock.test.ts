import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Lock, memoryStore, type TokenStore } from 'axios-bearer';
import {
  ALWAYS,
  anotherInstance,
  cleanUp,
  clientOf,
  deferred,
  failureOf,
  HOUR,
  installClock,
  MINUTE,
  QUICK,
  refreshAt,
  roundTrip,
  SECOND,
  startServer,
  twoHolders,
  watchEvent,
  watchStore,
  withoutHints,
} from '../support/kit.js';

afterEach(cleanUp);

const LOCK = { waitMs: 5 * SECOND, holdMs: 5 * SECOND };

describe('inside the lock', () => {
  it('L5 runs the source and nothing else: no listener, no predicate, no identity', async () => {
    // What the task began may go on after it: until the store has let the lock go, that is inside too.
    const inside = new AsyncLocalStorage<{ held: boolean }>();
    const base = memoryStore();
    let locked = false;
    const store: TokenStore = {
      ...base,
      withLock: async (task, options) => {
        const scope = { held: true };
        const enter = async (lock: Lock) => {
          locked = true;
          try {
            return await inside.run(scope, () => task(lock));
          } finally {
            locked = false;
          }
        };
        try {
          return await base.withLock(enter, options);
        } finally {
          scope.held = false;
        }
      },
    };
    const wrong = new Set<string>();
    const right = new Set<string>();
    const outside = (name: string) => {
      right.add(name);
      if (locked || inside.getStore()?.held) wrong.add(name);
    };
    const server = await startServer();
    const sources: boolean[] = [];
    const { api, session } = clientOf(server, {
      store,
      backoff: QUICK,
      source: {
        refresh: (...args) => {
          sources.push(locked);
          return refreshAt(server)(...args);
        },
      },
      identity: () => {
        outside('identity');
        return 'me';
      },
      skip: () => {
        outside('skip');
        return false;
      },
      shouldRefresh: ({ status }) => {
        outside('shouldRefresh');
        return status === 401;
      },
    });
    const events = [
      'signedIn',
      'refreshing',
      'refreshed',
      'refreshFailed',
      'waiting',
      'replayed',
      'signedOut',
    ] as const;
    for (const event of events) session.on(event, () => outside(event));
    session.subscribe(() => outside('subscribe'));

    server.fault('/auth/refresh', { status: 503 });
    server.expire();
    await api.get('/echo');
    await session.refresh();
    server.revokeRefreshTokens();
    server.expire();
    await failureOf(api.get('/echo'));
    await session.signIn(server.issue());

    expect([...wrong]).toEqual([]);
    expect([...right].sort()).toEqual([...events, 'identity', 'shouldRefresh', 'skip', 'subscribe'].sort());
    expect(sources).toEqual([true, true, true, true]);
  });

  it('L5 lets a listener take the lock itself', async () => {
    const store = memoryStore();
    const server = await startServer();
    const { api, session } = clientOf(server, { store });
    await session.token();
    const read: unknown[] = [];
    for (const event of ['refreshing', 'refreshed', 'waiting', 'replayed'] as const) {
      session.on(event, async () => {
        read.push(await store.withLock(() => store.read(), LOCK));
      });
    }
    server.expire();
    await api.get('/echo');
    await store.withLock(async () => {}, LOCK);
    expect(read).toHaveLength(4);
  });

  it('L5 makes one attempt each time: the backoff waits unlocked, and others refresh meanwhile', async () => {
    const clock = installClock();
    const { seen, store } = watchStore(memoryStore());
    const { server, a, b } = await twoHolders(store, {
      backoff: { initial: 10 * SECOND, factor: 1, cap: 20 * SECOND },
    });
    const failed = watchEvent(a.session, 'refreshFailed');
    seen.holds = 0;
    server.fault('/auth/refresh', { status: 503 });
    server.expire();
    const waiting = a.api.get('/echo');
    await failed.count(1);
    expect(seen).toMatchObject({ locked: false, holds: 1 });
    expect((await b.api.get('/echo')).status).toBe(200);
    await clock.advance(25 * SECOND);
    expect((await waiting).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
    expect(await a.session.token()).toBe(await b.session.token());
  });

  it('L5 reads again after the backoff: without a hint, what another holder fetched meanwhile is adopted', async () => {
    const clock = installClock();
    const store = withoutHints(memoryStore());
    const { server, a, b } = await twoHolders(store, {
      backoff: { initial: 10 * SECOND, factor: 1, cap: 20 * SECOND },
    });
    const failed = watchEvent(a.session, 'refreshFailed');
    const news = watchEvent(a.session, 'refreshed');
    server.fault('/auth/refresh', { status: 503 });
    server.expire();
    const waiting = a.api.get('/echo');
    await failed.count(1);
    await b.api.get('/echo');
    await clock.advance(25 * SECOND);
    expect((await waiting).status).toBe(200);
    expect(news.all).toMatchObject([{ adopted: true }]);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });

  it('L5 takes the lock anew for each attempt, and never waits for it without a bound', async () => {
    const { seen, store } = watchStore(memoryStore());
    const server = await startServer();
    const { api, session } = clientOf(server, { store, backoff: QUICK, refreshRetries: 3 });
    await session.token();
    seen.journal = [];
    server.fault('/auth/refresh', { status: 503 }, { times: 3 });
    server.expire();
    await api.get('/echo');
    expect(server.stats.refresh).toBe(4);
    expect(seen.journal.filter((entry) => entry === 'locked')).toHaveLength(4);
    expect(seen.waits.every((ms) => Number.isFinite(ms) && ms > 0)).toBe(true);
  });

  it.each([
    ['refreshTimeout', 'there is no refresh token to spend', 'never answers', 7 * SECOND],
    ['refreshTimeout', 'there is no refresh token to spend', 'never answers and ignores its signal', 7 * SECOND],
    ['4 × refreshTimeout', 'a refresh token was presented', 'never answers', 28 * SECOND],
    ['4 × refreshTimeout', 'a refresh token was presented', 'never answers and ignores its signal', 28 * SECOND],
  ])(
    'L5 stays for %s at most, where %s, with a source that %s; requests wait for their own bound (L24)',
    async (_, which, manner, end) => {
      const clock = installClock();
      const { seen, store } = watchStore(memoryStore());
      const server = await startServer();
      const asked = deferred<AbortSignal>();
      const { access_token, refresh_token } = server.issue();
      const { api } = clientOf(server, {
        store,
        tokens: which === 'a refresh token was presented' ? { access_token, refresh_token } : access_token,
        refreshTimeout: 7 * SECOND,
        refreshRetries: 0,
        source: (_, { signal }) =>
          new Promise((_resolve, reject) => {
            asked.resolve(signal);
            if (manner === 'never answers') signal.addEventListener('abort', () => reject(signal.reason));
          }),
      });
      server.expire();
      const request = failureOf(api.get('/echo'));
      const signal = await asked.promise;
      await clock.advance(6 * SECOND);
      expect([seen.locked, signal.aborted]).toEqual([true, false]);
      await clock.advance(2 * SECOND);
      expect(await request).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE', response: { status: 401 } });
      if (end > 8 * SECOND) await clock.advance(end - 9 * SECOND);
      if (end > 8 * SECOND) expect([seen.locked, signal.aborted]).toEqual([true, false]);
      await clock.advance(2 * SECOND);
      expect([seen.locked, signal.aborted]).toEqual([false, true]);
    },
  );

  it('L5 is waited for with a bound: a holder that never lets go makes the others fail, not hang', async () => {
    const clock = installClock();
    const store = memoryStore();
    const server = await startServer();
    const { api, session } = clientOf(server, { store });
    await session.token();
    void store.withLock(() => new Promise(() => {}), { ...LOCK, holdMs: HOUR });
    server.expire();
    const failures = [failureOf(api.get('/echo')), failureOf(session.refresh())];
    const settled = Promise.all(failures);
    for (let minute = 0; minute < 10; minute += 1) {
      await clock.advance(MINUTE);
      await roundTrip(server, 1);
    }
    for (const { code } of await settled) expect(code).toBe('ERR_BEARER_UNAVAILABLE');
    expect(server.stats.refresh).toBe(0);
  });

  it('L5 finds no person: an interactive source is asked outside, and has no deadline', async () => {
    const clock = installClock();
    const { seen, store } = watchStore(memoryStore());
    const server = await startServer();
    const asked = deferred();
    const person = deferred();
    const { api } = clientOf(server, {
      store,
      tokens: undefined,
      refreshTimeout: SECOND,
      source: {
        interactive: true,
        obtain: async ({ signal }) => {
          asked.resolve();
          await person.promise;
          signal.throwIfAborted();
          return server.issue();
        },
      },
    });
    await roundTrip(server); // the store was read by then
    const request = api.get('/echo');
    await asked.promise;
    expect(seen.locked).toBe(false);
    await clock.advance(HOUR);
    person.resolve();
    expect((await request).status).toBe(200);
  });

  it.each([
    ['a person outside of it', true, [false]],
    ['a service under it', false, [true]],
  ])('L5 after a refused refresh token finds %s', async (_, interactive, expected) => {
    const { seen, store } = watchStore(memoryStore());
    const server = await startServer();
    const locked: boolean[] = [];
    const { api } = clientOf(server, {
      store,
      source: {
        interactive,
        refresh: () => Promise.reject(Object.assign(new Error('revoked'), { error: 'invalid_grant' })),
        obtain: async () => {
          locked.push(seen.locked);
          return server.issue();
        },
      },
    });
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(locked).toEqual(expected);
  });

  it('L5 is one for the whole refresh-token family: several instances and scopes never spend it side by side', async () => {
    const { seen, store } = watchStore(memoryStore());
    const server = await startServer();
    const client = clientOf(server, { store, tokens: { ...server.issue(), scope: 'read write' } });
    await client.session.token();
    const other = anotherInstance(client, { header: 'X-Access-Token', scheme: '' });
    const reader = clientOf(server, { store, tokens: undefined, source: refreshAt(server) });
    await reader.session.token();
    server.fault('/auth/refresh', { delay: 5 }, ALWAYS);
    server.expire();
    await Promise.all([
      client.api.get('/echo'),
      failureOf(other.get('/echo')), // the server knows no such header: its 401 is handed on
      reader.api.get('/echo'),
    ]);
    expect(server.stats.reuse).toBe(0);
    expect(seen.locked).toBe(false);
  });
});
