import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios, { type AxiosAdapter } from 'axios';
import {
  bearer,
  memoryStore,
  type Session,
  type SourceContext,
  staticToken,
  type Token,
  type TokenResponse,
  type TokenSource,
  type TokenStore,
} from 'axios-bearer';
import {
  cleanUp,
  clientOf,
  closeAtEnd,
  codeOf,
  deferred,
  failureOf,
  never,
  nextEvent,
  refreshing,
  settle,
  startClient,
  startServer,
  startSession,
  storeWith,
  tokenPair,
  until,
} from '../support/kit.js';
import { stored } from '../support/stores.js';

afterEach(cleanUp);

type Refresh = NonNullable<TokenSource['refresh']>;
type Obtain = NonNullable<TokenSource['obtain']>;
const quick = { backoff: { initial: 1, cap: 3 } };
const answered = (status: number) => Object.assign(new Error('answered'), { response: { status } });

describe('a plain function', () => {
  it('is called with the token that is due and the context, and its answer is the new token', async () => {
    const source = jest.fn<Refresh>(async () => tokenPair('b'));
    const session = startSession({ tokens: tokenPair('a', { scope: 'videos' }), source });
    await session.refresh();
    const [token, ctx] = source.mock.calls[0]!;
    expect(token).toEqual({
      accessToken: 'at_a',
      refreshToken: 'rt_a',
      scope: 'videos',
      issuedAt: expect.any(Number),
      expiresAt: expect.any(Number),
    });
    expect(ctx).toMatchObject({ attempt: 0, signal: expect.any(AbortSignal), client: expect.any(Function) });
    expect(await session.token()).toBe('at_b');
  });

  it('serves a whole app with one line: refresh by the instance’s sibling', async () => {
    const server = await startServer();
    const api = axios.create({ baseURL: server.url });
    closeAtEnd(
      bearer(api, {
        tokens: server.issue(),
        source: async ({ refreshToken }, { client }) => (await client.post('/auth/refresh', { refreshToken })).data,
      }),
    );
    server.expire();
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it.each<[string, TokenResponse, object]>([
    ['the wire shape', { access_token: 'b', refresh_token: 'r', expires_in: 60 }, { refreshToken: 'r' }],
    ['camelCase', { accessToken: 'b', refreshToken: 'r', expiresIn: 60 }, { refreshToken: 'r' }],
    ['no new refresh token', { access_token: 'b' }, { refreshToken: 'rt_a' }],
    ['null for what there is not', { access_token: 'b', refresh_token: null, scope: null }, { refreshToken: 'rt_a' }],
    ['a bare string', 'b', { refreshToken: 'rt_a' }],
  ])('may answer %s', async (_, answer, more) => {
    const session = startSession({ tokens: tokenPair('a'), source: async () => answer });
    expect(await session.refresh()).toMatchObject({ accessToken: 'b', ...more });
  });

  it('may answer without a promise, and may throw without one', async () => {
    const sync = startSession({ tokens: tokenPair('a'), source: (() => 'at-once') as never });
    expect(await sync.refresh()).toMatchObject({ accessToken: 'at-once' });
    const throwing = startSession({
      ...quick,
      tokens: tokenPair('a'),
      refreshRetries: 0,
      source: () => {
        throw new Error('at once');
      },
    });
    const error = await failureOf(throwing.refresh());
    expect(error).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE' });
    expect(error.cause.message).toBe('at once');
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['{}', {}],
    ['HTML', '<!doctype html>'],
    ['an empty string', ''],
    ['a number for a token', { access_token: 7 }],
    ['a whole axios answer', { data: tokenPair('b'), status: 200, headers: {}, config: {} }],
    ['a line break in the token', { access_token: 'a\nb' }],
  ])('that answers %s is told so, and the old token is kept (L11)', async (_, answer) => {
    const session = startSession({
      ...quick,
      refreshRetries: 0,
      tokens: tokenPair('a'),
      source: async () => answer as never,
    });
    const error = await failureOf(session.refresh());
    expect(error.code).toBe('ERR_BEARER_TOKEN');
    expect(error.message).toMatch(/access_token/);
    expect(await session.token()).toBe('at_a');
  });

  it('throwing what is no error is a transient failure like any other', async () => {
    for (const thrown of [undefined, null, 'text', 42, { odd: true }]) {
      const session = startSession({
        ...quick,
        refreshRetries: 0,
        tokens: tokenPair('a'),
        source: () => Promise.reject(thrown),
      });
      expect(await codeOf(session.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
    }
  });
});

describe('staticToken', () => {
  it('is attached', async () => {
    const server = await startServer();
    const token = server.issue().access_token;
    const { api } = clientOf(server, { tokens: undefined, source: staticToken(token) });
    expect((await api.get('/videos')).status).toBe(200);
  });

  it('hands a 401 on as it is, at once, with nothing sent again', async () => {
    const { server, api } = await startClient({ tokens: undefined, source: staticToken('at_never-known') });
    const error = await failureOf(api.get('/videos'));
    expect([error.response.status, error.code]).toEqual([401, 'ERR_BAD_REQUEST']);
    expect(server.stats.requests).toBe(1);
  });

  it('that no header can carry is refused', async () => {
    expect(await codeOf(startClient({ tokens: undefined, source: staticToken('a\r\nb') }))).toBe('ERR_BEARER_TOKEN');
  });

  it('is there from the start: its session is active before anything is awaited, and again after a sign-in', async () => {
    const session = startSession({ source: staticToken('at_static') });
    expect(session.state.status).toBe('active');
    await session.signOut();
    expect(session.state.status).toBe('signed-out');
    expect((await session.signIn()).accessToken).toBe('at_static');
  });

  it('leaves the body of its 401 to be read: there is nothing to wait for', async () => {
    const { api } = await startClient({ tokens: undefined, source: staticToken('at_never-known') });
    const error = await failureOf(api.get('/videos', { responseType: 'stream' }));
    let body = '';
    for await (const chunk of error.response.data) body += chunk;
    expect(JSON.parse(body)).toMatchObject({ status: 401 });
  });

  it('gives way to tokens that were handed in', async () => {
    expect(await startSession({ source: staticToken('at_static'), tokens: tokenPair('own') }).token()).toBe('at_own');
  });
});

describe('The cause of a failed refresh', () => {
  it('has the words of RFC 6749 §5.2 also where a client other than axios has put them on its error', async () => {
    const thrown = Object.assign(new Error('refused'), {
      status: 400,
      error: 'invalid_grant',
      error_description: 'gone',
    });
    const session = startSession({ tokens: tokenPair('a'), source: () => Promise.reject(thrown) });
    expect(await failureOf(session.refresh())).toMatchObject({
      code: 'ERR_BEARER_REJECTED',
      cause: { status: 400, error: 'invalid_grant', error_description: 'gone' },
    });
  });
});

describe('What a source throws that can’t be looked at', () => {
  const trap = () => {
    throw new Error('trap');
  };

  it.each<[string, unknown]>([
    ['a proxy', new Proxy(new Error('p'), { get: trap })],
    ['a getter', Object.defineProperty({}, 'status', { get: trap })],
    ['a frozen config', { message: 'down', config: Object.freeze({ data: 'x' }) }],
    ['a response with a getter', { response: Object.defineProperty({}, 'headers', { get: trap }) }],
  ])('L8 fails as anything else: %s', async (_, thrown) => {
    const session = startSession({ tokens: tokenPair('a'), source: () => Promise.reject(thrown), refreshRetries: 0 });
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
    expect(await session.token()).toBe('at_a');
  });
});

describe('The token that a session holds', () => {
  const without = (token: object) => Reflect.deleteProperty(token, 'refreshToken');

  it.each<[string, (session: Session) => Promise<Token>]>([
    ['signIn()', (session) => session.signIn(tokenPair('b'))],
    ['update()', (session) => session.update(tokenPair('c'))],
    ['refresh()', (session) => session.refresh()],
  ])('L3 stays whole, whatever is done to what %s has returned', async (_, ask) => {
    const presented: unknown[] = [];
    const session = startSession({
      tokens: tokenPair('a'),
      source: async ({ refreshToken }) => {
        presented.push(refreshToken);
        return { access_token: `at_${presented.length}` };
      },
    });
    without(await ask(session));
    await session.refresh();
    expect(presented).not.toContain(undefined);
  });

  it('L3 stays whole, whatever a source does to what it is given, also where it came from the store', async () => {
    const presented: unknown[] = [];
    const store = memoryStore();
    await store.write(stored('ada', 1));
    const session = startSession({
      ...quick,
      store,
      source: async (token) => {
        presented.push(token.refreshToken);
        Object.assign(token, { refreshToken: undefined });
        if (presented.length === 1) throw new Error('once');
        return { access_token: 'at_new' };
      },
    });
    await session.token();
    without(await session.refresh());
    await session.refresh();
    expect(presented).toEqual(['rt_ada1', 'rt_ada1', 'rt_ada1']);
  });
});

describe('isRejected, or what a refusal means', () => {
  it.each([400, 401, 403])(
    '%i from the token endpoint is definite: one call, and the session ends with its token',
    async (status) => {
      const { server, session } = await startClient({
        ...quick,
        tokens: { ...tokenPair('over'), expires_in: undefined, expiresAt: 1 },
      });
      server.fault('/auth/refresh', { status }, { times: 9 });
      const error = await failureOf(session.refresh());
      expect(error).toMatchObject({ code: 'ERR_BEARER_REJECTED', cause: { status } });
      expect(server.stats.refresh).toBe(1);
      expect(session.state.status).toBe('failed');
    },
  );

  it.each([404, 408, 409, 418, 422, 429, 500, 502, 503, 504])(
    '%i is not: the session is kept (L10)',
    async (status) => {
      const { server, session } = await startClient({ ...quick, refreshRetries: 1 });
      server.fault('/auth/refresh', { status }, { times: 9 });
      expect(await codeOf(session.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
      expect(session.state.status).toBe('active');
    },
  );

  it('is the source’s to say: true for a network error, false for a 400', async () => {
    const strict = startSession({
      tokens: tokenPair('a'),
      source: { refresh: () => Promise.reject(new Error('net')), isRejected: () => true },
    });
    expect(await codeOf(strict.refresh())).toBe('ERR_BEARER_REJECTED');
    const refresh = jest.fn<Refresh>(() => Promise.reject(answered(400)));
    const mild = startSession({
      ...quick,
      tokens: tokenPair('a'),
      refreshRetries: 2,
      source: { refresh, isRejected: () => false },
    });
    expect(await codeOf(mild.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
    expect(mild.state.status).toBe('active');
  });

  it('is asked with what the source threw, by refresh and by obtain, as a method of the source', async () => {
    const [first, second] = [new Error('refresh'), new Error('obtain')];
    const asked: unknown[] = [];
    const source = {
      refresh: () => Promise.reject(first),
      obtain: () => Promise.reject(second),
      isRejected(this: unknown, error: unknown) {
        asked.push(error);
        expect(this).toBe(source);
        return true;
      },
    };
    expect(await codeOf(startSession({ tokens: tokenPair('a'), source }).refresh())).toBe('ERR_BEARER_REJECTED');
    expect(asked).toEqual([first, second]);
  });

  it('that throws itself ends nothing', async () => {
    const source = {
      refresh: () => Promise.reject(answered(400)),
      isRejected: () => {
        throw new Error('in isRejected');
      },
    };
    const session = startSession({ ...quick, tokens: tokenPair('a'), source, refreshRetries: 0 });
    expect(await codeOf(session.refresh())).toMatch(/^ERR_BEARER_(UNAVAILABLE|TOKEN)$/);
    expect(session.state.status).toBe('active');
  });
});

describe('A predicate that answers with a promise', () => {
  /** The lines on the console that a task brings. */
  async function said(task: () => Promise<unknown>) {
    const error = jest.spyOn(console, 'error').mockImplementation(() => {});
    await task();
    const lines = error.mock.calls.map(([line]) => line);
    error.mockRestore();
    return lines;
  }

  it('L10 isRejected: what it says is not known in time, so the default counts, and it is told once', async () => {
    const failing = (status: number, isRejected: () => unknown) =>
      startSession({
        refreshRetries: 0,
        backoff: { initial: 0, cap: 0 },
        tokens: tokenPair('a'),
        source: {
          refresh: () => Promise.reject(answered(status)),
          isRejected: isRejected as TokenSource['isRejected'],
        } as TokenSource,
      });
    const session = failing(503, async () => true);
    const lines = await said(async () => {
      expect(await codeOf(session.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
      await settle();
      expect(await codeOf(session.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
      expect(await codeOf(failing(400, () => Promise.reject(new Error('x'))).refresh())).toBe('ERR_BEARER_REJECTED');
      await settle();
    });
    expect(session.state.status).toBe('active');
    expect(lines).toEqual(Array(2).fill(expect.stringContaining('"isRejected"')));
  });

  it('skip, authorize: the token is attached, and it is told once', async () => {
    const { server, api } = await startClient({
      skip: (async () => false) as never,
      source: { refresh: refreshing, authorize: (async () => false) as never },
    });
    const lines = await said(async () => {
      for (let i = 0; i < 3; i += 1) expect((await api.get('/public')).data.authorization).toBe(true);
    });
    expect(lines).toEqual([expect.stringContaining('"skip"'), expect.stringContaining('"authorize"')]);
    expect(server.stats.unauthorized).toBe(0);
  });

  it('L21 identity: each sign-in is somebody new, as without it', async () => {
    const identity = (async () => 'ada') as never;
    const { session, api } = await startClient({ identity });
    const lines = await said(async () => {
      expect((await api.get('/videos')).status).toBe(200);
      expect((await session.refresh()).accessToken).toBeTruthy();
    });
    expect(lines).toEqual([expect.stringContaining('"identity"')]);
  });
});

describe('needsRefreshToken', () => {
  it('without a refresh token: a 401 is handed on, and refresh is never called', async () => {
    const refresh = jest.fn<Refresh>(async () => 'x');
    const { server, api } = await startClient({ tokens: 'at_bare', source: { needsRefreshToken: true, refresh } });
    expect((await failureOf(api.get('/videos'))).response.status).toBe(401);
    expect(refresh).not.toHaveBeenCalled();
    expect(server.stats.requests).toBe(1);
  });

  it('without a refresh token, but with obtain: obtain', async () => {
    const refresh = jest.fn<Refresh>(async () => 'x');
    const source = { needsRefreshToken: true, refresh, obtain: async () => 'obtained' };
    expect((await startSession({ tokens: 'bare', source }).refresh()).accessToken).toBe('obtained');
    expect(refresh).not.toHaveBeenCalled();
  });

  it('not set: refresh is called although there is no refresh token, for it may be in a cookie', async () => {
    const refresh = jest.fn<Refresh>(async () => 'x');
    await startSession({ tokens: 'bare', source: { refresh } }).refresh();
    expect(refresh.mock.calls[0]![0]).toMatchObject({ accessToken: 'bare' });
  });
});

describe('the ordered fallback: refresh, then obtain', () => {
  it('obtains after a definite refusal, in the same flight and attempt', async () => {
    const { server, api, session } = await startClient({
      source: { refresh: refreshing, obtain: async () => server.issue() },
    });
    server.expire();
    server.revokeRefreshTokens();
    expect((await Promise.all([api.get('/videos'), api.get('/echo')])).map(({ status }) => status)).toEqual([200, 200]);
    expect(server.stats.refresh).toBe(1);
    expect(session.state).toMatchObject({ status: 'active', generation: 2 });
  });

  it('does not obtain after a transient failure', async () => {
    const obtain = jest.fn<Obtain>(async () => 'x');
    const source = { refresh: () => Promise.reject(new Error('down')), obtain };
    const session = startSession({ ...quick, tokens: tokenPair('a'), source, refreshRetries: 1 });
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
    expect(obtain).not.toHaveBeenCalled();
  });

  it('presents a refused refresh token never again, though obtain is down for a while (L3)', async () => {
    const refresh = jest.fn<Refresh>(() => Promise.reject(answered(400)));
    const answers = [
      () => Promise.reject(new Error('down')),
      () => Promise.reject(new Error('down')),
      async () => 'new',
    ];
    const session = startSession({
      ...quick,
      tokens: tokenPair('a'),
      source: { refresh, obtain: () => answers.shift()!() },
    });
    expect((await session.refresh()).accessToken).toBe('new');
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it('fails when obtain is refused too, and asks neither again before backoff.cap', async () => {
    const refresh = jest.fn<Refresh>(() => Promise.reject(answered(400)));
    const obtain = jest.fn<Obtain>(() => Promise.reject(answered(401)));
    const { server, api, session } = await startClient({ source: { refresh, obtain } });
    server.expire();
    expect(await codeOf(api.get('/videos'))).toBe('ERR_BEARER_REJECTED');
    for (let i = 0; i < 3; i += 1) await codeOf(api.get('/videos'));
    await codeOf(session.token());
    expect([refresh.mock.calls.length, obtain.mock.calls.length]).toEqual([1, 1]);
  });

  it('a token that was obtained keeps nothing of the old one: no refresh token of a dead family', async () => {
    const source = { refresh: () => Promise.reject(answered(400)), obtain: async () => ({ access_token: 'new' }) };
    const token = await startSession({ tokens: tokenPair('a'), source }).refresh();
    expect(token.refreshToken).toBeUndefined();
  });

  it('interactive: after a refusal a person is asked outside the lock, with no deadline', async () => {
    const byHand = deferred<string>();
    const obtain = jest.fn<Obtain>(() => byHand.promise);
    const session = startSession({
      ...quick,
      tokens: tokenPair('a'),
      refreshTimeout: 15,
      refreshRetries: 0,
      source: { interactive: true, refresh: () => Promise.reject(answered(400)), obtain },
    });
    const refreshed = session.refresh();
    await new Promise((resolve) => setTimeout(resolve, 50));
    byHand.resolve('by-hand');
    expect((await refreshed).accessToken).toBe('by-hand');
    expect(obtain).toHaveBeenCalledTimes(1);
  });
});

describe('A store that fails when obtain() has answered', () => {
  const down = () => Promise.reject(new Error('no connection'));

  /** A source; its first answer meets a store that fails `times` times. And what it was asked and told. */
  function obtaining(part: 'write' | 'withLock', { times = 1, ...more }: { times?: number } & Partial<TokenSource>) {
    const inner = memoryStore();
    const seen = { asked: 0, revoked: [] as string[] };
    let left = 0;
    const fails = () => left-- > 0;
    const store = storeWith(
      {
        write: (next) => (part === 'write' && fails() ? down() : inner.write(next)),
        withLock: (task, options) => (part === 'withLock' && fails() ? down() : inner.withLock(task, options)),
      },
      inner,
    );
    const source: TokenSource = {
      obtain: async () => {
        left = seen.asked === 0 ? times : 0;
        seen.asked += 1;
        return tokenPair(`obtained${seen.asked}`);
      },
      revoke: async ({ accessToken }) => void seen.revoked.push(accessToken),
      ...more,
    };
    return { seen, source, store, inner };
  }
  const refused = { refresh: () => Promise.reject(answered(400)), needsRefreshToken: true };
  const kept = { asked: 1, revoked: [] };

  it.each(['write', 'withLock'] as const)('L3 asks no person twice: %s() fails for a request', async (part) => {
    const { seen, ...options } = obtaining(part, { interactive: true });
    expect(await startSession({ ...quick, ...options }).token()).toBe('at_obtained1');
    expect(seen).toEqual(kept);
  });

  it.each(['write', 'withLock'] as const)('L3 asks no person twice: %s() fails after a refusal', async (part) => {
    const { seen, ...options } = obtaining(part, { interactive: true, ...refused });
    const tokens = tokenPair('old', { expires_in: -1 });
    expect(await startSession({ ...quick, ...options, tokens }).token()).toBe('at_obtained1');
    expect(seen).toEqual(kept);
  });

  it.each([true, false])('L3 asks once for signIn(): interactive %s', async (interactive) => {
    const { seen, ...options } = obtaining('write', { interactive });
    expect(await startSession({ ...quick, ...options }).signIn()).toMatchObject({ accessToken: 'at_obtained1' });
    expect(seen).toEqual(kept);
  });

  it('L3 asks once for a first token, however often the write fails', async () => {
    const { seen, ...options } = obtaining('write', { times: 3 });
    expect(await startSession({ ...quick, ...options, refreshRetries: 3 }).token()).toBe('at_obtained1');
    expect(seen).toEqual(kept);
  });

  it('L3 revokes nothing that was stored all the same, though the store said that it had failed', async () => {
    const { seen, inner, ...options } = obtaining('write', { interactive: true });
    let isFirst = true;
    const write: TokenStore['write'] = async (next) => {
      const there = await inner.write(next);
      if (!isFirst) return there;
      isFirst = false;
      return down();
    };
    const session = startSession({ ...quick, ...options, store: { ...inner, write } });
    expect(await session.token()).toBe('at_obtained1');
    expect((await inner.read())?.token?.accessToken).toBe('at_obtained1');
    expect(seen).toEqual(kept);
  });

  it('L22 revokes it when somebody signs out before it is stored', async () => {
    const { seen, ...options } = obtaining('write', { interactive: true });
    const session = startSession({ ...quick, ...options, backoff: { initial: 60_000, cap: 60_000 } });
    const token = codeOf(session.token());
    await nextEvent(session, 'refreshFailed');
    await session.signOut();
    expect(await token).toBe('ERR_BEARER_SIGNED_OUT');
    await settle();
    expect(seen).toEqual({ asked: 1, revoked: ['at_obtained1'] });
  });
});

describe('ctx.attempt', () => {
  it('counts the failures in a row, and begins anew after a success', async () => {
    const attempts: number[] = [];
    const failAt = new Set([0, 1, 3]);
    let call = 0;
    const session = startSession({
      ...quick,
      tokens: tokenPair('a'),
      source: async (_: Partial<Token>, { attempt }: SourceContext) => {
        attempts.push(attempt);
        if (failAt.has(call++)) throw new Error('down');
        return tokenPair('b');
      },
    });
    await session.refresh();
    await session.refresh();
    expect(attempts).toEqual([0, 1, 2, 0, 1]);
  });
});

describe('ctx.signal', () => {
  it('is aborted at the deadline of its own attempt, and not before; each attempt has its own', async () => {
    const signals: AbortSignal[] = [];
    const session = startSession({
      ...quick,
      tokens: tokenPair('a'),
      refreshTimeout: 20,
      refreshRetries: 1,
      source: (_, { signal }) => {
        signals.push(signal);
        expect(signal.aborted).toBe(false);
        return never;
      },
    });
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
    expect(signals.length).toBeGreaterThan(0);
    expect(new Set(signals).size).toBe(signals.length);
    await until(() => signals.every(({ aborted }) => aborted));
  });

  it('is not aborted by one who waits and gives up', async () => {
    const answer = deferred<string>();
    let signal!: AbortSignal;
    const session = startSession({
      tokens: tokenPair('a', { expires_in: 0 }),
      source: (_, ctx) => {
        signal = ctx.signal;
        return answer.promise;
      },
    });
    const aborter = new AbortController();
    const given = codeOf(session.token({ signal: aborter.signal }));
    await settle();
    aborter.abort();
    await given;
    expect(signal.aborted).toBe(false);
    answer.resolve('b');
    expect(await session.token()).toBe('b');
  });

  it('is not aborted after a success', async () => {
    let signal!: AbortSignal;
    const session = startSession({
      tokens: tokenPair('a'),
      refreshTimeout: 15,
      source: async (_, ctx) => {
        signal = ctx.signal;
        return 'b';
      },
    });
    await session.refresh();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(signal.aborted).toBe(false);
  });
});

describe('A source that signs in itself', () => {
  it('L3 has no token revoked that is in use', async () => {
    const revoked: unknown[] = [];
    const session = startSession({
      identity: () => 'ada',
      tokens: tokenPair('old', { expires_in: -1 }),
      source: {
        refresh: async () => {
          await session.signIn(tokenPair('new'));
          return tokenPair('new');
        },
        revoke: async (token) => void revoked.push(token.refreshToken),
      },
    });
    expect(await session.token()).toBe('at_new');
    await settle();
    expect(revoked).toEqual([]);
  });
});

describe('revoke', () => {
  it('is called at signOut() as a method, with the token and a client that works', async () => {
    const server = await startServer();
    const api = axios.create({ baseURL: server.url });
    const source = {
      refresh: refreshing,
      async revoke(this: unknown, { refreshToken }: Token, { client }: SourceContext) {
        expect(this).toBe(source);
        await client.post('/public/revoke', { refreshToken });
      },
    };
    const session = closeAtEnd(bearer(api, { tokens: server.issue(), source }));
    await session.signOut();
    expect(server.log).toMatchObject([{ path: '/public/revoke', status: 200, authorized: false }]);
  });

  it('is not called by close(), by a definite refusal, or for nobody', async () => {
    const revoke = jest.fn(async () => {});
    const refresh = () => Promise.reject(answered(400));
    startSession({ tokens: tokenPair('a'), source: { refresh, revoke } }).close();
    const over = { ...tokenPair('a'), expires_in: undefined, expiresAt: 1 };
    const refused = startSession({ tokens: over, source: { refresh, revoke } });
    await codeOf(refused.refresh());
    await refused.signOut();
    await startSession({ source: { refresh, revoke } }).signOut();
    expect(revoke).not.toHaveBeenCalled();
  });

  it('has a deadline, and its signal is aborted then', async () => {
    let signal!: AbortSignal;
    const revoke = (_: Token, ctx: SourceContext) => {
      signal = ctx.signal;
      return never;
    };
    const session = startSession({
      tokens: tokenPair('a'),
      source: { refresh: async () => 'x', revoke },
      refreshTimeout: 15,
    });
    await session.signOut();
    expect(signal.aborted).toBe(true);
  });
});

describe('origins of a source', () => {
  it('join those of the instance: the token goes to both, and nowhere else', async () => {
    const [one, two, three] = [await startServer(), await startServer(), await startServer()];
    const { api } = clientOf(one, { source: { refresh: refreshing, origins: [two.url] } });
    const [here, there, elsewhere] = await Promise.all([one, two, three].map(({ url }) => api.get(`${url}/public`)));
    expect([here, there, elsewhere].map((answer) => answer!.data.authorization)).toEqual([true, true, false]);
  });

  it('are enough for an instance without a baseURL', async () => {
    const server = await startServer();
    const api = axios.create();
    closeAtEnd(bearer(api, { tokens: server.issue(), source: { refresh: async () => 'x', origins: [server.url] } }));
    expect((await api.get(`${server.url}/videos`)).status).toBe(200);
  });

  describe('L19 are read as the option `origins` is', () => {
    /** Does a request to `url` bear the token? */
    async function bears(origins: unknown, url: string) {
      const adapter: AxiosAdapter = async (config) => {
        const data = config.headers.get('Authorization') === 'Bearer at_a';
        return { status: 200, statusText: '', headers: {}, data, config };
      };
      const api = axios.create({ adapter });
      const source = { refresh: async () => 'x', origins: origins as string[] };
      const session = bearer(api, { tokens: tokenPair('a'), source });
      const { data } = await api.get(url);
      void session.close();
      return data;
    }

    it.each<[unknown, string, boolean]>([
      ['https://api.example.com', 'https://api.example.com/x', true],
      ['https://api.example.com', 'https://api.example.co/x', false],
      ['https://api.example.com:8443', 'https://api.example.com/x', false],
      [['https://api.example.com/'], 'https://api.example.com/x', true],
      [['https://API.example.com'], 'https://api.example.com/x', true],
      [['https://api.example.com:443'], 'https://api.example.com/x', true],
      [['https://api.example.com/v1'], 'https://api.example.com/x', true],
    ])('%j: a request to %s bears the token: %p', async (origins, url, expected) => {
      expect(await bears(origins, url)).toBe(expected);
    });
  });
});

describe('a source that goes through the guarded instance (L18)', () => {
  it('in its synchronous part is recognised, and works', async () => {
    const server = await startServer();
    const api = axios.create({ baseURL: server.url });
    const source: Refresh = ({ refreshToken }) => api.post('/auth/refresh', { refreshToken }).then(({ data }) => data);
    closeAtEnd(bearer(api, { tokens: server.issue(), source }));
    server.expire();
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.stats.refresh).toBe(1);
  });

  it('later fails within refreshTimeout, and the error names ctx.client', async () => {
    const server = await startServer();
    const api = axios.create({ baseURL: server.url });
    const source: Refresh = async ({ refreshToken }) => {
      await settle();
      return (await api.post('/auth/refresh', { refreshToken })).data;
    };
    const session = closeAtEnd(bearer(api, { ...quick, tokens: server.issue(), source, refreshTimeout: 40 }));
    await session.signIn(tokenPair('a', { expires_in: 0 }));
    const failed = nextEvent(session, 'refreshFailed');
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
    expect((await failed).error.message).toContain('ctx.client');
  });
});

describe('a source that is asked by many at once', () => {
  it('is asked once, by requests, token() and refresh() together, though it answers in the same tick (L1)', async () => {
    const source = jest.fn<Refresh>(async () => server.issue());
    const { server, api, session } = await startClient({ source });
    server.expire();
    await Promise.all([api.get('/videos'), api.get('/echo'), api.get('/videos')]);
    expect(source).toHaveBeenCalledTimes(1);
    expect(session.state).toMatchObject({ status: 'active', generation: 2 });
  });
});
