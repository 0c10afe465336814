import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  type Lock,
  memoryStore,
  type RefreshFunction,
  type SessionOptions,
  type StoreEntry,
  type TokenResponse,
  type TokenStore,
} from 'axios-bearer';
import {
  cleanUp,
  clientOf,
  codeOf,
  deferred,
  failureOf,
  installClock,
  recordEvents,
  refreshing,
  settle,
  startClient,
  startSession,
  stateOf,
  storeWith,
  tokenPair,
} from '../support/kit.js';
import { databaseStore, newRows, signedOut, stored } from '../support/stores.js';

afterEach(cleanUp);

const quick = { refreshTimeout: 30_000, refreshRetries: 1, backoff: { initial: 2, cap: 4 } };
const down = () => Promise.reject(new Error('ECONNREFUSED 10.0.0.7:6379'));

describe('a store of one’s own, shared by several processes', () => {
  async function processes(count: number) {
    const rows = newRows();
    const first = await startClient({ store: databaseStore(rows) });
    await first.session.token();
    const all = [first];
    while (all.length < count) {
      const one = clientOf(first.server, { store: databaseStore(rows), tokens: undefined });
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
    const seen = recordEvents(second!.session);
    expect((await second!.api.get('/videos')).status).toBe(200);
    expect(await second!.session.token()).toBe(accessToken);
    expect(seen.filter(([name]) => name === 'refreshed')).toMatchObject([
      ['refreshed', { adopted: true, generation: 2 }],
    ]);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });

  it('holds the new token before anybody uses it: durable before publish, before replay (L4)', async () => {
    const rows = newRows();
    const inner = databaseStore(rows);
    const order: string[] = [];
    const store = storeWith(
      {
        write: async (next) => {
          const written = await inner.write(next);
          if (next.version > 1) order.push(next.sent ? 'marked' : 'written');
          return written;
        },
        withLock: async (task, options) => {
          const result = await inner.withLock(task, options);
          order.push('unlocked');
          return result;
        },
      },
      inner,
    );
    const { server, api, session } = await startClient({ store });
    await session.token();
    order.length = 0;
    session.on('refreshed', () => order.push('refreshed'));
    session.on('replayed', () => order.push('replayed'));
    server.expire();
    await api.get('/videos');
    expect(order).toEqual(['marked', 'written', 'unlocked', 'refreshed', 'replayed']);
  });

  it.each([
    ['no first token', undefined],
    ['a first token', tokenPair('saved', { expires_in: 3600 })],
  ])(
    'knows its own sign-in when the first read is late, and finds it in the store (L21): with %s',
    async (_, tokens) => {
      const inner = memoryStore();
      const wrote = deferred();
      const found = deferred();
      const store = storeWith(
        {
          async read() {
            await wrote.promise;
            found.resolve();
            return inner.read();
          },
          async write(next) {
            const there = await inner.write(next);
            wrote.resolve();
            await found.promise;
            await settle();
            return there;
          },
        },
        inner,
      );
      const session = startSession({ store, tokens });
      expect(await session.signIn(tokenPair('mine'))).toMatchObject({ accessToken: 'at_mine' });
    },
  );

  it('writes the same sign-in, and what the answer left out (L11)', async () => {
    const rows = newRows();
    const session = startSession({
      store: databaseStore(rows),
      tokens: tokenPair('a', { scope: 'videos' }),
      source: async () => ({ access_token: 'at_b' }),
    });
    await session.token();
    const before = JSON.parse(rows.value!) as StoreEntry;
    await session.refresh();
    expect(JSON.parse(rows.value!)).toEqual({
      session: before.session,
      id: expect.any(String),
      // The mark, before anything was presented, was a write too.
      version: before.version + 2,
      token: { accessToken: 'at_b', refreshToken: 'rt_a', scope: 'videos', issuedAt: expect.any(Number) },
    });
  });

  it('gives each sign-in a name of its own', async () => {
    const rows = newRows();
    const session = startSession({ store: databaseStore(rows) });
    const names = new Set<string>();
    for (let i = 0; i < 3; i += 1) {
      await session.signIn(tokenPair('a'));
      names.add((JSON.parse(rows.value!) as StoreEntry).session);
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
    const seen = recordEvents(second!.session);
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

  /** A store that holds the data of an old backup, from a moment on. */
  async function restored() {
    const inner = memoryStore();
    await inner.write(newer);
    let isOld = false;
    let hint!: () => void;
    const store = storeWith(
      {
        read: async () => (isOld ? older : inner.read()),
        subscribe: (changed) => {
          hint = changed;
          return () => {};
        },
      },
      inner,
    );
    const restore = () => {
      isOld = true;
      hint();
    };
    return { inner, store, restore };
  }

  it('is not presented again: the newer one is gone on with (L3)', async () => {
    const { inner, store, restore } = await restored();
    const refresh = jest.fn(async ({ refreshToken }: { refreshToken?: string }) => tokenPair(`after_${refreshToken}`));
    const session = startSession({ store, source: { refresh } });
    await session.token();
    restore();
    expect((await session.refresh()).accessToken).toBe('at_after_rt_a2');
    expect(await inner.read()).toMatchObject({ session: 'one', token: { accessToken: 'at_after_rt_a2' } });
  });

  it('is not adopted at a hint', async () => {
    const { store, restore } = await restored();
    const session = startSession({ store });
    await session.token();
    restore();
    await settle();
    expect(await session.token()).toBe('at_a2');
  });
});

describe('a refresh whose result finds something newer in the store', () => {
  /** While the source is asked, another holder writes. */
  async function overtaken(by: (stored: StoreEntry) => StoreEntry, options: { tokens?: TokenResponse } = {}) {
    const inner = memoryStore();
    const refresh = jest.fn(async (_: object) => {
      await inner.write(by((await inner.read())!));
      return tokenPair('late');
    });
    const revoke = jest.fn(async (_: { accessToken: string }) => {});
    const store = storeWith({ subscribe: undefined }, inner);
    const session = startSession({ ...quick, store, tokens: tokenPair('a'), source: { refresh, revoke }, ...options });
    await session.token();
    return { session, inner, refresh, revoke, refreshed: codeOf(session.refresh()) };
  }
  const next = (entry: StoreEntry, name: string): StoreEntry => ({
    ...stored(name, entry.version + 1),
    session: entry.session,
  });

  it('L4 is not published when another refresh has come to something: what the store holds then is', async () => {
    const { session, inner, refreshed, revoke } = await overtaken((entry) => next(entry, 'x'));
    expect(await refreshed).toBe('fulfilled');
    expect(await session.token()).toMatch(/^at_x/);
    expect(await inner.read()).toMatchObject({ token: { accessToken: await session.token() } });
    // Of the same session: its revocation may be the end of what rests there.
    expect(revoke).not.toHaveBeenCalled();
  });

  it('L3 L4 is written above it where its refresh token is the one that was presented', async () => {
    const { session, inner, refreshed } = await overtaken((entry) => ({
      ...next(entry, 'x'),
      token: { ...next(entry, 'x').token!, refreshToken: 'rt_a' },
    }));
    expect(await refreshed).toBe('fulfilled');
    expect(await session.token()).toBe('at_late');
    expect(await inner.read()).toMatchObject({ token: { refreshToken: 'rt_late' } });
  });

  it('revokes the token that nobody will use, where the source can: somebody else has signed in', async () => {
    const { session, revoke, refreshed } = await overtaken(({ version }) => stored('bob', version + 1));
    expect(await refreshed).toBe('ERR_BEARER_IDENTITY');
    expect(await session.token()).toMatch(/^at_bob/);
    expect(revoke.mock.calls).toMatchObject([[{ accessToken: 'at_late' }, {}]]);
  });

  it('L22 revokes the token that nobody will use, where the source can: somebody has signed out', async () => {
    const { session, revoke, refreshed } = await overtaken(({ version, session }) => signedOut(session, version + 1));
    expect(await refreshed).toBe('ERR_BEARER_SIGNED_OUT');
    expect(session.state).toEqual({ status: 'signed-out' });
    expect(revoke.mock.calls).toMatchObject([[{ accessToken: 'at_late' }, {}]]);
  });
});

describe('a store that answers each write with something else', () => {
  it('L13 L24 from a replica that is behind: is asked as often as the options say', async () => {
    const log: StoreEntry[] = [];
    let isBehind = false;
    const write = jest.fn(async (next: StoreEntry) => {
      log.push(next);
      return isBehind ? log[0]! : next;
    });
    const store: TokenStore = { read: async () => log.at(-1), write, withLock: memoryStore().withLock };
    const source = jest.fn(async () => tokenPair('c'));
    const session = startSession({ store, source, ...quick });
    await session.signIn(tokenPair('a'));
    await session.update(tokenPair('b'));
    isBehind = true;
    write.mockClear();
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_STORE');
    expect(write).toHaveBeenCalledTimes(2);
    expect(source).not.toHaveBeenCalled();
  });

  /** Takes no result of a refresh. */
  function stubborn() {
    const inner = memoryStore();
    const write: TokenStore['write'] = async (next) =>
      next.token?.accessToken === 'at_late' ? (await inner.read())! : inner.write(next);
    return storeWith({ write }, inner);
  }

  it('L3 for no reason keeps the token: it is what a sign-out revokes, and the source is asked no more', async () => {
    const source = { refresh: jest.fn(async () => tokenPair('late')), revoke: jest.fn(async (_: object) => {}) };
    const session = startSession({ ...quick, store: stubborn(), tokens: tokenPair('a'), source });
    await session.token();
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_STORE');
    expect(await session.token()).toBe('at_a');
    expect(source.refresh).toHaveBeenCalledTimes(1);
    await session.signOut();
    expect(source.revoke.mock.calls).toMatchObject([[{ accessToken: 'at_late' }, {}]]);
  });

  it('again and again ends bounded, with a clear error and no storm', async () => {
    const source = jest.fn(async () => tokenPair('late'));
    const session = startSession({ ...quick, store: stubborn(), tokens: tokenPair('a'), source });
    await session.token();
    expect(await codeOf(session.refresh())).toMatch(/^ERR_BEARER_(STORE|UNAVAILABLE)$/);
    expect(source).toHaveBeenCalledTimes(1);
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
    const session = startSession({ store, tokens: tokenPair('a') });
    await session.token();
    const { session: name, version } = (await inner.read())!;
    await inner.write({ ...stored('elsewhere', version + 1), session: name });
    expect(await session.token()).toBe('at_a');
    const seen = recordEvents(session);
    hint({ token: { accessToken: 'forged' } });
    await settle();
    expect(await session.token()).toBe('at_elsewhere2');
    expect(seen).toMatchObject([['refreshed', { adopted: true, generation: 2 }]]);
  });

  it('that find nothing new change nothing, and tell nobody', async () => {
    const store = memoryStore();
    const session = startSession({ store, tokens: tokenPair('a') });
    await session.token();
    const seen = recordEvents(session);
    const before = session.state;
    await store.write({ ...(await store.read())!, version: 2, id: 'the same token, written anew' });
    await settle();
    expect(seen).toEqual([]);
    expect(session.state).toBe(before);
  });

  it('of another user’s sign-in make it their session, and tell signedIn', async () => {
    const store = memoryStore();
    const session = startSession({ store, tokens: tokenPair('a') });
    await session.token();
    const seen = recordEvents(session);
    await store.write(stored('bob', 2));
    await settle();
    expect(await session.token()).toBe('at_bob2');
    expect(seen.map(([name]) => name)).toContain('signedIn');
  });

  it('when the store can’t be read leave everything as it is', async () => {
    const inner = memoryStore();
    let isDown = false;
    const session = startSession({
      ...quick,
      store: storeWith({ read: () => (isDown ? down() : inner.read()) }, inner),
      tokens: tokenPair('a'),
    });
    await session.token();
    isDown = true;
    await inner.write(stored('bob', 2));
    await settle();
    expect(await session.token()).toBe('at_a');
  });

  it('are no longer heard after close()', async () => {
    const stop = jest.fn();
    const session = startSession({ store: storeWith({ subscribe: () => stop }), tokens: tokenPair('a') });
    expect(stop).not.toHaveBeenCalled();
    await session.close();
    expect(stop).toHaveBeenCalledTimes(1);
  });

  describe('that can’t be given, or stopped, break nothing', () => {
    const fails = () => {
      throw new Error('no connection');
    };

    it.each<[string, unknown]>([
      ['subscribe() throws', fails],
      ['subscribe() rejects', down],
      ['subscribe() returns nothing', () => undefined],
      ['subscribe() returns an object', () => ({ unsubscribe() {} })],
      ['the way to stop throws', () => fails],
      ['the way to stop rejects', () => down],
    ])('L23 %s: the session is made, and closed', async (_, subscribe) => {
      const said = jest.spyOn(console, 'error').mockImplementation(() => {});
      const store = storeWith({ subscribe: subscribe as TokenStore['subscribe'] });
      const session = startSession({ store, tokens: tokenPair('a'), keepFresh: true });
      expect(await session.token()).toBe('at_a');
      expect(await codeOf(session.close())).toBe('fulfilled');
      expect(session.state.status).toBe('signed-out');
      await settle();
      const lines = said.mock.calls.map(([line]) => line);
      said.mockRestore();
      expect(lines).toHaveLength(_.includes('nothing') ? 0 : 1);
      for (const line of lines) expect(line).toMatch(/^axios-bearer: The token store failed: /);
    });

    it('L23 where subscribe() is async, the way to stop is called all the same', async () => {
      const stop = jest.fn();
      const subscribe = (async () => stop) as unknown as TokenStore['subscribe'];
      const session = startSession({ store: storeWith({ subscribe }), tokens: tokenPair('a') });
      await session.close();
      expect(stop).toHaveBeenCalledTimes(1);
    });
  });

  it('are many at once, and cause two reads: one more than is under way', async () => {
    const inner = memoryStore();
    const read = jest.fn(inner.read);
    let hint = () => {};
    const subscribe = (changed: () => void) => {
      hint = changed;
      return () => {};
    };
    const session = startSession({ store: storeWith({ read, subscribe }, inner), tokens: tokenPair('a') });
    await session.token();
    await settle();
    read.mockClear();
    await inner.write(stored('bob', 2));
    for (let i = 0; i < 500; i += 1) hint();
    await settle();
    expect(read).toHaveBeenCalledTimes(2);
    expect(await session.token()).toBe('at_bob2');
  });

  it('L23 of a store whose read() gives one itself make no loop', async () => {
    const inner = memoryStore();
    let hint = () => {};
    const read = jest.fn(async () => {
      if (read.mock.calls.length < 1_000) hint();
      return inner.read();
    });
    const subscribe = (changed: () => void) => {
      hint = changed;
      return () => {};
    };
    const session = startSession({ store: storeWith({ read, subscribe }, inner), tokens: tokenPair('a') });
    await session.token();
    for (let i = 0; i < 20; i += 1) await settle();
    expect(read.mock.calls.length).toBeLessThan(10);
  });
});

describe('a store that can’t be read', () => {
  it('L24 is asked no more often than the backoff allows, and its error is told meanwhile', async () => {
    const read = jest.fn(down);
    const store = storeWith({ read, subscribe: undefined });
    const session = startSession({ store, backoff: { initial: 60_000, cap: 60_000 } });
    for (let i = 0; i < 20; i += 1) expect(await codeOf(session.token())).toBe('ERR_BEARER_STORE');
    expect(read).toHaveBeenCalledTimes(1);
    const { retryAfter, message } = await failureOf(session.token());
    expect(retryAfter).toBeGreaterThan(50_000);
    expect(message).toContain('ECONNREFUSED');
  });

  it('is asked again when the backoff is over', async () => {
    const clock = installClock();
    const inner = memoryStore();
    await inner.write(stored('ada', 1));
    const read = jest.fn(inner.read).mockImplementationOnce(down);
    const session = startSession({ store: storeWith({ read, subscribe: undefined }, inner) });
    expect(await codeOf(session.token())).toBe('ERR_BEARER_STORE');
    await clock.advance(1_000);
    expect(await session.token()).toBe('at_ada1');
  });

  it('is asked again at a hint', async () => {
    const inner = memoryStore();
    await inner.write(stored('ada', 1));
    const read = jest.fn(inner.read).mockImplementationOnce(down);
    let hint = () => {};
    const subscribe = (changed: () => void) => {
      hint = changed;
      return () => {};
    };
    const session = startSession({ store: storeWith({ read, subscribe }, inner), backoff: { initial: 60_000 } });
    expect(await codeOf(session.token())).toBe('ERR_BEARER_STORE');
    hint();
    expect(await session.token()).toBe('at_ada1');
  });
});

describe('a lock', () => {
  it('is given back when close() resolves: a deployment keeps nobody waiting for a lease', async () => {
    const inner = memoryStore();
    const [isOver, isFree] = [deferred(), deferred()];
    const withLock: TokenStore['withLock'] = async (task, options) => {
      const outcome = await inner.withLock(task, options);
      isOver.resolve();
      await isFree.promise;
      return outcome;
    };
    await inner.write(stored('a', 1, { expiresAt: 1 }));
    const session = startSession({ store: storeWith({ withLock }, inner), source: async () => tokenPair('b') });
    void session.token().catch(() => {});
    await isOver.promise;
    const closing = session.close();
    expect(await stateOf(closing)).toBe('pending');
    isFree.resolve();
    expect(await codeOf(closing)).toBe('fulfilled');
  });
});

describe('a lock that is no good', () => {
  const locking = (inner: TokenStore, lock: Partial<Lock>) =>
    storeWith({ withLock: (task, options) => inner.withLock(() => task(lock as Lock), options) }, inner);
  const throws = () => {
    throw new Error('connection lost, holding at_a');
  };

  it('L13 L20 whose isHeld() throws: nothing is sent, no token is in the error, and the mark is taken off', async () => {
    const inner = memoryStore();
    const refresh = jest.fn<RefreshFunction>(async () => tokenPair('b'));
    const store = locking(inner, { signal: new AbortController().signal, isHeld: throws });
    const tokens = tokenPair('a', { expires_in: -1 });
    const session = startSession({ store, source: refresh, tokens, refreshRetries: 0, backoff: { initial: 60_000 } });
    const { code, message, retryAfter } = await failureOf(session.token());
    expect(code).toBe('ERR_BEARER_STORE');
    expect(message).not.toContain('at_a');
    expect(retryAfter).toBeGreaterThan(0);
    expect((await inner.read())?.sent).toBeUndefined();
    expect(refresh).not.toHaveBeenCalled();
  });

  it.each<[string, object]>([
    ['without a signal', {}],
    ['whose isHeld() is async', { isHeld: async () => false }],
  ])('L13 %s counts as one that can’t be lost', async (_, lock) => {
    const said = jest.spyOn(console, 'error').mockImplementation(() => {});
    const session = startSession({
      store: locking(memoryStore(), lock),
      source: async () => tokenPair('b'),
      tokens: tokenPair('a', { expires_in: -1 }),
    });
    expect(await session.token()).toBe('at_b');
    const lines = said.mock.calls.map(([line]) => line);
    said.mockRestore();
    expect(lines).toEqual('isHeld' in lock ? [expect.stringContaining('"isHeld"')] : []);
  });
});

describe('a lock that is lost', () => {
  const losing = (inner: TokenStore, lock: Partial<Lock>) =>
    storeWith({ withLock: (task, options) => inner.withLock((held) => task({ ...held, ...lock }), options) }, inner);

  it.each<[string, Partial<Lock>]>([
    ['by its signal', { signal: AbortSignal.abort() }],
    ['when it is asked', { isHeld: () => false }],
  ])('L5 before anything was sent: nothing is sent (told %s)', async (_, lock) => {
    const inner = memoryStore();
    const { server, session } = await startClient({ ...quick, store: losing(inner, lock), tokens: undefined });
    await session.signIn(server.issue());
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_STORE');
    expect(server.stats.refresh).toBe(0);
    expect((await inner.read())?.sent).toBeUndefined();
  });

  it('L5 while a source prepares its request: nothing is sent with its client', async () => {
    let isHeld = true;
    const source: RefreshFunction = async (token, ctx) => {
      isHeld = false;
      return refreshing(token, ctx);
    };
    const store = losing(memoryStore(), { isHeld: () => isHeld });
    const { server, session } = await startClient({ ...quick, store, tokens: undefined, source });
    await session.signIn(server.issue());
    expect(await codeOf(session.refresh())).toMatch(/^ERR_BEARER_(STORE|UNAVAILABLE)$/);
    expect(server.stats.refresh).toBe(0);
  });

  it('L3 after it was sent: the answer is waited for, written, and used', async () => {
    const inner = memoryStore();
    const lost = new AbortController();
    const answer = deferred<TokenResponse>();
    const asked = deferred<AbortSignal>();
    const session = startSession({
      store: losing(inner, { signal: lost.signal, isHeld: () => !lost.signal.aborted }),
      source: (_, { signal }) => {
        asked.resolve(signal);
        return answer.promise;
      },
    });
    await session.signIn(tokenPair('a'));
    const refresh = session.refresh();
    const signal = await asked.promise;
    lost.abort();
    await settle();
    expect(signal.aborted).toBe(false);
    answer.resolve(tokenPair('b'));
    expect((await refresh).accessToken).toBe('at_b');
    expect(await inner.read()).toMatchObject({ token: { refreshToken: 'rt_b' } });
  });
});

describe('the mark of another holder that is about to present the refresh token', () => {
  async function marked(options: Partial<SessionOptions> = {}) {
    const store = memoryStore();
    const entry = { ...stored('a'), sent: 'another holder' };
    await store.write(entry);
    const refresh = jest.fn(async (_: object) => tokenPair('mine'));
    const session = startSession({ store, source: refresh, ...options });
    await session.token();
    return { store, entry, refresh, session };
  }

  it('L3 is waited for, and what it has brought is taken', async () => {
    const { store, entry, refresh, session } = await marked();
    const refreshed = session.refresh();
    await settle();
    expect(refresh).not.toHaveBeenCalled();
    await store.write({ ...stored('theirs', entry.version + 1), session: entry.session });
    expect((await refreshed).accessToken).toMatch(/^at_theirs/);
    expect(refresh).not.toHaveBeenCalled();
  });

  it('L3 that was taken off means that it may be presented here', async () => {
    const { store, entry, refresh, session } = await marked();
    const refreshed = session.refresh();
    await settle();
    const { sent, ...rest } = entry;
    await store.write({ ...rest, version: entry.version + 1, id: 'without the mark' });
    expect((await refreshed).accessToken).toBe('at_mine');
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it('L13 L24 is not waited for longer than seven times refreshTimeout: its holder must have died', async () => {
    const clock = installClock();
    const { refresh, session } = await marked({ refreshTimeout: 1_000, refreshRetries: 9 });
    const refreshed = session.refresh();
    await clock.advance(6_900);
    expect(refresh).not.toHaveBeenCalled();
    await clock.advance(1_200);
    expect((await refreshed).accessToken).toBe('at_mine');
  });

  it('L3 is heeded again when the same holder marks anew, though an earlier mark was waited out', async () => {
    const clock = installClock();
    const { store, refresh, session } = await marked({ refreshTimeout: 1_000, refreshRetries: 9 });
    const first = session.refresh();
    await clock.advance(8_100);
    await first;
    const { id, ...mine } = (await store.read())!;
    await store.write({ ...mine, version: mine.version + 1, id: 'marked anew', sent: 'another holder' });
    const second = session.refresh();
    await clock.advance(3_000);
    expect(refresh).toHaveBeenCalledTimes(1);
    const theirs = { ...stored('theirs', mine.version + 2), session: mine.session };
    await store.write(theirs);
    expect((await second).accessToken).toBe(theirs.token?.accessToken);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it('L3 found without hints: the store is read each second', async () => {
    const clock = installClock();
    const inner = memoryStore();
    const entry = { ...stored('a'), sent: 'another holder' };
    await inner.write(entry);
    const refresh = jest.fn(async (_: object) => tokenPair('mine'));
    const session = startSession({ store: storeWith({ subscribe: undefined }, inner), source: refresh });
    await session.token();
    const refreshed = session.refresh();
    await clock.advance(100);
    await inner.write({ ...stored('theirs', entry.version + 1), session: entry.session });
    await clock.advance(1_100);
    expect((await refreshed).accessToken).toMatch(/^at_theirs/);
    expect(refresh).not.toHaveBeenCalled();
  });
});
