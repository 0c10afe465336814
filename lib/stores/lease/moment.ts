import { monotonicNow } from '../../platform/deadline.js';

/** By both clocks: the monotonic one may stand still while the machine sleeps, the other one may be set. */
export interface Moment {
  readonly monotonic: number;
  readonly date: number;
}

export function now(): Moment {
  return { monotonic: monotonicNow(), date: Date.now() };
}

/** ms, and rather too many than too few. */
export function msSince({ monotonic, date }: Moment): number {
  return Math.max(monotonicNow() - monotonic, Date.now() - date);
}
