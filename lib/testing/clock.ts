import { withGlobal } from '@sinonjs/fake-timers';

/** Time in a test's hands. */
export interface Clock {
  /** Called for what `Date.now()` says: ms since the epoch. */
  now(): number;
  /**
   * Called to let `ms` of time pass, for the clock and the timers alike: what is due fires in order, and promises
   * settle in between. Answers from real sockets are not waited for.
   */
  advance(ms: number): Promise<void>;
  /**
   * Called to change the wall clock by `ms`, forward or back, with no time passing: NTP, a hand on the clock, a machine
   * that slept. Timers fire as far from now as before.
   */
  jump(ms: number): void;
  /** Called at the end: the real time is back. Once or often, the same. */
  restore(): void;
}

/**
 * Called at the start of a test: `Date`, `setTimeout` and `clearTimeout` of this realm (Jest's, if it runs there) now
 * follow the clock it returns, which starts at the present and goes on by itself at about real speed, so that real
 * sockets and servers still work. Throws a `TypeError` when a fake clock is installed already.
 */
export function fakeClock(): Clock {
  const clock = withGlobal(globalThis).install({
    now: Date.now(),
    toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'],
    shouldAdvanceTime: true,
    // A timer that was set before the clock came can still be cleared.
    shouldClearNativeTimers: true,
  });
  return {
    now: () => clock.now,
    advance: async (ms) => void (await clock.tickAsync(ms)),
    jump: (ms) => clock.setSystemTime(clock.now + ms),
    restore: () => clock.uninstall(),
  };
}
