import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { fakeClock } from 'axios-bearer/testing';
import { Window } from 'happy-dom';
import ts from 'typescript';
import { type Entry, sharedStorageOf, withLockOf } from '../../lib/compat/axios-jwt/shared-storage.js';
import { type JwtServer, jwt, startJwtServer, type Tokens, tokenOf } from '../support/jwt.js';
import { atEnd, cleanUp, closeAtEnd, deferred, failureOf, settle, stateOf, until } from '../support/kit.js';
import { appWith, KEY, type MemoryStorage, memoryStorage, ours, refreshAt } from './axios-jwt.setup.js';

afterEach(cleanUp);

/** Another instance over the same storage, or over whatever `getStorage` says. */
function sibling(server: JwtServer, getStorage: () => ours.StorageType, requestRefresh = refreshAt(server)) {
  const api = axios.create({ baseURL: server.url });
  ours.applyAuthTokenInterceptor(api, { requestRefresh, getStorage });
  return api;
}

/** The same tokens through an object of its own, as an inline `getStorage` makes one. */
const inline = ({ get, set, remove }: MemoryStorage): ours.StorageType => ({ get, set, remove });

describe('One sign-in, many instances', () => {
  it.each([
    ['one storage', (storage: MemoryStorage) => storage],
    ['a storage object each, over the same items', inline],
  ])('L1, L3 with %s: one refresh for all, no refresh token spent twice', async (_, same) => {
    const { api, server, storage } = await appWith(ours, { ends: -60 });
    const all = [api, sibling(server, () => same(storage)), sibling(server, () => same(storage))];
    const answers = await Promise.all(all.flatMap((one) => [one.get('/videos'), one.get('/videos')]));
    expect(answers.map(({ data }) => data.user)).toEqual(Array(6).fill('ada'));
    expect([server.refreshes, server.reused]).toEqual([1, 0]);
  });

  it('L2 a late 401 in one of them, after the other has refreshed, is replayed with the new token', async () => {
    const { api, server, storage } = await appWith(ours);
    const other = sibling(server, () => storage);
    const refreshed = deferred();
    const send = axios.getAdapter('http');
    other.defaults.adapter = async (config) => {
      const answer = await send(config);
      await refreshed.promise;
      return answer;
    };
    server.expire();
    const late = other.get('/videos');
    await until(() => server.log.includes('GET /videos 401'));
    await api.get('/videos');
    refreshed.resolve();
    expect((await late).data).toEqual({ user: 'ada' });
    expect(server.refreshes).toBe(1);
  });

  it.each<[string, object, object]>([
    ['another user_id', { user_id: 7 }, { user_id: 8 }],
    ['the same subject of another issuer', { iss: 'a', sub: '1' }, { iss: 'b', sub: '1' }],
    ['nobody’s name', {}, {}],
    ['no subject, and all else the same', { role: 'user', aud: 'app' }, { role: 'user', aud: 'app' }],
    ['no subject but an empty one', { sub: '' }, { sub: '' }],
  ])('L21 a tab where somebody signs in meanwhile (%s): who waited is not sent', async (_name, was, is) => {
    const asked = deferred();
    const answer = deferred<string>();
    const { api, server, storage } = await appWith(ours, {
      tokens: { accessToken: jwt({ ...was, exp: 1 }), refreshToken: 'r1' },
      requestRefresh: () => {
        asked.resolve();
        return answer.promise;
      },
    });
    const waiting = failureOf(api.get('/public'));
    await asked.promise;
    storage.put({ accessToken: jwt({ ...is, exp: ends(3_600) }), refreshToken: 'r2' });
    answer.resolve(jwt({ ...was, exp: ends(3_600) }));
    expect((await waiting).code).toBe('ERR_BEARER_IDENTITY');
    expect(server.log).toEqual([]);
  });

  it('on one localStorage, with tokens that tell nobody’s name: still one user, one refresh', async () => {
    const { localStorage } = new Window({ url: 'https://app.example.com/' });
    Object.assign(globalThis, { window: { localStorage } });
    atEnd(() => Reflect.deleteProperty(globalThis, 'window'));
    localStorage.setItem(KEY, JSON.stringify({ accessToken: jwt({ exp: 1 }), refreshToken: 'r1' }));
    const server = closeAtEnd(await startJwtServer());
    let calls = 0;
    const requestRefresh = async () => {
      calls += 1;
      return { accessToken: 'opaque', refreshToken: 'r2' };
    };
    const all = [1, 2].map(() => {
      const api = axios.create({ baseURL: server.url });
      ours.applyAuthTokenInterceptor(api, { requestRefresh });
      ours.applyAuthTokenInterceptor(api, { requestRefresh, getStorage: ours.getBrowserLocalStorage });
      return api.get('/public');
    });
    expect((await Promise.all(all)).map(({ data }) => data)).toEqual([{ bearer: true }, { bearer: true }]);
    expect(calls).toBe(1);
  });

  it('each calls a refresh function of its own', async () => {
    const { server, storage } = await appWith(ours, { ends: -60 });
    const called: string[] = [];
    for (const name of ['first', 'second']) {
      const api = sibling(
        server,
        () => storage,
        async () => {
          called.push(name);
          return tokenOf('ada', -60);
        },
      );
      await api.get('/public');
      storage.put({ ...storage.tokens, accessToken: tokenOf('ada', -120) });
    }
    expect(called).toEqual(['first', 'second']);
  });

  const ends = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
  it('a tab of the same subject that is first meanwhile: its token is sent with the request that waited', async () => {
    const mint = (n: number) => tokenOf('ada', n, { roles: [n] });
    const asked = deferred();
    const answer = deferred<string>();
    const { api, server, storage } = await appWith(ours, {
      tokens: { accessToken: mint(-60), refreshToken: 'r1' },
      requestRefresh: () => {
        asked.resolve();
        return answer.promise;
      },
    });
    const waiting = api.get('/public');
    await asked.promise;
    const tokens = { accessToken: mint(3_600), refreshToken: 'r2' };
    storage.put(tokens);
    answer.resolve(mint(1_800));
    await waiting;
    expect(server.headers.at(-1)?.authorization).toBe(`Bearer ${tokens.accessToken}`);
    expect(storage.tokens).toEqual(tokens);
  });
});

describe('No storm', () => {
  it('L7 a URL that always says 401, polled 20 times: 2 refreshes, then the 401 is handed on', async () => {
    const clock = fakeClock();
    atEnd(() => clock.restore());
    const { api, server } = await appWith(ours);
    for (let i = 0; i < 20; i += 1) {
      const poll = failureOf(api.get('/closed'));
      while ((await stateOf(poll)) === 'pending') await clock.advance(50);
      expect((await poll).response.status).toBe(401);
    }
    expect(server.refreshes).toBe(2);
  });
});

describe('Whose storage', () => {
  it('L21 an instance with a getStorage of its own keeps it: applyStorage, or another instance, moves it not', async () => {
    const { api, server } = await appWith(ours);
    ours.applyStorage(memoryStorage(server.issue('bob')));
    await appWith(ours, { server, tokens: server.issue('eve') });
    expect((await api.get('/videos')).data).toEqual({ user: 'ada' });
  });

  it('L21 nor does an instance that names its own move those that name none', async () => {
    const { server } = await appWith(ours);
    const api = axios.create({ baseURL: server.url });
    ours.applyStorage(memoryStorage(server.issue('bob')));
    ours.applyAuthTokenInterceptor(api, { requestRefresh: refreshAt(server) });
    await appWith(ours, { server, tokens: server.issue('eve') });
    expect((await api.get('/videos')).data).toEqual({ user: 'bob' });
  });

  it('the functions without an instance speak of the storage that was named last', async () => {
    const { storage: first, server } = await appWith(ours);
    const { storage: last } = await appWith(ours, { server });
    await ours.clearAuthTokens();
    expect([first.tokens === null, last.tokens]).toEqual([false, null]);
  });

  it('applied again, it takes the first one’s place: one refresh, one token, and the other storage is not asked', async () => {
    const { server, storage, requestRefresh } = await appWith(ours, { ends: -60 });
    let reads = 0;
    const first = {
      ...inline(storage),
      get: async (key: string) => {
        reads += 1;
        return storage.get(key);
      },
    };
    const api = sibling(server, () => first);
    ours.applyAuthTokenInterceptor(api, { requestRefresh, getStorage: () => storage });
    await api.get('/videos');
    expect([server.refreshes, reads]).toEqual([1, 0]);
  });
});

describe('The storage', () => {
  it('L22 a clearAuthTokens that meets the write of a refresh is the last word', async () => {
    const { server } = await appWith(ours);
    const storage = memoryStorage(server.issue('ada', -60));
    const writing = deferred();
    const written = deferred();
    const slow = {
      ...inline(storage),
      set: async (key: string, value: string) => {
        writing.resolve();
        await written.promise;
        await storage.set(key, value);
      },
    };
    const request = sibling(server, () => slow)
      .get('/videos')
      .catch(() => {});
    await writing.promise;
    const cleared = ours.clearAuthTokens();
    written.resolve();
    await Promise.all([cleared, request]);
    expect(storage.tokens).toBeNull();
  });

  it('that fails fails the request, with its own error', async () => {
    const { server } = await appWith(ours);
    const broken = { ...inline(memoryStorage()), get: () => Promise.reject(new Error('locked')) };
    await expect(sibling(server, () => broken).get('/public')).rejects.toThrow('locked');
  });

  it('L24 that hangs holds nobody for longer than 30 s, and an abort ends the waiting at once', async () => {
    const { server } = await appWith(ours);
    const clock = fakeClock();
    atEnd(() => clock.restore());
    const stuck = { ...inline(memoryStorage()), get: () => new Promise<never>(() => {}) };
    const api = sibling(server, () => stuck);
    const aborter = new AbortController();
    const aborted = failureOf(api.get('/public', { signal: aborter.signal }));
    const patient = failureOf(api.get('/public'));
    aborter.abort();
    expect((await aborted).code).toBe('ERR_CANCELED');
    await clock.advance(60_000);
    expect((await patient).message).toBe('The storage did not answer within 30000 ms');
  });

  it('whose write fails after a refresh: the request fails in axios-jwt’s words', async () => {
    const { server } = await appWith(ours);
    const clock = fakeClock();
    atEnd(() => clock.restore());
    const full = { ...inline(memoryStorage(server.issue('ada', -60))), set: () => Promise.reject(new Error('full')) };
    const failed = failureOf(
      sibling(
        server,
        () => full,
        async () => tokenOf('ada'),
      ).get('/public'),
    );
    for (let i = 0; i < 40; i += 1) await clock.advance(250);
    expect((await failed).message).toMatch(/^Unable to refresh .*: Failed to refresh auth token: full$/);
  });

  it('may be undefined until applyStorage names one; until then nobody is signed in', async () => {
    const server = closeAtEnd(await startJwtServer());
    const api = axios.create({ baseURL: server.url });
    let named: ours.StorageType | undefined;
    ours.applyAuthTokenInterceptor(api, { requestRefresh: refreshAt(server), getStorage: () => named });
    named = memoryStorage(server.issue('bob'));
    ours.applyStorage(memoryStorage(server.issue('ada')));
    expect((await api.get('/videos')).data).toEqual({ user: 'ada' });
  });
});

describe('Where the token goes', () => {
  it('L19 to the baseURL’s origin; to others where `origins` names them', async () => {
    const other = closeAtEnd(await startJwtServer());
    const { api, storage, requestRefresh } = await appWith(ours);
    const bearer = async () => (await api.get(`${other.url}/public`)).data.bearer;
    expect(await bearer()).toBe(false);
    const origins = [other.url];
    ours.applyAuthTokenInterceptor(api, { requestRefresh, getStorage: () => storage, origins });
    expect(await bearer()).toBe(true);
  });

  it.each([[undefined], ['/api']])('anywhere, as with axios-jwt, where baseURL %j names no origin', async (baseURL) => {
    const { server, storage, requestRefresh } = await appWith(ours);
    const api = axios.create({ ...(baseURL !== undefined && { baseURL }) });
    ours.applyAuthTokenInterceptor(api, { requestRefresh, getStorage: () => storage });
    expect((await api.get(`${server.url}/videos`)).data).toEqual({ user: 'ada' });
  });

  it('not where the request says `bearer: false`; and a default Authorization is taken over', async () => {
    const { api } = await appWith(ours, { defaults: { headers: { Authorization: 'Bearer left-over' } } });
    expect((await api.get('/videos')).data).toEqual({ user: 'ada' });
    await expect(api.get('/videos', { bearer: false })).rejects.toMatchObject({ response: { status: 401 } });
  });
});

describe('An error', () => {
  it('of a refresh after a 401 has that 401 for its response, axios-jwt’s text, and a code', async () => {
    const { api, server, storage } = await appWith(ours);
    server.expire();
    server.refuse(422);
    const error = await failureOf(api.get('/videos'));
    expect(error).toMatchObject({ isAxiosError: true, code: 'ERR_BEARER_REJECTED', response: { status: 401 } });
    expect(error.message).toMatch(/^Unable to .*: Got 422 on token refresh; clearing both auth tokens$/);
    expect(storage.tokens).toBeNull();
  });

  it('of a logout while authTokenInterceptor waits says what axios-jwt says of one', async () => {
    const { server, storage, requestRefresh } = await appWith(ours, { ends: -60 });
    const arrived = server.holdRefresh();
    const waiting = failureOf(
      ours.authTokenInterceptor({ requestRefresh, getStorage: () => storage })({ headers: {} }),
    );
    const open = await arrived;
    await ours.clearAuthTokens();
    open();
    expect((await waiting).message).toMatch(/^Unable to refresh .* error: No refresh token available$/);
  });

  it('L20 holds no token', async () => {
    const { api, server, storage } = await appWith(ours);
    const { accessToken, refreshToken } = storage.tokens as Tokens;
    server.expire();
    server.refuse(422);
    const error = await failureOf(api.get('/videos'));
    const told = [error.message, error.stack, JSON.stringify(error), JSON.stringify(error.config)].join();
    expect(told.includes(accessToken) || told.includes(refreshToken)).toBe(false);
  });

  it('L18 ends a refresh call that waits for itself: sent through the same instance after an await', async () => {
    const clock = fakeClock();
    atEnd(() => clock.restore());
    const { server } = await appWith(ours);
    const storage = memoryStorage(server.issue('ada', -60));
    const api = sibling(
      server,
      () => storage,
      async (token) => {
        await settle();
        return (await api.post('/refresh', { token })).data.access_token;
      },
    );
    const failed = failureOf(api.get('/videos'));
    await settle();
    for (let i = 0; i < 50 && (await stateOf(failed)) === 'pending'; i += 1) await clock.advance(1_000);
    expect((await failed).message).toMatch(/^Unable to .*did not answer within 40000 ms.*guarded instance/);
  });
});

describe('The storage key', () => {
  const code = ts.transpileModule(readFileSync('lib/compat/axios-jwt/storage.ts', 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  }).outputText;
  const keyIn = (text: string, globals: object) => {
    const exports: { STORAGE_KEY?: string } = {};
    runInNewContext(text, { exports, require: () => ({}), ...globals });
    return exports.STORAGE_KEY;
  };

  it.each<[string, string, object, string]>([
    ['Node', code, { process: { env: { NODE_ENV: 'production' } } }, 'auth-tokens-production'],
    ['Node, with no NODE_ENV', code, { process: { env: {} } }, 'auth-tokens-undefined'],
    ['a bundle', code.replaceAll('process.env.NODE_ENV', '"staging"'), {}, 'auth-tokens-staging'],
    ['a browser that knows no process', code, {}, 'auth-tokens-undefined'],
  ])('in %s', (_name, text, globals, expected) => {
    expect(keyIn(text, globals)).toBe(expected);
  });

  it('here is what axios-jwt’s is', async () => {
    const storage = memoryStorage();
    ours.applyStorage(storage);
    await ours.setAuthTokens({ accessToken: 'a', refreshToken: 'r' });
    expect(await storage.get(KEY)).toBe('{"accessToken":"a","refreshToken":"r"}');
  });
});

describe('The lock', () => {
  it('of one refresh token is nobody else’s, and free again after a failure', async () => {
    const holder = deferred();
    const order: string[] = [];
    const take = (token: string, name: string, until?: Promise<void>) =>
      withLockOf(
        token,
        async () => {
          order.push(name);
          await until;
        },
        { waitMs: 1_000, holdMs: 1_000 },
      );
    const held = take('ada', 'ada 1', holder.promise);
    const next = take('ada', 'ada 2');
    await take('bob', 'bob');
    expect(order).toEqual(['ada 1', 'bob']);
    holder.reject(new Error('fails'));
    await expect(held).rejects.toThrow('fails');
    await next;
    expect(order).toEqual(['ada 1', 'bob', 'ada 2']);
  });
});

describe('The register beside the storage', () => {
  const tokens = { accessToken: tokenOf('ada'), refreshToken: 'r1' };
  const entry = (version: number, more: Partial<Entry> = {}): Entry => ({
    version,
    id: `id${version}`,
    session: 's',
    ...more,
  });

  it('L4 takes the higher version only, and answers what is there; the storage holds the plain tokens', async () => {
    const storage = memoryStorage();
    const shelf = sharedStorageOf(storage);
    const first = entry(1, { tokens });
    expect(await shelf.write(1, () => first)).toBe(first);
    expect(storage.tokens).toEqual(tokens);
    expect(await shelf.write(1, () => entry(1, { id: 'late' }))).toBe(first);
    expect([await shelf.read(), storage.tokens]).toEqual([first, tokens]);
  });

  it('counts what somebody else has written, or taken out, as an entry of its own', async () => {
    const storage = memoryStorage(tokens);
    const shelf = sharedStorageOf(storage);
    const found = (await shelf.read())!;
    expect([found.version, found.tokens, await shelf.read()]).toEqual([1, tokens, found]);
    storage.put({ ...tokens, accessToken: tokenOf('ada', 60) });
    const changed = (await shelf.read())!;
    expect([changed.version, changed.session === found.session, changed.id === found.id]).toEqual([2, true, false]);
    expect(await shelf.write(2, () => entry(2))).toBe(changed);
    storage.put(null);
    expect(await shelf.read()).toEqual({ version: 3, id: expect.any(String), session: found.session });
    storage.put({ accessToken: tokenOf('bob'), refreshToken: 'r2' });
    const other = (await shelf.read())!;
    expect([other.version, other.session === found.session]).toEqual([4, false]);
  });

  it('keeps `sent` beside the storage, where nothing is written for it', async () => {
    const storage = memoryStorage(tokens);
    const shelf = sharedStorageOf({ ...inline(storage), set: () => Promise.reject(new Error('written')) });
    await shelf.read();
    await shelf.write(2, (found) => ({ ...found!, version: 2, id: 'marked', sent: 'me' }));
    expect(await shelf.read()).toMatchObject({ version: 2, sent: 'me', tokens });
  });

  it('L22 a sign-out takes the tokens out of the storage, and its version stays', async () => {
    const storage = memoryStorage(tokens);
    const shelf = sharedStorageOf(storage);
    await shelf.read();
    const out = entry(2);
    expect([await shelf.write(2, () => out), storage.tokens]).toEqual([out, null]);
    expect(await shelf.write(2, () => entry(2, { id: 'late', tokens }))).toBe(out);
  });

  it('a write that lands after it was given up, and after a later one, is found as somebody else’s', async () => {
    const clock = fakeClock();
    atEnd(() => clock.restore());
    const storage = memoryStorage(tokens);
    const landing = deferred();
    const sets = [landing.promise];
    const slow = async (key: string, value: string) => {
      await sets.shift();
      await storage.set(key, value);
    };
    const shelf = sharedStorageOf({ ...inline(storage), set: slow });
    await shelf.read();
    const [late, next] = [
      { ...tokens, refreshToken: 'late' },
      { ...tokens, refreshToken: 'next' },
    ];
    const given = failureOf(shelf.write(2, () => entry(2, { tokens: late })));
    await settle();
    await clock.advance(30_000);
    expect((await given).message).toBe('The storage did not answer within 30000 ms');
    await shelf.write(3, () => entry(3, { tokens: next }));
    landing.resolve();
    await settle();
    expect(await shelf.read()).toMatchObject({ version: 4, tokens: late });
  });
});
