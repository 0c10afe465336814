import { withGlobal } from '@sinonjs/fake-timers';
import { type Clock, fakeClock } from 'axios-bearer/testing';
import { atEnd } from './cleanup.js';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** Time stands still until the test moves it, and is real again when the test is over. */
export function installClock(): Clock {
  const clock = fakeClock();
  atEnd(() => clock.restore());
  return clock;
}

/** Time that stands still but for `advance`, so that not a millisecond is left to chance. Sockets work all the same. */
export function freezeClock(): { advance(ms: number): Promise<unknown> } {
  const toFake = ['Date', 'performance', 'setTimeout', 'clearTimeout'] as const;
  const clock = withGlobal(globalThis).install({ now: Date.now(), toFake: [...toFake], shouldClearNativeTimers: true });
  atEnd(() => clock.uninstall());
  return { advance: (ms) => clock.tickAsync(ms) };
}
