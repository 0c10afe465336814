import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { prepare } from './build.js';
import { type CaseName, cases } from './cases/index.js';
import { type Effort, measure, type Samples } from './measure.js';
import { type Ratio, ratio } from './statistics.js';

const { values: flags } = parseArgs({
  options: {
    /** Rough, in less than 20 s. */
    quick: { type: 'boolean', default: false },
    /** What `dist/` holds, instead of lib built anew. */
    dist: { type: 'boolean', default: false },
    /** Exit with 1 if a target is missed beyond doubt. */
    check: { type: 'boolean', default: false },
  },
});

const effort: Record<CaseName, Effort> = flags.quick
  ? {
      hot: { sets: 2, warmups: 6, rounds: 12, requests: 1_000 },
      storm: { sets: 1, warmups: 1, rounds: 4, requests: 10_000 },
    }
  : {
      hot: { sets: 7, warmups: 10, rounds: 40, requests: 1_000 },
      storm: { sets: 5, warmups: 2, rounds: 10, requests: 10_000 },
    };

const table = new Table({
  head: ['case', 'contender', 'against', 'processes', 'CPU ratio', '95 %', 'target', ''],
  style: { head: [], border: [] },
});
let missed = false;

function report(name: CaseName, shared: boolean, sets: Samples[]): void {
  const { base, contenders, targets }: (typeof cases)[CaseName] = cases[name];
  for (const contender of Object.keys(contenders)) {
    if (contender === base) continue;
    const found = ratio(sets, contender, base);
    const target = (targets as Record<string, number>)[contender];
    const spread = `${found.low.toFixed(3)} – ${found.high.toFixed(3)}`;
    const processes = shared ? 'shared' : 'own';
    table.push([
      name,
      contender,
      base,
      processes,
      found.value.toFixed(3),
      spread,
      target ?? '',
      verdict(found, target),
    ]);
  }
}

function verdict({ value, low, high }: Ratio, target: number | undefined): string {
  if (target === undefined) return '';
  if (low > target) missed = true;
  const doubt = low <= target && target < high ? ', in doubt' : '';
  return (value <= target ? 'met' : 'missed') + doubt;
}

const home = await prepare(flags.dist);
try {
  for (const name of Object.keys(cases) as CaseName[]) {
    for (const shared of [false, true]) {
      const sets: Samples[] = [];
      while (sets.length < effort[name].sets) sets.push(await measure(home, name, effort[name], shared));
      report(name, shared, sets);
    }
  }
} finally {
  rmSync(home, { recursive: true });
}
console.log(`Measured: ${flags.dist ? 'dist/ as it is' : 'lib, built as it is published'}; node ${process.version}`);
console.log(table.toString());
if (flags.check && missed) process.exitCode = 1;
