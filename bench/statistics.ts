import type { Samples } from './measure.js';

export interface Ratio {
  value: number;
  low: number;
  high: number;
}

const RESAMPLES = 1_000;

/**
 * How many times the CPU of the base: the median over rounds, then over sets. Each round is divided by the one next to
 * it, as a shared machine changes its speed by half from one second to the next, and medians of all rounds would compare
 * its good moments with its bad ones. `low` and `high`: where 95 of 100 measurements like this one would put it (a
 * bootstrap over sets, and over rounds within them).
 */
export function ratio(sets: Samples[], contender: string, base: string): Ratio {
  const rounds = sets.map((samples) => divide(samples[contender] ?? [], samples[base] ?? []));
  const again = () => estimate(drawn(rounds).map(drawn));
  const spread = Array.from({ length: RESAMPLES }, again).sort(ascending);
  return { value: estimate(rounds), low: quantile(spread, 0.025), high: quantile(spread, 0.975) };
}

function divide(some: number[], others: number[]): number[] {
  return some.map((each, round) => each / (others[round] as number));
}

function estimate(sets: number[][]): number {
  return median(sets.map(median));
}

function ascending(a: number, b: number): number {
  return a - b;
}

function median(values: number[]): number {
  return quantile([...values].sort(ascending), 0.5);
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
