import { describe, expect, it } from '@jest/globals';
import { createSession, type SessionOptions, type TokenStore } from 'axios-bearer';
import { closeSessionAtEnd, nextEvent, settle, until } from '../support/kit.js';
import { databaseStore, newRows, type Rows } from '../support/stores.js';
import { clientWithStore } from './client.js';
import { hangs } from './hostile-store.js';
import { ownerOf, setUpAuthorizationServer } from './setup.js';

const setup = setUpAuthorizationServer({ ttl: 3_600 });

/** A process of its own at the same rows. */
function processAt(rows: Rows, options: Partial<SessionOptions> = {}) {
  const store = databaseStore(rows);
  const session = closeSessionAtEnd(
    createSession({ source: setup.source(), store, backoff: { initial: 5 }, ...options }),
  );
  return { session, store, api: setup.instanceOf(session) };
}

describe('A start', () => {
  it.each([2, 8])('L3 of %i processes with the same dead tokens: one refresh, and each is served', async (many) => {
    const { server } = setup;
    const rows = newRows();
    const tokens = await setup.tokens();
    const before = server.asked;
    const processes = Array.from({ length: many }, () => processAt(rows, { tokens }));
    const owners = await Promise.all(processes.map(({ api }) => ownerOf(api.get('/resource'))));
    expect([new Set(owners), server.asked - before]).toEqual([new Set(['ada']), 1]);
    const held = await Promise.all(processes.map(({ session }) => session.token()));
    expect(new Set(held).size).toBe(1);
  });

  it('L3 with the dead tokens of the first start, when they were refreshed long ago: what is stored serves', async () => {
    const { server } = setup;
    const rows = newRows();
    const tokens = await setup.tokens();
    expect(await ownerOf(processAt(rows, { tokens }).api.get('/resource'))).toBe('ada');
    const before = server.asked;
    const again = processAt(rows, { tokens });
    const ignored = nextEvent(again.session, 'tokensIgnored');
    expect([await ownerOf(again.api.get('/resource')), server.asked - before]).toEqual(['ada', 0]);
    expect(await ignored).toEqual({ reason: 'stored' });
  });

  it('L22 with tokens after a sign-out: it stays signed out, and nothing is presented', async () => {
    const { server } = setup;
    const rows = newRows();
    const tokens = await setup.tokens();
    const first = processAt(rows, { tokens });
    expect(await ownerOf(first.api.get('/resource'))).toBe('ada');
    await first.session.signOut();
    const before = server.asked;
    const second = processAt(rows, { tokens });
    const ignored = nextEvent(second.session, 'tokensIgnored');
    expect([await ownerOf(second.api.get('/resource')), server.asked - before]).toEqual(['ERR_BAD_REQUEST', 0]);
    expect(await ignored).toEqual({ reason: 'signedOut' });
    expect((await first.store.read())?.token).toBeUndefined();
  });

  it('L13 of a worker before the first sign-in, in a store without hints: it finds the session later', async () => {
    const { server } = setup;
    const rows = newRows();
    const worker = processAt(rows);
    const page = processAt(rows);
    expect(await ownerOf(worker.api.get('/resource'))).toBe('ERR_BAD_REQUEST');
    const before = server.asked;
    await page.session.signIn(await setup.tokens());
    expect(await ownerOf(page.api.get('/resource'))).toBe('ada');
    const outcomes: (string | undefined)[] = [];
    while (outcomes.at(-1) !== 'ada') outcomes.push(await ownerOf(worker.api.get('/resource')));
    expect(new Set(outcomes.slice(0, -1))).toEqual(new Set(outcomes.length > 1 ? ['ERR_BAD_REQUEST'] : []));
    expect(server.asked - before).toBe(1);
  });

  it('L22 after a sign-out elsewhere, in a store without hints: a later sign-in is found too', async () => {
    const rows = newRows();
    const worker = processAt(rows, { tokens: await setup.tokens() });
    expect(await ownerOf(worker.api.get('/resource'))).toBe('ada');
    const page = processAt(rows);
    await page.session.refresh();
    await page.session.signOut();
    await setup.server.expire();
    expect(await ownerOf(worker.api.get('/resource'))).toMatch(/^ERR_/);
    expect(worker.session.state.status).toBe('signed-out');
    await page.session.signIn(await setup.tokens('bob'));
    let owner: string | undefined;
    while (owner !== 'bob') owner = await ownerOf(worker.api.get('/resource'));
    expect(worker.session.state.status).toBe('active');
  });
});

describe('An end', () => {
  it('L3 close() is waited for in mid-refresh, then the store is closed, then another process refreshes: nothing is revoked', async () => {
    const { server } = setup;
    const rows = newRows();
    let isClosed = false;
    const inner = databaseStore(rows);
    const unlessClosed =
      <A extends unknown[], T>(method: (...args: A) => Promise<T>) =>
      async (...args: A): Promise<T> => {
        if (isClosed) throw new Error('The pool has ended');
        return method(...args);
      };
    const store = {
      read: unlessClosed(inner.read),
      write: unlessClosed(inner.write),
      withLock: unlessClosed(inner.withLock as never),
    } as TokenStore;
    const ends = processAt(rows, { store, tokens: await setup.tokens() });
    const before = server.asked;
    const { arrived, release } = setup.holdTokenEndpoint();
    const waiting = ownerOf(ends.api.get('/resource'));
    await arrived;
    let isOver = false;
    const closing = ends.session.close().then(() => {
      isOver = true;
    });
    expect(await waiting).toBe('ERR_BEARER_SIGNED_OUT');
    await settle();
    expect(isOver).toBe(false);
    release();
    await closing;
    isClosed = true;
    const later = processAt(rows);
    expect([await ownerOf(later.api.get('/resource')), server.asked - before]).toEqual(['ada', 1]);
    await server.expire();
    expect([await ownerOf(later.api.get('/resource')), server.asked - before]).toEqual(['ada', 2]);
  });

  it('L13 of a holder between its mark and its token request, as by kill -9: after holdMs another one presents the token', async () => {
    const { store, inner, session, api, holder, once, wait, asked } = await clientWithStore(setup);
    const other = holder();
    await wait(other.session.token());
    once('mark', async (act) => {
      await act();
      return hangs(act);
    });
    // Its lock dies with it.
    const { withLock } = store;
    store.withLock = (task) => {
      store.withLock = withLock;
      return task({ isHeld: () => false, signal: new AbortController().signal });
    };
    const killed = ownerOf(api.get('/resource'));
    let isMarked = false;
    inner.subscribe?.(() => {
      isMarked = true;
    });
    await until(() => isMarked);
    expect(await inner.read()).toHaveProperty('sent');
    // Its mark is the last that is heard of it.
    void session.close();
    expect(await killed).toBe('ERR_BEARER_SIGNED_OUT');
    const from = Date.now();
    let owner = await wait(ownerOf(other.api.get('/resource')));
    // Callers don't wait for as long as that.
    expect([owner, asked()]).toEqual(['ERR_BEARER_UNAVAILABLE', 0]);
    while (owner !== 'ada') owner = await wait(ownerOf(other.api.get('/resource')));
    expect(asked()).toBe(1);
    expect(Date.now() - from).toBeGreaterThanOrEqual(70_000);
    expect(Date.now() - from).toBeLessThan(110_000);
  });
});

describe('A standstill', () => {
  const block = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  /** ms. A token request that nothing delays takes far less, however busy the machine is. */
  async function generous(): Promise<number> {
    const { session } = processAt(newRows(), { tokens: await setup.tokens() });
    await session.token();
    const begun = performance.now();
    await session.refresh();
    return Math.max(250, Math.ceil(20 * (performance.now() - begun)));
  }

  it.each([
    ['refreshTimeout', 1.5],
    ['a token request may take', 4.5],
  ])(
    'L3 in mid-refresh, longer than %s, while the answer waits in the socket: it is read, and kept',
    async (_, long) => {
      const { server } = setup;
      const refreshTimeout = await generous();
      const rows = newRows();
      const options = { refreshTimeout, tokens: await setup.tokens() };
      const { session, api } = processAt(rows, options);
      await session.token();
      let stands = true;
      server.intercept(({ url }, response) => {
        if (url === '/token' && stands) response.once('finish', () => block(long * refreshTimeout));
        if (url === '/token') stands = false;
        return false;
      });
      const before = server.asked;
      await ownerOf(api.get('/resource'));
      expect([await ownerOf(api.get('/resource')), server.asked - before]).toEqual(['ada', 1]);
      await server.expire();
      expect([await ownerOf(api.get('/resource')), server.asked - before]).toEqual(['ada', 2]);
    },
  );

  it('L3 of the holder that has sent, as by SIGSTOP: another one does not present its token, and is served when it goes on', async () => {
    const { server } = setup;
    const rows = newRows();
    const tokens = await setup.tokens();
    const stopped = processAt(rows, { tokens });
    await stopped.session.token();
    const other = processAt(rows);
    await other.session.token();
    const before = server.asked;
    const { arrived, release } = setup.holdTokenEndpoint();
    const waiting = ownerOf(stopped.api.get('/resource'));
    await arrived;
    // A lease runs out: the lock is free, and its holder knows nothing of it.
    rows.queue = Promise.resolve();
    const theirs = ownerOf(other.api.get('/resource'));
    await until(() => server.refused > 0);
    for (let i = 0; i < 20; i += 1) await settle();
    expect(server.asked - before).toBe(1);
    release();
    expect(await Promise.all([waiting, theirs])).toEqual(['ada', 'ada']);
    expect(server.asked - before).toBe(1);
  });
});
