import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';

const PAGES = ['docs/clients.md', 'docs/migrate-from-api-video-client.md'];
const BLOCK = /^```ts\n(.*?)^```$/gms;

// All of these are compiled by `tsc -p .` and run by tests.
const places = [
  ...['nestjs', 'openapi-generator', 'orval', 'api-video-client'].flatMap((name) => filesIn(`examples/${name}`)),
  '__tests__/examples/api-video-client.test.ts',
];
const code = places.map((path) => flat(readFileSync(path, 'utf8')));

function filesIn(folder: string): string[] {
  return readdirSync(folder).map((name) => `${folder}/${name}`);
}

/** Without its indentation: whole lines count. */
function flat(text: string): string {
  return `\n${text
    .split('\n')
    .map((line) => line.trim())
    .join('\n')}\n`;
}

const blocks = PAGES.flatMap((page) =>
  [...readFileSync(page, 'utf8').matchAll(BLOCK)].map(({ 1: block = '' }, i) => [page, i + 1, block] as const),
);

it.each(blocks)('%s, block %i stands in an example or a test, line for line', (_, __, block) => {
  expect(code.some((text) => text.includes(`\n${flat(block).trim()}\n`))).toBe(true);
});

it.each(PAGES)('%s links to files that are there', (page) => {
  const links = [...readFileSync(page, 'utf8').matchAll(/\]\((\.[^)]+)\)/g)].map(([, link]) => link ?? '');
  expect(links.length).toBeGreaterThan(0);
  for (const link of links)
    expect(() => readFileSync(new URL(link, `file://${process.cwd()}/${page}`))).not.toThrow(/ENOENT/);
});
