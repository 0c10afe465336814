import { rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import axios from 'axios';
import { prepare } from './build.js';
import { type CaseName, cases } from './cases/index.js';
import { type Effort, measure, type Samples } from './measure.js';
import { memory, memoryBars, memoryTable } from './memory.js';
import { publish } from './page.js';
import { Report } from './report.js';
import type { Bar, MeasureName } from './results.js';
import { times } from './results.js';
import { weigh } from './weight.js';

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Rough, in less than a minute, and nothing is fetched or published. */
    quick: { type: 'boolean', default: false },
    /** What `dist/` holds, instead of lib built anew. */
    dist: { type: 'boolean', default: false },
    /** Exit with 1 if a target is missed beyond doubt. */
    check: { type: 'boolean', default: false },
    /** Where the page and its charts go, with `--quick` too. */
    out: { type: 'string' },
  },
});

// Rounds are short, so that two next to each other meet the same machine; warm-ups are many, as the engine goes on
// compiling for some ten thousand requests.
const thorough: Record<CaseName, Effort> = {
  hot: { sets: 7, warmups: 80, rounds: 80, requests: 300 },
  storm: { sets: 5, warmups: 2, rounds: 8, requests: 10_000 },
  expired: { sets: 5, warmups: 8, rounds: 16, requests: 3_000 },
};
const quick: Record<CaseName, Effort> = {
  hot: { sets: 2, warmups: 40, rounds: 30, requests: 300 },
  storm: { sets: 1, warmups: 1, rounds: 3, requests: 10_000 },
  expired: { sets: 1, warmups: 4, rounds: 6, requests: 3_000 },
};

const isAsked = (name: MeasureName) => !positionals.length || positionals.includes(name);
const names = (Object.keys(cases) as CaseName[]).filter(isAsked);
const folder = flags.out ?? (flags.quick ? undefined : 'docs/bench');
const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ');
const on = `node ${process.version}, axios ${axios.VERSION}`;
const report = new Report();
const bars: Partial<Record<MeasureName, Bar[]>> = report.bars;
const tables: string[] = [];

const home = await prepare(flags.dist);
try {
  if (isAsked('memory')) {
    const found = memory(home);
    bars.memory = memoryBars(found);
    tables.push(memoryTable(found));
  }
  if (isAsked('weight')) {
    bars.weight = await weigh(home, !flags.quick);
    tables.push(...bars.weight.map(({ name, value, note }) => `${name}: ${times(value)} of axios, ${note}`));
  }
  for (const name of names) {
    const effort = (flags.quick ? quick : thorough)[name];
    for (const shared of flags.quick ? [false] : [false, true]) {
      const sets: Samples[] = [];
      while (sets.length < effort.sets) sets.push(await measure(home, name, effort, shared));
      report.add(name, cases[name], shared, sets);
    }
  }
} finally {
  rmSync(home, { recursive: true });
}

const subject = flags.dist ? 'dist/ as it is' : 'lib, built as it is published';
console.log(`CPU of ${subject}; node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`);
console.log([report, ...tables].join('\n'));
if (folder) {
  const results = Object.entries(bars).map(([name, bars]) => [name, { command, on, bars }]);
  publish(folder, Object.fromEntries(results));
}
if (flags.check && report.missed) process.exitCode = 1;
