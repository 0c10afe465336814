import { type Clock, withGlobal } from '@sinonjs/fake-timers';
import type { Scheduler } from 'fast-check';

// A run takes a few hundred.
const MOST_STEPS = 20_000;
// Any will do, if it is always the same.
const START = Date.UTC(2026, 0, 1);

/** Everything that was to happen without time passing has happened. */
export const quiet = () => new Promise<void>((resolve) => setImmediate(resolve));

/** The clock of a run, and the order in which things happen. Nothing depends on the machine: a seed gives the same run. */
export class Simulation {
  readonly #clock: Clock;
  readonly #random = Math.random;
  #jumped = 0;
  #step = 0;
  #facts = 0;
  #passing = false;
  /** Time went by while something was on its way. */
  slow = false;

  /** @param pace for how many microtasks what was set free may go on alone; 0: until nothing moves */
  constructor(
    readonly scheduler: Scheduler,
    readonly pace: number[],
  ) {
    this.#clock = withGlobal(globalThis).install({
      now: START,
      toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'],
    });
    let seed = 1;
    Math.random = () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
  }

  restore(): void {
    this.#clock.uninstall();
    Math.random = this.#random;
  }

  /** ms of true time. */
  readonly elapsed = (): number => this.#clock.now - START - this.#jumped;

  get timers(): number {
    return this.#clock.countTimers();
  }

  /** The number of the next fact: which came first? */
  fact(): number {
    this.#facts += 1;
    return this.#facts;
  }

  /** Something that takes as long as the scheduler likes: a message, a disk. */
  delay(label: string): Promise<void> {
    this.slow ||= this.#passing;
    return this.scheduler.schedule(Promise.resolve(), label);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** The wall clock is set; no time passes. */
  jump(ms: number): void {
    this.#clock.setSystemTime(this.#clock.now + ms);
    this.#jumped += ms;
  }

  /** Lets `ms` pass: what is due fires, one after the other, and promises settle in between. */
  async advance(ms: number, meanwhile = quiet): Promise<void> {
    let over = false;
    this.#clock.setTimeout(() => {
      over = true;
    }, ms);
    await meanwhile();
    this.slow ||= this.scheduler.count() > 0;
    this.#passing = meanwhile === quiet;
    while (!over) {
      this.next();
      await meanwhile();
    }
    this.#passing = false;
  }

  /** Lets the next timer fire. */
  next(): void {
    this.#clock.next();
  }

  /** Whatever needs no time, in the scheduler's order. */
  async play(): Promise<void> {
    await quiet();
    while (this.scheduler.count() > 0) {
      if (this.#step > MOST_STEPS) throw new Error(`L6 no end in sight after ${MOST_STEPS} steps`);
      // `waitNext` would let everything settle first, and no two things would ever be under way together.
      await this.scheduler.waitOne();
      await this.#breathe();
      if (this.scheduler.count() === 0) await quiet();
    }
  }

  async #breathe(): Promise<void> {
    const microtasks = this.pace[this.#step++ % this.pace.length] ?? 0;
    if (microtasks === 0) return quiet();
    for (let i = 0; i < microtasks; i += 1) await undefined;
  }
}
