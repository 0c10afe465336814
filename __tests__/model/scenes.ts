import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { commands } from './commands.js';
import { run } from './run.js';
import { setups } from './world.js';

// Seeds stay: what a drawn one finds is news for a night’s run, not for a change that has nothing to do with it.
// `MODEL_RUNS=20000 MODEL_SEED=random` for a night.
// A failure prints its seed and path: `MODEL_SEED` and the path's first number as `MODEL_PATH` bring it back.
// `MODEL_STOP=1`: one failure is enough, however long.
const { MODEL_RUNS, MODEL_SEED, MODEL_PATH, MODEL_STOP } = process.env;
const stops = MODEL_STOP === '1';
const drawn = () => Math.floor(Math.random() * 2 ** 31);
const patience = (runs: number) => 120_000 + 1_000 * runs;

type Weights = Parameters<typeof commands>[0];

const USE: Weights = { request: 6, burst: 3, expire: 3, wait: 3, abort: 1, token: 1, upload: 1, refresh: 1 };
const USERS: Weights = { signIn: 4, signOut: 2, close: 1 };

let found = false;

/** @param weights what happens there, and how often */
async function hold(seed: number, runs: number, holders: number, weights: Weights): Promise<void> {
  if (found && stops) return;
  const pace = fc.array(fc.nat(8), { minLength: 1, maxLength: 6 });
  const property = fc.asyncProperty(setups(holders), commands(weights), pace, fc.scheduler(), run);
  const path = MODEL_PATH ? { path: MODEL_PATH } : {};
  const asserted = fc.assert(property, {
    seed,
    numRuns: runs,
    includeErrorInReport: true,
    endOnFailure: stops,
    ...path,
  });
  await asserted.catch((error) => {
    found = true;
    throw error;
  });
}

/** What happens, with how many holders of the session. */
const SCENES: [string, number, Weights][] = [
  ['use and expiry', 1, { ...USE, jump: 1 }],
  ['outages of the token endpoint', 1, { ...USE, faults: 5, wait: 6, jump: 1 }],
  ['an API that refuses', 1, { request: 5, burst: 2, wait: 4, refuse: 2, storm: 1, faults: 1, expire: 1 }],
  ['users who come and go', 1, { ...USE, ...USERS, faults: 1 }],
  ['a store in trouble', 1, { ...USE, ...USERS, troubles: 5 }],
  ['two holders of one session', 2, { ...USE, faults: 1, jump: 1 }],
  ['two holders, and users who come and go', 2, { ...USE, ...USERS, faults: 1, troubles: 2 }],
];

/** Each scene on each seed, so many runs of it; `MODEL_SEED` and `MODEL_RUNS` say otherwise. */
export function holdOn(given: number[], givenRuns: number): void {
  const runs = Number(MODEL_RUNS ?? givenRuns);
  const seeds = MODEL_SEED ? [MODEL_SEED === 'random' ? drawn() : Number(MODEL_SEED)] : given;
  process.stderr.write(`The model runs on the seeds ${seeds.join(', ')}; MODEL_SEED brings one back.\n`);

  const unhandled: unknown[] = [];
  const keep = (reason: unknown) => unhandled.push(reason);
  beforeAll(() => void process.on('unhandledRejection', keep));
  afterAll(() => void process.off('unhandledRejection', keep));

  describe.each(seeds)('L1 to L24, on every schedule of seed %i,', (seed) => {
    it.each(SCENES)('hold through %s', (_, holders, weights) => hold(seed, runs, holders, weights), patience(runs));

    it('leave no rejection that nobody handles', () => {
      expect(unhandled).toEqual([]);
    });
  });
}
