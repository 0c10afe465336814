import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Lock, TokenStore } from 'axios-bearer';
import { type LeaseEngine, leaseStore } from 'axios-bearer/lease';
import { pause } from '../../../lib/platform/deadline.js';
import { Rows } from '../../support/engines/conditional-put.js';
import { atEnd, cleanUp, deferred, failureOf, never, settle, until } from '../../support/kit.js';
import { stored } from '../../support/stores.js';

afterEach(cleanUp);

const leaseMs = 300;
const soon = { waitMs: 20_000, holdMs: 20_000 };

/** An engine that counts its calls. */
function counting(engine: LeaseEngine) {
  const calls = { read: 0, write: 0 };
  const counted: LeaseEngine = {
    ...engine,
    read: () => {
      calls.read++;
      return engine.read();
    },
    write: (...row) => {
      calls.write++;
      return engine.write(...row);
    },
  };
  return { calls, counted };
}

interface Held {
  readonly lock: Lock;
  end(): Promise<unknown>;
}

/** Has a task hold the lock, until the test is over at the latest. */
async function hold(store: TokenStore, options = soon): Promise<Held> {
  const [had, ended] = [deferred<Lock>(), deferred()];
  const outcome = store.withLock((lock) => {
    had.resolve(lock);
    return ended.promise;
  }, options);
  const end = () => {
    ended.resolve();
    return outcome;
  };
  atEnd(end);
  return { lock: await had.promise, end };
}

const isHeld = ({ lock }: Held) => lock.isHeld?.();

function leaseIn(rows: Rows): { owner: string; beat: number } | undefined {
  return JSON.parse(rows.get('a')!.value).lease;
}

const clocks = { monotonic: performance.now.bind(performance), date: Date.now.bind(Date) };

/** A clock of this process has gone on by `ms`, and nothing else has. */
function advance(clock: 'monotonic' | 'date', ms: number): void {
  const now = clocks[clock];
  if (clock === 'monotonic') jest.spyOn(performance, 'now').mockImplementation(() => now() + ms);
  else jest.spyOn(Date, 'now').mockImplementation(() => now() + ms);
  atEnd(() => jest.restoreAllMocks());
}

describe('the owner of a lease', () => {
  it('renews it as long as its task runs', async () => {
    const rows = new Rows();
    const held = await hold(leaseStore(rows.engine('a'), { leaseMs }));
    await pause(3 * leaseMs);
    expect(leaseIn(rows)!.beat).toBeGreaterThan(5);
    expect(isHeld(held)).toBe(true);
    await held.end();
    expect(leaseIn(rows)).toBeUndefined();
  });

  it('renews it no longer than holdMs', async () => {
    const rows = new Rows();
    const held = await hold(leaseStore(rows.engine('a'), { leaseMs }), { ...soon, holdMs: leaseMs });
    const taken = await leaseStore(rows.engine('a'), { leaseMs }).withLock(async () => isHeld(held), soon);
    expect(taken).toBe(false);
  });

  it.each(['monotonic', 'date'] as const)(
    'that stood still knows at once that its time is over, before any timer fires: by its %s clock',
    async (clock) => {
      const held = await hold(leaseStore(new Rows().engine('a'), { leaseMs: 60_000 }));
      advance(clock, 40_000);
      expect(isHeld(held)).toBe(true);
      advance(clock, 55_000);
      expect(isHeld(held)).toBe(false);
      expect(held.lock.signal.aborted).toBe(true);
    },
  );

  it('does not mind a clock that is set back', async () => {
    const held = await hold(leaseStore(new Rows().engine('a'), { leaseMs }));
    advance('date', -3_600_000);
    await pause(leaseMs);
    expect(isHeld(held)).toBe(true);
  });

  it('counts from when it began to write, not from the answer', async () => {
    const { read, write } = new Rows().engine('a');
    const slow = async (...row: Parameters<typeof write>) => {
      const wrote = await write(...row);
      await pause(2 * leaseMs);
      return wrote;
    };
    const held = await hold(leaseStore({ read, write: slow }, { leaseMs }));
    expect(isHeld(held)).toBe(false);
  });

  it('is told when the engine is gone for longer than a lease', async () => {
    const engine = new Rows().engine('a');
    const held = await hold(leaseStore(engine, { leaseMs }));
    engine.isCutOff = true;
    await until(() => held.lock.signal.aborted);
    expect(isHeld(held)).toBe(false);
  });

  it('keeps it though two renewals in three fail', async () => {
    const engine = new Rows().engine('a');
    let renewals = 0;
    const write: LeaseEngine['write'] = (next, expected) => {
      const isRenewal = next.value.includes('owner') && !next.value.includes('"beat":0');
      engine.isCutOff = isRenewal && ++renewals % 3 > 0;
      return engine.write(next, expected);
    };
    const held = await hold(leaseStore({ read: engine.read, write }, { leaseMs: 1_000 }));
    await until(() => renewals > 6);
    expect(isHeld(held)).toBe(true);
  });

  it('is told when the row is deleted, which can be written again', async () => {
    const rows = new Rows();
    const store = leaseStore(rows.engine('a'), { leaseMs });
    await store.write(stored('a', 3));
    const held = await hold(store);
    rows.delete('a');
    await until(() => held.lock.signal.aborted);
    const entry = stored('a', 4);
    expect(await store.write(entry)).toEqual(entry);
    await held.end();
    expect(await store.withLock(async () => 'had', soon)).toBe('had');
  });

  it.each([
    ['fails', () => Promise.reject(new Error('down'))],
    ['hangs', () => never],
  ])('is done with its task, though giving it back %s', async (_, answer) => {
    const rows = new Rows();
    const { read, write } = rows.engine('a');
    const engine: LeaseEngine = {
      read: () => read(),
      write: (next, expected) => (next.value.includes('owner') ? write(next, expected) : answer()),
    };
    const store = leaseStore(engine, { leaseMs });
    expect(await store.withLock(async () => 'done', soon)).toBe('done');
    expect(await leaseStore(rows.engine('a'), { leaseMs }).withLock(async () => 'had', soon)).toBe('had');
  });
});

describe('a lease of another holder', () => {
  it('is taken when it was the same for leaseMs, and not sooner', async () => {
    const rows = new Rows();
    const engine = rows.engine('a');
    const held = await hold(leaseStore(engine, { leaseMs }));
    engine.isCutOff = true;
    const since = performance.now();
    const store = leaseStore(rows.engine('a'), { leaseMs });
    expect(await store.withLock(async () => isHeld(held), soon)).toBe(false);
    expect(performance.now() - since).toBeGreaterThanOrEqual(leaseMs);
  });

  it('lasts as long as its owner was told, whatever this one was told', async () => {
    const rows = new Rows();
    const engine = rows.engine('a');
    await hold(leaseStore(engine, { leaseMs: 3 * leaseMs }));
    engine.isCutOff = true;
    const since = performance.now();
    await leaseStore(rows.engine('a'), { leaseMs: 100 }).withLock(async () => {}, soon);
    expect(performance.now() - since).toBeGreaterThanOrEqual(3 * leaseMs);
  });

  it('counts from when it was first seen, though nobody waited for it then', async () => {
    const rows = new Rows();
    const engine = rows.engine('a');
    await hold(leaseStore(engine, { leaseMs }));
    engine.isCutOff = true;
    const { calls, counted } = counting(rows.engine('a'));
    const store = leaseStore(counted, { leaseMs });
    await store.read();
    await pause(leaseMs + 20);
    expect(await store.withLock(async () => 'had', soon)).toBe('had');
    // A put finds out whether it is the same still.
    expect(calls).toEqual({ read: 1, write: 2 });
  });

  it('has no time of day in it, as that is another one on each host', async () => {
    const rows = new Rows();
    advance('date', 3_600_000);
    await hold(leaseStore(rows.engine('a'), { leaseMs }));
    expect(leaseIn(rows)).toEqual({ owner: expect.any(String), beat: 0, ms: leaseMs });
  });

  it('is looked at now and then, and again at each hint', async () => {
    const rows = new Rows();
    const held = await hold(leaseStore(rows.engine('a'), { leaseMs: 60_000 }));
    const { calls, counted } = counting(rows.engine('a'));
    const store = leaseStore(counted, { leaseMs: 60_000 });
    atEnd(store.subscribe!(() => {}));
    const waiting = store.withLock(async () => 'had', soon);
    await pause(2_000);
    expect(calls.read).toBeLessThan(12);
    for (let hints = 0; hints < 10; hints++) {
      const { read } = calls;
      await settle();
      rows.tell('a');
      await settle();
      expect(calls.read).toBe(read + 1);
    }
    await held.end();
    expect(await waiting).toBe('had');
  });
});

describe('leaseStore', () => {
  it('asks the engine no more often than it must', async () => {
    const { calls, counted } = counting(new Rows().engine('a'));
    const store = leaseStore(counted);
    await store.write(stored('a', 1));
    Object.assign(calls, { read: 0, write: 0 });
    await store.withLock(async () => {
      await store.read();
      await store.write(stored('a', 2));
    }, soon);
    // The lease, the entry, and the lease given back.
    expect(calls).toEqual({ read: 1, write: 3 });
  });

  it('has the sessions of one store take turns without asking the engine', async () => {
    const { calls, counted } = counting(new Rows().engine('a'));
    const store = leaseStore(counted);
    const held = await hold(store);
    const { read, write } = calls;
    const waiting = store.withLock(async () => 'had', soon);
    await pause(200);
    expect(calls).toEqual({ read, write });
    await held.end();
    expect(await waiting).toBe('had');
  });

  it('gives up to wait in time, though the engine never answers', async () => {
    const hanging = leaseStore({ read: () => never, write: () => never });
    const { message } = await failureOf(hanging.withLock(async () => {}, { ...soon, waitMs: 100 }));
    expect(message).toBe('The lock was not free within 100 ms');
  });

  it('gives back a lease that comes when nobody waits for it any more', async () => {
    const rows = new Rows();
    const { read, write } = rows.engine('a');
    const answer = deferred();
    const late = async (...row: Parameters<typeof write>) => {
      await answer.promise;
      return write(...row);
    };
    const store = leaseStore({ read, write: late }, { leaseMs: 60_000 });
    await failureOf(store.withLock(async () => {}, { ...soon, waitMs: 50 }));
    answer.resolve();
    await until(() => rows.get('a') !== undefined && leaseIn(rows) === undefined);
  });

  it('stores what many write at once, each write answered with what is there then', async () => {
    const rows = new Rows();
    const stores = Array.from({ length: 8 }, () => leaseStore(rows.engine('a')));
    const writing = stores.flatMap((store, i) =>
      Array.from({ length: 5 }, async (_, n) => {
        const entry = stored('a', 1 + 8 * n + i);
        const there = await store.write(entry);
        expect(there.version).toBeGreaterThanOrEqual(entry.version);
      }),
    );
    await Promise.all(writing);
    expect((await stores[0]!.read())?.version).toBe(40);
  });

  it('ends the engine’s subscription with the last listener, and begins another one', async () => {
    const rows = new Rows();
    const subscribe = jest.fn(rows.engine('a').subscribe!);
    const stopped = jest.fn();
    const store = leaseStore({
      ...rows.engine('a'),
      subscribe(changed) {
        const stop = subscribe(changed);
        return () => stopped(stop());
      },
    });
    const stops = [store.subscribe!(() => {}), store.subscribe!(() => {})];
    expect(subscribe).toHaveBeenCalledTimes(1);
    stops[0]!();
    stops[0]!();
    expect(stopped).not.toHaveBeenCalled();
    stops[1]!();
    expect(stopped).toHaveBeenCalledTimes(1);
    store.subscribe!(() => {})();
    expect(subscribe).toHaveBeenCalledTimes(2);
  });

  it('says so when the engine can’t be listened to, and tries again for the next listener', () => {
    const { read, write } = new Rows().engine('a');
    const subscribe = jest.fn((): (() => void) => {
      throw new Error('no channel');
    });
    const store = leaseStore({ read, write, subscribe });
    for (let n = 0; n < 2; n++) expect(() => store.subscribe!(() => {})).toThrow('no channel');
    expect(subscribe).toHaveBeenCalledTimes(2);
  });
});
