import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe } from '@jest/globals';

/** A PostgreSQL server of its own, on 127.0.0.1. */
export interface PostgresServer {
  /** What `pg.Pool` is given. */
  readonly config: { host: string; port: number; user: string; database: string };
  /** As when the server is shut down: all connections end. Its data stays. */
  stop(): Promise<void>;
  /** Starts it again, on the same port and data. */
  start(): Promise<void>;
  /** Stops it, and removes its data. */
  end(): Promise<void>;
}

interface Options {
  /** Settings of postgresql.conf. */
  readonly settings?: Record<string, string | number>;
  /** Must a commit be on the disk, as in production? Default `false`, which is faster. */
  readonly isDurable?: boolean;
}

const run = promisify(execFile);
const HOST = '127.0.0.1';
const USER = 'postgres';
const PACKAGE = 'postgresql';
const ENDING = 30_000; // ms
const STARTING = 60_000;

/** Where Debian keeps what is not on PATH. */
function debianFolders(): string[] {
  const root = '/usr/lib/postgresql';
  try {
    const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(root, version, 'bin'));
  } catch {
    return [];
  }
}

/** @returns the path of a program, if the machine has it */
export function findProgram(name: string, folders: string[] = []): string | undefined {
  const all = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', ...folders];
  return all.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const programs = {
  initdb: findProgram('initdb', debianFolders()),
  postgres: findProgram('postgres', debianFolders()),
};

/** Neither PostgreSQL nor PgBouncer runs as root: then they run as the user that Debian has made for them. */
export async function ownUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (option: string) => Number((await run('id', [option, USER])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

/** A folder of an engine's own, below the system's for temporary files. */
export async function newFolder(user: Awaited<ReturnType<typeof ownUser>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'axb-pg-'));
  if (user) await chown(folder, user.uid, user.gid);
  return folder;
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Resolves when the program says on stderr that it is ready. */
export async function ready(child: ChildProcess, word: RegExp): Promise<void> {
  const said: string[] = [];
  const lines = createInterface({ input: child.stderr! });
  await new Promise<void>((resolve, reject) => {
    const fail = () => reject(new Error(`${child.spawnfile} did not start:\n${said.slice(-20).join('\n')}`));
    const timer = setTimeout(fail, STARTING);
    child.once('error', fail).once('exit', fail);
    lines.on('line', (line) => {
      said.push(line);
      if (!word.test(line)) return;
      clearTimeout(timer);
      child.off('exit', fail);
      resolve();
    });
  });
}

/** Ends a program, and resolves when it has ended. */
export async function stopProgram(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const timer = setTimeout(() => child.kill('SIGKILL'), ENDING);
  child.kill(signal);
  await once(child, 'exit');
  clearTimeout(timer);
}

/** Starts a server with data of its own. */
export async function startPostgres({ settings = {}, isDurable = false }: Options = {}): Promise<PostgresServer> {
  const { initdb, postgres } = programs;
  if (!initdb || !postgres) throw new Error(`PostgreSQL is missing: apt-get install ${PACKAGE}`);
  const user = await ownUser();
  const folder = await newFolder(user);
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  const first = ['--auth=trust', `--username=${USER}`, '--encoding=UTF8', '--no-locale', '--no-sync'];
  await run(initdb, [...first, `--pgdata=${folder}`], { ...user, env, cwd: folder });
  const port = await freePort();
  const all = {
    listen_addresses: HOST,
    port,
    unix_socket_directories: '',
    max_connections: 200,
    fsync: isDurable ? 'on' : 'off',
    ...settings,
  };
  const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn(postgres, ['-D', folder, ...args], {
      ...user,
      env,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    process.once('exit', kill);
    await ready(child, /ready to accept connections/);
  };
  // At once, also when the tests end in an error: SIGQUIT ends a server without ceremony.
  const kill = () => void child?.kill('SIGQUIT');
  const stop = async () => {
    if (child) await stopProgram(child, 'SIGINT');
    process.off('exit', kill);
  };
  await start();
  return {
    config: { host: HOST, port, user: USER, database: 'postgres' },
    start,
    stop,
    async end() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Tests on a server of their own. Where the machine has none they are left out, which a line at the end of the run tells;
 * with `REQUIRE_ENGINES=1` they fail.
 *
 * @param tests is given the way to the server: it is there when a test runs
 */
export function onPostgres(tests: (server: () => PostgresServer) => void): void {
  const isLeftOut = !programs.postgres && process.env.REQUIRE_ENGINES !== '1';
  const title = isLeftOut ? `on PostgreSQL (install ${PACKAGE})` : 'on PostgreSQL';
  (isLeftOut ? describe.skip : describe)(title, () => {
    let server: PostgresServer | undefined;
    beforeAll(async () => {
      server = await startPostgres();
    }, 2 * STARTING);
    tests(() => server!);
    // After what the tests themselves have to end.
    afterAll(() => server?.end(), 2 * ENDING);
  });
}
