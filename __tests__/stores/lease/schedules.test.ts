import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import type { Lock } from 'axios-bearer';
import { type LeaseEngine, leaseStore } from 'axios-bearer/lease';
import fc from 'fast-check';
import { Rows } from '../../support/engines/conditional-put.js';
import { stored } from '../../support/stores.js';

/** What becomes of one call of the engine: how long it takes there and back, and whether it comes there, and its answer back. */
interface Trip {
  readonly there: number;
  readonly back: number;
  readonly fate: 'answered' | 'lost' | 'not sent';
}

/** A task: when it is begun, and how long it takes. */
interface Task {
  readonly at: number;
  readonly takes: number;
}

interface Plan {
  readonly leaseMs: number;
  readonly trips: Trip[];
  readonly tasks: Task[];
}

const ms = (max: number) => fc.oneof({ weight: 3, arbitrary: fc.nat(20) }, { weight: 1, arbitrary: fc.nat(max) });
const fate = fc.constantFrom('answered', 'answered', 'answered', 'answered', 'lost', 'not sent' as const);
const plan: fc.Arbitrary<Plan> = fc.record({
  leaseMs: fc.integer({ min: 100, max: 1_000 }),
  trips: fc.array(fc.record({ there: ms(1_500), back: ms(1_500), fate }) as fc.Arbitrary<Trip>, { minLength: 1 }),
  tasks: fc.array(fc.record({ at: fc.nat(3_000), takes: fc.nat(2_000) }), { minLength: 2, maxLength: 8 }),
});

// ms. A lock is had, or given up, by a timer of whole milliseconds.
const WAIT = 1_000;
const ROUNDING = 1;

const wait = (time: number) => new Promise((resolve) => setTimeout(resolve, time));

/** The row `a`, over a network: the trips are used again when all were. */
function faraway(rows: Rows, trips: Trip[]): LeaseEngine {
  let n = 0;
  const travel = async <T>(call: () => T): Promise<T> => {
    const { there, back, fate } = trips[n++ % trips.length]!;
    await wait(there);
    if (fate === 'not sent') throw new Error('ECONNREFUSED');
    const answer = call();
    await wait(back);
    if (fate === 'lost') throw new Error('ECONNRESET');
    return answer;
  };
  return {
    read: () => travel(() => rows.get('a')),
    write: (next, expected) => travel(() => rows.put('a', next, expected)),
  };
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** The last one that waits has the lock in the last millisecond. */
const ROUNDED: Plan = {
  leaseMs: 100,
  trips: [{ there: 0, back: 0, fate: 'answered' }],
  tasks: [
    { at: 0, takes: 576 },
    { at: 3, takes: 1_319 },
    { at: 281, takes: 0 },
    { at: 0, takes: 1 },
    { at: 3, takes: 0 },
    { at: 2_759, takes: 6 },
  ],
};

it('at no time have two holders the lock, no write is undone, and each waits no longer than it was told', async () => {
  await fc.assert(
    fc.asyncProperty(plan, async ({ leaseMs, trips, tasks }) => {
      const rows = new Rows();
      const stores = [0, 1, 2].map((i) => leaseStore(faraway(rows, [...trips.slice(i), ...trips]), { leaseMs }));
      const held = new Set<Lock>();
      let highest = 0;
      const expectOne = () => expect([...held].filter((lock) => lock.isHeld?.()).length).toBeLessThan(2);
      const ran = tasks.map(async ({ at, takes }, i) => {
        const store = stores[i % stores.length]!;
        await wait(at);
        const begun = performance.now();
        let had: number | undefined;
        const task = async (lock: Lock) => {
          had = performance.now();
          held.add(lock);
          expectOne();
          await wait(takes);
          expectOne();
          const { version = 0 } = (await store.write(stored('a', i + 1)).catch(() => undefined)) ?? {};
          highest = Math.max(highest, version);
          held.delete(lock);
        };
        await store.withLock(task, { waitMs: WAIT, holdMs: 5_000 }).catch(() => {});
        expect((had ?? performance.now()) - begun).toBeLessThanOrEqual(WAIT + ROUNDING);
      });
      const all = Promise.all(ran);
      all.catch(() => {});
      await jest.advanceTimersByTimeAsync(15_000);
      await all;
      const { entry } = JSON.parse(rows.get('a')?.value ?? '{}');
      expect(entry?.version ?? 0).toBeGreaterThanOrEqual(highest);
    }),
    { numRuns: 15, examples: [[ROUNDED]] },
  );
});
