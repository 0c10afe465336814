import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { describeOn } from '../on.js';
import { ENDING, findProgram, freePort, HOST, ready, run, STARTING, stopProgram } from './program.js';

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

const USER = 'postgres';
const PACKAGE = 'postgresql';

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
    await ready(child, child.stderr!, /ready to accept connections/);
  };
  // At once, also when the tests end in an error: SIGQUIT ends a server without ceremony.
  const kill = () => void child?.kill('SIGQUIT');
  const stop = async () => {
    await stopProgram(child, 'SIGINT');
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
 * Tests on a server of their own.
 *
 * @param tests is given the way to the server: it is there when a test runs
 */
export function onPostgres(tests: (server: () => PostgresServer) => void): void {
  const isThere = Boolean(programs.postgres);
  describeOn({ title: 'on PostgreSQL', isThere, how: `install ${PACKAGE}`, required: 'REQUIRE_ENGINES' }, () => {
    let server: PostgresServer | undefined;
    beforeAll(async () => {
      server = await startPostgres();
    }, 2 * STARTING);
    tests(() => server!);
    // After what the tests themselves have to end.
    afterAll(() => server?.end(), 2 * ENDING);
  });
}
