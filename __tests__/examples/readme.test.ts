import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const A_MINUTE = 75; // lines
const NO_EXAMPLES = ['shared'];

const readme = readFileSync(join(EXAMPLES, 'README.md'), 'utf8');
const rows = [...readme.matchAll(/^\| `(np[mx] [^`]+)` \| (.+) \| (\d+) \|$/gm)].map(([, command, , lines]) => ({
  command: command!,
  folder: /examples\/([^/]+)\//.exec(command!)?.[1] ?? 'demo',
  lines: Number(lines),
}));
const folders = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !NO_EXAMPLES.includes(entry.name))
  .map(({ name }) => name);

function linesOf(folder: string): number {
  const files = readdirSync(join(EXAMPLES, folder), { recursive: true, encoding: 'utf8' });
  const code = files.filter((file) => /\.tsx?$/.test(file)).map((file) => readFileSync(join(EXAMPLES, folder, file)));
  return code.join('').split('\n').length - 1;
}

describe("the examples' table", () => {
  it('has one row for each folder', () => {
    expect(rows.map(({ folder }) => folder).sort()).toEqual(folders.sort());
  });

  it.each(rows)('names a command that is there: $command', ({ command, folder }) => {
    if (folder === 'demo') expect(command).toBe('npm start');
    else expect(existsSync(join(EXAMPLES, '..', command.replace('npx tsx ', '')))).toBe(true);
  });

  it.each(rows)('says how long $folder is', ({ folder, lines }) => {
    expect(lines).toBe(linesOf(folder));
  });

  it.each(rows.filter(({ folder }) => folder !== 'demo'))('has $folder read in a minute', ({ lines }) => {
    expect(lines).toBeLessThanOrEqual(A_MINUTE);
  });

  it.each(rows.filter(({ folder }) => folder !== 'demo'))('has a test of $folder', ({ folder }) => {
    const tests = readdirSync(fileURLToPath(new URL('.', import.meta.url)));
    expect(tests).toContainEqual(expect.stringMatching(`^${folder}\\.test\\.tsx?$`));
  });
});
