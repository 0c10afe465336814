import { startTimer, type Timer } from '../platform/deadline.js';
import type { Life } from './life.js';
import { EXPIRY } from './pending.js';
import { isRenewable } from './steps.js';

// ms. The timer is for convenience: a token that lives for a second is refreshed by the requests that need it.
const SHORTEST = 1_000;

/** May there be anything to wake up for? */
export function needsAlarm({ settings, holding: { state } }: Life): boolean {
  return settings.keepFresh || (state.is === 'active' && state.rejection !== undefined);
}

/** One timer: the refresh ahead of expiry (`keepFresh`), or the end of a token that can't be refreshed. */
export class Alarm {
  #timer: Timer | undefined;

  /** Called after each change. */
  set(life: Life): void {
    this.#timer?.stop();
    this.#timer = undefined;
    const { state } = life.holding;
    if (state.is !== 'active') return;
    const { current, rejection } = state;
    if (rejection) this.#start(current.token.expiresAt, 0, () => life.apply({ is: 'over' }));
    if (rejection || !life.settings.keepFresh || life.pending || !isRenewable(life, current)) return;
    this.#start(current.dueAt, life.parts.outage.remaining, () => {
      life.renewal(EXPIRY);
      // Too early by a moment: the hold-off is not over yet.
      if (!life.pending) this.set(life);
    });
  }

  /** @param at ms since the epoch */
  #start(at = Number.POSITIVE_INFINITY, atLeast: number, ring: () => void): void {
    if (at === Number.POSITIVE_INFINITY) return;
    this.#timer = startTimer(Math.max(at - Date.now(), atLeast, SHORTEST), ring);
  }
}
