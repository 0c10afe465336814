import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type Held, memoryStore, type Stored, type TokenResponse, type TokenStore } from 'axios-bearer';
import {
  clockInHand,
  closeAll,
  codeOf,
  deferred,
  failureOf,
  lone,
  never,
  next,
  pair,
  record,
  scene,
  settle,
  storeWith,
} from '../support/sessions.js';
import { behavesLikeAStore, databaseStore, newRows, stored } from '../support/stores.js';

afterEach(closeAll);

const quick = { refreshTimeout: 25, refreshRetries: 1, backoff: { initial: 2, cap: 4 } };
const down = () => Promise.reject(new Error('ECONNREFUSED 10.0.0.7:6379'));

behavesLikeAStore('the store that these tests use', () => databaseStore(newRows()));

describe('a store of one’s own, shared by several processes', () => {
  async function processes(count: number) {
    const rows = newRows();
    const first = await scene({ store: databaseStore(rows) });
    await first.session.token();
    const all = [first];
    while (all.length < count) {
      const one = await scene({ server: first.server, store: databaseStore(rows), tokens: undefined });
      await one.session.token();
      all.push(one);
    }
    return { server: first.server, rows, all };
  }

  it('sees one refresh for all of them, and no refresh token twice (L3, L4)', async () => {
    const { server, all } = await processes(4);
    for (let round = 0; round < 3; round += 1) {
      server.expire();
      await Promise.all(all.flatMap(({ api }) => [api.get('/videos'), api.get('/echo')]));
    }
    expect(server.stats).toMatchObject({ refresh: 3, reuse: 0, ok: 24 });
  });

  it('is read again inside the lock: who comes second adopts, and asks nobody', async () => {
    const { server, all } = await processes(2);
    const [first, second] = all;
    await first!.session.refresh();
    server.expire();
    const { accessToken } = await first!.session.refresh();
    const seen = record(second!.session);
    expect((await second!.api.get('/videos')).status).toBe(200);
    expect(await second!.session.token()).toBe(accessToken);
    expect(seen.filter(([name]) => name === 'refreshed')).toMatchObject([
      ['refreshed', { adopted: true, generation: 3 }],
    ]);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });

  it('holds the new token before anybody uses it: durable before publish, before replay (L4)', async () => {
    const rows = newRows();
    const inner = databaseStore(rows);
    const order: string[] = [];
    const store = storeWith(
      {
        exclusive: (task, options) =>
          inner.exclusive(async (held) => {
            const commit: Held['commit'] = async (next) => {
              const done = await held.commit(next);
              order.push('committed');
              return done;
            };
            const result = await task({ ...held, commit });
            order.push('unlocked');
            return result;
          }, options),
      },
      inner,
    );
    const { server, api, session } = await scene({ store });
    await session.token();
    session.on('refreshed', () => order.push('refreshed'));
    session.on('replayed', () => order.push('replayed'));
    server.expire();
    await api.get('/videos');
    expect(order).toEqual(['committed', 'unlocked', 'refreshed', 'replayed']);
  });

  it('commits the same sign-in, its next generation, and what the answer left out (L11)', async () => {
    const rows = newRows();
    const session = lone({
      store: databaseStore(rows),
      tokens: pair('a', { scope: 'videos' }),
      source: async () => ({ access_token: 'at_b' }),
    });
    await session.token();
    const before = JSON.parse(rows.value!) as Stored;
    await session.refresh();
    expect(JSON.parse(rows.value!)).toEqual({
      session: before.session,
      generation: before.generation + 1,
      token: { accessToken: 'at_b', refreshToken: 'rt_a', scope: 'videos', issuedAt: expect.any(Number) },
    });
  });

  it('gives each sign-in a name of its own', async () => {
    const rows = newRows();
    const session = lone({ store: databaseStore(rows) });
    const names = new Set<string>();
    for (let i = 0; i < 3; i += 1) {
      await session.signIn(pair('a'));
      names.add((JSON.parse(rows.value!) as Stored).session);
    }
    expect(names.size).toBe(3);
  });

  it('signed out by another process: the next refresh here finds it, and presents nothing (L22)', async () => {
    const { server, all } = await processes(2);
    const [first, second] = all;
    await first!.session.signOut();
    server.expire();
    expect(await codeOf(second!.api.get('/videos'))).not.toBe('fulfilled');
    expect(second!.session.state).toEqual({ status: 'signed-out' });
    expect(server.stats.refresh).toBe(0);
  });

  it('signed in as somebody else by another process: a request that waits is not sent in their name (L21)', async () => {
    const { server, all } = await processes(2);
    const [first, second] = all;
    await first!.session.signIn(server.issue());
    server.fault('/echo/mine', { status: 401 });
    const seen = record(second!.session);
    const error = await failureOf(second!.api.get('/echo/mine'));
    expect(error).toMatchObject({ code: 'ERR_BEARER_IDENTITY', response: { status: 401 } });
    expect(server.log.filter(({ path }) => path === '/echo/mine')).toHaveLength(1);
    expect(server.stats.refresh).toBe(0);
    expect(await second!.session.token()).toBe(await first!.session.token());
    expect(seen.map(([name]) => name)).toContain('signedIn');
    expect(seen.map(([name]) => name)).not.toContain('refreshed');
  });
});

describe('an older token of the same sign-in, put back by somebody', () => {
  const older = { ...stored('a'), session: 'one' };
  const newer = { ...stored('a', 2), session: 'one' };

  it('is not presented again: the newer one is gone on with (L3)', async () => {
    const store = memoryStore();
    await store.replace(newer);
    const refresh = jest.fn(async ({ refreshToken }: { refreshToken?: string }) => pair(`after_${refreshToken}`));
    const session = lone({ store: storeWith({ subscribe: undefined }, store), source: { refresh } });
    await session.token();
    await store.replace(older);
    expect((await session.refresh()).accessToken).toBe('at_after_rt_a2');
    expect(await store.read()).toMatchObject({ session: 'one', generation: 3 });
  });

  it('is not adopted at a hint', async () => {
    const store = memoryStore();
    await store.replace(newer);
    const session = lone({ store });
    await session.token();
    await store.replace(older);
    await settle();
    expect(await session.token()).toBe('at_a2');
  });
});

describe('a commit that says false: the tokens were replaced meanwhile', () => {
  it('is not published: what the store holds then is', async () => {
    const inner = memoryStore();
    let replaced = false;
    const store = storeWith(
      {
        subscribe: undefined,
        exclusive: (task, options) =>
          inner.exclusive((held) => {
            const commit: Held['commit'] = async (next) => {
              if (!replaced) await inner.replace({ ...stored('x', 9), session: held.current!.session });
              replaced = true;
              return held.commit(next);
            };
            return task({ ...held, commit });
          }, options),
      },
      inner,
    );
    const session = lone({ ...quick, store, tokens: pair('a'), source: async () => pair('late') });
    await session.token();
    expect((await session.refresh()).accessToken).toBe('at_x9');
    expect(await session.token()).toBe('at_x9');
    expect(await inner.read()).toMatchObject({ generation: 9 });
  });

  /** While the source is asked, another process replaces what is there. */
  async function overtaken(by: Stored | undefined) {
    const inner = memoryStore();
    const refresh = async () => {
      await inner.replace(by);
      return pair('late');
    };
    const revoke = jest.fn(async (_: { accessToken: string }) => {});
    const store = storeWith({ subscribe: undefined }, inner);
    const session = lone({ ...quick, store, tokens: pair('a'), source: { refresh, revoke } });
    await session.token();
    return { session, revoke, refreshed: codeOf(session.refresh()) };
  }

  it('revokes the token that nobody will use, where the source can: somebody else has signed in', async () => {
    const { session, revoke, refreshed } = await overtaken(stored('bob'));
    expect(await refreshed).toBe('ERR_BEARER_IDENTITY');
    expect(await session.token()).toBe('at_bob1');
    expect(revoke.mock.calls).toMatchObject([[{ accessToken: 'at_late' }, {}]]);
  });

  it('L22 revokes the token that nobody will use, where the source can: somebody has signed out', async () => {
    const { session, revoke, refreshed } = await overtaken(undefined);
    expect(await refreshed).toBe('ERR_BEARER_SIGNED_OUT');
    expect(session.state).toEqual({ status: 'signed-out' });
    expect(revoke.mock.calls).toMatchObject([[{ accessToken: 'at_late' }, {}]]);
  });

  it('L3 for no reason keeps the token: it is what a sign-out revokes, and the source is asked no more', async () => {
    const inner = memoryStore();
    const exclusive: TokenStore['exclusive'] = (task, options) =>
      inner.exclusive((held) => task({ ...held, commit: async () => false }), options);
    const source = { refresh: jest.fn(async () => pair('late')), revoke: jest.fn(async (_: object) => {}) };
    const session = lone({ ...quick, store: storeWith({ exclusive }, inner), tokens: pair('a'), source });
    await session.token();
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_STORE');
    expect(await session.token()).toBe('at_a');
    expect(source.refresh).toHaveBeenCalledTimes(1);
    await session.signOut();
    expect(source.revoke.mock.calls).toMatchObject([[{ accessToken: 'at_late' }, {}]]);
  });

  it('again and again ends bounded, with a clear error and no storm', async () => {
    const inner = memoryStore();
    const store = storeWith(
      {
        exclusive: (task, options) => inner.exclusive((held) => task({ ...held, commit: async () => false }), options),
      },
      inner,
    );
    const source = jest.fn(async () => pair('late'));
    const session = lone({ ...quick, store, tokens: pair('a'), source });
    await session.token();
    expect(await codeOf(session.refresh())).toMatch(/^ERR_BEARER_(STORE|UNAVAILABLE)$/);
    expect(source.mock.calls.length).toBeLessThanOrEqual(quick.refreshRetries + 1);
  });
});

describe('a store that is down', () => {
  const everything: Partial<TokenStore> = { read: down, exclusive: down, replace: down };

  it('at the start fails requests with ERR_BEARER_STORE rather than send them signed out', async () => {
    const { server, api, session } = await scene({ ...quick, store: storeWith({ read: down }), tokens: undefined });
    const error = await failureOf(api.get('/public'));
    expect(error).toMatchObject({ code: 'ERR_BEARER_STORE', isAxiosError: true, config: { url: '/public' } });
    expect(error.cause.message).toContain('ECONNREFUSED');
    expect(await codeOf(session.token())).toBe('ERR_BEARER_STORE');
    expect(server.stats.requests).toBe(0);
  });

  it('at the start goes on failing requests while it is down: none is taken for signed out', async () => {
    const { server, api } = await scene({ ...quick, store: storeWith({ read: down }), tokens: undefined });
    for (const attempt of [1, 2, 3])
      expect([attempt, await codeOf(api.get('/public'))]).toEqual([attempt, 'ERR_BEARER_STORE']);
    expect(server.stats.requests).toBe(0);
  });

  it('at the start and up again later: the session is found then', async () => {
    const store = memoryStore();
    await store.replace(stored('saved'));
    let isDown = true;
    const session = lone({ ...quick, store: storeWith({ read: () => (isDown ? down() : store.read()) }, store) });
    expect(await codeOf(session.token())).toBe('ERR_BEARER_STORE');
    isDown = false;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await session.token()).toBe('at_saved1');
  });

  it('lets a live token go on serving (L13)', async () => {
    let isDown = false;
    const inner = memoryStore();
    const store = storeWith(
      {
        read: () => (isDown ? down() : inner.read()),
        exclusive: (task, options) => (isDown ? down() : inner.exclusive(task, options)),
      },
      inner,
    );
    const { server, api, session } = await scene({ ...quick, store });
    await session.token();
    isDown = true;
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_STORE');
    expect((await api.get('/videos')).status).toBe(200);
    expect(session.state.status).toBe('active');
    expect(server.stats.refresh).toBe(0);
  });

  it('is never bypassed: no refresh token is presented without the lock (L13)', async () => {
    const source = jest.fn(async () => pair('b'));
    const session = lone({ ...quick, store: storeWith({ exclusive: down }), tokens: pair('a'), source });
    await session.token();
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_STORE');
    expect(source).not.toHaveBeenCalled();
  });

  it('at the commit fails the flight, keeps the session, and recovers when it is up again', async () => {
    const inner = memoryStore();
    let isDown = true;
    const store = storeWith(
      {
        exclusive: (task, options) =>
          inner.exclusive((held) => task({ ...held, commit: isDown ? down : held.commit }), options),
      },
      inner,
    );
    const session = lone({ ...quick, store, tokens: pair('a'), source: async () => pair('b') });
    await session.token();
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_STORE');
    expect(session.state.status).toBe('active');
    isDown = false;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await session.refresh()).accessToken).toBe('at_b');
  });

  it('L3 at the commit loses nothing: what the server answered is committed later, and no token is presented twice', async () => {
    const inner = memoryStore();
    let failures = 2;
    const flaky = (held: Held) => (next: Stored | undefined) => (failures-- > 0 ? down() : held.commit(next));
    const store = storeWith(
      { exclusive: (task, options) => inner.exclusive((held) => task({ ...held, commit: flaky(held) }), options) },
      inner,
    );
    const { server, api, session } = await scene({ ...quick, refreshTimeout: 5_000, refreshRetries: 0, store });
    await session.token();
    server.expire();
    for (const round of [1, 2]) {
      expect([round, await codeOf(api.get('/videos'))]).toEqual([round, 'ERR_BEARER_STORE']);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it('L3 whose lock comes when nobody waits for it any more: nothing is presented then', async () => {
    const clock = clockInHand();
    const inner = memoryStore();
    let slow = true;
    const opened = deferred();
    const store = storeWith(
      {
        exclusive: async (task, options) => {
          if (slow) await opened.promise;
          return inner.exclusive(task, options);
        },
      },
      inner,
    );
    const { server, api, session } = await scene({ refreshTimeout: 1_000, refreshRetries: 0, store });
    await session.token();
    server.expire();
    const begun = next(session, 'refreshing');
    const request = codeOf(api.get('/videos'));
    await begun;
    // Four times refreshTimeout, and a tenth of a second, are waited for a store.
    await clock.advance(4_200);
    expect(await request).toBe('ERR_BEARER_STORE');
    slow = false;
    opened.resolve();
    await settle();
    expect(server.stats.refresh).toBe(0);
    await clock.advance(1_000);
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it('L3 that let an attempt in late keeps what it brings, though nobody waits for it any more', async () => {
    const clock = clockInHand();
    const inner = memoryStore();
    const [opened, answered] = [deferred(), deferred<TokenResponse>()];
    const slowly: TokenStore['exclusive'] = (task, options) =>
      opened.promise.then(() => inner.exclusive(task, options));
    const source = jest.fn(() => answered.promise);
    const options = { refreshTimeout: 1_000, refreshRetries: 0, tokens: pair('a'), source };
    const session = lone({ ...options, store: storeWith({ exclusive: slowly }, inner) });
    await session.token();
    const refreshing = codeOf(session.refresh());
    await clock.advance(4_000);
    opened.resolve();
    await clock.advance(200);
    expect(await refreshing).toBe('ERR_BEARER_STORE');
    answered.resolve(pair('b'));
    await clock.advance(1_000);
    expect([await session.token(), await inner.read()]).toMatchObject(['at_b', { generation: 2 }]);
    expect(source).toHaveBeenCalledTimes(1);
  });

  it('tells so, with ms to come back after, and no secrets', async () => {
    const session = lone({ ...quick, store: storeWith({ exclusive: down }), tokens: pair('a') });
    await session.token();
    const failed = next(session, 'refreshFailed');
    const error = await failureOf(session.refresh());
    expect(error).toMatchObject({ code: 'ERR_BEARER_STORE', retryAfter: expect.any(Number) });
    expect(await failed).toMatchObject({ error: { code: 'ERR_BEARER_STORE' }, retryAfter: expect.any(Number) });
    expect(JSON.stringify(error) + error.stack).not.toMatch(/[ar]t_a/);
  });

  it('at sign-out: signed out here all the same, and the promise rejects with ERR_BEARER_STORE (L22)', async () => {
    const inner = memoryStore();
    const store = storeWith({ replace: (next) => (next ? inner.replace(next) : down()) }, inner);
    const { server, api, session } = await scene({ ...quick, store });
    await session.token();
    expect(await codeOf(session.signOut())).toBe('ERR_BEARER_STORE');
    expect(session.state).toEqual({ status: 'signed-out' });
    expect(await codeOf(session.token())).toBe('ERR_BEARER_SIGNED_OUT');
    expect((await api.get('/public')).data).toEqual({ authorization: false });
    expect(server.stats.refresh).toBe(0);
  });

  it('throws at once instead of rejecting: the same', async () => {
    const throws = () => {
      throw new Error('not connected');
    };
    const session = lone({ ...quick, store: { read: throws, exclusive: throws, replace: throws } });
    expect(await codeOf(session.token())).toBe('ERR_BEARER_STORE');
    expect(await codeOf(session.signIn(pair('a')))).toBe('ERR_BEARER_STORE');
    expect(await codeOf(session.signOut())).toBe('ERR_BEARER_STORE');
  });

  it('from beginning to end: everything settles, and nothing is sent', async () => {
    const { server, api, session } = await scene({ ...quick, store: storeWith(everything), tokens: pair('a') });
    const all = [api.get('/videos'), session.token(), session.refresh(), session.signIn(pair('b'))];
    for (const code of await Promise.all(all.map(codeOf))) expect(code).toMatch(/^ERR_BEARER_/);
    expect(await codeOf(session.signOut())).toBe('ERR_BEARER_STORE');
    expect(server.stats.requests).toBe(0);
  });
});

describe('hints', () => {
  it('make the session read the store again, and nothing that is told with them is believed', async () => {
    const inner = memoryStore();
    let hint!: (...data: unknown[]) => void;
    const store = storeWith(
      {
        subscribe(changed) {
          hint = changed;
          return () => {};
        },
      },
      inner,
    );
    const session = lone({ store, tokens: pair('a') });
    await session.token();
    const { session: name } = (await inner.read())!;
    await inner.replace({ ...stored('elsewhere', 2), session: name });
    expect(await session.token()).toBe('at_a');
    const seen = record(session);
    hint({ token: { accessToken: 'forged' } });
    await settle();
    expect(await session.token()).toBe('at_elsewhere2');
    expect(seen).toMatchObject([['refreshed', { adopted: true, generation: 2 }]]);
  });

  it('that find nothing new change nothing, and tell nobody', async () => {
    const store = memoryStore();
    const session = lone({ store, tokens: pair('a') });
    await session.token();
    const seen = record(session);
    const before = session.state;
    await store.replace(await store.read());
    await settle();
    expect(seen).toEqual([]);
    expect(session.state).toBe(before);
  });

  it('of another user’s sign-in make it their session, and tell signedIn', async () => {
    const store = memoryStore();
    const session = lone({ store, tokens: pair('a') });
    await session.token();
    const seen = record(session);
    await store.replace(stored('bob'));
    await settle();
    expect(await session.token()).toBe('at_bob1');
    expect(seen.map(([name]) => name)).toContain('signedIn');
  });

  it('when the store can’t be read leave everything as it is', async () => {
    const inner = memoryStore();
    let isDown = false;
    const session = lone({
      ...quick,
      store: storeWith({ read: () => (isDown ? down() : inner.read()) }, inner),
      tokens: pair('a'),
    });
    await session.token();
    isDown = true;
    await inner.replace(stored('bob'));
    await settle();
    expect(await session.token()).toBe('at_a');
  });

  it('are no longer heard after close()', async () => {
    const stop = jest.fn();
    const session = lone({ store: storeWith({ subscribe: () => stop }), tokens: pair('a') });
    expect(stop).not.toHaveBeenCalled();
    session.close();
    expect(stop).toHaveBeenCalledTimes(1);
  });
});

describe('a lock that is lost: held.signal', () => {
  it('ends the source’s call: another holder may be at work already', async () => {
    const inner = memoryStore();
    const lost = new AbortController();
    let signal: AbortSignal | undefined;
    const store = storeWith(
      { exclusive: (task, options) => inner.exclusive((held) => task({ ...held, signal: lost.signal }), options) },
      inner,
    );
    const session = lone({
      ...quick,
      store,
      tokens: pair('a'),
      source: (_, ctx) => {
        signal = ctx.signal;
        return never;
      },
    });
    await session.token();
    const refresh = codeOf(session.refresh());
    await settle();
    lost.abort();
    await settle();
    expect(signal?.aborted).toBe(true);
    expect(await refresh).toMatch(/^ERR_BEARER_/);
  });
});
