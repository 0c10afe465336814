import { abortable, assertGoingOn } from '../../platform/deadline.js';
import type { Content } from './content.js';
import type { Hints } from './hints.js';
import { newId } from './ids.js';
import { giveBack, Lease, type Times } from './lease.js';
import { now } from './moment.js';
import type { Row } from './row.js';

// ms between two looks at a lease that another holder has: at first, and at most.
const FIRST_LOOK = 50;
const LONGEST_LOOK = 500;

/**
 * Waits for the lease, and takes it: when it is free, or was the same for as long as it lasts.
 *
 * @throws what the signal was aborted with, or the engine's error
 */
export async function claim(row: Row, hints: Hints, times: Times, signal: AbortSignal): Promise<Lease> {
  for (let ms = FIRST_LOOK; ; ms = Math.min(2 * ms, LONGEST_LOOK)) {
    assertGoingOn(signal);
    const lease = await take(row, times, signal);
    if (lease) return lease;
    // Not at once with all the others that wait.
    await hints.next(ms * (0.5 + Math.random() / 2), signal);
  }
}

/** @returns nothing if another holder has it */
async function take(row: Row, times: Times, signal: AbortSignal): Promise<Lease | undefined> {
  const owner = newId();
  const since = now();
  const taking = row.change((found) =>
    isFree(row, found) ? { ...found, lease: { owner, beat: 0, ms: times.leaseMs } } : undefined,
  );
  try {
    const { lease } = await abortable(taking, signal, () => {});
    return lease?.owner === owner ? new Lease(row, owner, since, times) : undefined;
  } catch (error) {
    // It may have been written, or may be yet: nobody is to wait for it to run out.
    const free = () => giveBack(row, owner);
    void taking.then(free, free);
    throw error;
  }
}

function isFree(row: Row, { lease }: Content): boolean {
  return !lease || lease.owner === row.former || row.ageOf(lease) >= lease.ms;
}
