import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { describeOn } from '../on.js';
import { newFolder, ownUser, type PostgresServer } from './postgres.js';
import { findProgram, freePort, ready, stopProgram } from './program.js';

/** A PgBouncer in transaction mode before a server. */
export interface PgBouncer {
  /** What `pg.Pool` is given, to reach the server through it. */
  readonly config: PostgresServer['config'];
  end(): Promise<void>;
}

const PACKAGE = 'pgbouncer';
const program = findProgram('pgbouncer');
// Fewer than its clients have: they must share.
const SERVER_CONNECTIONS = 5;

/** Each transaction may run on another connection to the server: nothing of a session lasts. */
export async function startPgBouncer(server: PostgresServer): Promise<PgBouncer> {
  if (!program) throw new Error(`PgBouncer is missing: apt-get install ${PACKAGE}`);
  const user = await ownUser();
  const folder = await newFolder(user);
  const port = await freePort();
  const { config } = server;
  const users = join(folder, 'users');
  await writeFile(users, `"${config.user}" ""\n`);
  const settings = {
    listen_addr: config.host,
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'trust',
    auth_file: users,
    pool_mode: 'transaction',
    default_pool_size: SERVER_CONNECTIONS,
    max_client_conn: 500,
    // s. By default it tries a server that was down again after 15.
    server_login_retry: 1,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const ini = join(folder, 'pgbouncer.ini');
  await writeFile(ini, `[databases]\n* = host=${config.host} port=${config.port}\n[pgbouncer]\n${lines.join('\n')}\n`);
  const child = spawn(program, [ini], { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  await ready(child, child.stderr!, /process up/);
  return {
    config: { ...config, port },
    async end() {
      await stopProgram(child, 'SIGTERM');
      process.off('exit', kill);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Tests through a PgBouncer of their own. */
export function throughPgBouncer(server: () => PostgresServer, tests: (bouncer: () => PgBouncer) => void): void {
  const isThere = Boolean(program);
  describeOn({ title: 'through PgBouncer', isThere, how: `install ${PACKAGE}`, required: 'REQUIRE_ENGINES' }, () => {
    let bouncer: PgBouncer | undefined;
    beforeAll(async () => {
      bouncer = await startPgBouncer(server());
    });
    tests(() => bouncer!);
    afterAll(() => bouncer?.end());
  });
}
