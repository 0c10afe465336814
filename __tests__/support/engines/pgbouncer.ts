import { spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { findProgram, freePort, newFolder, ownUser, type PostgresServer, ready, stopProgram } from './postgres.js';

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
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const ini = join(folder, 'pgbouncer.ini');
  await writeFile(ini, `[databases]\n* = host=${config.host} port=${config.port}\n[pgbouncer]\n${lines.join('\n')}\n`);
  const child = spawn(program, [ini], { ...user, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  await ready(child, /process up/);
  return {
    config: { ...config, port },
    async end() {
      await stopProgram(child, 'SIGTERM');
      process.off('exit', kill);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Tests through a PgBouncer of their own. Where the machine has none they are left out, as those `onPostgres` are. */
export function throughPgBouncer(server: () => PostgresServer, tests: (bouncer: () => PgBouncer) => void): void {
  const isLeftOut = !program && process.env.REQUIRE_ENGINES !== '1';
  const title = isLeftOut ? `through PgBouncer (install ${PACKAGE})` : 'through PgBouncer';
  (isLeftOut ? describe.skip : describe)(title, () => {
    let bouncer: PgBouncer | undefined;
    beforeAll(async () => {
      bouncer = await startPgBouncer(server());
    });
    tests(() => bouncer!);
    afterAll(() => bouncer?.end());
  });
}
