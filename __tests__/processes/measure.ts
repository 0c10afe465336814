import type { Holder } from './pool.js';
import type { SharedStore } from './stores.js';

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Says what was measured. */
export function say({ name }: SharedStore, what: string, came: string): void {
  console.log(`${name} | ${what} | ${came}`);
}

/** A promise of each holder, and how many ms later the last of them had come. */
export async function timed(promises: Promise<unknown>[], from: number): Promise<number> {
  await Promise.all(promises);
  return Math.round(performance.now() - from);
}

/** Has `work` done while all holders are under load. @returns the different outcomes of their requests */
export async function underLoad(holders: Holder[], work: () => Promise<void>): Promise<string[]> {
  await Promise.all(holders.map((holder) => holder.load()));
  await work();
  const outcomes = await Promise.all(holders.map((holder) => holder.unload()));
  return [...new Set(outcomes.flat())].sort();
}

/** Requests again and again, until one is served. @returns how many were not */
export async function untilServed(holder: Holder, owner = 'ada'): Promise<number> {
  let failed = 0;
  while ((await holder.get())[0] !== owner) {
    failed += 1;
    await pause(20);
  }
  return failed;
}
