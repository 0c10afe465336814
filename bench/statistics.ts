import type { Samples } from './measure.js';

export interface Ratio {
  value: number;
  low: number;
  high: number;
}

const RESAMPLES = 1_000;

/**
 * The median over the sets of the ratio of medians, and where 95 of 100 measurements like this one would put it: sets
 * are drawn again, and rounds within them, each with what ran next to it (a bootstrap).
 */
export function ratio(sets: Samples[], contender: string, base: string): Ratio {
  const estimate = (some: Pair[][]) => median(some.map((pairs) => median(pairs.map(of)) / median(pairs.map(against))));
  const all = sets.map((samples) => pairsOf(samples, contender, base));
  const again = () => estimate(drawn(all).map(drawn));
  const spread = Array.from({ length: RESAMPLES }, again).sort(ascending);
  return { value: estimate(all), low: quantile(spread, 0.025), high: quantile(spread, 0.975) };
}

type Pair = [number, number];
const of = ([first]: Pair) => first;
const against = ([, second]: Pair) => second;
const ascending = (a: number, b: number) => a - b;

function pairsOf(samples: Samples, contender: string, base: string): Pair[] {
  const others = samples[base] ?? [];
  return (samples[contender] ?? []).map((each, round) => [each, others[round] as number]);
}

function median(values: number[]): number {
  return quantile(values.sort(ascending), 0.5);
}

function quantile(sorted: number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at % 1);
}

function drawn<T>(from: T[]): T[] {
  return from.map(() => from[Math.floor(Math.random() * from.length)] as T);
}
