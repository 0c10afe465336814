import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { subPaths } from '../sub-paths.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));
// ms. A project's slowest step is a build on a busy machine.
const LONGEST_STEP = 300_000;

/** The sub-paths. `axios-bearer/testing` is for Node, and has tests of its own. */
export const ENTRIES = [...(await subPaths()).keys()].filter((path) => path !== './testing');

const run = promisify(execFile);

/** A folder with a small app, in which packages are installed as anybody would. */
export interface Project {
  readonly folder: string;
  /** The version of an installed package. */
  version(name: string): Promise<string>;
  write(file: string, text: string): Promise<void>;
  read(file: string): Promise<string>;
  /** Runs a command here; resolves with what it printed, and rejects with that when it fails. */
  run(command: string, args: readonly string[], given?: unknown): Promise<string>;
  /** Starts a server here; resolves with what it prints first. It is ended with the others. */
  serve(command: string, args: readonly string[], given?: unknown): Promise<string>;
}

/** Where all projects of a run lie. */
export interface Workshop {
  /** A new project: the files of `apps/<app>`, with these packages, axios and ours. */
  project(name: string, app: string | undefined, packages?: readonly string[]): Promise<Project>;
  /** The path of a Node of this version. */
  node(major: number): Promise<string>;
  close(): Promise<void>;
}

/** Builds and packs the package as it stands. */
export async function openWorkshop(): Promise<Workshop> {
  const root = await mkdtemp(join(tmpdir(), 'axios-bearer-platforms-'));
  await run('npm', ['run', 'build', '--silent']);
  const { stdout } = await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', root]);
  const tarball = join(root, stdout.trim());
  const ends: (() => void)[] = [];
  return {
    async project(name, app, packages = []) {
      const folder = join(root, name);
      await mkdir(folder);
      await writeFile(join(folder, 'package.json'), '{ "private": true }');
      await writeApp(folder, app);
      const args = ['install', '--no-audit', '--no-fund', '--silent', '--legacy-peer-deps'];
      await run('npm', [...args, 'axios', tarball, ...packages], { cwd: folder, timeout: LONGEST_STEP });
      return projectIn(folder, ends);
    },
    async node(major) {
      const args = ['--yes', '--package', `node@${major}`, 'node', '-p', 'process.execPath'];
      return (await run('npx', args, { cwd: root, timeout: LONGEST_STEP })).stdout.trim();
    },
    async close() {
      for (const end of ends) end();
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** What all apps share, and this app's own files. */
async function writeApp(folder: string, app: string | undefined): Promise<void> {
  const recover = await readFile(join(HERE, 'apps/recover.mjs'), 'utf8');
  const entries = everyEntry();
  for (const [name, code] of Object.entries({ recover, entries })) {
    await writeFile(join(folder, `${name}.mjs`), code);
    const commonJs = await transform(code, { format: 'cjs' });
    await writeFile(join(folder, `${name}.cjs`), commonJs.code);
  }
  for (const file of ['node.mjs', 'node.cjs']) await cp(join(HERE, 'apps', file), join(folder, file));
  if (app) await cp(join(HERE, 'apps', app), folder, { recursive: true });
}

/** A module that imports every sub-path. */
function everyEntry(): string {
  const lines = ENTRIES.map((path, i) => `export * as entry${i} from '${path.replace('.', 'axios-bearer')}';`);
  return lines.join('\n');
}

function projectIn(folder: string, ends: (() => void)[]): Project {
  const environment = (given: unknown) => ({
    ...process.env,
    CI: '1',
    NO_COLOR: '1',
    NODE_OPTIONS: '',
    NEXT_TELEMETRY_DISABLED: '1',
    GIVEN: JSON.stringify(given),
  });
  return {
    folder,
    version: async (name) =>
      JSON.parse(await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version,
    write: (file, text) => writeFile(join(folder, file), text),
    read: (file) => readFile(join(folder, file), 'utf8'),
    async run(command, args, given = {}) {
      const options = { cwd: folder, env: environment(given), timeout: LONGEST_STEP, maxBuffer: 1e8 };
      try {
        return (await run(command, args, options)).stdout;
      } catch (error) {
        const { stdout = '', stderr = '', message } = error as { stdout?: string; stderr?: string; message: string };
        throw new Error(`${message.split('\n')[0]}\n${stdout}\n${stderr}`);
      }
    },
    serve(command, args, given = {}) {
      const child = spawn(command, args, { cwd: folder, env: environment(given), detached: true });
      ends.push(() => child.pid && child.exitCode === null && process.kill(-child.pid));
      return new Promise((resolve, reject) => {
        let printed = '';
        child.stdout.on('data', (chunk) => resolve(String(chunk)));
        child.stderr.on('data', (chunk) => {
          printed += chunk;
        });
        child.on('exit', () => reject(new Error(`${command} ended: ${printed}`)));
      });
    },
  };
}
