import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { NumberedFiles } from '../../../lib/stores/file/numbered-files.js';
import { atEnd, cleanUp, times } from '../../support/kit.js';

afterEach(cleanUp);

async function numberedFiles(): Promise<NumberedFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'axb-'));
  atEnd(() => rm(folder, { recursive: true }));
  return new NumberedFiles(folder, 'entry');
}

describe('NumberedFiles', () => {
  it('gives a number to one of several that want it at once', async () => {
    const files = await numberedFiles();
    const added = await Promise.all(times(20, (i) => files.add(1, `text ${i}`)));
    expect(added.filter(Boolean)).toHaveLength(1);
    expect(await files.highest()).toEqual({ n: 1, text: `text ${added.indexOf(true)}` });
  });

  it('tells a late writer that its number is below the highest, though nobody has it', async () => {
    const files = await numberedFiles();
    expect(await files.add(5, 'new')).toBe(true);
    expect(await files.add(4, 'late')).toBe(false);
    expect(await files.highest()).toEqual({ n: 5, text: 'new' });
  });

  it('compares numbers as numbers, and takes nothing else for one', async () => {
    const files = await numberedFiles();
    for (const name of [
      'entry.9',
      'entry.10',
      'entry.',
      'entry.x',
      'entry.11.bak',
      'entry.99999999999999999',
      'lock.12',
    ])
      await writeFile(join(files.folder, name), name);
    expect(await files.highest()).toEqual({ n: 10, text: 'entry.10' });
  });

  it('removes what is below a number, and leaves nothing aside', async () => {
    const files = await numberedFiles();
    for (const n of [1, 2, 3, 4]) await files.add(n, 'text');
    await files.removeBelow(3);
    expect((await readdir(files.folder)).sort()).toEqual(['entry.3', 'entry.4']);
  });

  it('knows by number and text whether a file is still the highest', async () => {
    const files = await numberedFiles();
    await files.add(1, 'mine');
    expect([files.isHighest({ n: 1, text: 'mine' }), files.isHighest({ n: 1, text: 'theirs' })]).toEqual([true, false]);
    await files.add(2, 'theirs');
    expect(files.isHighest({ n: 1, text: 'mine' })).toBe(false);
  });
});
