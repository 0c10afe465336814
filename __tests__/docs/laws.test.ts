import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { linksIn, rowsOf, sectionOf } from './markdown.js';

const LAWS = Array.from({ length: 24 }, (_, i) => `L${i + 1}`);

/** Does a test in this file say that it is of this law: 'L7 …', or '… (L7)'? */
function isTestedIn(law: string, file: string): boolean {
  return new RegExp(`['"\`]${law}[ :]|\\([^)]*\\b${law}\\b[^)]*\\)['"\`]`).test(readFileSync(file, 'utf8'));
}

/** What a row claims beyond the tests: a law that none of its files tests, a file that tests none of its laws. */
function unproved(row: string[]): string[] {
  const laws = row.join(' ').match(/\bL\d+\b/g) ?? [];
  const files = linksIn(row.join(' ')).filter((link) => /\.(test|long)\.ts$/.test(link));
  return [
    ...laws.filter((law) => !files.some((file) => isTestedIn(law, file))),
    ...files.filter((file) => !laws.some((law) => isTestedIn(law, file))),
  ];
}

describe('The laws', () => {
  const rows = rowsOf(sectionOf('CONTRIBUTING.md', 'The laws'));

  it('are all there, in their order', () => {
    expect(rows.map(([law]) => law)).toEqual(LAWS);
  });

  it('are each tested where the page says so', () => {
    expect(rows.flatMap(unproved)).toEqual([]);
  });
});

describe('__tests__/laws', () => {
  const folder = '__tests__/laws';
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

  it('has one file for each law, or one folder, that begins with its name, and nothing else', () => {
    const laws = readdirSync(folder).map((name) => /^(L\d+)-[a-z-]+(\.test\.ts)?$/.exec(name)?.[1] ?? name);
    expect(laws.sort()).toEqual([...LAWS].sort());
  });

  it.each(files)('has titles that begin with the law of their file: %s', (file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    // A title follows on `it(`, or on the `)(` that ends the cases of it.each.
    const titles = [...text.matchAll(/\bit(?:\(|\.each[\s\S]*?\)\()\s*['"`](\S+)/g)].map(([, first]) => first);
    expect(titles).toEqual(titles.map(() => file.split('-')[0]));
    expect(titles).toHaveLength(text.match(/\bit(\(|\.each)/g)?.length ?? 0);
  });
});

describe('The threats', () => {
  const rows = rowsOf(sectionOf('SECURITY.md', 'Threats, and what is done about each'));

  it('are each met by a law, and the law by tests', () => {
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.filter(([, , laws]) => !/^L\d/.test(laws ?? ''))).toEqual([]);
    expect(rows.flatMap(unproved)).toEqual([]);
  });

  it('are all that a law can be about: every law against leaks and mixed-up users is named', () => {
    const named = rows.flatMap((row) => row.join(' ').match(/\bL\d+\b/g) ?? []);
    expect(named).toEqual(expect.arrayContaining(['L19', 'L20', 'L21', 'L22']));
  });
});
