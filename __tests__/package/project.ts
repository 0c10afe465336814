import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const HERE = dirname(fileURLToPath(import.meta.url));
const HOME = resolve(HERE, '../..');
const PUBLISHED = ['package.json', 'LICENSE', 'CHANGELOG.md', 'THIRD-PARTY-LICENSES.md'];
// What the package depends on; and axios-retry, which apps have beside it.
const DEPENDENCIES = ['p-limit', 'yocto-queue', 'axios-retry', 'is-retry-allowed'];

const env = { ...process.env, NODE_ENV: undefined, NODE_OPTIONS: undefined, NO_COLOR: '1' };
const run = promisify(execFile);

/** An empty project in which the package, as `npm publish` would send it, was just installed. */
export interface Project {
  /** Where the package lies. */
  readonly installed: string;
  /** Puts a file of `consumers/` into the project, under a name of its own if need be. */
  take(file: string, as?: string): Promise<string>;
  write(file: string, text: string): Promise<void>;
  /** Runs node in the project; resolves with what it printed, rejects when it fails. */
  node(...args: string[]): Promise<string>;
  /** Runs a tool of this repository in the project. */
  tool(path: string, ...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

/** Builds aside, so that a `dist/` in use is left alone, and unpacks rather than installs, so that no network is needed. */
export async function emptyProject(): Promise<Project> {
  const root = await mkdtemp(join(tmpdir(), 'axios-bearer-'));
  const directory = join(root, 'project');
  const modules = join(directory, 'node_modules');
  const installed = join(modules, 'axios-bearer');
  await mkdir(installed, { recursive: true });
  await mkdir(join(modules, '@types'));

  await run('tar', ['-xzf', await pack(root), '-C', installed, '--strip-components=1']);
  const from = (name: string) => join(HOME, 'node_modules', name);
  await Promise.all([
    symlink(from(axiosHere()), join(modules, 'axios'), 'junction'),
    symlink(from('@types/node'), join(modules, '@types/node'), 'junction'),
    // Copied, not linked: what they import is then this project's axios too.
    ...DEPENDENCIES.map((name) => cp(from(name), join(modules, name), { recursive: true })),
  ]);
  await writeFile(join(directory, 'package.json'), '{ "private": true }');

  const node = async (...args: string[]) => {
    try {
      return (await run(process.execPath, args, { cwd: directory, env })).stdout;
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`node ${args.join(' ')}\n${stdout}\n${stderr}`);
    }
  };
  return {
    installed,
    node,
    tool: (path, ...args) => node(from(path), ...args),
    take: async (file, as = file) => {
      await cp(join(HERE, 'consumers', file), join(directory, as));
      return as;
    },
    write: (file, text) => writeFile(join(directory, file), text),
    remove: () => rm(root, { recursive: true }),
  };
}

/** Returns the tarball's path. */
async function pack(root: string): Promise<string> {
  const staging = join(root, 'staging');
  await mkdir(staging);
  await Promise.all(PUBLISHED.map((file) => cp(join(HOME, file), join(staging, file))));
  const build = [
    join(HOME, 'node_modules/tsdown/dist/run.mjs'),
    '--logLevel',
    'warn',
    '--out-dir',
    join(staging, 'dist'),
  ];
  await run(process.execPath, build, { cwd: HOME, env });
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', root], {
    cwd: staging,
    env,
  });
  return join(root, basename(stdout.trim()));
}

/** The version that the suite runs on lies under an alias, unless it is the newest. */
function axiosHere(): string {
  return /\/node_modules\/([^/]+)\//.exec(import.meta.resolve('axios'))![1]!;
}
