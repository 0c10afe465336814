import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The file beside a database that is the lock of its only session. */
export function lockFileOf(path: string): string {
  const names = readdirSync(dirname(path)).filter((name) => name.startsWith(`${basename(path)}-bearer-`));
  if (names.length !== 1) throw new Error(`There are ${names.length} lock files`);
  return join(dirname(path), names[0]!);
}
