import { describe, expect, it } from '@jest/globals';
import { createSession, type Held, type Stored, type TokenStore } from 'axios-bearer';
import { deferred, failureOf, keep, settle, until } from '../support/sessions.js';
import { authority, ownerOf } from './stage.js';
import { stand } from './stand.js';

const scene = authority({ ttl: 3_600 });

const LONGER = 60_000;

type Exclusive = TokenStore['exclusive'];
type Twist = (inner: TokenStore) => Exclusive;

/** Its lock is as it should be, but not what it says of itself to the holder. */
const held =
  (twist: (held: Held) => Partial<Held>): Twist =>
  (inner) =>
  (task, options) =>
    inner.exclusive((given) => task({ ...given, ...twist(given) }), options);

const CARELESS: [title: string, twist: Twist][] = [
  ['runs no task', () => async () => undefined as never],
  ['runs no task and answers something', () => async () => ({ kind: 'renewed' }) as never],
  [
    'runs its task and keeps the outcome to itself',
    (inner) => async (task, options) => {
      await inner.exclusive(task, options);
      return undefined as never;
    },
  ],
  [
    'runs its task once more, as a transaction that was tried again',
    (inner) => (task, options) => inner.exclusive((given) => task(given).then(() => task(given)), options),
  ],
  [
    'throws at once',
    () => () => {
      throw new Error('not connected');
    },
  ],
  ['says once more that it wrote nothing', held(() => ({ commit: async () => false }))],
  ['says that it wrote, and did not', held(() => ({ commit: async () => true }))],
];

/** What is no session at all. */
const RUBBISH: unknown[] = [
  {},
  [],
  42,
  'a session',
  { session: 'x', generation: 1 },
  { session: 'x', generation: 1, token: null },
  { session: 'x', generation: 1, token: {} },
  { session: 'x', generation: 1, token: { accessToken: 'line\nbreak', issuedAt: 0 } },
  { session: 'x', generation: '1', token: { accessToken: 'at', issuedAt: 0 } },
];

describe('A bad store, whose exclusive()', () => {
  it.each(CARELESS)(
    'L3 L24 %s: a clear error or an answer, no refresh token twice, and the session is there when it is mended',
    async (_, twist) => {
      const { store, inner, session, api, wait, pass, asked } = await stand(scene);
      const { exclusive } = store;
      store.exclusive = twist(inner);
      expect(await wait(ownerOf(api.get('/resource')))).toMatch(/^(ada|ERR_BEARER_STORE)$/);
      expect(asked()).toBeLessThanOrEqual(1);
      await pass(LONGER);
      store.exclusive = exclusive;
      await scene.server.expire();
      expect(await wait(ownerOf(api.get('/resource')))).toBe('ada');
      expect(asked()).toBeLessThanOrEqual(2);
      expect(session.state.status).toBe('active');
    },
  );

  it('L3 L4 runs its task again, as its transaction was rolled back: the second run writes what the first brought', async () => {
    const { store, inner, session, api, wait, asked } = await stand(scene);
    store.exclusive = (task, options) =>
      inner.exclusive(async (given) => {
        await task({ ...given, commit: async () => true });
        return task(given);
      }, options);
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 1]);
    expect(await inner.read()).toMatchObject({ token: { accessToken: await session.token() } });
  });

  it.each(RUBBISH)('L24 shows the holder rubbish (%j): a clear error, and nothing is presented', async (rubbish) => {
    const { store, inner, api, wait, pass, asked } = await stand(scene);
    const { exclusive } = store;
    store.exclusive = held(() => ({ current: rubbish as Stored }))(inner);
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ERR_BEARER_STORE', 0]);
    store.exclusive = exclusive;
    await pass(LONGER);
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 1]);
  });

  it('L3 shows the holder an older generation, as a replica that is behind: the newer one wins', async () => {
    const { store, inner, session, api, wait, asked } = await stand(scene);
    const older = await inner.read();
    await wait(session.refresh());
    let behind = 1;
    store.exclusive = held(({ current }) => ({ current: behind-- > 0 ? older : current }))(inner);
    await scene.server.expire();
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 2]);
    await scene.server.expire();
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 3]);
  });

  it('L3 has lost what it said it had written, as a database that fell over: the newer one wins', async () => {
    const { inner, session, api, wait, asked } = await stand(scene);
    const before = await inner.read();
    await wait(session.refresh());
    await inner.replace(before);
    await scene.server.expire();
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 2]);
    expect(await inner.read()).toMatchObject({ session: before?.session, generation: 3 });
  });

  it('L21 shows the holder another user’s session: what waits is not sent in their name, what comes later is', async () => {
    const { inner, api, wait, asked } = await stand(scene);
    const { refresh_token: refreshToken } = await scene.tokens('bob');
    await inner.replace({ session: 'bob’s', generation: 1, token: { accessToken: 'x', refreshToken, issuedAt: 0 } });
    expect(await wait(ownerOf(api.get('/resource')))).toBe('ERR_BEARER_IDENTITY');
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['bob', 1]);
  });

  it('L22 says false, for another holder has signed in meanwhile: the token that came too late is revoked', async () => {
    const { store, inner, holder, wait, api } = await stand(scene, {
      source: scene.source(scene.server.revocationEndpoint),
    });
    const { server } = scene;
    const bob = await scene.tokens('bob');
    let late: Stored | undefined;
    store.exclusive = held(({ commit }) => ({
      commit: async (next) => {
        if (!late) await holder().session.signIn(bob);
        late ??= next;
        return commit(next);
      },
    }))(inner);
    expect(await wait(ownerOf(api.get('/resource')))).toBe('ERR_BEARER_IDENTITY');
    await until(() => server.revoked > 0);
    scene.allow(1);
    expect(await server.isActive(late?.token.accessToken as string)).toBe(false);
    expect(await wait(ownerOf(api.get('/resource')))).toBe('bob');
  });

  it('L3 loses the lock in the middle: the call ends before it has reached the server, and the next attempt is good', async () => {
    const { store, inner, api, wait, asked } = await stand(scene);
    const lost = new AbortController();
    let first = true;
    store.exclusive = held(({ signal }) => ({ signal: first ? lost.signal : signal }))(inner);
    const arrived = deferred();
    scene.server.intercept(({ url }) => {
      if (url !== '/token' || !first) return false;
      arrived.resolve();
      return true;
    });
    const waiting = ownerOf(api.get('/resource'));
    await arrived.promise;
    first = false;
    lost.abort();
    expect([await wait(waiting), asked()]).toEqual(['ada', 2]);
  });
});

describe('A bad store, whose read()', () => {
  it.each([...RUBBISH, null])(
    'L24 finds rubbish (%j) at the start: a clear error, or nobody is signed in',
    async (rubbish) => {
      const { store, instanceOf, wait, asked } = await stand(scene);
      store.read = async () => rubbish as Stored;
      const late = keep(createSession({ source: scene.source(), store, refreshRetries: 0 }));
      const failure = await wait(failureOf(instanceOf(late, scene.server.issuer).get('/resource')));
      expect(failure).toMatchObject({
        isAxiosError: true,
        code: expect.stringMatching(/^ERR_(BEARER_STORE|BAD_REQUEST)$/),
      });
      expect(asked()).toBe(0);
    },
  );

  it.each([...RUBBISH, 'older'])('L10 finds rubbish (%j) after a hint: the session stays as it is', async (rubbish) => {
    const { store, inner, session, api, wait, asked } = await stand(scene);
    const older = await inner.read();
    await wait(session.refresh());
    const { read } = store;
    const good = await read();
    store.read = async () => (rubbish === 'older' ? older : (rubbish as Stored));
    await inner.replace(good);
    await settle();
    store.read = read;
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 1]);
    await scene.server.expire();
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 2]);
    expect((await inner.read())?.generation).toBe(3);
  });
});

describe('A bad store, whose subscribe()', () => {
  const HINTERS: [title: string, subscribe: (changed: () => void, inner: TokenStore) => () => void][] = [
    [
      'hints before it has returned',
      (changed) => {
        changed();
        return () => {};
      },
    ],
    ['returns no way to stop', (changed) => void changed() as never],
    [
      'hints a thousand times at every change',
      (changed, inner) => inner.subscribe!(() => Array.from({ length: 1_000 }, changed)),
    ],
  ];

  it.each(HINTERS)('L23 %s: nobody notices, and close() ends it', async (_, subscribe) => {
    const { store, inner, instanceOf, wait, asked } = await stand(scene);
    store.subscribe = (changed) => subscribe(changed, inner);
    const session = keep(createSession({ source: scene.source(), store }));
    const api = instanceOf(session, scene.server.issuer);
    for (const round of [1, 2, 3]) {
      expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', round]);
      await scene.server.expire();
    }
    session.close();
    expect(session.state).toEqual({ status: 'signed-out' });
  });
});
