import { withGlobal } from '@sinonjs/fake-timers';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

// Any will do, if it is always the same.
export const START = Date.UTC(2026, 2, 23);

type Fire = () => void;
type Timer = ReturnType<typeof setTimeout>;

/** Everything that was to happen without time passing has happened. */
export const quiet = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Time as a page has it: a wall clock that anybody may set, and timers that the browser slows down or holds. `fakeClock`
 * of axios-bearer/testing can do neither of the latter.
 */
export class PageTime {
  readonly #clock = withGlobal(globalThis).install({
    now: START,
    toFake: ['Date', 'setTimeout', 'clearTimeout', 'performance'],
  });
  readonly #pending = new Set<Timer>();
  #held: Fire[] = [];
  #pace: 'awake' | 'hidden' | 'asleep' = 'awake';
  #set = 0;
  /** Timers of the page that fired. */
  fired = 0;

  constructor() {
    globalThis.setTimeout = ((fire: Fire, ms: number) => this.#start(fire, ms)) as typeof setTimeout;
    globalThis.clearTimeout = (timer) => this.#stop(timer as Timer);
  }

  leave(): void {
    this.#clock.uninstall();
  }

  /** ms of true time, as servers have it. */
  get elapsed(): number {
    return this.#clock.now - START - this.#set;
  }

  /** Timers of the page that are set. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Nothing of the page: a message on its way. */
  travel(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimeout(() => resolve(), ms));
  }

  /** Lets `ms` pass: what is due fires, one after the other, and promises settle in between. */
  async pass(ms: number): Promise<void> {
    let over = false;
    this.#clock.setTimeout(() => {
      over = true;
    }, ms);
    await quiet();
    while (!over) {
      this.#clock.next();
      await quiet();
    }
  }

  /** The wall clock is set; no time passes. */
  set(ms: number): void {
    this.#clock.setSystemTime(this.#clock.now + ms);
    this.#set += ms;
  }

  /** A tab in the background: timers fire on the minute. */
  hide(): void {
    this.#pace = 'hidden';
  }

  show(): void {
    this.#pace = 'awake';
  }

  /** A frozen page, or a machine asleep: no timer fires, and those that were due do so at once on waking. */
  async sleep(ms: number): Promise<void> {
    this.#pace = 'asleep';
    await this.pass(ms);
    this.#pace = 'awake';
    for (const fire of this.#held.splice(0)) fire();
  }

  /** A machine asleep, with timers that stood still meanwhile: they have as long to go as before. */
  doze(ms: number): void {
    this.#clock.setSystemTime(this.#clock.now + ms);
  }

  #start(fire: Fire, ms: number): Timer {
    const timer = this.#clock.setTimeout(() => this.#due(run), ms) as unknown as Timer;
    const run = () => {
      if (!this.#pending.delete(timer)) return;
      this.fired += 1;
      fire();
    };
    this.#pending.add(timer);
    return timer;
  }

  #stop(timer: Timer): void {
    this.#pending.delete(timer);
    this.#clock.clearTimeout(timer as never);
  }

  #due(run: Fire): void {
    if (this.#pace === 'asleep') this.#held.push(run);
    else if (this.#pace === 'hidden') this.#clock.setTimeout(run, MINUTE - (this.elapsed % MINUTE));
    else run();
  }
}
