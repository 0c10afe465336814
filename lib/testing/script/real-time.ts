import timers from 'node:timers';

// Taken once, when this file loads: a fake clock installed later replaces both the globals and node:timers,
// and what happens on a socket must go on in real time or it never happens.
const { setTimeout, setInterval, clearInterval } = timers;

/**
 * Called wherever the server lets time pass: latency, delays. Resolves after `ms` of real time, whatever a fake clock
 * says; at once for 0 or less. Its timer keeps no process alive.
 */
export function wait(ms: number): Promise<void> {
  if (!(ms > 0)) return Promise.resolve();
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

/**
 * Called to do `task` every `ms` of real time (at least 1). Returns the function that stops it; its timer keeps no
 * process alive.
 */
export function every(ms: number, task: () => void): () => void {
  const timer = setInterval(task, Math.max(1, ms)).unref();
  return () => clearInterval(timer);
}
