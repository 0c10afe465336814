import { lstat, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isName, SOCKET, TEMPORARY } from './names.js';
import type { NumberedFiles } from './numbered-files.js';
import { isAlive } from './socket.js';

// ms. What was written aside gets its name within a moment, unless its process was killed or stands still.
const A_MOMENT = 60_000;

/** Removes what processes have left that ended or were killed. The owner of the lock does. */
export async function sweep(claims: NumberedFiles, n: number): Promise<void> {
  await claims.removeBelow(n);
  await removeLeft(claims.folder);
}

/** Called after a sign-out too: no token may lie there any more. */
export async function removeLeft(folder: string): Promise<void> {
  const names = await readdir(folder);
  await Promise.allSettled(
    names.map(async (name) => {
      const path = join(folder, name);
      if (await isLeft(name, path)) await unlink(path);
    }),
  );
}

/** Only what has a name of ours: the folder may be for something else too, against all advice. */
async function isLeft(name: string, path: string): Promise<boolean> {
  if (isNamed(name, SOCKET)) return (await lstat(path)).isSocket() && !(await isAlive(path));
  return isNamed(name, TEMPORARY) && Date.now() - (await lstat(path)).mtimeMs > A_MOMENT;
}

function isNamed(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && isName(name.slice(prefix.length));
}
