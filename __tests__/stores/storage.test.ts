import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { storageStore } from 'axios-bearer';
import {
  cleanUp,
  clientOf,
  codeOf,
  deferred,
  failureOf,
  never,
  nextEvent,
  settle,
  startClient,
  startSession,
  stateOf,
  tokenPair,
} from '../support/kit.js';
import { signedOut, stored } from '../support/stores.js';

afterEach(cleanUp);

/** As localStorage: synchronous, `null` for what is not there. */
function syncStorage(items = new Map<string, string>()) {
  return {
    items,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string): unknown => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
}

async function later<T>(turns: number, task: () => T): Promise<T> {
  for (let i = 0; i < turns; i += 1) await new Promise((resolve) => setImmediate(resolve));
  return task();
}

/** As React Native's AsyncStorage: every call takes a while, and a short text overtakes a long one. */
function asyncStorage(items = new Map<string, string>()) {
  return {
    items,
    getItem: (key: string) => later(1, () => items.get(key) ?? null),
    setItem: (key: string, value: string): unknown =>
      later(value.includes('token') ? 4 : 1, () => items.set(key, value)),
    removeItem: (key: string) => later(1, () => items.delete(key)),
  };
}

/** As expo-secure-store, which has names of its own. */
function secureStorage(items = new Map<string, string>()) {
  return {
    items,
    getItemAsync: (key: string) => later(1, () => items.get(key) ?? null),
    setItemAsync: (key: string, value: string) => later(2, () => void items.set(key, value)),
    deleteItemAsync: (key: string) => later(1, () => void items.delete(key)),
  };
}

describe.each([
  ['synchronous', syncStorage],
  ['asynchronous', asyncStorage],
  ['secure', secureStorage],
])('a session in a %s storage', (_, makeStorage) => {
  it('is found again after a restart, with its newest token and no request; generations are counted anew', async () => {
    const storage = makeStorage();
    const before = await startClient({ store: storageStore(storage) });
    await before.api.get('/videos');
    const { accessToken } = await before.session.refresh();
    before.session.close();
    const { server } = before;
    const after = clientOf(server, { store: storageStore(storage), tokens: undefined });
    expect(await after.session.token()).toBe(accessToken);
    expect(after.session.state).toMatchObject({ status: 'active', generation: 1 });
    server.expire();
    expect((await after.api.get('/videos')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });

  it('makes the first requests wait for it, rather than go signed out', async () => {
    const storage = makeStorage();
    await storageStore(storage).write(stored('saved'));
    const { api } = await startClient({ store: storageStore(storage), tokens: undefined });
    expect((await api.get('/public')).data).toEqual({ authorization: true });
  });

  it('whose token has expired meanwhile is refreshed before anybody gets it', async () => {
    const storage = makeStorage();
    const { server } = await startClient();
    const { access_token, refresh_token } = server.issue();
    const issuedAt = Date.now() - 7_200_000;
    const token = { accessToken: access_token, refreshToken: refresh_token, issuedAt };
    await storageStore(storage).write(stored('saved', 1, { ...token, expiresAt: issuedAt + 3_600_000 }));
    server.expire();
    const { api, session } = clientOf(server, { store: storageStore(storage), tokens: undefined });
    const [given] = await Promise.all([session.token(), api.get('/videos'), api.get('/videos')]);
    expect(given).not.toBe(access_token);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 0, ok: 2 });
  });

  it('goes before tokens that are handed in: it is at least as new', async () => {
    const storage = makeStorage();
    await storageStore(storage).write(stored('saved', 5));
    const session = startSession({ store: storageStore(storage), tokens: tokenPair('handed-in') });
    expect(await session.token()).toBe('at_saved5');
    expect(session.state).toMatchObject({ generation: 1 });
    expect(await storageStore(storage).read()).toMatchObject({ version: 5, session: 'saved' });
  });

  it('is made of tokens handed in when nothing is stored, and stored', async () => {
    const storage = makeStorage();
    const session = startSession({ store: storageStore(storage), tokens: tokenPair('handed-in') });
    expect(await session.token()).toBe('at_handed-in');
    expect(await storageStore(storage).read()).toMatchObject({ token: { accessToken: 'at_handed-in' } });
  });

  it('is gone after signOut(), also for the next start, which has the old tokens handed in (L22)', async () => {
    const storage = makeStorage();
    const session = startSession({ store: storageStore(storage), tokens: tokenPair('a') });
    await session.token();
    await session.signOut();
    expect([...storage.items.values()].join()).not.toMatch(/token|[ar]t_/i);
    expect(await storageStore(storage).read()).toEqual({
      version: expect.any(Number),
      id: expect.any(String),
      session: expect.any(String),
    });
    expect(await codeOf(startSession({ store: storageStore(storage), tokens: tokenPair('a') }).token())).toBe(
      'ERR_BEARER_SIGNED_OUT',
    );
    expect(startSession({ store: storageStore(storage) }).state.status).not.toBe('active');
  });

  it('is not brought back by a write that meets a sign-out (L22)', async () => {
    const storage = makeStorage();
    const answer = deferred<ReturnType<typeof tokenPair>>();
    const session = startSession({
      store: storageStore(storage),
      tokens: tokenPair('a'),
      source: () => answer.promise,
    });
    await session.token();
    const refresh = codeOf(session.refresh());
    await settle();
    answer.resolve(tokenPair('b'));
    await session.signOut();
    await settle();
    await settle();
    expect(await storageStore(storage).read()).not.toHaveProperty('token');
    expect(await refresh).toBe('ERR_BEARER_SIGNED_OUT');
    expect(session.state).toEqual({ status: 'signed-out' });
  });

  it.each(['not json', '{"session":', 'null', '[]', '{}', '"text"', '42', '', '{"version":1,"id":"i"}'])(
    'takes %j for no session: signed out, no error at requests, and a sign-in mends it',
    async (corrupt) => {
      const storage = makeStorage();
      await storageStore(storage).write(stored('x'));
      const [key] = storage.items.keys();
      storage.items.set(key!, corrupt);
      const { api, session } = await startClient({ store: storageStore(storage), tokens: undefined });
      expect((await api.get('/public')).data).toEqual({ authorization: false });
      expect(session.state.status).toBe('signed-out');
      await session.signIn(tokenPair('a'));
      expect(await storageStore(storage).read()).toMatchObject({ token: { accessToken: 'at_a' } });
    },
  );

  it.each<[string, unknown]>([
    ['a token that a header cannot carry', { accessToken: 'a\r\nX-Evil: 1', issuedAt: 0 }],
    ['a token that is no text', { accessToken: 5, issuedAt: 0 }],
    ['an empty token', { accessToken: '', issuedAt: 0 }],
    ['a token that is null: a sign-out', null],
  ])('takes %s for no session: it never reaches the wire', async (_, token) => {
    const storage = makeStorage();
    await storageStore(storage).write({ ...stored('x'), token: token as never });
    const { api } = await startClient({ store: storageStore(storage), tokens: undefined });
    expect((await api.get('/public')).data).toEqual({ authorization: false });
  });

  it.each<[string, object]>([
    ['text for expiresAt', { expiresAt: 'soon' }],
    ['NaN as JSON writes it', { expiresAt: null, issuedAt: null }],
    ['no issuedAt', { issuedAt: undefined, expiresAt: Date.now() + 3_600_000 }],
  ])('bears %s without a storm of refreshes (L12)', async (_, more) => {
    const storage = makeStorage();
    await storageStore(storage).write(stored('x', 1, more));
    const source = jest.fn(async () => tokenPair('new'));
    const { api } = await startClient({ store: storageStore(storage), tokens: undefined, source });
    for (let i = 0; i < 5; i += 1) await api.get('/public');
    expect(source.mock.calls.length).toBeLessThanOrEqual(1);
  });
});

describe('storageStore', () => {
  it('uses the key that it is given, so that two sessions rest side by side', async () => {
    const storage = syncStorage();
    const [a, b, c] = [stored('a'), stored('b'), stored('c')];
    await storageStore(storage, 'one').write(a);
    await storageStore(storage, 'two').write(b);
    expect([...storage.items.keys()]).toEqual(['one', 'two']);
    expect(await storageStore(storage, 'one').read()).toEqual(a);
    await storageStore(storage).write(c);
    expect([...storage.items.keys()]).toEqual(['one', 'two', 'axios-bearer']);
  });

  it('takes what a storage hands out as JSON says it, rather than as a text (unstorage)', async () => {
    const storage = syncStorage();
    const parsing = { ...storage, getItem: (key: string) => JSON.parse(storage.getItem(key) ?? 'null') };
    const entry = stored('a');
    await storageStore(parsing).write(entry);
    expect(await storageStore(parsing).read()).toEqual(entry);
  });

  it('takes undefined for what is not there, as some storages answer', async () => {
    expect(await storageStore({ ...syncStorage(), getItem: () => undefined }).read()).toBeUndefined();
  });

  it('calls the storage’s methods as methods: a class works, without a removeItem too', async () => {
    class Cabinet {
      #items = new Map<string, string>();
      getItem(key: string) {
        return this.#items.get(key) ?? null;
      }
      setItem(key: string, value: string) {
        this.#items.set(key, value);
      }
    }
    const store = storageStore(new Cabinet());
    const entry = stored('a');
    await store.write(entry);
    expect(await store.read()).toEqual(entry);
  });

  it.each<[string, unknown, string]>([
    ['no storage at all, as on a server', undefined, 'an object with getItem() and setItem(); got undefined'],
    ['null', null, 'an object with getItem() and setItem(); got null'],
    ['no methods', {}, 'an object with getItem() and setItem(); got a value of type object'],
    ['text for a method', { ...syncStorage(), setItem: 'set' }, 'an object with setItem(); got a value of type object'],
    ['one method', { setItem: () => {} }, 'an object with getItem(); got a value of type object'],
    ['half of expo’s', { getItemAsync: async () => null }, 'an object with setItemAsync(); got a value of type object'],
    [
      'other names',
      { get: () => null, set: () => {} },
      'an object with getItem() and setItem(); got a value of type object',
    ],
  ])('says when it is made what the storage lacks: %s', (_, storage, expected) => {
    const make = () => storageStore(storage as never);
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_BEARER_CONFIG' }));
    expect(make).toThrow(`axios-bearer: option "storage" must be ${expected}`);
  });

  it('prefers the methods that do not block: expo-secure-store has both', async () => {
    const blocking = () => {
      throw new Error('blocks');
    };
    const store = storageStore({ ...secureStorage(), getItem: blocking, setItem: blocking });
    const entry = stored('a');
    expect([await store.write(entry), await store.read()]).toEqual([entry, entry]);
  });

  it('L22 writes a sign-out as an entry: its version rests, the token’s text does not, and nothing is removed', async () => {
    const storage = { ...syncStorage(), removeItem: jest.fn() };
    const store = storageStore(storage);
    await store.write(stored('a'));
    const out = signedOut('a', 2);
    await store.write(out);
    expect(JSON.parse(storage.items.get('axios-bearer')!)).toEqual(out);
    expect(storage.removeItem).not.toHaveBeenCalled();
  });

  it('leaves `sent` out: after a restart that mark would only make its one holder wait', async () => {
    const storage = syncStorage();
    const marked = stored('a', 1, { sent: 'me' });
    const { sent, ...rest } = marked;
    expect(await storageStore(storage).write(marked)).toEqual(rest);
    expect(storage.items.get('axios-bearer')).not.toContain('sent');
  });

  it.each<[string, string, boolean]>([
    ['one storage and key', 'one', true],
    ['one storage and two keys', 'two', false],
  ])('L5 the stores of %s have one lock: %j', async (_, key, shared) => {
    const storage = asyncStorage();
    const options = { waitMs: 1_000, holdMs: 1_000 };
    void storageStore(storage, 'one').withLock(() => never, options);
    const second = storageStore(storage, key).withLock(async () => {}, options);
    expect(await stateOf(second)).toBe(shared ? 'pending' : 'fulfilled');
  });

  it('the stores of two storages have a lock each', async () => {
    const options = { waitMs: 1_000, holdMs: 1_000 };
    void storageStore(syncStorage()).withLock(() => never, options);
    expect(await stateOf(storageStore(syncStorage()).withLock(async () => {}, options))).toBe('fulfilled');
  });

  it('L4 the stores of one storage and key have one queue: the highest version rests, however long a write takes', async () => {
    const storage = asyncStorage();
    const [first, second] = [storageStore(storage), storageStore(storage)];
    const refreshed = first.write(stored('a', 2));
    const out = signedOut('a', 3);
    expect(await second.write(out)).toEqual(out);
    await refreshed;
    expect(await first.read()).toEqual(out);
    expect(await Promise.all([second.write(stored('b', 3)), first.write(stored('a', 2))])).toEqual([out, out]);
  });

  it('L4 a setItem begins after the one before has settled, fulfilled or not', async () => {
    const items = syncStorage();
    const calls = [deferred(), deferred(), deferred()];
    const sets: string[] = [];
    const storage = {
      ...items,
      setItem: async (key: string, value: string) => {
        await calls[sets.push(JSON.parse(value).session) - 1]!.promise;
        items.setItem(key, value);
      },
    };
    const store = storageStore(storage);
    const [a, b, c] = [stored('a'), stored('b', 2), stored('c', 3)];
    const writes = [store.write(a), storageStore(storage).write(b), store.write(c)];
    const outcomes = Promise.allSettled(writes);
    await settle();
    expect(sets).toEqual(['a']);
    calls[0]!.reject(new Error('full'));
    await settle();
    expect(sets).toEqual(['a', 'b']);
    calls[1]!.resolve();
    await settle();
    expect(sets).toEqual(['a', 'b', 'c']);
    calls[2]!.resolve();
    expect(await outcomes).toMatchObject([{ status: 'rejected' }, { value: b }, { value: c }]);
    expect(await store.read()).toEqual(c);
  });

  it('L3 is not read while a write is under way, so no refresh token is spent that could not be replaced', async () => {
    const items = syncStorage();
    const written = deferred();
    const storage = {
      ...items,
      setItem: async (key: string, value: string) => {
        await written.promise;
        items.setItem(key, value);
      },
    };
    const entry = stored('a');
    void storageStore(storage).write(entry);
    const read = storageStore(storage).read();
    expect(await stateOf(read)).toBe('pending');
    expect(await stateOf(storageStore(storage, 'other').read())).toBe('fulfilled');
    written.resolve();
    expect(await read).toEqual(entry);
  });

  it('L22 a read that hangs holds up no sign-out', async () => {
    const items = syncStorage();
    let hangs = true;
    const storage = { ...items, getItem: (key: string) => (hangs ? never : items.getItem(key)) };
    const store = storageStore(storage);
    void store.read();
    hangs = false;
    const out = signedOut('a', 2);
    expect(await store.write(out)).toEqual(out);
  });

  it('a storage that throws at once fails like one that rejects', async () => {
    const full = () => {
      throw new Error('QuotaExceededError');
    };
    const store = storageStore({ ...syncStorage(), setItem: full });
    expect((await failureOf(store.write(stored('a')))).message).toBe('QuotaExceededError');
    const session = startSession({ store });
    expect(await codeOf(session.signIn(tokenPair('a')))).toBe('ERR_BEARER_STORE');
  });

  it('one write that hangs holds up no session for longer than refreshTimeout', async () => {
    const storage = syncStorage();
    const session = startSession({
      store: storageStore({ ...storage, setItem: () => never }),
      refreshTimeout: 20,
      refreshRetries: 0,
    });
    expect(await codeOf(session.signIn(tokenPair('a')))).toBe('ERR_BEARER_STORE');
    expect(await codeOf(session.signOut())).toBe('ERR_BEARER_STORE');
    expect(session.state.status).toBe('signed-out');
  });

  it('tells when a stored session was found', async () => {
    const storage = asyncStorage();
    await storageStore(storage).write(stored('saved', 3));
    const session = startSession({ store: storageStore(storage) });
    const signedIn = nextEvent(session, 'signedIn');
    await session.token();
    expect(await stateOf(signedIn)).toBe('fulfilled');
    expect(await signedIn).toEqual({ generation: 1 });
  });
});
