import { type FSWatcher, watch } from 'node:fs';
import { basename } from 'node:path';
import { startTimer, type Timer } from '../../deadline.js';
import type { Folder } from './folder.js';
import { ENTRY } from './names.js';

// ms until a folder that can't be watched is tried again.
const AGAIN = 1_000;

/** Calls `hear` after each entry that is written, and after each time that nobody watched. Keeps no process alive. */
export function watchFolder(folder: Folder, hear: () => void): () => void {
  let watcher: FSWatcher | undefined;
  let again: Timer | undefined;
  let isStopped = false;
  let isFirst = true;

  // What it throws would end the process.
  const changed = () => {
    try {
      hear();
    } catch {}
  };
  const begin = async () => {
    try {
      await folder.use(async () => {
        if (!isStopped) watcher = watch(folder.path, { persistent: false }, heard).on('error', lost);
      });
      // What was written before is read anyway.
      if (!isFirst) changed();
    } catch {
      lost();
    }
  };
  const heard = (_: string, name: string | null) => {
    if (name === basename(folder.path)) lost();
    else if (!name || name.startsWith(`${ENTRY}.`)) changed();
  };
  const lost = () => {
    isFirst = false;
    watcher?.close();
    again?.stop();
    if (!isStopped) again = startTimer(AGAIN, begin);
  };
  void begin();
  return () => {
    isStopped = true;
    watcher?.close();
    again?.stop();
  };
}
