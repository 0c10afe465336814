import { describe, expect, it } from '@jest/globals';
import { readInstallOptions, readSessionOptions } from '../../../lib/read-options.js';
import { refresh, tableOf } from '../../support/page.js';
import { membersOf, namesOf, readReadme, rowsOf, type Values } from '../../support/readme.js';

const page = readReadme('docs/reference/options.md');

describe('The options', () => {
  it.each([
    ['Options of a session', 'SessionOptions'],
    ['Options of an instance', 'InstallOptions'],
  ])('are all named under "%s", and no other', (heading, type) => {
    const options = membersOf('lib/options.ts', type);
    expect(options.length).toBeGreaterThan(1);
    expect(tableOf(page, heading, 3)).toEqual(options.sort());
  });

  it.each([
    ['Options of a session', readSessionOptions({ source: refresh })],
    ['Options of an instance', readInstallOptions({})],
  ])('have the defaults that the code has, under "%s"', (heading, settings) => {
    const { source: _, ...defaults } = settings as Values;
    for (const [first, shown] of rowsOf(page, heading)) {
      const value = defaults[namesOf([[first ?? '']])[0] ?? ''];
      if (value !== undefined) expect([first, literal(shown)]).toEqual([first, value]);
    }
  });
});

/** The value of a cell such as `` `10_000` ``. */
function literal(cell: string | undefined): unknown {
  return new Function(`return (${cell?.replaceAll('`', '')})`)();
}
