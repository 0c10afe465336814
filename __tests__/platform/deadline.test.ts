import { getEventListeners, once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Clock, fakeClock } from 'axios-bearer/testing';
import {
  abortable,
  abortReason,
  LONGEST_TIMER,
  monotonicNow,
  pause,
  startTimer,
  withDeadline,
} from '../../lib/platform/deadline.js';

const late = () => new Error('late');
const never = () => new Promise<never>(() => {});
const listenersOf = ({ signal }: AbortController) => getEventListeners(signal, 'abort').length;

/** Nothing else runs meanwhile. */
function standStill(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('a timer', () => {
  let clock: Clock;
  beforeEach(() => {
    clock = fakeClock();
  });
  afterEach(() => clock.restore());

  it('fires once, when its time is over, and not before', async () => {
    const fire = jest.fn();
    startTimer(60_000, fire);
    await clock.advance(59_000);
    expect(fire).not.toHaveBeenCalled();
    await clock.advance(120_000);
    expect(fire).toHaveBeenCalledTimes(1);
  });

  it('that was stopped never fires', async () => {
    const fire = jest.fn();
    const timer = startTimer(60_000, fire);
    await clock.advance(59_000);
    timer.stop();
    await clock.advance(120_000);
    expect(fire).not.toHaveBeenCalled();
  });

  it('L12 of more than 31 bits lasts as long as it is to, and fires neither at once nor when the first 31 are over', async () => {
    const fire = jest.fn();
    startTimer(2.5 * LONGEST_TIMER, fire);
    for (let halves = 1; halves < 5; halves++) {
      await clock.advance(LONGEST_TIMER / 2);
      expect([halves, fire.mock.calls.length]).toEqual([halves, 0]);
    }
    await clock.advance(LONGEST_TIMER / 2);
    expect(fire).toHaveBeenCalledTimes(1);
  });

  it('L12 of more than 31 bits can be stopped in any of its parts', async () => {
    const fire = jest.fn();
    const timer = startTimer(2.5 * LONGEST_TIMER, fire);
    await clock.advance(1.5 * LONGEST_TIMER);
    timer.stop();
    await clock.advance(2 * LONGEST_TIMER);
    expect(fire).not.toHaveBeenCalled();
  });

  it.each([-3_600_000, 3_600_000])('L12 does not heed the wall clock, set by %i ms', async (jump) => {
    const fire = jest.fn();
    startTimer(60_000, fire);
    clock.jump(jump);
    await clock.advance(59_000);
    expect(fire).not.toHaveBeenCalled();
    await clock.advance(2_000);
    expect(fire).toHaveBeenCalledTimes(1);
  });
});

describe('a timer that is overdue', () => {
  afterEach(() => void jest.restoreAllMocks());

  it('L12 fires after the answers that came while the process stood still', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [socket] = await once(server, 'connection');
    const order: string[] = [];
    const all = new Promise<void>((resolve) => {
      const happened = (what: string) => {
        if (order.push(what) === 2) resolve();
      };
      client.once('data', () => happened('answer'));
      // After this phase of the event loop the timers come, and after them the sockets.
      setImmediate(() => {
        startTimer(5, () => happened('timer'));
        socket.write('x');
        standStill(80);
      });
    });
    await all;
    expect(order).toEqual(['answer', 'timer']);
    client.destroy();
    socket.destroy();
    server.close();
  });

  it('is given one turn of the event loop, and not another, however late it is then', async () => {
    const set = jest.spyOn(globalThis, 'setTimeout');
    const now = jest.spyOn(performance, 'now');
    let ms = 1_000;
    now.mockImplementation(() => {
      ms += 1_000;
      return ms;
    });
    await new Promise<void>((resolve) => void startTimer(5, resolve));
    expect(set.mock.calls.map(([, delay]) => delay)).toEqual([5, 0]);
  });

  it('is not what is a little late', async () => {
    const set = jest.spyOn(globalThis, 'setTimeout');
    let ms = 1_000;
    jest.spyOn(performance, 'now').mockImplementation(() => {
      ms += 10;
      return ms;
    });
    await new Promise<void>((resolve) => void startTimer(5, resolve));
    expect(set).toHaveBeenCalledTimes(1);
  });

  it('can still be stopped in that turn', async () => {
    const fire = jest.fn();
    const timer = startTimer(1, fire);
    standStill(40);
    // The timers of this turn run before this one, which is set later and is due as soon.
    await new Promise((resolve) => setTimeout(resolve, 0));
    timer.stop();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(fire).not.toHaveBeenCalled();
  });
});

describe('a timer and the process', () => {
  const spyOnTimers = () => jest.spyOn(globalThis, 'setTimeout');
  let set: ReturnType<typeof spyOnTimers>;
  beforeEach(() => {
    set = spyOnTimers();
  });
  afterEach(() => void jest.restoreAllMocks());

  const latest = () => set.mock.results.at(-1)!.value as NodeJS.Timeout;

  it('does not keep it alive, unless it is told to, for as long as it is told', () => {
    const timer = startTimer(60_000, () => {});
    expect(latest().hasRef()).toBe(false);
    timer.keepAlive(true);
    expect(latest().hasRef()).toBe(true);
    timer.keepAlive(false);
    expect(latest().hasRef()).toBe(false);
    timer.stop();
  });

  it('keeps it alive in its later parts too, where it is longer than the platform has them', () => {
    let ring!: () => void;
    const parts: { kept: boolean }[] = [];
    set.mockImplementation(((fire: () => void) => {
      ring = fire;
      const part = { kept: true };
      parts.push(part);
      return { unref: () => Object.assign(part, { kept: false }), ref: () => Object.assign(part, { kept: true }) };
    }) as never);
    const timer = startTimer(3.5 * LONGEST_TIMER, () => {});
    ring();
    timer.keepAlive(true);
    ring();
    expect(parts).toEqual([{ kept: false }, { kept: true }, { kept: true }]);
    timer.keepAlive(false);
    ring();
    expect(parts.slice(2)).toEqual([{ kept: false }, { kept: false }]);
  });

  it('makes do with timers that are numbers, as a browser has them', () => {
    set.mockReturnValueOnce(7 as never);
    const timer = startTimer(60_000, () => {});
    expect(() => {
      timer.keepAlive(true);
      timer.keepAlive(false);
      timer.stop();
    }).not.toThrow();
  });

  it('is not kept alive by a pause', async () => {
    const paused = pause(1);
    expect(latest().hasRef()).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await paused).toBeUndefined();
  });
});

it('L12 durations are measured by a clock that nobody sets; where there is none, by the one there is', () => {
  const { performance } = globalThis;
  const now = jest.spyOn(performance, 'now').mockReturnValue(1_234.5);
  expect(monotonicNow()).toBe(1_234.5);
  now.mockRestore();
  Object.defineProperty(globalThis, 'performance', { value: undefined, configurable: true, writable: true });
  try {
    expect(Math.abs(monotonicNow() - Date.now())).toBeLessThan(1_000);
  } finally {
    Object.defineProperty(globalThis, 'performance', { value: performance, configurable: true, writable: true });
  }
});

describe('what is bounded', () => {
  const spies = () => [jest.spyOn(globalThis, 'setTimeout'), jest.spyOn(globalThis, 'clearTimeout')] as const;
  let set: ReturnType<typeof spies>[0];
  let clear: ReturnType<typeof spies>[1];
  beforeEach(() => {
    [set, clear] = spies();
  });
  afterEach(() => void jest.restoreAllMocks());

  /** The timers of this test that were not cleared: does each keep the process alive? */
  function timers(): boolean[] {
    const cleared = clear.mock.calls.map(([timer]) => timer);
    const left = set.mock.results
      .map(({ value }) => value as NodeJS.Timeout)
      .filter((timer) => !cleared.includes(timer));
    return left.map((timer) => timer.hasRef());
  }

  it('fails as it is told to when the time is over, its signal aborted', async () => {
    let signal!: AbortSignal;
    const task = (given: AbortSignal) => {
      signal = given;
      return never();
    };
    const bounded = withDeadline(task, { ms: 5, late, keepsAlive: true });
    expect(signal.aborted).toBe(false);
    await expect(bounded).rejects.toThrow('late');
    expect(signal.aborted).toBe(true);
  });

  it('fails so though the task throws when its signal fires', async () => {
    const task = (signal: AbortSignal) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    await expect(withDeadline(task, { ms: 5, late, keepsAlive: true })).rejects.toThrow('late');
  });

  it('brings what the task brings, in time, and leaves no timer', async () => {
    let signal!: AbortSignal;
    const task = async (given: AbortSignal) => {
      signal = given;
      return 'brought';
    };
    expect(await withDeadline(task, { ms: 60_000, late })).toBe('brought');
    await expect(withDeadline(() => Promise.reject(new Error('broken')), { ms: 60_000, late })).rejects.toThrow(
      'broken',
    );
    const throws = () => {
      throw new Error('at once');
    };
    await expect(withDeadline(throws, { ms: 60_000, late })).rejects.toThrow('at once');
    expect(await withDeadline(() => 'no promise', { ms: 60_000, late })).toBe('no promise');
    expect([signal.aborted, timers()]).toEqual([false, []]);
  });

  it('keeps a process alive only if it is told to', async () => {
    const ends: ((value?: undefined) => void)[] = [];
    const task = () => new Promise((resolve) => void ends.push(resolve));
    const all = [false, true].map((keepsAlive) => withDeadline(task, { ms: 60_000, late, keepsAlive }));
    all.push(withDeadline(task, { ms: 60_000, late }));
    expect(timers()).toEqual([false, true, false]);
    for (const end of ends) end();
    await Promise.all(all);
    expect(timers()).toEqual([]);
  });
});

it('waits as long as it takes where there is no signal', async () => {
  const promise = Promise.resolve('brought');
  expect(abortable(promise, undefined, () => {})).toBe(promise);
});

describe('waiting with a signal', () => {
  it('ends with its reason', async () => {
    const aborter = new AbortController();
    const left = jest.fn();
    const waiting = abortable(never(), aborter.signal, left);
    expect(left).not.toHaveBeenCalled();
    aborter.abort('enough');
    await expect(waiting).rejects.toBe('enough');
    expect(left).toHaveBeenCalledTimes(1);
  });

  it('ends with an AbortError where the signal has no reason, as in React Native', async () => {
    const aborter = new AbortController();
    const { signal } = aborter;
    Object.defineProperty(signal, 'reason', { value: undefined });
    const waiting = abortable(never(), signal, () => {});
    aborter.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    expect(abortReason({ aborted: true, reason: 0 } as never)).toBe(0);
  });

  it.each([
    ['brought', () => Promise.resolve('brought')],
    ['broken', () => Promise.reject('broken')],
  ])('leaves no listener on it when something is %s', async (outcome, promise) => {
    const aborter = new AbortController();
    const left = jest.fn();
    const waiting = abortable<unknown>(promise(), aborter.signal, left);
    expect(listenersOf(aborter)).toBe(1);
    expect(await waiting.catch((reason) => reason)).toBe(outcome);
    await Promise.resolve();
    expect([listenersOf(aborter), left.mock.calls.length]).toEqual([0, 0]);
  });
});
