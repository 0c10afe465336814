import { expect, it } from '@jest/globals';
import { fileStore } from 'axios-bearer/file';
import { storeCases } from 'axios-bearer/testing';
import { LONGEST_FOLDER } from '../../lib/stores/file/socket.js';
import { namesOf, readReadme, rowsOf, source } from '../support/readme.js';
import { soundStore } from '../testing/hostile-stores.js';

const PAGE = 'docs/stores.md';
const page = readReadme(PAGE);

it('names all options of storeCases', () => {
  const [, members = ''] =
    /interface StoreCaseOptions \{\n(.*?)^\}/ms.exec(source('lib/testing/stores/options.ts')) ?? [];
  const options = [...members.matchAll(/^ {2}(\w+)\?/gm)].map(([, name]) => name);
  expect(namesOf(rowsOf(page, 'Write your own store')).sort()).toEqual(options.sort());
});

it('says how long a path may be', () => {
  expect(page.text).toContain(
    process.platform === 'linux' ? `${LONGEST_FOLDER} bytes on Linux` : `${LONGEST_FOLDER} on macOS`,
  );
  expect(() => fileStore(`/${'a'.repeat(LONGEST_FOLDER - 1)}`)).not.toThrow();
  expect(() => fileStore(`/${'a'.repeat(LONGEST_FOLDER)}`)).toThrow('option "folder" must be a path of at most');
});

it('shows a failure as it is', async () => {
  const { open, options } = soundStore();
  const there = { version: 3, id: 'id_7', session: 's' };
  const wrong = async (name: string) => ({ ...(await open(name)), write: async () => there });
  const failing = storeCases(wrong, options).find(({ name }) => name.endsWith('given an equal version'))!;
  await expect(failing.run()).rejects.toThrow(
    /^write\(\) of an equal version: expected \{"version":3,"id":".*, got \{"version":3,"id":"id_7"/,
  );
});
