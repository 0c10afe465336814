// setTimeout takes 31 bits; a longer delay would fire at once.
export const LONGEST_TIMER = 2 ** 31 - 1;

// A timer that fires this much late, in ms, is overdue: the process stood still, or the machine slept.
const OVERDUE = 20;

/** A timer that was started. */
export interface Timer {
  stop(): void;
  /** Does it keep a Node process alive? At first it does not. */
  keepAlive(does: boolean): void;
}

interface NodeTimer {
  ref?(): void;
  unref?(): void;
}

/** ms by a clock that nobody sets: for durations, never for dates. */
export function monotonicNow(): number {
  return globalThis.performance?.now?.() ?? Date.now();
}

/**
 * Calls `fire` once, after `ms` of any size.
 *
 * When it is overdue, the event loop gets one more turn first: after a standstill all timers fire before the answers
 * that came meanwhile are read from their sockets.
 */
export function startTimer(ms: number, fire: () => void): Timer {
  const due = monotonicNow() + ms;
  let left = ms;
  let keepsAlive = false;
  let granted = false;
  let timer: NodeTimer | undefined;
  const arm = () => {
    const step = Math.min(left, LONGEST_TIMER);
    left -= step;
    timer = setTimer(ring, step);
    if (!keepsAlive) timer?.unref?.();
  };
  const ring = () => {
    const overdue = !granted && monotonicNow() - due > OVERDUE;
    granted ||= overdue;
    if (left > 0 || overdue) return arm();
    fire();
  };
  arm();
  return {
    stop: () => clearTimeout(timer as ReturnType<typeof setTimeout>),
    keepAlive(does) {
      keepsAlive = does;
      timer?.[does ? 'ref' : 'unref']?.();
    },
  };
}

/** workerd throws while it starts: there is no timer then until there is a request, and nothing that would need one. */
function setTimer(ring: () => void, ms: number): NodeTimer | undefined {
  try {
    return setTimeout(ring, ms) as NodeTimer;
  } catch {
    return undefined;
  }
}

/**
 * Resolves after `ms`. It does not keep a process alive.
 *
 * @param wakeBy is given a function that ends the pause before its time
 */
export function pause(ms: number, wakeBy?: (wake: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = startTimer(ms, resolve);
    wakeBy?.(() => {
      timer.stop();
      resolve();
    });
  });
}

interface DeadlineOptions {
  ms: number;
  /** What is thrown when the time is over. */
  late: () => unknown;
  /** Must a Node process not end before, as something waits for it? Default `false`. */
  keepsAlive?: boolean;
}

/** The outcome of `task`, or `late()` thrown once `ms` are over; the task's signal fires then. */
export async function withDeadline<T>(
  task: (signal: AbortSignal) => T | PromiseLike<T>,
  { ms, late, keepsAlive = false }: DeadlineOptions,
): Promise<T> {
  const aborter = new AbortController();
  let timer!: Timer;
  const deadline = new Promise<never>((_, reject) => {
    timer = startTimer(ms, () => {
      reject(late());
      aborter.abort();
    });
    timer.keepAlive(keepsAlive);
  });
  try {
    return await Promise.race([task(aborter.signal), deadline]);
  } finally {
    timer.stop();
  }
}

/** Waits for `task`, at most `ms`. What it fails with harms nothing. */
export async function atMost(
  ms: number,
  task: (signal: AbortSignal) => Promise<unknown>,
  keepsAlive = false,
): Promise<void> {
  await withDeadline(task, { ms, late: () => undefined, keepsAlive }).catch(() => {});
}

/** `promise`, which somebody waits for: a Node process does not end before it has settled. */
export function keepingAlive<T>(promise: Promise<T>): Promise<T> {
  const timer = startTimer(LONGEST_TIMER, () => {});
  timer.keepAlive(true);
  return promise.finally(() => timer.stop());
}

/** What a promise calls when it settles. Emptied when the waiting has ended before. */
interface Waiter<T> {
  resolve?: ((value: T) => void) | undefined;
  reject?: ((error: unknown) => void) | undefined;
}

/**
 * Settles like `work`, unless `leave` is called first, with the reason. `work` may take for ever: nothing is kept of a
 * waiting that was left.
 *
 * @param watch looks out for a reason to leave; returns the way to stop
 */
export function unlessLeft<T>(
  work: PromiseLike<T>,
  watch: (leave: (reason: unknown) => void) => () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let stop = () => {};
    const waiter: Waiter<T> = {};
    const settle = (end: () => void) => {
      waiter.resolve = waiter.reject = undefined;
      stop();
      end();
    };
    waiter.resolve = (value) => settle(() => resolve(value));
    waiter.reject = (error) => settle(() => reject(error));
    follow(work, waiter);
    stop = watch((reason) => waiter.reject?.(reason));
    // There was a reason from the start.
    if (!waiter.reject) stop();
  });
}

/** By itself, as what these functions see is kept with the promise. */
function follow<T>(work: PromiseLike<T>, waiter: Waiter<T>): void {
  work.then(
    (value) => waiter.resolve?.(value),
    (error) => waiter.reject?.(error),
  );
}

/** `promise`, but a signal that fires first wins. It ends this waiting only, never what is waited for. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined, left: () => void): Promise<T> {
  if (!signal) return promise;
  return unlessLeft(promise, (leave) => {
    const abort = () => {
      left();
      leave(abortReason(signal));
    };
    signal.addEventListener('abort', abort);
    return () => signal.removeEventListener('abort', abort);
  });
}

/** @throws the reason of a signal that has fired */
export function assertGoingOn(signal: AbortSignal): void {
  if (signal.aborted) throw abortReason(signal);
}

/** The signal's reason; React Native's signals have none. */
export function abortReason(signal: AbortSignal): unknown {
  return (signal as { reason?: unknown }).reason ?? Object.assign(new Error('Aborted'), { name: 'AbortError' });
}
