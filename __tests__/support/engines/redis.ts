import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe } from '@jest/globals';

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

const HOST = '127.0.0.1';
const PACKAGE = 'redis-server';
const STARTING = 30_000; // ms

/** @returns the path of a program, if the machine has it */
function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin'];
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const program = findProgram('redis-server');

/** A port that nobody listens on, nor on the one that a node of a cluster has beside it. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port < 50_000 ? port : freePort();
}

/** Resolves when the server says that it is ready. */
async function ready(child: ChildProcess): Promise<void> {
  const said: string[] = [];
  const lines = createInterface({ input: child.stdout! });
  await new Promise<void>((resolve, reject) => {
    const fail = () => reject(new Error(`Redis did not start:\n${said.slice(-20).join('\n')}`));
    const timer = setTimeout(fail, STARTING);
    child.once('error', fail).once('exit', fail);
    lines.on('line', (line) => {
      said.push(line);
      if (!/Ready to accept connections/.test(line)) return;
      clearTimeout(timer);
      child.off('exit', fail);
      resolve();
    });
  });
}

async function endProgram(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}

/** Starts a server with data of its own. @param settings of redis.conf, beside those of durable writes */
export async function startRedis(settings: Record<string, string> = {}): Promise<RedisServer> {
  if (!program) throw new Error(`Redis is missing: apt-get install ${PACKAGE}`);
  const folder = await mkdtemp(join(tmpdir(), 'axb-redis-'));
  const port = await freePort();
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
    await ready(child);
  };
  const endBy = async (signal: NodeJS.Signals) => {
    await endProgram(child, signal);
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
 * Tests on a server of their own. Where the machine has none they are left out, which a line at the end of the run tells;
 * with `REQUIRE_ENGINES=1` they fail.
 *
 * @param tests is given the way to the server: it is there when a test runs
 */
export function onRedis(tests: (server: () => RedisServer) => void): void {
  const isLeftOut = !program && process.env.REQUIRE_ENGINES !== '1';
  const title = isLeftOut ? `on Redis (install ${PACKAGE})` : 'on Redis';
  (isLeftOut ? describe.skip : describe)(title, () => {
    let server: RedisServer | undefined;
    beforeAll(async () => {
      server = await startRedis();
    }, 2 * STARTING);
    tests(() => server!);
    // After what the tests themselves have to end.
    afterAll(() => server?.end());
  });
}
