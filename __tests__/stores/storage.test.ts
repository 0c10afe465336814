import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type KeyValueStorage, storageStore } from 'axios-bearer';
import {
  closeAll,
  codeOf,
  deferred,
  failureOf,
  lone,
  next,
  pair,
  scene,
  settle,
  standing,
} from '../support/sessions.js';
import { behavesLikeAStore, stored } from '../support/stores.js';

afterEach(closeAll);

/** As localStorage: synchronous, `null` for what is not there. */
function syncStorage(items = new Map<string, string>()): KeyValueStorage & { items: Map<string, string> } {
  return {
    items,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

/** As React Native's AsyncStorage: every call takes a while, and a removal overtakes a write. */
function asyncStorage(items = new Map<string, string>()): KeyValueStorage & { items: Map<string, string> } {
  const later = async <T>(turns: number, task: () => T) => {
    for (let i = 0; i < turns; i += 1) await new Promise((resolve) => setImmediate(resolve));
    return task();
  };
  return {
    items,
    getItem: (key) => later(1, () => items.get(key) ?? null),
    setItem: (key, value) => later(4, () => items.set(key, value)),
    removeItem: (key) => later(1, () => items.delete(key)),
  };
}

behavesLikeAStore('storageStore over a synchronous storage', () => storageStore(syncStorage()));
behavesLikeAStore('storageStore over an asynchronous storage', () => storageStore(asyncStorage()));

describe.each([
  ['synchronous', syncStorage],
  ['asynchronous', asyncStorage],
])('a session in a %s storage', (_, makeStorage) => {
  it('is found again after a restart, newest generation and all, with no request', async () => {
    const storage = makeStorage();
    const before = await scene({ store: storageStore(storage) });
    await before.api.get('/videos');
    const { accessToken } = await before.session.refresh();
    before.session.close();
    const { server } = before;
    const after = await scene({ server, store: storageStore(storage), tokens: undefined });
    expect(await after.session.token()).toBe(accessToken);
    expect(after.session.state).toMatchObject({ status: 'active', generation: 2 });
    server.expire();
    expect((await after.api.get('/videos')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });

  it('makes the first requests wait for it, rather than go signed out', async () => {
    const storage = makeStorage();
    await storageStore(storage).replace(stored('saved'));
    const { api } = await scene({ store: storageStore(storage), tokens: undefined });
    expect((await api.get('/public')).data).toEqual({ authorization: true });
  });

  it('whose token has expired meanwhile is refreshed before anybody gets it', async () => {
    const storage = makeStorage();
    const { server } = await scene();
    const { access_token, refresh_token } = server.issue();
    const token = { accessToken: access_token, refreshToken: refresh_token, issuedAt: Date.now() - 7_200_000 };
    const saved = { session: 'saved', generation: 1, token: { ...token, expiresAt: token.issuedAt + 3_600_000 } };
    await storageStore(storage).replace(saved);
    server.expire();
    const { api, session } = await scene({ server, store: storageStore(storage), tokens: undefined });
    const [given] = await Promise.all([session.token(), api.get('/videos'), api.get('/videos')]);
    expect(given).not.toBe(access_token);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 0, ok: 2 });
  });

  it('goes before tokens that are handed in: it is at least as new', async () => {
    const storage = makeStorage();
    await storageStore(storage).replace(stored('saved', 5));
    const session = lone({ store: storageStore(storage), tokens: pair('handed-in') });
    expect(await session.token()).toBe('at_saved5');
    expect(session.state).toMatchObject({ generation: 5 });
  });

  it('is made of tokens handed in when nothing is stored, and stored', async () => {
    const storage = makeStorage();
    const session = lone({ store: storageStore(storage), tokens: pair('handed-in') });
    expect(await session.token()).toBe('at_handed-in');
    expect(await storageStore(storage).read()).toMatchObject({ token: { accessToken: 'at_handed-in' } });
  });

  it('is gone after signOut(), also for the next start', async () => {
    const storage = makeStorage();
    const session = lone({ store: storageStore(storage), tokens: pair('a') });
    await session.token();
    await session.signOut();
    expect([...storage.items.values()].join()).not.toMatch(/[ar]t_/);
    expect(lone({ store: storageStore(storage) }).state.status).not.toBe('active');
  });

  it('is not brought back by a commit that meets a sign-out (L22)', async () => {
    const storage = makeStorage();
    const answer = deferred<ReturnType<typeof pair>>();
    const session = lone({ store: storageStore(storage), tokens: pair('a'), source: () => answer.promise });
    await session.token();
    const refresh = codeOf(session.refresh());
    await settle();
    answer.resolve(pair('b'));
    await session.signOut();
    await settle();
    await settle();
    expect([...storage.items.values()]).toEqual([]);
    expect(await refresh).toBe('ERR_BEARER_SIGNED_OUT');
    expect(session.state).toEqual({ status: 'signed-out' });
  });

  it.each(['not json', '{"session":', 'null', '[]', '{}', '"text"', '42', '', '{"session":"s","generation":1}'])(
    'takes %j for no session: signed out, no error at requests, and a sign-in mends it',
    async (corrupt) => {
      const storage = makeStorage();
      await storageStore(storage).replace(stored('x'));
      const [key] = storage.items.keys();
      storage.items.set(key!, corrupt);
      const { api, session } = await scene({ store: storageStore(storage), tokens: undefined });
      expect((await api.get('/public')).data).toEqual({ authorization: false });
      expect(session.state.status).toBe('signed-out');
      await session.signIn(pair('a'));
      expect(await storageStore(storage).read()).toMatchObject({ token: { accessToken: 'at_a' } });
    },
  );

  it.each<[string, unknown]>([
    ['a token that a header cannot carry', { accessToken: 'a\r\nX-Evil: 1', issuedAt: 0 }],
    ['a token that is no text', { accessToken: 5, issuedAt: 0 }],
    ['an empty token', { accessToken: '', issuedAt: 0 }],
    ['a token that is null', null],
  ])('takes %s for no session: it never reaches the wire', async (_, token) => {
    const storage = makeStorage();
    await storageStore(storage).replace({ ...stored('x'), token: token as never });
    const { api } = await scene({ store: storageStore(storage), tokens: undefined });
    expect((await api.get('/public')).data).toEqual({ authorization: false });
  });

  it.each<[string, object]>([
    ['text for expiresAt', { expiresAt: 'soon' }],
    ['NaN as JSON writes it', { expiresAt: null, issuedAt: null }],
    ['no issuedAt', { issuedAt: undefined, expiresAt: Date.now() + 3_600_000 }],
  ])('bears %s without a storm of refreshes (L12)', async (_, more) => {
    const storage = makeStorage();
    await storageStore(storage).replace(stored('x', 1, more));
    const source = jest.fn(async () => pair('new'));
    const { api } = await scene({ store: storageStore(storage), tokens: undefined, source });
    for (let i = 0; i < 5; i += 1) await api.get('/public');
    expect(source.mock.calls.length).toBeLessThanOrEqual(1);
  });
});

describe('storageStore', () => {
  it('uses the key that it is given, so that two sessions rest side by side', async () => {
    const storage = syncStorage();
    await storageStore(storage, 'one').replace(stored('a'));
    await storageStore(storage, 'two').replace(stored('b'));
    expect([...storage.items.keys()]).toEqual(['one', 'two']);
    expect(await storageStore(storage, 'one').read()).toEqual(stored('a'));
    await storageStore(storage).replace(stored('c'));
    expect(storage.items.size).toBe(3);
  });

  it('takes undefined for what is not there, as some storages answer', async () => {
    expect(await storageStore({ ...syncStorage(), getItem: () => undefined }).read()).toBeUndefined();
  });

  it('calls the storage’s methods as methods: a class works', async () => {
    class Cabinet implements KeyValueStorage {
      #items = new Map<string, string>();
      getItem(key: string) {
        return this.#items.get(key) ?? null;
      }
      setItem(key: string, value: string) {
        this.#items.set(key, value);
      }
      removeItem(key: string) {
        this.#items.delete(key);
      }
    }
    const store = storageStore(new Cabinet());
    await store.replace(stored('a'));
    expect(await store.read()).toEqual(stored('a'));
  });

  it('a storage that throws at once fails like one that rejects', async () => {
    const full = () => {
      throw new Error('QuotaExceededError');
    };
    const store = storageStore({ ...syncStorage(), setItem: full });
    expect((await failureOf(store.replace(stored('a')))).message).toBe('QuotaExceededError');
    const session = lone({ store });
    expect(await codeOf(session.signIn(pair('a')))).toBe('ERR_BEARER_STORE');
  });

  it('one write that hangs holds up no session for longer than refreshTimeout', async () => {
    const storage = syncStorage();
    const session = lone({
      store: storageStore({ ...storage, setItem: () => new Promise(() => {}) }),
      refreshTimeout: 20,
      refreshRetries: 0,
    });
    expect(await codeOf(session.signIn(pair('a')))).toBe('ERR_BEARER_STORE');
    expect(await codeOf(session.signOut())).toBe('ERR_BEARER_STORE');
    expect(session.state.status).toBe('signed-out');
  });

  it('tells when a stored session was found', async () => {
    const storage = asyncStorage();
    await storageStore(storage).replace(stored('saved', 3));
    const session = lone({ store: storageStore(storage) });
    const signedIn = next(session, 'signedIn');
    await session.token();
    expect(await standing(signedIn)).toBe('fulfilled');
    expect(await signedIn).toEqual({ generation: 3 });
  });
});
