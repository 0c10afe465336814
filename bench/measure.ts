import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type CaseName, cases } from './cases/index.js';
import type { Order } from './runner.js';

/** µs of CPU per round, by contender; round n of one ran next to round n of the others. */
export type Samples = Record<string, number[]>;

export interface Effort {
  /** Each lets new processes compile it all anew: that alone moves a ratio by some per cent. */
  sets: number;
  warmups: number;
  rounds: number;
  requests: number;
}

/**
 * The contenders by turns, in an order drawn for each round, so that what else the machine does meets all alike.
 *
 * @param shared all in one process, where the engine compiles axios for all of them; else each in its own
 */
export async function measure(home: string, name: CaseName, effort: Effort, shared: boolean): Promise<Samples> {
  const contenders = Object.keys(cases[name].contenders);
  const start = () => fork(join(home, 'runner.js'), [name], runtime);
  const common = shared ? start() : undefined;
  const processes = new Map(contenders.map((each) => [each, common ?? start()]));
  const samples: Samples = Object.fromEntries(contenders.map((each) => [each, []]));
  for (let round = -effort.warmups; round < effort.rounds; round++) {
    for (const contender of shuffled(contenders)) {
      const used = await ask(processes.get(contender) as ChildProcess, { contender, requests: effort.requests });
      if (round >= 0) samples[contender]?.push(used);
    }
  }
  for (const each of new Set(processes.values())) each.disconnect();
  return samples;
}

const runtime = { execArgv: ['--expose-gc'], env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' } };

async function ask(runner: ChildProcess, order: Order): Promise<number> {
  const gone = new AbortController();
  const exit = once(runner, 'exit', { signal: gone.signal }).then(([code]) => {
    throw new Error(`The runner ended with code ${code}`);
  });
  exit.catch(() => {});
  runner.send(order);
  const [used] = await Promise.race([once(runner, 'message', { signal: gone.signal }), exit]);
  gone.abort();
  return used;
}

function shuffled<T>(all: T[]): T[] {
  const drawn = all.map((each) => ({ each, lot: Math.random() }));
  return drawn.sort((a, b) => a.lot - b.lot).map(({ each }) => each);
}
