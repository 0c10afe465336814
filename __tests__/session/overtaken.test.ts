import { afterEach, describe, expect, it } from '@jest/globals';
import {
  createSession,
  memoryStore,
  storageStore,
  type Token,
  type TokenResponse,
  type TokenStore,
} from 'axios-bearer';
import {
  cleanUp,
  closeSessionAtEnd,
  codeOf,
  deferred,
  failureOf,
  installClock,
  nextEvent,
  settle,
  startClient,
  startSession,
  stateOf,
  storeWith,
  tokenPair,
} from '../support/kit.js';

afterEach(cleanUp);

/** A store that answers its nth read when `answer` is called. */
function slowToRead(nth = 1, inner: TokenStore = memoryStore()) {
  const { promise, resolve: answer } = deferred();
  let reads = 0;
  const read: TokenStore['read'] = async () => {
    reads += 1;
    if (reads === nth) await promise;
    return inner.read();
  };
  return { store: storeWith({ read }, inner), answer };
}

const nameOf = ({ accessToken }: Token) => accessToken.replace(/\d/g, '');

describe('while the store is being read for the first time', () => {
  it('L21 who signs in stays in: the option `tokens` is not written over it', async () => {
    // The lock is held then, to write `tokens`.
    const { store, answer } = slowToRead(2);
    const session = startSession({ store, tokens: tokenPair('ana') });
    await settle();
    await session.signIn(tokenPair('ben'));
    answer();
    await settle();
    expect(await session.token()).toBe('at_ben');
    expect(await store.read()).toMatchObject({ token: { accessToken: 'at_ben' } });
  });

  it('L22 who signs out stays out', async () => {
    const { store, answer } = slowToRead(2);
    const session = startSession({ store, tokens: tokenPair('ana') });
    await settle();
    await session.signOut();
    answer();
    await settle();
    expect(await codeOf(session.token())).toBe('ERR_BEARER_SIGNED_OUT');
    expect((await store.read())?.token).toBeUndefined();
  });

  it.each([
    ['by default', undefined],
    ['by the option `identity`', nameOf],
  ])('L21 a request of a user who signs in gets no token of the next one: told apart %s', async (_, identity) => {
    const inner = memoryStore();
    const { promise, resolve } = deferred();
    const write: TokenStore['write'] = (next) => promise.then(() => inner.write(next));
    const session = startSession({ store: storeWith({ write }, inner), identity });
    const asked = [session.signIn(tokenPair('ana')), session.token(), session.refresh()].map(codeOf);
    await settle();
    const ben = session.signIn(tokenPair('ben'));
    resolve();
    await ben;
    expect(await Promise.all(asked)).toEqual(Array(3).fill('ERR_BEARER_IDENTITY'));
  });

  it('L21 nor does one that was made for the user of `tokens`', async () => {
    const { store, answer } = slowToRead();
    const session = startSession({ store, tokens: tokenPair('ana', { expires_in: 0 }) });
    const asked = codeOf(session.token());
    await settle();
    const ben = session.signIn(tokenPair('ben'));
    answer();
    await ben;
    expect(await asked).toBe('ERR_BEARER_IDENTITY');
  });
});

describe('another sign-in', () => {
  it('L21 is another user’s where `identity` does not say', async () => {
    const identity = ({ accessToken }: Token) => (accessToken === 'at_ben' ? 'ben' : (undefined as never));
    const brought = deferred<TokenResponse>();
    const session = startSession({ identity, tokens: tokenPair('ana'), source: () => brought.promise });
    const asked = codeOf(session.refresh());
    await session.signIn(tokenPair('ben'));
    brought.resolve(tokenPair('ana2'));
    expect(await asked).toBe('ERR_BEARER_IDENTITY');
  });

  it.each([
    ['signIn', 'ERR_BEARER_IDENTITY'],
    ['signOut', 'ERR_BEARER_SIGNED_OUT'],
  ] as const)('L21 update() does not resolve with what took its place: %s', async (overtakes, code) => {
    const brought = deferred<TokenResponse>();
    const session = startSession({ tokens: tokenPair('ana'), source: () => brought.promise });
    session.refresh().catch(() => {});
    await settle();
    const updated = codeOf(session.update(tokenPair('native')));
    await session[overtakes](tokenPair('ben'));
    brought.resolve(tokenPair('ana2'));
    expect(await updated).toBe(code);
  });

  it('L21 signIn() with a spent refresh token does not resolve as the user who is in by now', async () => {
    const session = startSession({ source: async () => tokenPair('ana2') });
    await session.signIn(tokenPair('ana'));
    await session.refresh();
    await session.signIn(tokenPair('ben'));
    expect(await failureOf(session.signIn(tokenPair('ana')))).toMatchObject({
      code: 'ERR_BEARER_IDENTITY',
      message: expect.stringMatching(/^The refresh token was used up, and another user is signed in/),
    });
    expect(await session.token()).toBe('at_ben');
  });

  it('L21 unless `identity` says that it is the same user', async () => {
    const session = startSession({ identity: () => 'ana', source: async () => tokenPair('ana2') });
    await session.signIn(tokenPair('ana'));
    await session.refresh();
    await session.signIn(tokenPair('again'));
    expect((await session.signIn(tokenPair('ana'))).accessToken).toBe('at_again');
  });

  it('L10 that fails takes no request along that waits for a refresh', async () => {
    const brought = deferred<TokenResponse>();
    const inner = memoryStore();
    const write: TokenStore['write'] = (next) =>
      next.token?.accessToken === 'at_ben' ? Promise.reject(new Error('disk full')) : inner.write(next);
    const session = startSession({
      store: storeWith({ write }, inner),
      tokens: tokenPair('ana', { expires_in: 0 }),
      source: () => brought.promise,
    });
    const refreshing = nextEvent(session, 'refreshing');
    const asked = session.token();
    await refreshing;
    expect(await codeOf(session.signIn(tokenPair('ben')))).toBe('ERR_BEARER_STORE');
    brought.resolve(tokenPair('ana2'));
    expect(await asked).toBe('at_ana2');
  });

  describe('while a request waits', () => {
    /** Ben's is not stored until `land` is called, and one is not stored at all. */
    function slowStore() {
      const inner = memoryStore();
      const { promise, resolve: land } = deferred();
      const write: TokenStore['write'] = (next) => {
        if (next.token?.accessToken === 'at_lost') return Promise.reject(new Error('disk full'));
        return next.token?.accessToken === 'at_ben' ? promise.then(() => inner.write(next)) : inner.write(next);
      };
      return { store: storeWith({ write }, inner), land };
    }

    it.each(['signOut', 'close'] as const)(
      'L22 for a refresh, then %s(): it is not sent without a token',
      async (ends) => {
        const { store, land } = slowStore();
        const { server, api, session } = await startClient({ store, tokens: tokenPair('ana', { expires_in: 0 }) });
        const hold = server.hold('/auth/refresh');
        const request = codeOf(api.get('/public'));
        await hold.arrived(1);
        session.signIn(tokenPair('ben')).catch(() => {});
        await settle();
        session[ends]().catch(() => {});
        expect(await request).toBe('ERR_BEARER_SIGNED_OUT');
        land();
      },
    );

    it('L21 for another one, and fails: it is not sent without a token', async () => {
      const { store, land } = slowStore();
      const { api, session } = await startClient({ store, tokens: undefined });
      await session.token().catch(() => {});
      session.signIn(tokenPair('ben')).catch(() => {});
      const request = codeOf(api.get('/public'));
      await settle();
      expect(await codeOf(session.signIn(tokenPair('lost')))).toBe('ERR_BEARER_STORE');
      expect(await request).toBe('ERR_BEARER_STORE');
      land();
    });
  });
});

describe('update()', () => {
  it.each([
    ['past its end', { expires_in: 0 }],
    ['live, and refused by a 401', {}],
  ])('lets those go on that wait for a slow refresh; the token was %s', async (_, life) => {
    const brought = deferred<TokenResponse>();
    const { server, api, session } = await startClient({ tokens: undefined, source: () => brought.promise });
    const issued = server.issue();
    await session.signIn({ ...issued, ...life });
    server.expire();
    const refreshing = nextEvent(session, 'refreshing');
    const asked = api.get('/videos');
    await refreshing;
    await settle();
    session.update(server.issue()).catch(() => {});
    expect((await asked).status).toBe(200);
    brought.resolve(server.issue());
  });

  it('L3 that waits for the lock is stored, though the session is closed meanwhile', async () => {
    const items = new Map<string, string>();
    const brought = deferred<TokenResponse>();
    const session = createSession({
      store: storageStore({ getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value) }),
      tokens: tokenPair('a'),
      source: () => brought.promise,
    });
    await session.token();
    session.refresh().catch(() => {});
    await settle();
    session.update(tokenPair('native')).catch(() => {});
    await settle();
    const closed = session.close();
    brought.resolve(tokenPair('b'));
    await closed;
    expect(JSON.parse(items.get('axios-bearer') as string).token.refreshToken).toBe('rt_native');
  });
});

describe('a token that came too late', () => {
  /** A source of which each answer is held back. */
  function source({ interactive = false, obtains = true } = {}) {
    const answers: ((tokens: TokenResponse) => void)[] = [];
    const revoked: string[] = [];
    const method = () => new Promise<TokenResponse>((resolve) => void answers.push(resolve));
    const revoke = async ({ accessToken }: Token) => void revoked.push(accessToken);
    return {
      answers,
      revoked,
      source: { interactive, revoke, ...(obtains ? { obtain: method } : { refresh: method }) },
    };
  }

  it.each(['signed out', 'another user is in'])('L22 is revoked: a login by a person, when %s', async (now) => {
    const { answers, revoked, source: given } = source({ interactive: true });
    const session = startSession({ source: given });
    session.token().catch(() => {});
    await settle();
    await session.signOut();
    if (now !== 'signed out') await session.signIn(tokenPair('ben'));
    answers[0]?.(tokenPair('late'));
    await settle();
    expect(revoked).toEqual(['at_late']);
  });

  it('is revoked: a login by a person, when another holder of the store has signed in meanwhile', async () => {
    const { answers, revoked, source: given } = source({ interactive: true });
    const store = memoryStore();
    const session = startSession({ source: given, store });
    const asked = session.token();
    await settle();
    await startSession({ store }).signIn(tokenPair('ben'));
    await settle();
    answers[0]?.(tokenPair('late'));
    expect(await asked).toBe('at_ben');
    await settle();
    expect(revoked).toEqual(['at_late']);
  });

  it.each(['signed out', 'another user is in'])('L22 is revoked: a refresh given up for long, when %s', async (now) => {
    const clock = installClock();
    const { answers, revoked, source: given } = source({ obtains: false });
    const session = startSession({ tokens: tokenPair('a'), source: given, refreshTimeout: 1_000, refreshRetries: 0 });
    session.refresh().catch(() => {});
    await clock.advance(5_000);
    if (now === 'signed out') await session.signOut();
    else await session.signIn(tokenPair('ben'));
    revoked.length = 0;
    answers[0]?.(tokenPair('late'));
    await settle();
    expect(revoked).toEqual(['at_late']);
  });

  it('is revoked: one that was obtained, when the next one serves', async () => {
    const clock = installClock();
    const { answers, revoked, source: given } = source();
    const session = startSession({ source: given, refreshTimeout: 1_000, backoff: { initial: 10, cap: 10 } });
    const asked = session.token();
    await clock.advance(1_500);
    answers[1]?.(tokenPair('next'));
    expect(await asked).toBe('at_next');
    answers[0]?.(tokenPair('late'));
    await settle();
    expect(revoked).toEqual(['at_late']);
  });

  it('L10 is not revoked if its refresh token is the one in use: the server does not rotate', async () => {
    const { answers, revoked, source: given } = source({ obtains: false });
    const store = memoryStore();
    const saved = tokenPair('a');
    const one = startSession({ store, source: given });
    await one.signIn(saved);
    one.refresh().catch(() => {});
    await settle();
    const other = startSession({ store, source: given });
    await other.signIn(saved);
    answers[0]?.({ access_token: 'at_b', expires_in: 3600 });
    await settle();
    expect(await other.token()).toBe('at_a');
    expect(await stateOf(one.token())).toBe('fulfilled');
    expect(revoked).toEqual([]);
  });

  it('L10 is not revoked if the source has signed in with it itself', async () => {
    const revoked: string[] = [];
    const session = closeSessionAtEnd(
      createSession({
        tokens: tokenPair('a'),
        source: {
          refresh: async () => {
            await session.signIn(tokenPair('b'));
            return tokenPair('b');
          },
          revoke: async ({ accessToken }) => void revoked.push(accessToken),
        },
      }),
    );
    await session.refresh().catch(() => {});
    expect(await session.token()).toBe('at_b');
    expect(revoked).toEqual([]);
  });
});
