import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import { startApps } from './apps.js';
import { Judge } from './judge.js';
import { LeakCounter } from './leaks.js';
import { Random } from './random.js';
import { isEnough, print, rowsOf } from './report.js';
import { type Sample, sample, type Watched } from './samples.js';
import { startServers } from './server-process.js';
import { ADAPTERS } from './traffic.js';
import { Workload } from './workload.js';

const seconds = Number(process.env.SOAK_SECONDS || 600);
/** It gives the same draws again, not the same moments. */
const seed = Number(process.env.SOAK_SEED || Math.floor(Math.random() * 2 ** 32));
/** ms. Between two quiet moments: in ten minutes there are sixty. */
const ROUND = Math.max(1_500, (seconds * 1_000) / 60);
/** ms. Whatever is asked for comes to an end long before (L24). */
const PATIENCE = 30_000;
/** So many times longer it may go on where a busy machine has not done enough. */
const MOST = 10;
/** ms. So long may the process last that has nothing left to do. */
const LINGER = 5_000;
const MINUTE = 60_000;
/** At once on the signal that all share, which Node would take for a leak. What is left on it, samples tell. */
const AT_ONCE = 1_000;

console.log(`soak: ${seconds} s, axios ${axios.VERSION}, adapters ${ADAPTERS.join(' and ')}, SOAK_SEED=${seed}`);
const leaks = new LeakCounter();
const judge = new Judge(leaks);
process.on('unhandledRejection', (reason) => {
  judge.count('unhandled');
  judge.fail(`unhandled: ${reason}`);
});
process.on('warning', ({ stack }) => {
  judge.count('warnings');
  judge.fail(`${stack}`);
});
leaks.watchTimers();

const servers = await startServers();
const { signal } = new AbortController();
setMaxListeners(AT_ONCE, signal);
const watched: Watched = { signal, cancelToken: axios.CancelToken.source().token, agents: [], leaks };
const random = new Random(seed);
const apps = await startApps(servers, judge, random, watched);
const workload = new Workload(apps, servers, judge, random, watched);

const samples: Sample[] = [];
const begun = Date.now();
const gone = () => Date.now() - begun;
const goesOn = () => gone() < seconds * 1_000 || (!isEnough(judge) && gone() < MOST * seconds * 1_000);
for (let minute = 1; goesOn(); ) {
  await Promise.race([workload.run(ROUND), sleep(ROUND + PATIENCE, undefined, { ref: false })]);
  if (judge.pending.size) {
    judge.fail(`no end within ${PATIENCE} ms: ${[...judge.pending].join('; ')}`);
    break;
  }
  await workload.untilIdle();
  const now = await sample(watched);
  samples.push(now);
  if (gone() < minute * MINUTE) continue;
  const { calls, refreshes, faults, unexplained } = judge.counts;
  const seen = `${calls} calls, ${refreshes} refreshes, ${faults} faults, ${unexplained} unexplained`;
  console.log(`${minute} min: ${seen}, heap ${now.heap.toFixed(2)} MB, ${now.handles} handles`);
  minute += 1;
}

const { reuse, takenBack } = await servers.counts();
workload.close();
await servers.close();
const findings = {
  judge,
  samples,
  reused: Math.max(0, reuse - judge.counts.spent),
  revoked: takenBack.filter((account) => !workload.revocable.has(account)).length,
};

const conclude = (handlesLeft: string[]) => {
  const rows = rowsOf({ ...findings, timersLeft: leaks.alive.timers, handlesLeft });
  print(rows, judge);
  process.exitCode = rows.every(({ holds }) => holds) ? 0 : 1;
};
process.once('beforeExit', () => conclude([]));
void sleep(LINGER, undefined, { ref: false }).then(() => {
  conclude([...new Set(process.getActiveResourcesInfo())]);
  process.exit();
});
