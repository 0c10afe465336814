import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

// lib's folders, each with those that its tests may import from too: what lies below. platform/ is below all.
const BELOW: Record<string, string[]> = {
  platform: [],
  sources: [],
  stores: [],
  session: ['sources', 'stores'],
  'session-pool': ['session'],
  interceptors: ['session'],
  compat: ['interceptors'],
  devtools: ['interceptors', 'session'],
  testing: [],
};

const importsOf = (file: string) =>
  [...readFileSync(file, 'utf8').matchAll(/from '(?:\.\.\/)+lib\/([^']+)'/g)].map(([, path]) => path as string);

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name).replaceAll('\\', '/'));

it.each(Object.entries(BELOW))(
  'tests in %s/ ask for the inner parts of that folder of lib, or below',
  (folder, below) => {
    for (const file of filesIn(join('__tests__', folder))) {
      const folders = importsOf(file).flatMap((path) => (path.includes('/') ? [path.split('/')[0]] : []));
      expect({ file, folders }).toEqual({
        file,
        folders: folders.filter((name) => [folder, 'platform', ...below].includes(name ?? '')),
      });
    }
  },
);

it('a test that bears the name of a file of lib lies where that file does', () => {
  for (const file of filesIn('__tests__').filter((name) => /\.test\.ts$/.test(name))) {
    const place = file.replace(/^__tests__\//, '').replace(/\.test\.ts$/, '');
    const namesake = importsOf(file)
      .map((path) => path.replace(/\.js$/, ''))
      .find((path) => path.split('/').pop() === place.split('/').pop());
    if (namesake) expect({ file, place: namesake }).toEqual({ file, place });
  }
});
