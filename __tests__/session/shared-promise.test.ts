import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Clock, fakeClock } from 'axios-bearer/testing';
import { SharedPromise } from '../../lib/session/shared-promise.js';

const late = () => new Error('late');
const shared = <T = string>(bound = 60_000) => new SharedPromise<T>(bound, late);

/** How each stands: `pending`, what it brought, or the message it failed with. */
function standings(promises: Promise<unknown>[]): unknown[] {
  const all: unknown[] = promises.map(() => 'pending');
  promises.forEach((promise, i) => {
    promise.then(
      (value) => {
        all[i] = value;
      },
      (error) => {
        all[i] = error.message;
      },
    );
  });
  return all;
}

const microtasks = async () => {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
};

describe('one promise for all that ask', () => {
  it('brings all of them the same, those too that ask when it is there', async () => {
    const one = shared();
    const before = [one.join(), one.join()];
    one.resolve('brought');
    expect(await Promise.all([...before, one.join(), one.settled])).toEqual(Array(4).fill('brought'));
  });

  it('L8 fails for all of them with the same, and for nobody who did not ask', async () => {
    const one = shared();
    const joined = [one.join(), one.join()];
    const error = new Error('down');
    one.reject(error);
    for (const { reason } of (await Promise.allSettled(joined)) as PromiseRejectedResult[]) expect(reason).toBe(error);
    // Nobody waits for this one: jest fails a test for an unhandled rejection.
    shared().reject(new Error('unheard'));
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('is settled once', async () => {
    const one = shared();
    one.resolve('first');
    one.resolve('second');
    one.reject(new Error('third'));
    expect(await one.join()).toBe('first');
  });
});

describe('L24 the bound', () => {
  let clock: Clock;
  beforeEach(() => {
    clock = fakeClock();
  });
  afterEach(() => clock.restore());

  it('counts for each that waits from when it began to wait', async () => {
    const one = shared(10_000);
    const joined: Promise<unknown>[] = [];
    for (let i = 0; i < 3; i += 1) {
      joined.push(one.join());
      await clock.advance(4_000);
    }
    // 12 s after the first began, 8 s after the second, 4 s after the third.
    const seen = standings(joined);
    await microtasks();
    expect([seen, one.waiting]).toEqual([['late', 'pending', 'pending'], 2]);
    await clock.advance(2_100);
    expect([seen, one.waiting]).toEqual([['late', 'late', 'pending'], 1]);
    await clock.advance(4_100);
    expect([seen, one.waiting]).toEqual([['late', 'late', 'late'], 0]);
  });

  it('ends the waiting only: what comes later is brought to those that ask then', async () => {
    const one = shared(10_000);
    const first = standings([one.join()]);
    await clock.advance(11_000);
    const second = one.join();
    one.resolve('brought');
    expect(await second).toBe('brought');
    expect(first).toEqual(['late']);
    expect(await one.settled).toBe('brought');
  });

  it('is not cut short for those that come while others wait', async () => {
    const one = shared(10_000);
    const seen = standings([one.join()]);
    await clock.advance(9_000);
    const later = standings([one.join()]);
    await clock.advance(9_500);
    expect([seen, later]).toEqual([['late'], ['pending']]);
    await clock.advance(600);
    expect(later).toEqual(['late']);
  });

  it('may be none', async () => {
    const one = shared(Number.POSITIVE_INFINITY);
    const seen = standings([one.join()]);
    await clock.advance(2 ** 40);
    expect(seen).toEqual(['pending']);
    expect(one.waiting).toBe(1);
    one.resolve('brought');
    await microtasks();
    expect(seen).toEqual(['brought']);
  });

  it('may be longer than the platform’s timers', async () => {
    const one = shared(2 ** 32);
    const seen = standings([one.join()]);
    await clock.advance(2 ** 31);
    expect(seen).toEqual(['pending']);
    await clock.advance(2 ** 31 + 1_000);
    expect(seen).toEqual(['late']);
  });

  it('is one timer for all that come at once, not one for each', () => {
    const set = jest.spyOn(globalThis, 'setTimeout');
    const one = shared(10_000);
    const joined = Array.from({ length: 1_000 }, () => one.join());
    expect([set.mock.calls.length, one.waiting]).toEqual([1, 1_000]);
    one.resolve('brought');
    set.mockRestore();
    return Promise.all(joined);
  });
});

describe('those that wait, and the process', () => {
  const spies = () => [jest.spyOn(globalThis, 'setTimeout'), jest.spyOn(globalThis, 'clearTimeout')] as const;
  let set: ReturnType<typeof spies>[0];
  let clear: ReturnType<typeof spies>[1];
  beforeEach(() => {
    [set, clear] = spies();
  });
  afterEach(() => void jest.restoreAllMocks());

  /** Timers set in this test that keep the process alive. */
  function timers(): number {
    const cleared = clear.mock.calls.map(([timer]) => timer);
    const kept = set.mock.results
      .map(({ value }) => value as NodeJS.Timeout & { _destroyed: boolean })
      // One that has fired keeps nothing alive: after a standstill a second one is set.
      .filter((timer) => !cleared.includes(timer) && !timer._destroyed);
    return kept.filter((timer) => timer.hasRef()).length;
  }

  it('keep it alive while they wait, and not before', () => {
    const one = shared();
    expect([one.waiting, timers()]).toEqual([0, 0]);
    void one.join();
    expect([one.waiting, timers()]).toEqual([1, 1]);
    one.leave();
    expect([one.waiting, timers()]).toEqual([0, 0]);
  });

  it('keep it alive until the last of them has left, however often one leaves', () => {
    const one = shared();
    void one.join();
    void one.join();
    expect(one.waiting).toBe(2);
    one.leave();
    expect([one.waiting, timers()]).toEqual([1, 1]);
    one.leave();
    one.leave();
    expect([one.waiting, timers()]).toEqual([0, 0]);
    void one.join();
    expect([one.waiting, timers()]).toEqual([1, 1]);
    one.leave();
  });

  it('keep it alive until the last of them has left, also of those that came later', () => {
    const now = jest.spyOn(performance, 'now').mockReturnValue(1_000);
    const one = shared();
    void one.join();
    now.mockReturnValue(9_000);
    void one.join();
    expect([one.waiting, timers()]).toEqual([2, 2]);
    one.leave();
    expect(timers()).toBe(1);
    one.leave();
    expect([one.waiting, timers()]).toEqual([0, 0]);
  });

  it.each(['resolve', 'reject'] as const)('let it end after %s', async (end) => {
    const one = shared<number>();
    const joined = one.join().catch(() => {});
    one[end](1);
    await joined;
    await microtasks();
    expect([one.waiting, timers()]).toEqual([0, 0]);
    expect(clear).toHaveBeenCalledTimes(1);
  });

  it('let it end when their time is over', async () => {
    const one = shared(5);
    await expect(one.join()).rejects.toThrow('late');
    await microtasks();
    expect([one.waiting, timers()]).toEqual([0, 0]);
  });
});

describe('one that takes the place of another', () => {
  it('brings those that wait here what it brings', async () => {
    const [first, second] = [shared(), shared()];
    const joined = [first.join(), first.join(), second.join()];
    first.replaceWith(second);
    expect([first.waiting, second.waiting]).toEqual([0, 3]);
    // What the first would have brought is not wanted any more.
    first.resolve('old');
    second.resolve('brought');
    expect(await Promise.all([...joined, first.join()])).toEqual(Array(4).fill('brought'));
  });

  it('fails for those that wait here as it fails', async () => {
    const [first, second] = [shared(), shared()];
    const joined = first.join();
    first.replaceWith(second);
    second.reject(new Error('down'));
    await expect(joined).rejects.toThrow('down');
  });

  it('L24 leaves each that waits its own bound, from when it began', async () => {
    const clock = fakeClock();
    const [first, second] = [shared(10_000), shared(10_000)];
    const seen = standings([first.join()]);
    await clock.advance(6_000);
    first.replaceWith(second);
    const later = standings([second.join()]);
    await clock.advance(4_100);
    expect([seen, later]).toEqual([['late'], ['pending']]);
    await clock.advance(6_000);
    expect(later).toEqual(['late']);
    clock.restore();
  });

  it('can itself be replaced', async () => {
    const [first, second, third] = [shared(), shared(), shared()];
    const joined = first.join();
    first.replaceWith(second);
    second.replaceWith(third);
    third.resolve('brought');
    expect(await joined).toBe('brought');
  });

  it('L23 L24 keeps the process alive for those that wait here, until each has left', () => {
    const set = jest.spyOn(globalThis, 'setTimeout');
    const [first, second] = [shared(), shared()];
    void first.join();
    first.replaceWith(second);
    void second.join();
    const kept = () => set.mock.results.map(({ value }) => (value as NodeJS.Timeout).hasRef());
    expect([second.waiting, kept()]).toEqual([2, [true, true]]);
    second.leave();
    expect([second.waiting, kept().filter(Boolean)]).toEqual([1, [true]]);
    second.leave();
    second.leave();
    expect([second.waiting, kept()]).toEqual([0, [false, false]]);
    set.mockRestore();
    second.resolve('brought');
  });
});
