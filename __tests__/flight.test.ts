import { getEventListeners } from 'node:events';
import { afterAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { abortable, clearTimer, Flight, setTimer } from '../lib/flight.js';

const set = jest.spyOn(globalThis, 'setTimeout');
const clear = jest.spyOn(globalThis, 'clearTimeout');

beforeEach(() => {
  set.mockClear();
  clear.mockClear();
});
afterAll(() => void jest.restoreAllMocks());

/** Timers set in this test that keep the process alive. */
function timers() {
  const cleared = clear.mock.calls.map(([timer]) => timer);
  const kept = set.mock.results.map(({ value }) => value as NodeJS.Timeout).filter((timer) => !cleared.includes(timer));
  return kept.filter((timer) => timer.hasRef()).length;
}

const listenersOf = ({ signal }: AbortController) => getEventListeners(signal, 'abort').length;
const late = () => new Error('late');
const never = () => new Promise<never>(() => {});

describe('a flight and the process', () => {
  it('keeps it alive while somebody waits, and not before', () => {
    const flight = new Flight();
    void flight.pause(60_000);
    expect(timers()).toBe(0);
    void flight.join();
    expect(timers()).toBe(1);
    void flight.pause(60_000);
    expect(timers()).toBe(2);
    flight.leave();
    expect(timers()).toBe(0);
  });

  it('keeps it alive until the last of those who wait has left, however often one leaves', () => {
    const flight = new Flight();
    void flight.pause(60_000);
    void flight.join();
    void flight.join();
    expect(flight.waiting).toBe(2);
    flight.leave();
    expect([flight.waiting, timers()]).toEqual([1, 1]);
    flight.leave();
    flight.leave();
    expect([flight.waiting, timers()]).toEqual([0, 0]);
    void flight.join();
    expect([flight.waiting, timers()]).toEqual([1, 1]);
    flight.leave();
  });

  it.each(['land', 'fail'] as const)('lets it end after %s, whatever is still under way', async (end) => {
    const flight = new Flight<number>();
    const joined = flight.join().catch(() => {});
    void flight.pause(60_000);
    flight[end](1);
    await joined;
    await Promise.resolve();
    expect([flight.waiting, timers()]).toEqual([0, 0]);
  });

  it('hands those who wait to the one it gives way to, with what that brings', async () => {
    const [first, second] = [new Flight<string>(), new Flight<string>()];
    void first.pause(60_000);
    const joined = [first.join(), first.join(), second.join()];
    first.giveWayTo(second);
    expect([first.waiting, second.waiting, timers()]).toEqual([0, 3, 0]);
    second.land('brought');
    expect(await Promise.all(joined)).toEqual(['brought', 'brought', 'brought']);
  });

  it('lets it end once what was bounded has ended', async () => {
    const flight = new Flight();
    void flight.join();
    await flight.within(60_000, late, async () => {});
    expect(timers()).toBe(0);
    await flight.pause(1);
    expect(timers()).toBe(0);
  });
});

describe('what is bounded', () => {
  it('fails as it is told to when the time is over, its signal aborted', async () => {
    let signal!: AbortSignal;
    const flight = new Flight();
    const bounded = flight.within(5, late, (given) => {
      signal = given;
      return never();
    });
    expect(signal.aborted).toBe(false);
    await expect(bounded).rejects.toThrow('late');
    expect(signal.aborted).toBe(true);
  });

  it('hears another signal too, one that fired before included, and forgets it afterwards', async () => {
    const flight = new Flight();
    const also = new AbortController();
    const reads = (signal: AbortSignal) => async () => signal.aborted;
    let read!: () => Promise<boolean>;
    let end!: () => void;
    const bounded = flight.within(
      60_000,
      late,
      (signal) => {
        read = reads(signal);
        return new Promise<void>((resolve) => {
          end = resolve;
        });
      },
      also.signal,
    );
    expect(await read()).toBe(false);
    expect(listenersOf(also)).toBe(1);
    also.abort();
    expect(await read()).toBe(true);
    end();
    await bounded;
    expect(listenersOf(also)).toBe(0);
    expect(await flight.within(60_000, late, (signal) => reads(signal)(), also.signal)).toBe(true);
  });
});

it('a timer longer than the platform has them fires early, and not at once', () => {
  clearTimer(setTimer(() => {}, 2 ** 40));
  clearTimer(setTimer(() => {}, 1_000));
  expect(set.mock.calls.map(([, ms]) => ms)).toEqual([2 ** 31 - 1, 1_000]);
  expect(timers()).toBe(0);
});

it('makes do with timers that are numbers, as a browser has them', async () => {
  set.mockReturnValueOnce(7 as never);
  const flight = new Flight();
  const failed = jest.fn();
  flight.pause(60_000).catch(failed);
  void flight.join();
  flight.leave();
  await Promise.resolve();
  expect(failed).not.toHaveBeenCalled();
});

it('waits as long as it takes where there is no signal', async () => {
  const promise = Promise.resolve('brought');
  expect(abortable(promise, undefined, () => {})).toBe(promise);
});

describe('one who waits with a signal', () => {
  it('gives up with its reason', async () => {
    const aborter = new AbortController();
    const left = jest.fn();
    const waiting = abortable(never(), aborter.signal, left);
    expect(left).not.toHaveBeenCalled();
    aborter.abort('enough');
    await expect(waiting).rejects.toBe('enough');
    expect(left).toHaveBeenCalledTimes(1);
  });

  it('leaves no listener on it', async () => {
    const aborter = new AbortController();
    expect(await abortable(Promise.resolve('brought'), aborter.signal, () => {})).toBe('brought');
    await Promise.resolve();
    expect(listenersOf(aborter)).toBe(0);
  });
});
