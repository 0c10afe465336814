import { inWords, type Score } from '../../examples/demo/acts/comparison.js';

/** Rows of a README's table that say otherwise than a run of the demo. Words may follow what was measured. */
export function differences(readme: string, scores: readonly Score[]): string[] {
  const rows = readme.split('\n').map((row) => row.split('|').map((cell) => cell.trim()));
  return inWords(scores).flatMap(([name, ...cells]) => {
    const [, , ...told] = rows.find(([, first]) => first?.startsWith(name)) ?? [];
    const differ = cells.filter((cell, i) => !told[i]?.startsWith(cell));
    return differ.map((cell) => `${name}: measured ${cell}`);
  });
}
