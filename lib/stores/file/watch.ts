import { type FSWatcher, mkdirSync, watch } from 'node:fs';
import { basename } from 'node:path';
import { startTimer, type Timer } from '../../platform/deadline.js';
import { tellAll } from '../hint.js';
import { ENTRY } from './names.js';

// ms until a folder that can't be watched is tried again.
const AGAIN = 1_000;

/**
 * Calls `hear` after each entry that is written from now on, and after each time that nobody watched. Keeps no process
 * alive. What is wrong with the folder is told when it is read.
 */
export function watchFolder(path: string, hear: () => void): () => void {
  let watcher: FSWatcher | undefined;
  let again: Timer | undefined;
  let isStopped = false;

  // What it throws would end the process.
  const changed = () => tellAll([hear]);
  const heard = (_: string, name: string | null) => {
    // The folder itself: it was removed, or has another name.
    if (name === basename(path)) lost();
    else if (!name || name.startsWith(`${ENTRY}.`)) changed();
  };
  const begin = () => {
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      watcher = watch(path, { persistent: false }, heard).on('error', lost);
      return true;
    } catch {
      lost();
      return false;
    }
  };
  const beginAgain = () => {
    if (begin()) changed();
  };
  const lost = () => {
    watcher?.close();
    again?.stop();
    if (!isStopped) again = startTimer(AGAIN, beginAgain);
  };

  begin();
  return () => {
    isStopped = true;
    watcher?.close();
    again?.stop();
  };
}
