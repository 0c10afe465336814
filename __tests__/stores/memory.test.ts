import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { memoryStore } from 'axios-bearer';
import {
  cleanUp,
  clientOf,
  codeOf,
  deferred,
  failureOf,
  installClock,
  never,
  settle,
  startClient,
  startSession,
  stateOf,
  tokenPair,
  until,
} from '../support/kit.js';
import { signedOut, stored } from '../support/stores.js';

afterEach(cleanUp);

describe('memoryStore', () => {
  it('has written within the call, and told so, before its promise is awaited', async () => {
    const store = memoryStore();
    const changed = jest.fn();
    store.subscribe!(changed);
    const written = store.write(stored('a'));
    expect(changed).toHaveBeenCalledTimes(1);
    const late = store.write(stored('b'));
    expect((await Promise.all([written, late])).map(({ session }) => session)).toEqual(['a', 'a']);
  });

  it('gives a hint of every change, and of nothing else, until told to stop', async () => {
    const store = memoryStore();
    const changed = jest.fn();
    const stop = store.subscribe!(changed);
    await store.write(stored('a'));
    await store.withLock(() => store.write(stored('a', 2)), { waitMs: 100, holdMs: 100 });
    await store.write(stored('a', 2));
    await store.read();
    expect(changed).toHaveBeenCalledTimes(2);
    stop();
    await store.write(signedOut('a', 3));
    expect(changed).toHaveBeenCalledTimes(2);
  });

  it('takes the lock from a task that stands still after its `holdMs`, and not before', async () => {
    const clock = installClock();
    const store = memoryStore();
    void store.withLock(() => never, { waitMs: 100, holdMs: 1_000 });
    const early = store.withLock(async () => 'free', { waitMs: 100, holdMs: 1_000 });
    expect(await Promise.all([early.catch(String), clock.advance(1_001)])).toEqual([
      'Error: The lock was not free within 100 ms',
      undefined,
    ]);
    const late = store.withLock(async () => 'free', { waitMs: 100, holdMs: 1_000 });
    await clock.advance(100);
    expect(await late).toBe('free');
  });

  it('leaves the lock to a task that ends late, right after a standstill', async () => {
    const clock = installClock();
    const store = memoryStore();
    const order: string[] = [];
    const answer = deferred();
    void store.withLock(() => answer.promise.then(() => order.push('first')), { waitMs: 100, holdMs: 1_000 });
    await clock.advance(60_000);
    const second = store.withLock(async () => order.push('second'), { waitMs: 100, holdMs: 1_000 });
    await settle();
    answer.resolve();
    await clock.advance(100);
    await second;
    expect(order).toEqual(['first', 'second']);
  });

  it('has the lock held once, though the task that lost it ends after all', async () => {
    const clock = installClock();
    const store = memoryStore();
    const lost = deferred();
    const held = deferred();
    const first = store.withLock(() => lost.promise, { waitMs: 100, holdMs: 1_000 });
    await clock.advance(1_001);
    const second = store.withLock(() => held.promise, { waitMs: 100, holdMs: 1_000 });
    await clock.advance(100);
    lost.resolve();
    await first;
    const third = store.withLock(async () => {}, { waitMs: 500, holdMs: 1_000 });
    expect(await stateOf(third)).toBe('pending');
    held.resolve();
    await Promise.all([second, third]);
  });

  it('a listener that throws harms neither the others nor the write', async () => {
    const store = memoryStore();
    const seen: (string | undefined)[] = [];
    store.subscribe!(() => {
      throw new Error('in a listener');
    });
    store.subscribe!(() => void store.read().then((entry) => seen.push(entry?.session)));
    const entry = stored('a');
    expect(await store.write(entry)).toEqual(entry);
    await settle();
    expect(seen).toEqual(['a']);
  });

  it('a listener may stop, subscribe and write while it is told', async () => {
    const store = memoryStore();
    const added = jest.fn();
    const second = jest.fn();
    const stop = store.subscribe!(() => {
      stop();
      store.subscribe!(added);
      void store.write(stored('a', 2));
    });
    store.subscribe!(second);
    expect(await store.write(stored('a'))).toMatchObject({ version: 1 });
    expect(await store.read()).toMatchObject({ version: 2 });
    expect([added.mock.calls.length, second.mock.calls.length]).toEqual([1, 2]);
  });

  it('copies what came with a token too', async () => {
    const store = memoryStore();
    const extra = { roles: ['admin'], issued: new Date(0) };
    await store.write(stored('a', 1, { extra } as object));
    extra.roles.push('root');
    expect(await store.read()).toMatchObject({ token: { extra: { roles: ['admin'], issued: new Date(0) } } });
  });

  it('L5 gives its lock to one task at a time, first come first served', async () => {
    const store = memoryStore();
    const order: string[] = [];
    const task = (n: number) => async () => {
      order.push(`in ${n}`);
      await settle();
      order.push(`out ${n}`);
      if (n === 2) throw new Error('in the task');
    };
    await Promise.allSettled([1, 2, 3, 4].map((n) => store.withLock(task(n), { waitMs: 1_000, holdMs: 1_000 })));
    expect(order).toEqual([1, 2, 3, 4].flatMap((n) => [`in ${n}`, `out ${n}`]));
  });

  it('a task that is given up in the middle leaves the others in order', async () => {
    const store = memoryStore();
    const holder = deferred();
    const order: number[] = [];
    const aborter = new AbortController();
    const take = (n: number, signal?: AbortSignal) =>
      store.withLock(async () => void order.push(n), { waitMs: 1_000, holdMs: 1_000, signal });
    const held = store.withLock(() => holder.promise, { waitMs: 1_000, holdMs: 1_000 });
    const all = [held, take(1), take(2, aborter.signal), take(3)];
    await settle();
    aborter.abort();
    holder.resolve();
    await Promise.allSettled(all);
    expect(order).toEqual([1, 3]);
  });

  it('L23 neither the lock nor those that wait for it keep a process alive', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const store = memoryStore();
    const before = timers();
    store.withLock(() => never, { waitMs: 60_000, holdMs: 60_000 }).catch(() => {});
    store.withLock(() => never, { waitMs: 60_000, holdMs: 60_000 }).catch(() => {});
    await settle();
    expect(timers()).toBe(before);
  });

  it('L23 leaves no timer and no listener behind, whether the lock was had, late or given up', async () => {
    const { setTimeout: set, clearTimeout: clear } = globalThis;
    const live = new Set<unknown>();
    const setting = jest.spyOn(globalThis, 'setTimeout').mockImplementation(((fire: () => void, ms: number) => {
      const timer = set(() => {
        live.delete(timer);
        fire();
      }, ms);
      live.add(timer);
      return timer;
    }) as typeof setTimeout);
    jest.spyOn(globalThis, 'clearTimeout').mockImplementation((timer) => {
      live.delete(timer);
      clear(timer as NodeJS.Timeout);
    });
    const store = memoryStore();
    const aborter = new AbortController();
    const add = jest.spyOn(aborter.signal, 'addEventListener');
    const remove = jest.spyOn(aborter.signal, 'removeEventListener');
    const options = { waitMs: 5, holdMs: 100, signal: aborter.signal };
    const stuck = store.withLock(() => settle(), { ...options, waitMs: 1_000 });
    const next = store.withLock(async () => {}, { ...options, waitMs: 1_000 });
    await Promise.all([stuck, next]);
    void store.withLock(() => never, options);
    const late = failureOf(store.withLock(async () => {}, options));
    const aborted = failureOf(store.withLock(async () => {}, { ...options, waitMs: 1_000 }));
    await late;
    aborter.abort();
    await aborted;
    expect(remove.mock.calls).toHaveLength(add.mock.calls.length);
    expect(setting).toHaveBeenCalled();
    expect(live.size).toBe(0);
    jest.restoreAllMocks();
  });

  it.each([2 ** 31, 2 ** 40, Number.POSITIVE_INFINITY])('L12 waits as long as it is told to: %d ms', async (waitMs) => {
    const store = memoryStore();
    void store.withLock(() => never, { waitMs, holdMs: 100 });
    const waiting = store.withLock(async () => {}, { waitMs, holdMs: 100 });
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await stateOf(waiting)).toBe('pending');
  });

  it('each has its own tokens', async () => {
    const store = memoryStore();
    await store.write(stored('a'));
    expect(await memoryStore().read()).toBeUndefined();
  });

  it('is the default, and nobody else’s: two sessions without a store share nothing', async () => {
    const session = startSession({ tokens: tokenPair('a') });
    expect(startSession().state.status).toBe('signed-out');
    expect(await session.token()).toBe('at_a');
  });
});

describe('two sessions on one memoryStore, as two tabs', () => {
  async function tabs() {
    const store = memoryStore();
    const first = await startClient({ store });
    await first.session.token();
    const second = clientOf(first.server, { store, tokens: undefined });
    await second.session.token();
    return { store, server: first.server, first, second };
  }

  it('one refresh serves both, and no refresh token is presented twice (L3)', async () => {
    const { server, first, second } = await tabs();
    server.expire();
    const requests = Array.from({ length: 10 }, (_, i) => (i % 2 ? first : second).api.get('/videos'));
    expect((await Promise.all(requests)).map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it('a refresh here is adopted there at the hint: the next request there has the new token', async () => {
    const { server, first, second } = await tabs();
    const { accessToken } = await first.session.refresh();
    await settle();
    expect(await second.session.token()).toBe(accessToken);
    expect((await second.api.get('/videos')).status).toBe(200);
    expect(server.stats.refresh).toBe(1);
  });

  it('a sign-in here ends the session that was there: it is the new user’s on both', async () => {
    const { server, first, second } = await tabs();
    const { accessToken } = await first.session.signIn(server.issue());
    await settle();
    expect(await second.session.token()).toBe(accessToken);
  });

  it('a definite refusal here ends it there, and the dead refresh token is presented by nobody', async () => {
    const { server, first, second } = await tabs();
    server.expire();
    server.revokeRefreshTokens();
    expect(await codeOf(first.api.get('/videos'))).toBe('ERR_BEARER_REJECTED');
    expect(await codeOf(second.api.get('/videos'))).not.toBe('fulfilled');
    expect(second.session.state.status).not.toBe('active');
    expect(server.stats.refresh).toBe(1);
  });

  it('a hint that comes during a flight is not lost: when the flight fails, what is in the store is read', async () => {
    const store = memoryStore();
    const stuck = startSession({
      store,
      tokens: tokenPair('a'),
      source: () => never,
      refreshTimeout: 20,
      refreshRetries: 0,
    });
    await stuck.token();
    const flight = codeOf(stuck.refresh());
    await settle();
    const { session, version } = (await store.read())!;
    await store.write(signedOut(session, version + 1));
    expect(await flight).toMatch(/^ERR_BEARER_/);
    await until(() => stuck.state.status === 'signed-out');
    expect(stuck.state).toEqual({ status: 'signed-out' });
  });

  it('closing one leaves the other at work', async () => {
    const { server, first, second } = await tabs();
    first.session.close();
    server.expire();
    expect((await second.api.get('/videos')).status).toBe(200);
  });

  it('L24 one that hangs keeps the other waiting for no longer than the options say, and out for no longer than holdMs', async () => {
    const clock = installClock();
    const store = memoryStore();
    const options = { store, refreshTimeout: 30_000, refreshRetries: 0, backoff: { initial: 1, cap: 1 } };
    const stuck = startSession({ ...options, tokens: tokenPair('a'), source: () => never });
    await stuck.token();
    const other = startSession({ ...options, source: async () => tokenPair('b') });
    await other.token();
    const first = codeOf(stuck.refresh());
    await settle();
    const second = codeOf(other.refresh());
    await clock.advance(60_000);
    expect(await second).toBe('ERR_BEARER_UNAVAILABLE');
    expect(await first).toMatch(/^ERR_BEARER_/);
    await clock.advance(7 * 30_000);
    expect(await other.refresh()).toMatchObject({ accessToken: 'at_b' });
    expect(await stateOf(store.withLock(async () => 'free', { waitMs: 100, holdMs: 100 }))).toBe('fulfilled');
  });
});
