import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';

interface Conditions {
  types: string;
  default: string;
}

/**
 * Writes a folder for each sub-path of the package, with a `package.json` that leads into `dist`: for what resolves
 * without `exports`, such as Metro below 0.82, Jest 27 and TypeScript's `node10`.
 *
 * @param root the folder that `dist` lies in
 */
export async function writeSubPaths(root: string): Promise<void> {
  const { exports } = JSON.parse(await readFile('package.json', 'utf8'));
  const paths = Object.keys(exports).filter((path) => typeof exports[path] === 'object' && path !== '.');
  await Promise.all(paths.map((path) => writeSubPath(join(root, path), exports[path])));
}

async function writeSubPath(folder: string, found: Record<'import' | 'require', Conditions>): Promise<void> {
  const fromHere = (file: string) => posix.join('..', file);
  const fields = {
    main: fromHere(found.require.default),
    module: fromHere(found.import.default),
    types: fromHere(found.require.types),
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(fields, null, 2)}\n`);
}
