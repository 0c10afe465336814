import * as fc from 'fast-check';
import { type Command, perform, request } from './commands.js';
import type { Holder } from './holder.js';
import { CLOSING, MARKED, OPTIONS } from './options.js';
import { Simulation } from './simulation.js';
import { type Setup, World } from './world.js';

// Longer than any backoff and any wish of the server, shorter than the window of the breaker.
const HOLD_OFF = 130_000;

/** One schedule, from the first sign-in to the last timer. @throws what law was broken first */
export async function run(setup: Setup, commands: Command[], pace: number[], scheduler: fc.Scheduler): Promise<void> {
  const simulation = new Simulation(scheduler, pace);
  const world = new World(setup, simulation);
  try {
    await world.open();
    const acts = commands.map((command) => ({ label: fc.stringify(command), builder: () => perform(world, command) }));
    scheduler.scheduleSequence(acts as never);
    await simulation.play();
    await world.settle();
    await aftermath(world);
    await end(world);
  } finally {
    simulation.restore();
  }
  const [first] = world.judge.broken;
  if (first) throw new Error(first);
}

/** Everything works again: users that were signed in still are, and whatever was held off or marked is over. */
async function aftermath(world: World): Promise<void> {
  const { server, database, judge } = world;
  server.faults = [];
  server.refusals = 0;
  database.troubles = [];
  judge.stormSince = undefined;
  await world.pass(HOLD_OFF);
  for (const holder of world.holders) {
    world.server.expire();
    await probe(world, holder, true);
  }
  await world.pass(OPTIONS.refreshWindow.interval);
  world.server.expire();
  for (const holder of world.holders) await probe(world, holder, false);
}

/** A token that died before its time is mended: L8, L10, L11, L12. */
async function probe(world: World, holder: Holder, lenient: boolean): Promise<void> {
  const alive = await isAlive(world, holder);
  const call = request(holder);
  await world.settle();
  const { status, code } = call.end ?? {};
  const marked = world.server.unhelpful >= MARKED;
  const { alone, jumped, unsure } = world.judge;
  // Another user may be found in the store, or another holder's mark, which is waited for.
  const replaced = code === 'ERR_BEARER_IDENTITY' && (!alone || unsure);
  const waits = code === 'ERR_BEARER_UNAVAILABLE' && !alone;
  // A hold-off that was forgotten when the clock was set back counts again once that time has come again.
  // A sign-in that failed, or a sign-out that was given up, may land in the store late, above what this holder knows.
  const landedLate = !alone && (unsure || world.judge.troubled);
  const excused = lenient && (replaced || waits || marked || jumped || landedLate);
  const how = `${code ?? status} ${lenient ? 'though no failure was recent' : 'for ever'}`;
  world.judge.check(!alive || excused || status === 200, `L10 a session that is alive gets ${how}`);
}

/** Signed in, with a refresh token that the server would take. */
async function isAlive({ server, setup, database }: World, holder: Holder): Promise<boolean> {
  if (holder.closed || holder.out || holder.signedIn <= holder.ended) return false;
  const stored = setup.remote ? await database.inner.read() : undefined;
  const kept = setup.remote ? stored?.token?.refreshToken : holder.refused < holder.signedIn;
  const family = setup.remote ? server.accesses.get(stored?.token?.accessToken ?? '')?.family : server.families.at(-1);
  return Boolean(kept) && family !== undefined && !family.revoked && !family.doomed;
}

/** L23: nothing is left behind. */
async function end(world: World): Promise<void> {
  for (const holder of world.holders) holder.close();
  await world.settle();
  await world.pass(CLOSING);
  world.judge.check(
    world.holders.every(({ isIdle }) => isIdle),
    'L24 close() is not done',
  );
  world.judge.check(world.simulation.timers === 0, 'L23 a timer is left after close()');
}
