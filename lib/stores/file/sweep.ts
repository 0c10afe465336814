import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SOCKET, TEMPORARY } from './names.js';
import type { NumberedFiles } from './numbered-files.js';
import { isAlive } from './socket.js';

// ms. What was written aside gets its name within a moment, unless its process was killed or stands still.
const A_MOMENT = 60_000;

/** Removes what processes have left that ended or were killed. The owner of the lock does. */
export async function sweep(claims: NumberedFiles, n: number): Promise<void> {
  await claims.removeBelow(n);
  const { folder } = claims;
  const names = await readdir(folder);
  await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      if (await isLeft(name, path)) await unlink(path);
    }),
  );
}

async function isLeft(name: string, path: string): Promise<boolean> {
  if (name.startsWith(SOCKET)) return !(await isAlive(path));
  return name.startsWith(TEMPORARY) && Date.now() - (await stat(path)).mtimeMs > A_MOMENT;
}
