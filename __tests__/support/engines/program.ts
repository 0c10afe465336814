import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

export const HOST = '127.0.0.1';
// ms that a program may take to be ready, and to end, on a machine where much else goes on.
export const STARTING = 60_000;
export const ENDING = 30_000;

export const run = promisify(execFile);

/** @returns the path of a program, if the machine has it */
export function findProgram(name: string, folders: string[] = []): string | undefined {
  const all = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin', ...folders];
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

/** A port that nobody listens on, below `most`. */
export async function freePort(most = 65_536): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port < most ? port : freePort(most);
}

/** Resolves when the program says that it is ready. */
export async function ready(child: ChildProcess, output: Readable, word: RegExp): Promise<void> {
  const said: string[] = [];
  const lines = createInterface({ input: output });
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
export async function stopProgram(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const timer = setTimeout(() => child.kill('SIGKILL'), ENDING);
  child.kill(signal);
  await once(child, 'exit');
  clearTimeout(timer);
}
