import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { memoryStore, type StoreEntry, storageStore, type TokenResponse, type TokenStore } from 'axios-bearer';
import {
  cleanUp,
  codeOf,
  deferred,
  failureOf,
  nextEvent,
  oneOnTheWireOneInTheGate,
  recordEvents,
  restsIn,
  settle,
  startClient,
  startSession,
  storeWith,
  tokenPair,
} from '../support/kit.js';
import { databaseStore, newRows, stored } from '../support/stores.js';

afterEach(cleanUp);

/** As AsyncStorage: each call takes a while, and a read overtakes a write. */
function slowStorage() {
  const items = new Map<string, string>();
  const later = async <T>(turns: number, task: () => T) => {
    for (let i = 0; i < turns; i += 1) await new Promise((resolve) => setImmediate(resolve));
    return task();
  };
  return {
    getItem: (key: string) => later(1, () => items.get(key) ?? null),
    setItem: (key: string, value: string) => later(4, () => items.set(key, value)),
  };
}
const stores: [string, () => TokenStore][] = [
  ['memoryStore', memoryStore],
  ['storageStore', () => storageStore(slowStorage())],
  ['a store that compares what it holds', () => databaseStore(newRows())],
];

/** A store that notes the entries that rested there, if only for a moment. */
function watched(inner: TokenStore) {
  const written: StoreEntry[] = [];
  const write: TokenStore['write'] = async (next) => {
    const found = await inner.write(next);
    if (found.id === next.id) written.push(next);
    return found;
  };
  return { store: storeWith({ write }, inner), written };
}

describe('L22: after signOut() resolves, the session does not come back', () => {
  describe.each(stores)('%s', (_, makeStore) => {
    it('L22 keeps no refresh result that comes later, drops it, and revokes it where possible', async () => {
      const store = makeStore();
      const [asked, answer] = [deferred(), deferred<TokenResponse>()];
      const revoked: string[] = [];
      const refresh = () => {
        asked.resolve();
        return answer.promise;
      };
      const revoke = async ({ accessToken }: { accessToken: string }) => void revoked.push(accessToken);
      const session = startSession({ tokens: tokenPair('a'), store, source: { refresh, revoke } });
      await session.token();
      const waits = codeOf(session.refresh());
      await asked.promise;
      await session.signOut();
      const seen = recordEvents(session);
      answer.resolve(tokenPair('late'));
      await settle();
      await settle();
      expect(await waits).toBe('ERR_BEARER_SIGNED_OUT');
      expect(await restsIn(store)).toBe('a sign-out');
      expect([session.state, seen]).toEqual([{ status: 'signed-out' }, []]);
      expect(revoked).toEqual(['at_a', 'at_late']);
    });

    it.each(['signIn()', 'the first request'])(
      'L22 keeps no first token that comes later: asked for by %s',
      async (by) => {
        const { store, written } = watched(makeStore());
        const answer = deferred<TokenResponse>();
        const revoked: string[] = [];
        const asked = deferred();
        const obtain = () => {
          asked.resolve();
          return answer.promise;
        };
        const source = {
          obtain,
          revoke: async (token: { accessToken: string }) => void revoked.push(token.accessToken),
        };
        const session = startSession({ store, source });
        const waits = codeOf(by === 'signIn()' ? session.signIn() : session.token());
        await asked.promise;
        await session.signOut();
        answer.resolve(tokenPair('late'));
        await settle();
        await settle();
        expect(await waits).toBe('ERR_BEARER_SIGNED_OUT');
        expect(await restsIn(store)).toBe('a sign-out');
        expect(session.state).toEqual({ status: 'signed-out' });
        expect(
          await codeOf(startSession({ store, source: { needsRefreshToken: true, refresh: obtain } }).token()),
        ).toBe('ERR_BEARER_SIGNED_OUT');
        expect(written.filter(({ token }) => token)).toEqual([]);
        expect(revoked).toEqual(['at_late']);
      },
    );

    it('L22 leaves no token in the store, at whatever moment of a refresh’s writes it comes', async () => {
      for (let turns = 0; turns < 10; turns += 1) {
        const store = makeStore();
        const writing = deferred();
        const watched = storeWith(
          {
            write: (next) => {
              // The mark first, then the new token.
              if (next.sent || next.token?.accessToken === 'b') writing.resolve();
              return store.write(next);
            },
          },
          store,
        );
        const session = startSession({ tokens: tokenPair('a'), store: watched, source: async () => 'b' });
        await session.token();
        const refresh = codeOf(session.refresh());
        await writing.promise;
        for (let i = 0; i < turns; i += 1) await new Promise((resolve) => setImmediate(resolve));
        await session.signOut();
        await settle();
        expect(await refresh).toMatch(/^(ERR_BEARER_SIGNED_OUT|fulfilled)$/);
        expect([turns, await restsIn(store)]).toEqual([turns, 'a sign-out']);
        expect(session.state).toEqual({ status: 'signed-out' });
      }
    });

    it('L22 leaves no token in the store when it comes in the middle of signIn(tokens)', async () => {
      const store = makeStore();
      const session = startSession({ store });
      await codeOf(session.token());
      const signIn = codeOf(session.signIn(tokenPair('a')));
      await session.signOut();
      await settle();
      expect(await signIn).toBe('ERR_BEARER_SIGNED_OUT');
      expect(await restsIn(store)).toBe('a sign-out');
      expect(session.state).toEqual({ status: 'signed-out' });
    });

    it('L22 drops a refresh of another holder that was under way, and revokes its result', async () => {
      const store = storeWith({ subscribe: undefined }, makeStore());
      const answer = deferred<TokenResponse>();
      const revoke = jest.fn(async (_: { accessToken: string }) => {});
      const here = startSession({ store, tokens: tokenPair('a') });
      await here.token();
      const there = startSession({
        store,
        source: { refresh: () => answer.promise, revoke },
        backoff: { initial: 1, cap: 1 },
      });
      await there.token();
      const refresh = codeOf(there.refresh());
      await settle();
      await here.signOut();
      answer.resolve(tokenPair('late'));
      expect(await refresh).toBe('ERR_BEARER_SIGNED_OUT');
      expect(await restsIn(store)).toBe('a sign-out');
      expect(there.state).toEqual({ status: 'signed-out' });
      expect(revoke.mock.calls[0]![0]).toMatchObject({ accessToken: 'at_late' });
    });

    it('L22 holds when it comes before the stored session was read', async () => {
      const store = makeStore();
      await store.write(stored('s'));
      const session = startSession({ store });
      await session.signOut();
      await settle();
      expect(session.state).toEqual({ status: 'signed-out' });
      expect(await codeOf(session.token())).toBe('ERR_BEARER_SIGNED_OUT');
      expect(await restsIn(store)).toBe('a sign-out');
    });
  });

  it.each(stores)('L22 revokes what is stored when it comes before the store was read: %s', async (_, makeStore) => {
    const store = makeStore();
    await store.write(stored('s'));
    const revoked: string[] = [];
    const revoke = async ({ accessToken }: { accessToken: string }) => void revoked.push(accessToken);
    const session = startSession({ store, source: { refresh: async () => 'b', revoke } });
    await session.signOut();
    expect(await restsIn(store)).toBe('a sign-out');
    expect(revoked).toEqual(['at_s1']);
    // With nobody signed in there is nothing to revoke.
    await startSession({ store, source: { refresh: async () => 'b', revoke } }).signOut();
    expect(revoked).toEqual(['at_s1']);
  });

  it.each(['signedOut', 'a watcher'])('L22 a listener may sign a guest in: %s', async (how) => {
    for (const store of [undefined, ...stores.map(([, makeStore]) => makeStore())]) {
      const session = startSession({ tokens: tokenPair('ada'), store });
      expect(await session.token()).toBe('at_ada');
      let guest: Promise<unknown> | undefined;
      const signIn = () => {
        guest ??= session.signIn(tokenPair('guest'));
      };
      if (how === 'signedOut') session.on('signedOut', signIn);
      else session.subscribe(() => void (session.state.status === 'signed-out' && signIn()));
      await session.signOut();
      await guest;
      await settle();
      expect([session.state.status, await session.token()]).toEqual(['active', 'at_guest']);
      if (store) expect(await restsIn(store)).toBe('at_guest');
    }
  });

  it.each(stores)(
    'L22 signOut() inside a watcher of signIn(): nobody is signed in, here or after a restart: %s',
    async (_, makeStore) => {
      const store = makeStore();
      const session = startSession({ store });
      await codeOf(session.token());
      let out: Promise<unknown> | undefined;
      session.subscribe(() => {
        if (session.state.status === 'refreshing') out ??= session.signOut();
      });
      expect(await codeOf(session.signIn(tokenPair('ada')))).toBe('ERR_BEARER_SIGNED_OUT');
      expect(await out).toBeUndefined();
      await settle();
      await settle();
      expect(session.state).toEqual({ status: 'signed-out' });
      expect(await restsIn(store)).toBe('a sign-out');
      expect(await codeOf(startSession({ store }).token())).toBe('ERR_BEARER_SIGNED_OUT');
    },
  );

  it('L22 a sign-out that was given up and is stored late does not end the session that was signed in after it', async () => {
    const inner = memoryStore();
    const [slow, landed] = [deferred(), deferred()];
    const write: TokenStore['write'] = async (next) => {
      if (!next.token) await slow.promise;
      const found = await inner.write(next);
      if (!next.token) landed.resolve();
      return found;
    };
    const session = startSession({
      store: storeWith({ write }, inner),
      source: async () => tokenPair('new'),
      refreshTimeout: 30,
      refreshRetries: 0,
    });
    await session.signIn(tokenPair('ana'));
    expect(await codeOf(session.signOut())).toBe('ERR_BEARER_STORE');
    await session.signIn(tokenPair('ben'));
    const seen = recordEvents(session);
    slow.resolve();
    await landed.promise;
    await settle();
    expect(await session.token()).toBe('at_ben');
    expect(await restsIn(inner)).toBe('at_ben');
    expect(seen).toEqual([]);
    expect((await session.refresh()).accessToken).toBe('at_new');
    expect(await restsIn(inner)).toBe('at_new');
  });

  it('L22 nor does it end the session of another holder', async () => {
    const inner = memoryStore();
    const [slow, answered] = [deferred(), deferred()];
    const write: TokenStore['write'] = async (next) => {
      if (next.token) return inner.write(next);
      await slow.promise;
      const found = await inner.write(next);
      answered.resolve();
      return found;
    };
    const revoke = jest.fn(async (_: { accessToken: string }) => {});
    const store = storeWith({ write, subscribe: undefined }, inner);
    const here = startSession({ store, source: { refresh: async () => 'b', revoke }, refreshTimeout: 30 });
    await here.signIn(tokenPair('ana'));
    expect(await codeOf(here.signOut())).toBe('ERR_BEARER_STORE');
    await startSession({ store: inner }).signIn(tokenPair('ben'));
    slow.resolve();
    await answered.promise;
    await settle();
    await settle();
    expect(await restsIn(inner)).toBe('at_ben');
    expect(revoke.mock.calls.map(([{ accessToken }]) => accessToken)).toEqual(['at_ana']);
  });

  it('L22 leaves no token in a store whose writes overtake each other', async () => {
    const inner = memoryStore();
    const slow = deferred();
    const store = storeWith(
      { write: async (next) => (next.token ? slow.promise : Promise.resolve()).then(() => inner.write(next)) },
      inner,
    );
    const session = startSession({ store, refreshTimeout: 500 });
    await codeOf(session.token());
    const signIn = codeOf(session.signIn(tokenPair('a')));
    await settle();
    const signOut = session.signOut();
    await settle();
    slow.resolve();
    await signOut;
    await settle();
    expect(await signIn).toBe('ERR_BEARER_SIGNED_OUT');
    expect(await restsIn(inner)).toBe('a sign-out');
  });

  it('L22 ends the retries of a refresh: the source is not asked again', async () => {
    const source = jest.fn(() => Promise.reject(new Error('down')));
    const session = startSession({
      tokens: tokenPair('a'),
      source,
      backoff: { initial: 5, cap: 5 },
      refreshRetries: 50,
    });
    const waits = codeOf(session.refresh());
    await nextEvent(session, 'refreshFailed');
    await session.signOut();
    const calls = source.mock.calls.length;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(source).toHaveBeenCalledTimes(calls);
    expect(await waits).toBe('ERR_BEARER_SIGNED_OUT');
  });

  it('L22 is not undone by requests, token(), refresh(), a late 401 or a hint', async () => {
    const store = memoryStore();
    const { server, api, session } = await startClient({
      store,
      source: { obtain: async () => 'again', refresh: async () => 'again' },
    });
    const door = server.hold('/echo/late');
    server.fault('/echo/late', { status: 401 });
    const late = failureOf(api.get('/echo/late'));
    await door.arrived(1);
    const before = (await store.read())!;
    await session.signOut();
    door.release();
    expect((await late).response.status).toBe(401);
    expect((await failureOf(api.get('/videos'))).response.status).toBe(401);
    expect(await codeOf(session.token())).toBe('ERR_BEARER_SIGNED_OUT');
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_SIGNED_OUT');
    // A holder that has not heard of it writes the session that was signed out: this one signs it out again.
    await store.write({ ...before, id: 'late', version: before.version + 9 });
    await settle();
    expect(session.state).toEqual({ status: 'signed-out' });
    expect(await restsIn(store)).toBe('a sign-out');
    expect(server.stats.ok).toBe(0);
  });

  it('L22 sends nothing more with the old token: what waits in the gate neither', async () => {
    const { server, api, session } = await startClient({ replayConcurrency: 1 });
    const { first, second, replays } = await oneOnTheWireOneInTheGate(server, api);
    await session.signOut();
    replays.release();
    await first;
    expect(await second).toBe('ERR_BEARER_SIGNED_OUT');
    expect(server.log.filter(({ path }) => path === '/echo/second')).toMatchObject([{ generation: 1 }]);
  });

  it('L22 a sign-in afterwards is not disturbed by the late result of the session before', async () => {
    const store = memoryStore();
    const answer = deferred<TokenResponse>();
    const session = startSession({ tokens: tokenPair('a'), store, source: () => answer.promise });
    await session.token();
    const old = codeOf(session.refresh());
    await settle();
    await session.signOut();
    await session.signIn(tokenPair('b'));
    answer.resolve(tokenPair('late'));
    await settle();
    expect(await old).toBe('ERR_BEARER_SIGNED_OUT');
    expect(await session.token()).toBe('at_b');
    expect(await store.read()).toMatchObject({ token: { accessToken: 'at_b' } });
  });

  it('L22 stops other holders at the hint', async () => {
    const store = memoryStore();
    const [here, there] = [startSession({ store, tokens: tokenPair('a') }), startSession({ store, keepFresh: true })];
    await here.token();
    await there.token().catch(() => {});
    await settle();
    expect(there.state.status).toBe('active');
    await here.signOut();
    await settle();
    expect(there.state).toEqual({ status: 'signed-out' });
    expect(await codeOf(there.token())).toBe('ERR_BEARER_SIGNED_OUT');
  });

  it('L22 stops other holders without hints at their next read, and lets no refresh of theirs be stored', async () => {
    const store = storeWith({ subscribe: undefined });
    const source = jest.fn(async () => tokenPair('b'));
    const here = startSession({ store, tokens: tokenPair('a') });
    await here.token();
    const there = startSession({ store, source });
    await there.token();
    await here.signOut();
    expect(await there.token()).toBe('at_a');
    expect(await codeOf(there.refresh())).toBe('ERR_BEARER_SIGNED_OUT');
    expect(there.state).toEqual({ status: 'signed-out' });
    expect(await restsIn(store)).toBe('a sign-out');
    expect(source).not.toHaveBeenCalled();
  });

  it('L22 with the store down before the stored session was read: it is not found later', async () => {
    const inner = memoryStore();
    await inner.write(stored('s'));
    const store = storeWith({ write: () => Promise.reject(new Error('down')) }, inner);
    const { api, session } = await startClient({ store, tokens: undefined });
    expect(await codeOf(session.signOut())).toBe('ERR_BEARER_STORE');
    expect(await codeOf(session.token())).toBe('ERR_BEARER_SIGNED_OUT');
    expect((await api.get('/public')).data).toEqual({ authorization: false });
    expect(session.state).toEqual({ status: 'signed-out' });
  });

  it('L22 with the store down signs out here all the same, rejects with ERR_BEARER_STORE, and stays signed out', async () => {
    const inner = memoryStore();
    const store = storeWith(
      { write: (next) => (next.token ? inner.write(next) : Promise.reject(new Error('down'))) },
      inner,
    );
    const revoke = jest.fn(async () => {});
    const session = startSession({ store, tokens: tokenPair('a'), source: { refresh: async () => 'x', revoke } });
    await session.token();
    const signedOut = nextEvent(session, 'signedOut');
    expect(await codeOf(session.signOut())).toBe('ERR_BEARER_STORE');
    expect(await signedOut).toEqual({ reason: 'signOut' });
    expect(revoke).toHaveBeenCalledTimes(1);
    expect(await restsIn(inner)).toBe('at_a');
    expect(await codeOf(session.token())).toBe('ERR_BEARER_SIGNED_OUT');
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_SIGNED_OUT');
  });
});
