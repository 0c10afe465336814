// setTimeout takes 31 bits; a longer delay would fire at once.
export const LONGEST_TIMER = 2 ** 31 - 1;

interface Timer {
  ref?(): void;
  unref?(): void;
}

/** A timer that may fire early, where the platform's can't be long enough: who sets it looks at the clock again. */
export function setTimer(fire: () => void, ms: number): Timer {
  return setTimeout(fire, Math.min(ms, LONGEST_TIMER)) as Timer;
}

export function clearTimer(timer: Timer | undefined): void {
  clearTimeout(timer as ReturnType<typeof setTimeout>);
}

/** What happens inside a flight knows its bounds only, not what it is to bring. */
export interface Bounds {
  /** How many wait. */
  readonly waiting: number;
  /** `task`, or `late()` thrown once `ms` are over. Its signal is aborted then, and by `also`. */
  within<R>(ms: number, late: () => unknown, task: (signal: AbortSignal) => Promise<R>, also?: AbortSignal): Promise<R>;
  pause(ms: number): Promise<void>;
}

/**
 * One undertaking, shared by all who ask for its outcome while it lasts. Knows no token.
 *
 * It keeps a process alive only while somebody waits for it: a refresh behind the requests does not.
 */
export class Flight<T> implements Bounds {
  readonly landed: Promise<T>;
  waiting = 0;
  land!: (outcome: T | PromiseLike<T>) => void;
  fail!: (error: unknown) => void;
  readonly #timers = new Set<Timer>();

  /** `urgent`: what it brings counts more than what is held, so requests wait for it (a sign-in). */
  constructor(readonly urgent = false) {
    this.landed = new Promise((land, fail) => {
      this.land = land;
      this.fail = fail;
    });
    // Those who wait hear of a failure; with nobody waiting it is nobody's unhandled rejection.
    this.landed.catch(() => {}).finally(() => this.#rest());
  }

  join(): Promise<T> {
    this.waiting++;
    this.#eachTimer('ref');
    return this.landed;
  }

  /** One gave up waiting. */
  leave(): void {
    this.waiting = Math.max(0, this.waiting - 1);
    if (!this.waiting) this.#eachTimer('unref');
  }

  /** Those who wait here go on waiting, for another one. What is still under way here ends unheard. */
  giveWayTo(next: Flight<T>): void {
    next.waiting += this.waiting;
    this.#rest();
    this.land(next.landed);
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#after(ms, resolve));
  }

  async within<R>(
    ms: number,
    late: () => unknown,
    task: (signal: AbortSignal) => Promise<R>,
    also?: AbortSignal,
  ): Promise<R> {
    const aborter = new AbortController();
    const abort = () => aborter.abort();
    also?.addEventListener('abort', abort);
    if (also?.aborted) abort();
    let stop!: () => void;
    const deadline = new Promise<never>((_, reject) => {
      stop = this.#after(ms, () => {
        reject(late());
        abort();
      });
    });
    try {
      return await Promise.race([task(aborter.signal), deadline]);
    } finally {
      stop();
      also?.removeEventListener('abort', abort);
    }
  }

  #after(ms: number, fire: () => void): () => void {
    const stop = () => {
      clearTimer(timer);
      this.#timers.delete(timer);
    };
    const timer = setTimer(() => {
      stop();
      fire();
    }, ms);
    this.#timers.add(timer);
    if (!this.waiting) timer.unref?.();
    return stop;
  }

  #rest(): void {
    this.waiting = 0;
    this.#eachTimer('unref');
  }

  #eachTimer(method: 'ref' | 'unref'): void {
    for (const timer of this.#timers) timer[method]?.();
  }
}

/** `promise`, but a signal that fires first wins. It ends this waiting only, never what is waited for. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined, left: () => void): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => {
      left();
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
