import { describe, expect, it } from '@jest/globals';
import { diagnose } from '../../support/docs.js';
import { type Block, readReadme } from '../../support/readme.js';
import { filesBelow } from '../markdown.js';
import { BESIDE, MODULES } from './open.js';

const GUIDES = filesBelow('docs/guides');

// Seconds, on a busy machine: the compiler reads all of axios and of the platform once.
const LONG = 600_000;

describe('The code of a guide is correct TypeScript, imports included; what is not is found', () => {
  it.each(GUIDES)(
    '%s',
    (page) => {
      const wrong = "import { bearers } from 'axios-bearer';";
      const beside = [...(BESIDE[page] ?? []), wrong].map(
        (code): Block => ({ name: '', lang: 'ts', code, line: Number.NaN }),
      );
      const { blocks } = readReadme(page);
      expect(blocks.length).toBeGreaterThan(0);
      expect(diagnose(page, [...blocks, ...beside], MODULES[page])).toEqual([expect.stringContaining('bearers')]);
    },
    LONG,
  );
});

it.each(GUIDES)('%s has its code in blocks that are looked at', (page) => {
  const { text, blocks } = readReadme(page);
  expect(text.match(/^\s*```\w/gm)).toHaveLength(blocks.length);
});

it.each(GUIDES)('%s goes from the problem to the code, what happens, the pitfalls, and on', (page) => {
  const { sections, text } = readReadme(page);
  const headings = sections.map(({ heading }) => heading);
  const order = ['What happens then', 'Pitfalls', 'Where to go on'];
  expect(headings.filter((heading) => order.includes(heading))).toEqual(order);
  expect(headings.at(-1)).toBe('Where to go on');
  expect(text.indexOf('```ts')).toBeLessThan(text.indexOf('## What happens then'));
});
