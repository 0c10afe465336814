import { monotonicNow, startTimer, type Timer } from '../platform/deadline.js';

// Requests that begin to wait within this part of the bound share one timer and one promise.
const WAVE = 1 / 1_000;

interface Wave<T> {
  readonly promise: Promise<T>;
  readonly timer: Timer;
  readonly since: number;
  waiting: number;
  /** The set that counts it: that of another promise, after `replaceWith`. */
  home: Set<Wave<T>>;
}

/**
 * One promise for all that ask. Each of those that wait is bounded from when it began to wait. A Node process is kept
 * alive only while somebody waits: a refresh behind the requests does not keep it.
 */
export class SharedPromise<T> {
  readonly settled: Promise<T>;
  resolve!: (value: T | PromiseLike<T>) => void;
  reject!: (error: unknown) => void;
  readonly #waves = new Set<Wave<T>>();
  #latest: Wave<T> | undefined;

  /**
   * @param bound ms that one may wait; `Infinity`: for ever
   * @param late what those get that have waited so long
   */
  constructor(
    readonly bound: number,
    readonly late: () => unknown,
  ) {
    this.settled = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // With nobody waiting, a failure is nobody's unhandled rejection.
    this.settled.catch(() => {});
  }

  /** How many wait. */
  get waiting(): number {
    let sum = 0;
    for (const { waiting } of this.#waves) sum += waiting;
    return sum;
  }

  /** Waits. The promise settles within `bound` ms. */
  join(): Promise<T> {
    const now = monotonicNow();
    const wave = this.#latest && now - this.#latest.since <= this.bound * WAVE ? this.#latest : this.#newWave(now);
    wave.waiting++;
    wave.timer.keepAlive(true);
    return wave.promise;
  }

  /** One that waited has given up. Whichever wave counts it: only their sum matters. */
  leave(): void {
    for (const wave of this.#waves) {
      if (!wave.waiting) continue;
      wave.waiting--;
      if (!wave.waiting) wave.timer.keepAlive(false);
      return;
    }
  }

  /** Those that wait here go on waiting, for another one, and where that fails, for what `instead` says. */
  replaceWith(next: SharedPromise<T>, instead?: (error: unknown) => T | Promise<T>): void {
    for (const wave of this.#waves) {
      wave.home = next.#waves;
      next.#waves.add(wave);
    }
    this.#waves.clear();
    this.resolve(next.settled.catch(instead));
  }

  #newWave(since: number): Wave<T> {
    let reject!: (error: unknown) => void;
    const promise = new Promise<T>((resolve, fail) => {
      reject = fail;
      this.settled.then(resolve, fail);
    });
    // Without a bound it never fires: it keeps the process alive.
    const timer = startTimer(this.bound, () => end(this.late()));
    const wave: Wave<T> = { promise, timer, since, waiting: 0, home: this.#waves };
    const end = (error?: unknown) => {
      timer.stop();
      wave.home.delete(wave);
      if (this.#latest === wave) this.#latest = undefined;
      reject(error);
    };
    promise.catch(() => {}).finally(() => end());
    this.#waves.add(wave);
    this.#latest = wave;
    return wave;
  }
}

/** One that has failed already. */
export function failedPromise<T>(error: unknown): SharedPromise<T> {
  const failed = new SharedPromise<T>(Number.POSITIVE_INFINITY, () => error);
  failed.reject(error);
  return failed;
}
