import { clearTimer, LONGEST_TIMER, setTimer } from './flight.js';

// It is for convenience: a token that lives for a second is refreshed by the requests that need it.
const SHORTEST = 1_000;

/** The timer of `keepFresh`: one at a time, and none that keeps a process alive. */
export class Alarm {
  #timer: ReturnType<typeof setTimer> | undefined;

  /** @param at ms since the epoch; `Infinity`: not at all */
  set(at: number, ring: () => void): void {
    clearTimer(this.#timer);
    if (at === Number.POSITIVE_INFINITY) return;
    this.#start(Math.max(at - Date.now(), SHORTEST), ring);
  }

  /** Once the time is over it is, whatever the wall clock, set back meanwhile, may say. */
  #start(ms: number, ring: () => void): void {
    const step = Math.min(ms, LONGEST_TIMER);
    this.#timer = setTimer(() => (step < ms ? this.#start(ms - step, ring) : ring()), step);
    this.#timer.unref?.();
  }
}
