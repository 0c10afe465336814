import Table from 'cli-table3';
import type { Case } from './cases/case.js';
import type { Samples } from './measure.js';
import type { Bar } from './results.js';
import { type Ratio, ratio } from './statistics.js';

/** Ratios only: a time says more about the machine than about the code. */
export class Report {
  /** By more than chance explains. */
  missed = false;
  /** Of processes of their own, by case. */
  readonly bars: Record<string, Bar[]> = {};
  readonly #table = new Table({
    head: ['case', 'contender', 'against', 'processes', 'CPU', '95 %', 'target', ''],
    style: { head: [], border: [] },
  });

  add(name: string, { base, contenders, targets }: Case, shared: boolean, sets: Samples[]): void {
    for (const contender of Object.keys(contenders)) {
      if (contender === base) continue;
      const found = ratio(sets, contender, base);
      if (!shared)
        this.bars[name] = [
          ...(this.bars[name] ?? []),
          { name: contender, isOurs: contender === 'axios-bearer', ...found },
        ];
      // In a shared process the one pays for the other's garbage, and what they cost comes closer than it is.
      const target = shared ? undefined : targets[contender];
      const spread = `${times(found.low)} – ${times(found.high)}`;
      const processes = shared ? 'shared' : 'own';
      const verdict = target === undefined ? ['', ''] : [times(target), this.#judge(found, target)];
      this.#table.push([name, contender, base, processes, times(found.value), spread, ...verdict]);
    }
  }

  #judge({ value, low, high }: Ratio, target: number): string {
    if (low > target) this.missed = true;
    const doubtful = low <= target && target < high;
    return `${value <= target ? 'met' : 'missed'}${doubtful ? ', in doubt' : ''}`;
  }

  toString(): string {
    return this.#table.toString();
  }
}

function times(ratio: number): string {
  return `× ${ratio.toFixed(3)}`;
}
