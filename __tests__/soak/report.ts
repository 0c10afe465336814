import Table from 'cli-table3';
import type { Judge } from './judge.js';
import { type Sample, SLACK, thirds } from './samples.js';

/** One thing that was asked for, and what was found. */
interface Row {
  what: string;
  found: string | number;
  asked: string | number;
  holds: boolean;
}

export interface Findings {
  judge: Judge;
  samples: Sample[];
  /** Spent refresh tokens that came again, though their answers had not been lost. */
  reused: number;
  /** Grants that were revoked, though their users had not left. */
  revoked: number;
  /** After everything was closed. */
  timersLeft: number;
  /** What keeps the process alive after that; empty: it ended by itself. */
  handlesLeft: string[];
}

/** So few would prove nothing. A calm machine does more than ten times as many in 20 s. */
const FEWEST = { calls: 300, faults: 30, refreshes: 10 };
const COUNTED = ['calls', 'faults', 'refreshes'] as const;

/** Has enough been done to prove something? */
export const isEnough = ({ counts }: Judge): boolean => COUNTED.every((what) => counts[what] >= FEWEST[what]);

export function rowsOf({ judge, samples, reused, revoked, timersLeft, handlesLeft }: Findings): Row[] {
  const { counts } = judge;
  const explained = Object.values(judge.explained).reduce((sum, each) => sum + each, 0);
  return [
    ...COUNTED.map((what) => atLeast(what, counts[what], FEWEST[what])),
    atLeast('failures explained', explained, 1),
    ...(['unexplained', 'unhandled', 'warnings'] as const).map((what) => none(what, counts[what])),
    none('refresh tokens presented twice, beyond lost answers', reused),
    none('grants revoked, beyond sign-outs', revoked),
    ...(Object.keys(SLACK) as (keyof Sample)[]).map((what) => flat(what, samples)),
    none('timers left', timersLeft),
    { what: 'ends by itself', found: handlesLeft.join(', ') || 'yes', asked: 'yes', holds: !handlesLeft.length },
  ];
}

function atLeast(what: string, found: number, least: number): Row {
  return { what, found, asked: `at least ${least}`, holds: found >= least };
}

function none(what: string, found: number): Row {
  return { what, found, asked: 0, holds: found === 0 };
}

function flat(what: keyof Sample, samples: Sample[]): Row {
  const [first, last] = thirds(samples, what);
  const shown = (value: number) => value.toFixed(what === 'heap' ? 2 : 0);
  return {
    what: what === 'heap' ? 'heap, MB' : what,
    found: `${shown(first)} → ${shown(last)}`,
    asked: `at most ${SLACK[what]} more`,
    holds: last - first <= SLACK[what],
  };
}

export function print(rows: Row[], { explained, unexplained }: Judge): void {
  const style = { head: [], border: [] };
  const table = new Table({ head: ['', 'found', 'asked', ''], style });
  for (const { what, found, asked, holds } of rows) table.push([what, found, asked, holds ? '✓' : '✗']);
  const reasons = new Table({ head: ['failures explained by', ''], style });
  for (const [reason, times] of Object.entries(explained).sort(([, a], [, b]) => b - a)) reasons.push([reason, times]);
  console.log(`${reasons}\n${table}`);
  for (const each of unexplained) console.log(`✗ ${each}`);
}
