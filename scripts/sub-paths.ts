import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';

interface Conditions {
  types: string;
  default: string;
}

type Files = Record<'import' | 'require', Conditions>;

/**
 * Writes a folder for each sub-path of the package, with a `package.json` that leads into `dist`: for what resolves
 * without `exports`, such as Metro below 0.82, Jest 27 and TypeScript's `node10`.
 *
 * @param root the folder that `dist` lies in
 */
export async function writeSubPaths(root: string): Promise<void> {
  const found = await subPaths();
  await Promise.all([...found].map(([path, files]) => writeSubPath(join(root, path), files)));
}

/** Each sub-path, such as `./oauth2`, and its files. */
export async function subPaths(): Promise<Map<string, Files>> {
  const { exports } = JSON.parse(await readFile('package.json', 'utf8'));
  return new Map(Object.entries<Files>(exports).filter(([path, found]) => path !== '.' && typeof found === 'object'));
}

async function writeSubPath(folder: string, found: Files): Promise<void> {
  const fromHere = (file: string) => posix.join('..', file);
  const fields = {
    main: fromHere(found.require.default),
    module: fromHere(found.import.default),
    types: fromHere(found.require.types),
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(fields, null, 2)}\n`);
}
