import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

let written = 0;

/** A file that several processes share, written whole or not at all, and without a lock. */
export function plainFile(folder: string) {
  return {
    getItem: (key: string) => readFile(join(folder, key), 'utf8').catch(() => null),
    async setItem(key: string, value: string) {
      const aside = join(folder, `${key}.${process.pid}.${written++}`);
      await mkdir(folder, { recursive: true });
      await writeFile(aside, value);
      await rename(aside, join(folder, key));
    },
  };
}
