import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { describeOn } from '../on.js';
import { ENDING, findProgram, freePort, HOST, ready, STARTING, stopProgram } from './program.js';

/** A Redis server of its own, on 127.0.0.1, that has each write on the disk before it answers. */
export interface RedisServer {
  readonly host: string;
  readonly port: number;
  /** For a client that takes one. */
  readonly url: string;
  /** As when it is shut down: all connections end. Its data stays. */
  stop(): Promise<void>;
  /** As when its machine fails. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and data. */
  start(): Promise<void>;
  /** Stops it, and removes its data. */
  end(): Promise<void>;
}

const PACKAGE = 'redis-server';
// A node of a cluster has another one, 10 000 above.
const HIGHEST_PORT = 50_000;

const program = findProgram('redis-server');

/** Starts a server with data of its own. @param settings of redis.conf, beside those of durable writes */
export async function startRedis(settings: Record<string, string> = {}): Promise<RedisServer> {
  if (!program) throw new Error(`Redis is missing: apt-get install ${PACKAGE}`);
  const folder = await mkdtemp(join(tmpdir(), 'axb-redis-'));
  const port = await freePort(HIGHEST_PORT);
  const all = {
    port: `${port}`,
    bind: HOST,
    dir: folder,
    save: '',
    appendonly: 'yes',
    appendfsync: 'always',
    ...settings,
  };
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  let child: ChildProcess | undefined;
  const kill = () => void child?.kill('SIGKILL');
  const start = async () => {
    child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
    process.once('exit', kill);
    await ready(child, child.stdout!, /Ready to accept connections/);
  };
  const endBy = async (signal: NodeJS.Signals) => {
    await stopProgram(child, signal);
    process.off('exit', kill);
  };
  await start();
  return {
    host: HOST,
    port,
    url: `redis://${HOST}:${port}`,
    start,
    stop: () => endBy('SIGTERM'),
    kill: () => endBy('SIGKILL'),
    async end() {
      await endBy('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Tests on a server of their own.
 *
 * @param tests is given the way to the server: it is there when a test runs
 */
export function onRedis(tests: (server: () => RedisServer) => void): void {
  const needed = {
    title: 'on Redis',
    isThere: Boolean(program),
    how: `install ${PACKAGE}`,
    required: 'REQUIRE_ENGINES',
  } as const;
  describeOn(needed, () => {
    let server: RedisServer | undefined;
    beforeAll(async () => {
      server = await startRedis();
    }, 2 * STARTING);
    tests(() => server!);
    // After what the tests themselves have to end.
    afterAll(() => server?.end(), 2 * ENDING);
  });
}
