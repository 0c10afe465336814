import { clearTimer, setTimer } from './flight.js';

// It is for convenience: a token that lives for a second is refreshed by the requests that need it.
const SHORTEST = 1_000;

/** The timer of `keepFresh`: one at a time, and none that keeps a process alive. */
export class Alarm {
  #timer: ReturnType<typeof setTimer> | undefined;

  /** @param at ms since the epoch; `Infinity`: not at all */
  set(at: number, ring: () => void): void {
    clearTimer(this.#timer);
    if (at === Number.POSITIVE_INFINITY) return;
    // It may be early: where the clock was set, or the delay was longer than timers go.
    const fire = () => (Date.now() < at ? this.set(at, ring) : ring());
    this.#timer = setTimer(fire, Math.max(at - Date.now(), SHORTEST));
    this.#timer.unref?.();
  }
}
