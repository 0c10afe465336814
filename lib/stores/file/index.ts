/**
 * A token store in a folder: one session for all processes of one machine. Node only.
 *
 * @module axios-bearer/file
 */
import { resolve } from 'node:path';
import { configError } from '../../errors.js';
import { type Locks, withClaim } from '../lock.js';
import type { TokenStore } from '../store.js';
import { claim } from './claim.js';
import { Folder } from './folder.js';
import { Life } from './life.js';
import { ENTRY, LOCK } from './names.js';
import { NumberedFiles } from './numbered-files.js';
import { Register } from './register.js';
import { LONGEST_FOLDER } from './socket.js';
import { watchFolder } from './watch.js';

/**
 * Call it for a command-line tool of which several copies run at once, for workers of one machine, for containers that
 * share a volume: all that name the same folder hold one session, and spend each refresh token once. There is no lease and
 * no process id: a process that was killed frees the lock at once, one that stands still keeps it.
 *
 * Tokens rest there as plain text, in files that their user alone can read (0600, in a folder of 0700). A write is on the
 * disk when it resolves.
 *
 * Not for machines that share a network folder: they can't see whether a process of the other lives. When a store call
 * fails (the disk is full, the folder is read-only or another user's, the file system has no hard links), the session's
 * error is `ERR_BEARER_STORE`, and its `cause` says what to do.
 *
 * @param folder one that is for nothing else; made when it is missing. A relative path counts from the working directory
 * @throws ERR_BEARER_CONFIG if it is no path, or too long a path for a Unix socket
 */
export function fileStore(folder: string): TokenStore {
  const path = pathOf(folder);
  const place = new Folder(path);
  const life = new Life(path);
  const register = new Register(new NumberedFiles(path, ENTRY, { durable: true }), life);
  const claims = new NumberedFiles(path, LOCK);
  const queue: Locks<string> = new Map();

  return {
    read: () => place.use(() => register.read()),
    write: (next) => place.use(() => register.write(next)),
    withLock: (task, options) => {
      const claimed = (signal: AbortSignal) => place.use(() => claim(claims, life, signal));
      return withClaim(queue, path, claimed, task, options);
    },
    subscribe: (changed) => watchFolder(path, changed),
  };
}

/** @throws ERR_BEARER_CONFIG */
function pathOf(folder: string): string {
  if (typeof folder !== 'string' || !folder) throw configError('folder', 'the path of a folder', folder);
  const path = resolve(folder);
  if (Buffer.byteLength(path) <= LONGEST_FOLDER) return path;
  throw configError('folder', `a path of at most ${LONGEST_FOLDER} bytes, as Unix sockets lie in it`, folder);
}
