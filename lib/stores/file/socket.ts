import { existsSync } from 'node:fs';
import { access, rename } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { newName, SOCKET, TEMPORARY } from './names.js';

const isWindows = process.platform === 'win32';
// sun_path has 108 bytes on Linux and 104 elsewhere, one of them for its end. What is longer is cut without a word.
const LONGEST_PATH = (process.platform === 'linux' ? 108 : 104) - 1;

/** Bytes that a folder's path may have, for the sockets in it. */
export const LONGEST_FOLDER = isWindows ? 32_000 : LONGEST_PATH - `/${TEMPORARY}${newName()}`.length;

// What a call meets when nobody listens any more.
const GONE = ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'ENOTSOCK', 'EPIPE'];

export function socketPath(folder: string, name: string): string {
  return isWindows ? `\\\\.\\pipe\\axios-bearer-${name}` : join(folder, SOCKET + name);
}

/**
 * Listens on a socket of a new name, and keeps no process alive. It has its name when it listens, not before: one that
 * refuses a call is one that nobody listens on any more.
 */
export async function listen(folder: string, taken: (call: Socket) => void): Promise<{ name: string; server: Server }> {
  const name = newName();
  const path = socketPath(folder, name);
  const aside = isWindows ? path : join(folder, TEMPORARY + name);
  const server = createServer(taken).unref();
  await new Promise<void>((resolve, reject) => {
    // Exclusive: a worker of node:cluster would have its primary listen, which hears of no end.
    server.once('error', reject).listen({ path: aside, exclusive: true }, resolve);
  }).catch(async (error) => {
    // The system calls a folder that is missing forbidden.
    await access(folder);
    throw error;
  });
  // With too many files open a call can't be taken. It waits meanwhile.
  server.on('error', () => {});
  try {
    if (!isWindows) await rename(aside, path);
  } catch (error) {
    server.close();
    throw error;
  }
  return { name, server };
}

/** Can others still find it? A pipe of Windows is in no folder. */
export function isThere(path: string): boolean {
  return isWindows || existsSync(path);
}

/** Does anybody listen? A process that stands still does, and so does one that has more calls than it can take. */
export function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = connect(path).unref();
    call.once('connect', () => {
      call.destroy();
      resolve(true);
    });
    call.on('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(!GONE.includes(code)));
  });
}

/**
 * Calls, and waits until the other side ends the call or its process ends: the kernel says so at once.
 *
 * @returns was it so? If not, nothing is known: the signal has fired, or the call could not be made
 */
export function isOver(path: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const call = connect(path).unref().resume();
    let isKnown = true;
    const giveUp = () => {
      isKnown = false;
      call.destroy();
    };
    call.on('error', ({ code = '' }: NodeJS.ErrnoException) => {
      isKnown &&= GONE.includes(code);
    });
    call.on('close', () => {
      signal.removeEventListener('abort', giveUp);
      resolve(isKnown);
    });
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
  });
}
