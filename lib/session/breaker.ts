import type { RefreshWindow } from '../backoff.js';

/**
 * Counts refreshes that did not help, as their tokens were refused: at most so many per interval, or a server that always
 * says 401 would have us refresh for ever. Pure: `now` is passed in, by a monotonic clock.
 */
export class Breaker {
  #marks: number[] = [];
  #unproven: number | undefined;
  #madeAt = 0;
  #marked: number | undefined;

  constructor(readonly window: RefreshWindow) {}

  /** The token of this generation was just made: until a request with it is accepted, it is unproven. */
  made(generation: number, now: number): void {
    this.#unproven = generation;
    this.#madeAt = now;
    this.#marked = undefined;
  }

  /** A request with it was accepted. */
  accepted(generation: number): void {
    if (this.#unproven === generation) this.#unproven = undefined;
  }

  /** Was it made here, and no request with it accepted yet? */
  isUnproven(generation: number): boolean {
    return this.#unproven === generation;
  }

  /** Is it so young that not every server may know of it yet, and not known to be of no help? */
  isNew(generation: number, now: number): boolean {
    const isYoung = now - this.#madeAt < this.window.interval;
    return isYoung && this.isUnproven(generation) && this.#marked !== generation;
  }

  /** Making it did not help. Counted once, however many requests say so. @returns was it news? */
  noHelp(generation: number, now: number): boolean {
    if (this.#marked === generation) return false;
    this.#marked = generation;
    this.#marks = [...this.#recent(now), now];
    return true;
  }

  /** ms until a 401 may start a refresh again; 0: it may now. */
  openFor(now: number): number {
    const { limit, interval } = this.window;
    const first = this.#recent(now).at(-limit);
    return first === undefined ? 0 : first + interval - now;
  }

  #recent(now: number): number[] {
    return this.#marks.filter((mark) => now - mark < this.window.interval);
  }
}
