import { describe, expect, it } from '@jest/globals';
import { createSession, type Lock, type StoreEntry, type TokenStore } from 'axios-bearer';
import { closeSessionAtEnd, failureOf, never, nextEvent, settle, until } from '../support/kit.js';
import { clientWithStore } from './client.js';
import { ownerOf, setUpAuthorizationServer } from './setup.js';

const setup = setUpAuthorizationServer({ ttl: 3_600 });

const LONGER = 60_000;

type WithLock = TokenStore['withLock'];
type Twist = (inner: TokenStore) => WithLock;

/** Its lock is as it should be, but not what it says of itself to the holder. */
const lockThat =
  (twist: (lock: Lock) => Partial<Lock>): Twist =>
  (inner) =>
  (task, options) =>
    inner.withLock((lock) => task({ ...lock, ...twist(lock) }), options);

const MENDS = 'a clear error or an answer, no refresh token twice, and the session is there when it is mended';

/** `asked`: so often the token endpoint hears of it. */
const CARELESS: [title: string, comesTo: string, asked: number, twist: Twist][] = [
  ['runs no task', 'ERR_BEARER_STORE', 0, () => async () => undefined as never],
  ['runs no task and answers something', 'ERR_BEARER_STORE', 0, () => async () => ({ kind: 'kept' }) as never],
  [
    'runs its task and keeps the outcome to itself',
    'ada',
    1,
    (inner) => async (task, options) => {
      await inner.withLock(task, options);
      return undefined as never;
    },
  ],
  [
    'runs its task once more, as a transaction that was tried again',
    'ada',
    1,
    (inner) => (task, options) => inner.withLock((lock) => task(lock).then(() => task(lock)), options),
  ],
  [
    'runs its task twice at a time',
    'ada',
    1,
    (inner) => (task, options) =>
      inner.withLock((lock) => Promise.all([task(lock), task(lock)]).then(([one]) => one), options),
  ],
  [
    'never ends after its task',
    'ada',
    1,
    (inner) => async (task, options) => {
      await inner.withLock(task, options);
      return never;
    },
  ],
  [
    'fails after its task, as a commit that did',
    'ada',
    1,
    (inner) => async (task, options) => {
      await inner.withLock(task, options);
      throw new Error('The connection was closed');
    },
  ],
  [
    'runs its task when it has said that it was not free',
    'ERR_BEARER_STORE',
    0,
    (inner) => async (task, options) => {
      setTimeout(() => void inner.withLock(task, options).catch(() => {}), 1_000);
      throw new Error('not free');
    },
  ],
  [
    'throws at once',
    'ERR_BEARER_STORE',
    0,
    () => () => {
      throw new Error('not connected');
    },
  ],
  ['says that the lock is lost from the start', 'ERR_BEARER_STORE', 0, lockThat(() => ({ isHeld: () => false }))],
  [
    'gives a lock whose signal has fired before',
    'ERR_BEARER_STORE',
    0,
    lockThat(() => ({ signal: AbortSignal.abort() })),
  ],
];

/** What a write answers, and whether it is done. */
const LIARS: [title: string, write: (inner: TokenStore) => TokenStore['write']][] = [
  ['says that it wrote, and did not', () => async (next) => next],
  [
    'says that it wrote nothing, and did',
    (inner) => async (next) => {
      const before = await inner.read();
      await inner.write(next);
      return before as StoreEntry;
    },
  ],
  ['answers what was there, always', (inner) => async () => (await inner.read()) as StoreEntry],
  ['answers with a version of its own', (inner) => async (next) => ({ ...(await inner.write(next)), version: 999 })],
  [
    'answers nothing',
    (inner) => async (next) => {
      await inner.write(next);
      return undefined as never;
    },
  ],
  [
    'throws at once',
    () => () => {
      throw new Error('not connected');
    },
  ],
];

/** What is no entry at all. */
const RUBBISH: unknown[] = [
  {},
  [],
  42,
  'a session',
  { session: 'x', version: 9 },
  { version: 9, id: 'i' },
  { version: '9', id: 'i', session: 'x' },
  { version: 1e99, id: 'i', session: 'x' },
  { version: 9, id: 'i', session: 'x', token: {} },
  { version: 9, id: 'i', session: 'x', token: { accessToken: 'line\nbreak', issuedAt: 0 } },
  { version: 9, id: 'i', session: 'x', token: { accessToken: 'at', issuedAt: 0 }, sent: 1 },
];

/** Once an hour or so: what is wrong with the store is over. */
async function mended({ api, session, wait, asked }: Awaited<ReturnType<typeof clientWithStore>>, presented: number) {
  await setup.server.expire();
  expect(await wait(ownerOf(api.get('/resource')))).toBe('ada');
  expect(asked()).toBe(presented + 1);
  expect(session.state.status).toBe('active');
}

describe('A bad store, whose withLock()', () => {
  it.each(CARELESS)(`L3 L24 %s: ${MENDS} (a request gets %s)`, async (_, comesTo, presented, twist) => {
    const at = await clientWithStore(setup);
    const { store, inner, api, wait, pass, asked } = at;
    const { withLock } = store;
    store.withLock = twist(inner);
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual([comesTo, presented]);
    await pass(LONGER);
    store.withLock = withLock;
    await mended(at, presented);
  });

  it('L3 L4 runs its task again, as its transaction was rolled back: the second run presents nothing, and the next refresh writes above what it took', async () => {
    const at = await clientWithStore(setup);
    const { store, inner, putBack, api, wait, asked } = at;
    const { withLock } = store;
    store.withLock = (task, options) =>
      inner.withLock(async (lock) => {
        const before = await inner.read();
        await task(lock);
        await putBack(before);
        return task(lock);
      }, options);
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 1]);
    store.withLock = withLock;
    await mended(at, 1);
    expect(await inner.read()).toMatchObject({ token: { accessToken: await at.session.token() } });
  });

  it('L3 loses the lock before anything is sent: nothing is sent, and the next attempt is good', async () => {
    const { store, inner, api, wait, asked } = await clientWithStore(setup);
    const losses: Partial<Lock>[] = [{ isHeld: () => false }, { signal: AbortSignal.abort() }];
    let told = 0;
    store.withLock = lockThat(() => {
      told += 1;
      return losses.shift() ?? {};
    })(inner);
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 1]);
    expect(told).toBe(3);
  });

  it('L3 loses the lock while the mark is written: nothing is sent', async () => {
    const at = await clientWithStore(setup, { refreshRetries: 0 });
    const { store, inner, once, api, wait, asked } = at;
    let isHeld = true;
    const { withLock } = store;
    store.withLock = lockThat(() => ({ isHeld: () => isHeld }))({ ...inner, withLock });
    once('mark', (act) => {
      isHeld = false;
      return act();
    });
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ERR_BEARER_STORE', 0]);
    isHeld = true;
    await at.pass(LONGER);
    await mended(at, 0);
  });

  it('L3 loses the lock while its source makes ready: what goes through ctx.client is not sent', async () => {
    let isHeld = true;
    const at = await clientWithStore(setup, {
      refreshRetries: 0,
      source: {
        ...setup.source(),
        refresh: async (token, ctx) => {
          isHeld = false;
          return setup.source().refresh!(token, ctx);
        },
      },
    });
    const { store, inner, api, wait, asked } = at;
    store.withLock = lockThat(() => ({ isHeld: () => isHeld }))(inner);
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ERR_BEARER_UNAVAILABLE', 0]);
  });

  it.each<[string, (lost: AbortController) => Partial<Lock>]>([
    ['its signal fires', ({ signal }) => ({ signal })],
    ['isHeld() says so', ({ signal }) => ({ isHeld: () => !signal.aborted })],
  ])('L3 loses the lock while the server rotates (%s): what was sent is waited for, and written', async (_, twist) => {
    const { store, inner, session, api, holder, wait, asked } = await clientWithStore(setup);
    const lost = new AbortController();
    store.withLock = lockThat(() => twist(lost))(inner);
    const { arrived, release } = setup.holdTokenEndpoint();
    const waiting = ownerOf(api.get('/resource'));
    await arrived;
    lost.abort();
    await settle();
    release();
    expect([await wait(waiting), asked()]).toEqual(['ada', 1]);
    expect(await inner.read()).toMatchObject({ token: { accessToken: await session.token() } });
    expect([await wait(ownerOf(holder().api.get('/resource'))), asked()]).toEqual(['ada', 1]);
  });

  it('L3 forgets the lock while the server rotates, and gives it to another holder: that one finds the mark, and waits', async () => {
    const { store, inner, api, holder, wait, clock, asked } = await clientWithStore(setup);
    const other = holder();
    await wait(other.session.token());
    // No other holder is kept out: the lock died with its engine.
    store.withLock = (task) => task({ signal: new AbortController().signal });
    const { arrived, release } = setup.holdTokenEndpoint();
    const waiting = ownerOf(api.get('/resource'));
    await arrived;
    const refreshing = nextEvent(other.session, 'refreshing');
    const theirs = ownerOf(other.api.get('/resource'));
    await refreshing;
    await clock.advance(10_000);
    expect(asked()).toBe(1);
    release();
    expect(await wait(Promise.all([waiting, theirs]))).toEqual(['ada', 'ada']);
    expect(asked()).toBe(1);
    expect(await inner.read()).not.toHaveProperty('sent');
  });
});

describe('A bad store, whose write()', () => {
  it.each(LIARS)(`L3 L24 %s: ${MENDS}`, async (_, twist) => {
    const at = await clientWithStore(setup);
    const { store, inner, api, wait, pass, asked } = at;
    const { write } = store;
    store.write = twist(inner);
    expect(await wait(ownerOf(api.get('/resource')))).toMatch(/^(ada|ERR_BEARER_STORE)$/);
    const presented = asked();
    expect(presented).toBeLessThanOrEqual(1);
    await pass(LONGER);
    store.write = write;
    // What was only unsaved is written first.
    expect(await wait(ownerOf(api.get('/resource')))).toBe('ada');
    await mended(at, Math.max(1, presented));
  });

  it.each([...RUBBISH, null, undefined])(
    'L24 answers rubbish (%j): a clear error, and nothing is presented',
    async (rubbish) => {
      const at = await clientWithStore(setup);
      const { store, api, wait, pass, asked } = at;
      const { write } = store;
      store.write = async () => rubbish as StoreEntry;
      expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ERR_BEARER_STORE', 0]);
      store.write = write;
      await pass(LONGER);
      await mended(at, 0);
    },
  );

  it('L22 finds that another holder has signed in meanwhile: the token that came too late is revoked', async () => {
    const { inner, once, holder, wait, api } = await clientWithStore(setup, {
      source: setup.source(setup.server.revocationEndpoint),
    });
    const { server } = setup;
    const bob = await setup.tokens('bob');
    let isLate: StoreEntry | undefined;
    const { write } = inner;
    inner.write = async (next) => {
      if (next.token && next.token.accessToken !== 'expired') isLate ??= next;
      return write(next);
    };
    once('result', async (act) => {
      await holder().session.signIn(bob);
      return act();
    });
    expect(await wait(ownerOf(api.get('/resource')))).toBe('ERR_BEARER_IDENTITY');
    await until(() => server.revoked > 0);
    setup.allow(1);
    expect(await server.isActive(isLate?.token?.accessToken as string)).toBe(false);
    expect(await wait(ownerOf(api.get('/resource')))).toBe('bob');
  });
});

describe('A bad store, whose read()', () => {
  it.each(RUBBISH)(
    'L24 shows the holder of the lock rubbish (%j): a clear error, and nothing is presented',
    async (rubbish) => {
      const at = await clientWithStore(setup);
      const { store, api, wait, pass, asked } = at;
      const { read } = store;
      store.read = async () => rubbish as StoreEntry;
      expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ERR_BEARER_STORE', 0]);
      store.read = read;
      await pass(LONGER);
      await mended(at, 0);
    },
  );

  it('L3 shows the holder of the lock an older entry, as a replica that is behind: the newer one wins', async () => {
    const { store, inner, seen, session, api, wait, asked } = await clientWithStore(setup);
    const older = await inner.read();
    await wait(session.refresh());
    let behind = 1;
    store.read = async () => (seen.locked && behind-- > 0 ? older : inner.read());
    await setup.server.expire();
    expect([await wait(ownerOf(api.get('/resource'))), asked(), behind]).toEqual(['ada', 2, 0]);
    await setup.server.expire();
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 3]);
  });

  it('L3 has an old entry again, as a database that was put back from a backup: the newer one wins', async () => {
    const { inner, putBack, session, api, holder, wait, asked } = await clientWithStore(setup);
    const before = await inner.read();
    await wait(session.refresh());
    await putBack(before);
    await setup.server.expire();
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 2]);
    expect(await inner.read()).toMatchObject({
      session: before?.session,
      token: { accessToken: await session.token() },
    });
    expect([await wait(ownerOf(holder().api.get('/resource'))), asked()]).toEqual(['ada', 2]);
  });

  it('L3 L13 finds nothing for a while, as a locked keychain: what is held goes on, and goes above what was there', async () => {
    const { store, inner, api, holder, wait, asked } = await clientWithStore(setup);
    const { read } = store;
    const before = await inner.read();
    store.read = async () => undefined;
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 1]);
    await setup.server.expire();
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 2]);
    store.read = read;
    const after = await inner.read();
    expect([after?.session, after!.version > before!.version]).toEqual([before?.session, true]);
    expect([await wait(ownerOf(holder().api.get('/resource'))), asked()]).toEqual(['ada', 2]);
  });

  it('L3 L13 finds nothing at the start, as a locked keychain, and then a session: it is taken up, saved tokens or not', async () => {
    const { store, session, instanceOf, wait, pass, asked } = await clientWithStore(setup);
    await wait(session.refresh());
    const { read } = store;
    store.read = async () => undefined;
    const bare = closeSessionAtEnd(createSession({ source: setup.source(), store }));
    const seeded = closeSessionAtEnd(
      createSession({ source: setup.source(), store, tokens: { access_token: 'old', refresh_token: 'old' } }),
    );
    const [api, seededApi] = [bare, seeded].map((each) => instanceOf(each, setup.server.issuer));
    expect(await wait(ownerOf(api!.get('/resource')))).toBe('ERR_BAD_REQUEST');
    expect(await wait(ownerOf(seededApi!.get('/resource')))).toBe('ada');
    store.read = read;
    await pass(LONGER);
    for (const each of [api, seededApi]) expect(await wait(ownerOf(each!.get('/resource')))).toBe('ada');
    expect(asked()).toBe(1);
  });

  it('L21 finds another user’s session: what waits is not sent in their name, what comes later is', async () => {
    const { inner, api, wait, asked } = await clientWithStore(setup);
    const { refresh_token: refreshToken } = await setup.tokens('bob');
    const { version } = (await inner.read())!;
    await inner.write({
      version: version + 1,
      id: 'bob’s entry',
      session: 'bob’s',
      token: { accessToken: 'x', refreshToken, issuedAt: 0 },
    });
    expect(await wait(ownerOf(api.get('/resource')))).toBe('ERR_BEARER_IDENTITY');
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['bob', 1]);
  });

  it.each([...RUBBISH, null])(
    'L24 finds rubbish (%j) at the start: a clear error, or nobody is signed in',
    async (rubbish) => {
      const { store, instanceOf, wait, asked } = await clientWithStore(setup);
      store.read = async () => rubbish as StoreEntry;
      const late = closeSessionAtEnd(createSession({ source: setup.source(), store, refreshRetries: 0 }));
      const failure = await wait(failureOf(instanceOf(late, setup.server.issuer).get('/resource')));
      expect(failure).toMatchObject({
        isAxiosError: true,
        code: expect.stringMatching(/^ERR_(BEARER_STORE|BAD_REQUEST)$/),
      });
      expect(asked()).toBe(0);
    },
  );

  it.each([...RUBBISH, 'older'])('L10 finds rubbish (%j) after a hint: the session stays as it is', async (rubbish) => {
    const { store, inner, session, api, wait, asked } = await clientWithStore(setup);
    const older = await inner.read();
    await wait(session.refresh());
    const { read } = store;
    const good = (await read())!;
    let reads = 0;
    store.read = async () => {
      reads += 1;
      return rubbish === 'older' ? older : (rubbish as StoreEntry);
    };
    await inner.write({ ...good, version: good.version + 1, id: 'a hint' });
    await settle();
    expect(reads).toBeGreaterThan(0);
    store.read = read;
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 1]);
    await setup.server.expire();
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 2]);
    expect((await inner.read())!.version).toBeGreaterThan(good.version);
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
    const { store, inner, instanceOf, wait, asked } = await clientWithStore(setup);
    store.subscribe = (changed) => subscribe(changed, inner);
    const session = closeSessionAtEnd(createSession({ source: setup.source(), store }));
    const api = instanceOf(session, setup.server.issuer);
    for (const round of [1, 2, 3]) {
      expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', round]);
      await setup.server.expire();
    }
    session.close();
    expect(session.state).toEqual({ status: 'signed-out' });
  });
});
