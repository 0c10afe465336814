import type { TokenStore } from 'axios-bearer';
import { deferred } from '../support/kit/deferred.js';

interface Options {
  isDeaf?: boolean | undefined;
  /** Called with `locked` when a task has the lock, and has done nothing yet. */
  tell(event: 'locked'): void;
}

/** A store whose tasks can be made to wait when they have the lock. */
export function withPause(store: TokenStore, { isDeaf, tell }: Options) {
  let held = deferred();
  held.resolve();
  const paused: TokenStore = {
    read: () => store.read(),
    write: (next) => store.write(next),
    withLock: (task, options) => {
      const later: typeof task = async (lock) => {
        tell('locked');
        await held.promise;
        return task(lock);
      };
      return store.withLock(later, options);
    },
    ...(store.subscribe && !isDeaf && { subscribe: (changed) => store.subscribe!(changed) }),
  };
  return {
    store: paused,
    hold: () => {
      held = deferred();
    },
    go: () => held.resolve(),
  };
}
