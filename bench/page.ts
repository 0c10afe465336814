import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chart } from './chart.js';
import { type Bar, MEASURES, type MeasureName, type Result, type Results, readResults, times } from './results.js';

/** Puts new results beside those that are there, and draws the page and its charts anew. */
export function publish(folder: string, found: Results): void {
  const results = { ...readResults(folder), ...found };
  mkdirSync(folder, { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write('results.json', `${JSON.stringify(results, null, 2)}\n`);
  write('README.md', pageOf(results));
  for (const [name, result] of measured(results)) write(`${name}.svg`, chart(MEASURES[name], result));
}

export function pageOf(results: Results): string {
  return `${[
    '# What it costs',
    'Ratios, as a time says more about a machine than about the code: × 1.00 is what stands at each chart. A thin line shows where 95 of 100 such measurements would end; what has none repeats on every machine. This page and its charts are written by `npm run bench`; how it measures is in `bench/`.',
    ...measured(results).map(([name, result]) => sectionOf(name, result)),
  ].join('\n\n')}\n`;
}

function measured(results: Results): [MeasureName, Result][] {
  const names = Object.keys(MEASURES) as MeasureName[];
  return names.flatMap((name) => (results[name] ? [[name, results[name]]] : []));
}

function sectionOf(name: MeasureName, { command, on, bars }: Result): string {
  const { title, base, of, text } = MEASURES[name];
  const [head, cell] = bars.some(({ note }) => note)
    ? ['that is', ({ note = '' }: Bar) => note]
    : ['95 of 100 would be', spread];
  const columns = ['', `× ${of}`, head];
  const rows = bars.map((bar) => [bar.name, times(bar.value), cell(bar)]);
  return [
    `## ${title}`,
    `${text} Against ${base}.`,
    `![${title}: a chart of the table below](${name}.svg)`,
    [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n'),
    `${command.includes('--quick') ? 'A rough run: ' : ''}\`${command}\`, ${on}.`,
  ].join('\n\n');
}

function spread({ low, high }: Bar): string {
  return low === undefined || high === undefined ? '' : `${times(low)} – ${times(high)}`;
}
