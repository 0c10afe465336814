import { processLock } from './lock.js';
import type { Stored, TokenStore } from './store.js';

/**
 * Call it for a store that sessions in one process share, as holders of one session. Also the default: tokens live as
 * long as the process or page.
 */
export function memoryStore(): TokenStore {
  const lock = processLock();
  const listeners = new Set<() => void>();
  let current: Stored | undefined;
  let writes = 0;

  const write = (next: Stored | undefined) => {
    current = next;
    writes++;
    for (const changed of listeners) changed();
  };

  return {
    read: async () => current,
    exclusive: (task, options) =>
      lock(() => {
        const seen = writes;
        const commit = async (next: Stored | undefined) => {
          // Not what was written counts, but that somebody wrote: a sign-out leaves nothing, like nothing before it.
          if (writes !== seen) return false;
          write(next);
          return true;
        };
        return task({ current, commit, signal: new AbortController().signal });
      }, options),
    replace: async (next) => write(next),
    subscribe(changed) {
      listeners.add(changed);
      return () => void listeners.delete(changed);
    },
  };
}
