import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  memoryStore,
  type SessionOptions,
  type StoreEntry,
  type TokenResponse,
  type TokenSource,
  type TokenStore,
} from 'axios-bearer';
import {
  cleanUp,
  clientOf,
  codeOf,
  deferred,
  failureOf,
  never,
  nextEvent,
  recordEvents,
  refreshing,
  settle,
  startClient,
  startServer,
  startSession,
  stateOf,
  storeWith,
  tokenPair,
  until,
} from '../support/kit.js';

afterEach(cleanUp);

const refusal = (status = 400) => Object.assign(new Error('refused'), { response: { status } });

describe('signIn(tokens)', () => {
  it.each<[string, TokenResponse]>([
    ['the wire shape', { access_token: 'x', refresh_token: 'r', expires_in: 3600, scope: 's' }],
    ['camelCase', { accessToken: 'x', refreshToken: 'r', expiresIn: 3600, scope: 's' }],
    ['a saved Token', { accessToken: 'x', refreshToken: 'r', expiresAt: Date.now() + 3_600_000, scope: 's' }],
    ['text for expires_in', { access_token: 'x', refresh_token: 'r', expires_in: '3600', scope: 's' }],
  ])('takes %s', async (_, tokens) => {
    const token = await startSession().signIn(tokens);
    expect(token).toMatchObject({ accessToken: 'x', refreshToken: 'r', scope: 's', issuedAt: expect.any(Number) });
    expect(token.expiresAt! - Date.now()).toBeGreaterThan(3_590_000);
    expect(token.expiresAt! - Date.now()).toBeLessThan(3_610_000);
  });

  it('takes a bare string, and what refresh() answered', async () => {
    const session = startSession();
    expect(await session.signIn('bare')).toMatchObject({ accessToken: 'bare' });
    const saved = await session.refresh();
    expect(await startSession().signIn(JSON.parse(JSON.stringify(saved)))).toEqual(saved);
  });

  it.each<[string, unknown]>([
    ['nothing readable', {}],
    ['an empty string', ''],
    ['a number', { access_token: 5 }],
    ['a line break', 'a\nb'],
    ['a space', { access_token: 'a b' }],
    ['another alphabet', 'Žeton'],
    ['an array', []],
    ['a malformed refresh token', { access_token: 'x', refresh_token: 'a\r\nb' }],
  ])('refuses %s, and leaves who is signed in', async (_, tokens) => {
    const session = startSession({ tokens: tokenPair('a') });
    const error = await failureOf(session.signIn(tokens as TokenResponse));
    expect(error).toMatchObject({ code: 'ERR_BEARER_TOKEN', isAxiosError: true });
    expect(await session.token()).toBe('at_a');
    expect(session.state.status).toBe('active');
  });

  it('is in use for the very next request, and resolves when the store has it', async () => {
    const store = memoryStore();
    const { server, api, session } = await startClient({ tokens: undefined, store });
    await session.signIn(server.issue());
    expect((await api.get('/videos')).status).toBe(200);
    expect(await store.read()).toMatchObject({ token: { accessToken: await session.token() } });
  });

  it('refreshes first when the tokens handed in have expired', async () => {
    const { server, api, session } = await startClient({ tokens: undefined });
    await session.signIn({ ...server.issue(), expires_in: 0 });
    server.expire();
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 0 });
  });

  it('fails with ERR_BEARER_STORE when the store does, and rejects nothing else', async () => {
    const session = startSession({ store: storeWith({ write: () => Promise.reject(new Error('disk full')) }) });
    const error = await failureOf(session.signIn(tokenPair('a')));
    expect(error).toMatchObject({ code: 'ERR_BEARER_STORE' });
    expect(error.cause.message).toContain('disk full');
  });

  it('forgets a definite refusal: the session works again', async () => {
    const { server, api, session } = await startClient();
    server.expire();
    server.revokeRefreshTokens();
    expect(await codeOf(api.get('/videos'))).toBe('ERR_BEARER_REJECTED');
    expect(await codeOf(session.token())).toBe('ERR_BEARER_REJECTED');
    expect(server.stats.refresh).toBe(1);
    await session.signIn(server.issue());
    server.expire();
    expect((await api.get('/videos')).status).toBe(200);
  });

  it('forgets the backoff of a transient failure: the new tokens are refreshed at once', async () => {
    const { server, api, session } = await startClient({ backoff: { initial: 20_000 } });
    server.expire();
    server.fault('/auth/refresh', { status: 503 });
    const waits = codeOf(api.get('/videos'));
    await nextEvent(session, 'refreshFailed');
    await session.signIn({ ...server.issue(), expires_in: 0 });
    expect((await api.get('/videos')).status).toBe(200);
    expect(await waits).toBe('ERR_BEARER_IDENTITY');
  });

  it('is one sign-in where it is called twice at once with the same tokens, as by React’s StrictMode', async () => {
    const session = startSession();
    const seen = recordEvents(session);
    const both = await Promise.all([session.signIn(tokenPair('a')), session.signIn(tokenPair('a'))]);
    expect(both.map(({ accessToken }) => accessToken)).toEqual(['at_a', 'at_a']);
    expect(seen.map(([name]) => name)).toEqual(['signedIn']);
  });

  it.each<[string, TokenResponse, TokenResponse]>([
    ['another refresh token', tokenPair('a'), tokenPair('a', { refresh_token: 'another' })],
    ['more than before', { access_token: 'a' }, { access_token: 'a', expires_in: 60, scope: 'all' }],
    ['no token, as it rests in a cookie', '', ''],
  ])('is another one where it is called with %s', async (_, before, after) => {
    const { session } = await startClient({ header: false, tokens: undefined });
    const first = codeOf(session.signIn(before));
    const last = codeOf(session.signIn(after));
    expect([await first, await last]).toEqual(['ERR_BEARER_IDENTITY', 'fulfilled']);
  });

  it('the last of several wins, and each promise settles', async () => {
    const session = startSession();
    const all = await Promise.allSettled([session.signIn('one'), session.signIn('two'), session.signIn('three')]);
    expect(all.at(-1)).toMatchObject({ status: 'fulfilled', value: { accessToken: 'three' } });
    expect(await session.token()).toBe('three');
  });
});

describe('signIn() without tokens', () => {
  it('leaves the state as it was when it is refused', async () => {
    const obtain = jest.fn(() => Promise.reject(Object.assign(new Error('no'), { status: 403 })));
    const session = startSession({ source: { obtain, interactive: true } });
    await session.signOut();
    expect(await codeOf(session.signIn())).toBe('ERR_BEARER_REJECTED');
    expect(session.state).toEqual({ status: 'signed-out' });
    expect([await codeOf(session.token()), obtain.mock.calls.length]).toEqual(['ERR_BEARER_SIGNED_OUT', 1]);
  });

  it('asks obtain', async () => {
    const refresh = jest.fn<NonNullable<TokenSource['refresh']>>(async () => 'refreshed');
    const session = startSession({ source: { refresh, obtain: async () => 'obtained' } });
    expect(await session.signIn()).toMatchObject({ accessToken: 'obtained' });
    expect(refresh).not.toHaveBeenCalled();
  });

  it('else asks refresh({}): a page finds its refresh cookie again', async () => {
    const refresh = jest.fn<NonNullable<TokenSource['refresh']>>(async () => 'refreshed');
    const session = startSession({ source: refresh });
    expect(await session.signIn()).toMatchObject({ accessToken: 'refreshed' });
    expect(refresh.mock.calls).toEqual([[{}, expect.anything()]]);
  });

  it('asks for somebody new, even when somebody is signed in', async () => {
    const refresh = jest.fn<NonNullable<TokenSource['refresh']>>(async () => 'new');
    const session = startSession({ tokens: tokenPair('a'), source: refresh });
    await session.signIn();
    expect(refresh.mock.calls[0]![0]).toEqual({});
    expect(await session.token()).toBe('new');
  });

  it('asks obtain again after signOut(), which a request alone does not', async () => {
    const obtain = jest.fn(async () => 'obtained');
    const session = startSession({ source: { obtain } });
    await session.token();
    await session.signOut();
    expect(await codeOf(session.token())).toBe('ERR_BEARER_SIGNED_OUT');
    expect(obtain).toHaveBeenCalledTimes(1);
    await session.signIn();
    expect(obtain).toHaveBeenCalledTimes(2);
    expect(await session.token()).toBe('obtained');
  });

  it('fails with a clear error when the source can give no first token', async () => {
    const session = startSession({ source: { needsRefreshToken: true, refresh: async () => 'x' } });
    expect(await failureOf(session.signIn())).toMatchObject({
      code: 'ERR_BEARER_CONFIG',
      message: 'signIn() needs tokens: the source has no obtain(), and refresh() needs a refresh token',
    });
  });

  it('fails with what the source failed with; nobody is signed in, and a second try may succeed', async () => {
    const answers = [Promise.reject(refusal(401)), Promise.resolve('welcome')];
    answers[0]!.catch(() => {});
    const session = startSession({ source: { obtain: () => answers.shift()! } });
    expect(await codeOf(session.signIn())).toBe('ERR_BEARER_REJECTED');
    expect(['signed-out', 'failed']).toContain(session.state.status);
    expect(await session.signIn()).toMatchObject({ accessToken: 'welcome' });
  });

  it('no cookie found again is no error of the requests that waited: they go as signed out', async () => {
    const answer = deferred<string>();
    const { api, session } = await startClient({ tokens: undefined, source: () => answer.promise });
    const signIn = codeOf(session.signIn());
    const request = api.get('/public');
    await settle();
    answer.reject(refusal(401));
    expect(await signIn).toBe('ERR_BEARER_REJECTED');
    expect((await request).data).toEqual({ authorization: false });
    expect(session.state).toEqual({ status: 'signed-out' });
  });

  it('leaves who is signed in when it fails', async () => {
    const session = startSession({ tokens: tokenPair('a'), source: { obtain: () => Promise.reject(refusal()) } });
    expect(await codeOf(session.signIn())).toBe('ERR_BEARER_REJECTED');
    expect(await session.token()).toBe('at_a');
  });

  it('lets a person take their time: interactive has no deadline and holds no lock', async () => {
    const answer = deferred<string>();
    const store = memoryStore();
    const source = { interactive: true, obtain: () => answer.promise };
    const session = startSession({
      store,
      source,
      refreshTimeout: 10,
      refreshRetries: 0,
      backoff: { initial: 1, cap: 1 },
    });
    const signIn = session.signIn();
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(await store.withLock(async () => 'lock is free', { waitMs: 50, holdMs: 50 })).toBe('lock is free');
    expect(await stateOf(signIn)).toBe('pending');
    answer.resolve('by-hand');
    expect(await signIn).toMatchObject({ accessToken: 'by-hand' });
  });

  it('a source with a deadline is left after refreshTimeout', async () => {
    const session = startSession({ source: { obtain: () => never }, refreshTimeout: 10, refreshRetries: 0 });
    expect(await codeOf(session.signIn())).toBe('ERR_BEARER_UNAVAILABLE');
  });
});

describe('requests made during a sign-in', () => {
  it('wait for it, and go with its token, with no 401 in between', async () => {
    const server = await startServer();
    const answer = deferred<TokenResponse>();
    const { api, session } = clientOf(server, { tokens: undefined, source: { obtain: () => answer.promise } });
    const signIn = session.signIn();
    const requests = Promise.all([api.get('/videos'), api.get('/echo/1'), session.token()]);
    await settle();
    expect(server.stats.requests).toBe(0);
    answer.resolve(server.issue());
    const { accessToken } = await signIn;
    expect((await requests)[2]).toBe(accessToken);
    expect(server.stats).toMatchObject({ unauthorized: 0, ok: 2 });
  });

  it('wait although the old token is still good: they are the new user’s', async () => {
    const answer = deferred<TokenResponse>();
    const { server, api, session } = await startClient({ source: { obtain: () => answer.promise } });
    await api.get('/videos');
    const signIn = session.signIn();
    const request = api.get('/echo/new');
    await settle();
    expect(server.stats.requests).toBe(1);
    answer.resolve(server.issue());
    await Promise.all([signIn, request]);
    expect(server.log.at(-1)).toMatchObject({ path: '/echo/new', generation: 2, status: 200 });
  });

  it('wait for tokens that are being stored, too', async () => {
    const written = deferred();
    const inner = memoryStore();
    const store = storeWith({ write: (next) => written.promise.then(() => inner.write(next)) }, inner);
    const { server, api, session } = await startClient({ tokens: undefined, store });
    await settle();
    const signIn = session.signIn(server.issue());
    const request = api.get('/videos');
    await settle();
    expect(server.stats.requests).toBe(0);
    written.resolve();
    await signIn;
    expect((await request).status).toBe(200);
    expect(server.stats.unauthorized).toBe(0);
  });

  it('fail with what it failed with, when nobody is signed in then and the source was unavailable', async () => {
    const { server, api, session } = await startClient({
      tokens: undefined,
      source: { obtain: () => Promise.reject(new Error('network')) },
      refreshRetries: 0,
    });
    const signIn = codeOf(session.signIn());
    const request = codeOf(api.get('/videos'));
    expect([await signIn, await request]).toEqual(['ERR_BEARER_UNAVAILABLE', 'ERR_BEARER_UNAVAILABLE']);
    expect(server.stats.requests).toBe(0);
  });
});

describe('identity', () => {
  const who = ({ accessToken }: { accessToken: string }) => accessToken.split('-')[0]!;

  it('the same string lets a request that waits live through a new sign-in', async () => {
    const server = await startServer();
    const [first, second] = [server.issue(), server.issue()];
    const { api, session } = clientOf(server, {
      tokens: first,
      source: () => never,
      identity: () => 'ada',
    });
    server.fault('/echo/waits', { status: 401 });
    const seen = recordEvents(session);
    const request = api.get('/echo/waits');
    while (!seen.some(([name]) => name === 'waiting')) await settle();
    await session.signIn(second);
    expect((await request).status).toBe(200);
    expect(server.log.filter(({ path }) => path === '/echo/waits').map(({ generation }) => generation)).toEqual([1, 2]);
  });

  it('another string rejects it with ERR_BEARER_IDENTITY, and so does every new sign-in by default', async () => {
    for (const identity of [who, undefined]) {
      const session = startSession({ tokens: 'ada-1', source: () => never, ...(identity && { identity }) });
      const refresh = codeOf(session.refresh());
      await session.signIn('bob-1');
      expect(await refresh).toBe('ERR_BEARER_IDENTITY');
    }
  });

  it('is asked once for each token, not for each request', async () => {
    const identity = jest.fn(who);
    const session = startSession({ tokens: 'ada-1', identity });
    for (let i = 0; i < 5; i += 1) await session.token();
    expect(identity.mock.calls.length).toBeLessThanOrEqual(1);
    await session.signIn('ada-2');
    expect(identity.mock.lastCall![0]).toMatchObject({ accessToken: 'ada-2' });
  });

  it('a function that throws breaks the sign-in, not the session', async () => {
    const store = memoryStore();
    const session = startSession({
      tokens: 'ada-1',
      store,
      identity: ({ accessToken }) => {
        if (accessToken === 'bad') throw new Error('no such claim');
        return accessToken;
      },
    });
    expect(await session.token()).toBe('ada-1');
    expect(await codeOf(session.signIn('bad'))).not.toBe('fulfilled');
    expect(await session.token()).toBe('ada-1');
    expect((await store.read())?.token?.accessToken).toBe('ada-1');
    expect(session.state.status).toBe('active');
  });
});

describe('signOut()', () => {
  it('revokes the token at the server, and takes it out of the store', async () => {
    const store = memoryStore();
    const revoke = jest.fn<NonNullable<TokenSource['revoke']>>(async () => {});
    const session = startSession({ tokens: tokenPair('a'), store, source: { refresh: async () => 'x', revoke } });
    await session.token();
    await session.signOut();
    expect(revoke.mock.calls).toEqual([
      [expect.objectContaining({ accessToken: 'at_a', refreshToken: 'rt_a' }), expect.objectContaining({ attempt: 0 })],
    ]);
    expect((await store.read())?.token).toBeUndefined();
  });

  it.each<[string, () => Promise<void>]>([
    ['throws', () => Promise.reject(new Error('down'))],
    [
      'throws at once',
      () => {
        throw new Error('down');
      },
    ],
    ['hangs', () => never],
  ])('is done although revoke %s', async (_, revoke) => {
    const session = startSession({
      tokens: tokenPair('a'),
      source: { refresh: async () => 'x', revoke },
      refreshTimeout: 30,
    });
    await session.signOut();
    expect(session.state).toEqual({ status: 'signed-out' });
  });

  it('is done at once for everybody else: while the server is asked to revoke, requests are signed out', async () => {
    const revoked = deferred();
    const session = startSession({
      tokens: tokenPair('a'),
      source: { refresh: async () => 'x', revoke: () => revoked.promise },
    });
    const done = session.signOut();
    expect(session.state).toEqual({ status: 'signed-out' });
    expect(await codeOf(session.token())).toBe('ERR_BEARER_SIGNED_OUT');
    revoked.resolve();
    await done;
  });

  it('with nobody signed in does nothing and says nothing', async () => {
    const revoke = jest.fn(async () => {});
    const session = startSession({ source: { refresh: async () => 'x', revoke } });
    await session.signOut();
    await session.signOut();
    expect(revoke).not.toHaveBeenCalled();
  });

  it('is followed by a sign-in as by any other', async () => {
    const { server, api, session } = await startClient();
    await session.signOut();
    expect(await codeOf(api.get('/videos'))).toBe('ERR_BAD_REQUEST');
    await session.signIn(server.issue());
    server.expire();
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.stats.refresh).toBe(1);
  });
});

describe('close()', () => {
  it('rejects all that waits, and everything afterwards, with ERR_BEARER_SIGNED_OUT', async () => {
    const { session } = await startClient({ source: () => never });
    const waits = [codeOf(session.refresh()), codeOf(session.token({ minValidity: 3_599_000 }))];
    session.close();
    expect(await Promise.all(waits)).toContain('ERR_BEARER_SIGNED_OUT');
    for (const late of [session.token(), session.refresh(), session.signIn(), session.signIn('x')]) {
      expect(await codeOf(late)).toBe('ERR_BEARER_SIGNED_OUT');
    }
  });

  it('leaves the tokens in the store, and the instance as if nothing had been installed', async () => {
    const store = memoryStore();
    const { server, api, session } = await startClient({ store });
    await api.get('/videos');
    session.close();
    expect(await store.read()).toMatchObject({ version: 1, token: {} });
    expect((await api.get('/public')).data).toEqual({ authorization: false });
    expect(await codeOf(api.get('/videos'))).toBe('ERR_BAD_REQUEST');
    expect(server.stats.refresh).toBe(0);
  });

  it('twice is once', () => {
    const session = startSession({ tokens: tokenPair('a') });
    session.close();
    expect(() => session.close()).not.toThrow();
  });

  it('keeps what a refresh under way brings for the next process, says nothing, and revokes nothing', async () => {
    const answer = deferred<TokenResponse>();
    const store = memoryStore();
    const revoke = jest.fn(async () => {});
    const session = startSession({ tokens: tokenPair('a'), store, source: { refresh: () => answer.promise, revoke } });
    await session.token();
    const refresh = codeOf(session.refresh());
    await settle();
    session.close();
    const seen = recordEvents(session);
    answer.resolve(tokenPair('b'));
    await settle();
    expect(await refresh).toBe('ERR_BEARER_SIGNED_OUT');
    expect([session.state, seen]).toEqual([{ status: 'signed-out' }, []]);
    expect(await store.read()).toMatchObject({ token: { refreshToken: 'rt_b' } });
    expect(revoke).not.toHaveBeenCalled();
  });

  it('plays no part in what another session of the same store does', async () => {
    const store = memoryStore();
    const first = startSession({ tokens: tokenPair('a'), store });
    await first.token();
    const second = startSession({ store, source: refreshing });
    await second.token();
    first.close();
    expect(await second.token()).toBe('at_a');
    expect(second.state.status).toBe('active');
  });
});

describe('A sign-in that another one overtakes', () => {
  /** Each write arrives when it is let go. */
  function slowly() {
    const writes: { arrive: () => void; entry: StoreEntry }[] = [];
    const inner = memoryStore();
    const write: TokenStore['write'] = async (entry) => {
      await new Promise<void>((arrive) => writes.push({ arrive, entry }));
      return inner.write(entry);
    };
    return { writes, inner, store: storeWith({ write }, inner) };
  }

  it('L21 takes what waited for it along: nothing is sent in the other one’s name', async () => {
    const { writes, store } = slowly();
    const { server, api, session } = await startClient({ tokens: undefined, store });
    await session.token().catch(() => {});
    const asBen = codeOf(session.signIn(server.issue()));
    const waiting = codeOf(api.get('/videos'));
    await settle();
    const asAna = codeOf(session.signIn(server.issue()));
    for (const { arrive } of writes) arrive();
    await until(() => writes.length === 3);
    writes[2]!.arrive();
    expect(await Promise.all([asBen, asAna])).toEqual(['ERR_BEARER_IDENTITY', 'fulfilled']);
    expect(await waiting).toBe('ERR_BEARER_IDENTITY');
    expect(server.log).toHaveLength(0);
  });

  it.each([
    ['in order: it is written again above it', [0, 1, 2]],
    ['the later one first', [1, 0]],
  ])('L4 rests below it, whichever the store hears of first: %s', async (_, order) => {
    const { writes, inner, store } = slowly();
    const { server, session } = await startClient({ tokens: undefined, store });
    await session.token().catch(() => {});
    const first = codeOf(session.signIn(server.issue()));
    const second = session.signIn(server.issue());
    await settle();
    for (const i of order) {
      writes[i]!.arrive();
      await settle();
    }
    const { accessToken } = await second;
    expect(await first).toBe('ERR_BEARER_IDENTITY');
    expect(writes).toHaveLength(order.length);
    expect(await inner.read()).toMatchObject({ token: { accessToken } });
    expect(await session.token()).toBe(accessToken);
  });

  it('by the same user resolves with the newer token', async () => {
    const session = startSession({ identity: () => 'ada' });
    const both = await Promise.all([session.signIn('ada-1'), session.signIn('ada-2')]);
    expect(both.map(({ accessToken }) => accessToken)).toEqual(['ada-2', 'ada-2']);
  });
});

describe('A sign-in that the store fails', () => {
  /** The next sign-in's write is what the trouble that was set makes of it. */
  function hostile() {
    const inner = memoryStore();
    const troubles: TokenStore['write'][] = [];
    let session: string | undefined;
    const write: TokenStore['write'] = (next) => {
      const isSignIn = next.token !== undefined && next.session !== session;
      session = next.session;
      const trouble = isSignIn ? troubles.shift() : undefined;
      return (trouble ?? inner.write)(next);
    };
    const set = (trouble: TokenStore['write']) => void troubles.push(trouble);
    return { inner, set, store: storeWith({ write }, inner) };
  }
  const full = () => Promise.reject(new Error('The disk is full'));

  it('L3 costs the old session nothing, though a refresh was under way', async () => {
    const { store, set } = hostile();
    const revoke = jest.fn(async () => {});
    const { server, api, session } = await startClient({ store, source: { refresh: refreshing, revoke } });
    await session.token();
    const answer = server.hold('/auth/refresh');
    const refresh = codeOf(session.refresh());
    await answer.arrived(1);
    const written = deferred();
    set(() => written.promise.then(full));
    const signIn = codeOf(session.signIn(server.issue()));
    answer.release();
    await until(() => server.stats.inFlight === 0);
    await settle();
    written.resolve();
    expect([await signIn, await refresh]).toEqual(['ERR_BEARER_STORE', 'fulfilled']);
    server.fault('/videos', { status: 401 });
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.stats).toMatchObject({ reuse: 0 });
    expect(revoke).not.toHaveBeenCalled();
  });

  it('leaves the state as it was; where the store was only slow, it is found there later', async () => {
    const { store, inner, set } = hostile();
    const { session } = await startClient({ store: storeWith({ subscribe: undefined }, store), refreshTimeout: 40 });
    const old = await session.token();
    const landed = deferred();
    set((next) => landed.promise.then(() => inner.write(next)));
    expect(await codeOf(session.signIn(tokenPair('bob')))).toBe('ERR_BEARER_STORE');
    expect(await session.token()).toBe(old);
    landed.resolve();
    await settle();
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_IDENTITY');
    expect(await session.token()).toBe('at_bob');
  });

  it('is found at the next hint, where the store was deaf: it had written, and said that it had not', async () => {
    const { store, inner, set } = hostile();
    const { session } = await startClient({ store });
    await session.token();
    const seen = recordEvents(session);
    set((next) => inner.write(next).then(full));
    expect(await codeOf(session.signIn(tokenPair('bob')))).toBe('ERR_BEARER_STORE');
    await settle();
    expect(await session.token()).toBe('at_bob');
    expect(seen).toEqual([['signedIn', { generation: 2 }]]);
  });

  it('L22 does not win after a sign-out', async () => {
    const { store, inner, set } = hostile();
    const session = startSession({ store, tokens: tokenPair('ana'), refreshTimeout: 20 });
    await session.token();
    const landed = deferred();
    set((next) => landed.promise.then(() => inner.write(next)));
    const signIn = codeOf(session.signIn(tokenPair('bob')));
    await session.signOut();
    landed.resolve();
    await settle();
    expect(await signIn).toBe('ERR_BEARER_SIGNED_OUT');
    expect((await inner.read())?.token).toBeUndefined();
    expect(session.state).toEqual({ status: 'signed-out' });
  });
});

describe('signIn(tokens) with a refresh token that is in use', () => {
  const saved = { ...tokenPair('saved'), expires_in: 0, expiresAt: 1 };

  it.each<[string, Partial<SessionOptions>]>([
    ['without identity', {}],
    ['with identity', { identity: () => 'ada' }],
  ])('L3 is presented once, though the app signs in twice: %s', async (_, options) => {
    const answer = deferred<TokenResponse>();
    const refresh = jest.fn((_token: { refreshToken?: string }) => answer.promise);
    const session = startSession({ source: refresh, ...options });
    const first = session.signIn(saved).then(() => session.token());
    await until(() => refresh.mock.calls.length > 0);
    const second = session.signIn(saved).then(() => session.token());
    await settle();
    answer.resolve(tokenPair('new'));
    expect(await Promise.all([first, second])).toEqual(['at_new', 'at_new']);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it('L3 takes what the store has, when it was spent', async () => {
    const refresh = jest.fn(async (_token: object) => tokenPair('new'));
    const session = startSession({ source: refresh });
    await session.signIn(saved);
    await session.token();
    expect((await session.signIn(saved)).accessToken).toBe('at_new');
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it('L22 fails when a sign-out is what the store has', async () => {
    const session = startSession({ source: async () => tokenPair('new') });
    await session.signIn(saved);
    await session.token();
    await session.signOut();
    await expect(session.signIn(saved)).rejects.toMatchObject({
      code: 'ERR_BEARER_SIGNED_OUT',
      message: expect.stringMatching(/used up before .* tokens of a new login/),
    });
  });
});
