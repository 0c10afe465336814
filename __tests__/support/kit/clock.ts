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
