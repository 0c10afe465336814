import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

let written = 0;

/** A file that several processes share, written whole or not at all: no lock, and no word of whose turn it is. */
export function plainFile(folder: string) {
  return {
    getItem: (key: string) => readFile(join(folder, key), 'utf8').catch(() => null),
    async setItem(key: string, value: string) {
      const aside = join(folder, `${key}.${process.pid}.${written++}`);
      await mkdir(folder, { recursive: true });
      await writeFile(aside, withoutMark(value));
      await rename(aside, join(folder, key));
    },
  };
}

function withoutMark(value: string): string {
  const { sent: _mark, ...entry } = JSON.parse(value);
  return JSON.stringify(entry);
}
