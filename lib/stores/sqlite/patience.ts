import { monotonicNow, startTimer } from '../../platform/deadline.js';
import { explained, isBusy } from './failure.js';

// ms that others may have the database locked. Less than a session gives a store, so that this error is the one that is told.
const PATIENCE = 5_000;
// ms between two tries. Their length varies, so that two that wait do not always come at the same moment.
const SHORTEST = 5;
const LONGEST = 25;

/**
 * Does something in the database, again and again while others have it locked. In between the thread is free: it may be the
 * app's own transaction, in this very thread, that is to end first.
 *
 * @throws an error that says what to do
 */
export async function patiently<T>(path: string, task: () => T): Promise<T> {
  const until = monotonicNow() + PATIENCE;
  for (;;) {
    try {
      return task();
    } catch (error) {
      if (!isBusy(error) || monotonicNow() > until) throw explained(path, error);
    }
    await aMoment();
  }
}

/** A process does not end before: it may be a new token that is to be written. */
function aMoment(): Promise<void> {
  const ms = SHORTEST + Math.random() * (LONGEST - SHORTEST);
  return new Promise((resolve) => startTimer(ms, resolve).keepAlive(true));
}
