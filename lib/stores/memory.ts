import { monotonicNow, pause } from '../platform/deadline.js';
import { tellAll } from './hint.js';
import { type Locks, MOMENT, withProcessLock } from './lock.js';
import type { Lock, LockOptions, StoreEntry, TokenStore } from './store.js';

/** The default store of one session: it has no other reader, so that nothing is copied and nobody is told. */
export class PrivateStore implements TokenStore {
  entry: StoreEntry | undefined;
  #latest: Promise<unknown> | undefined;
  #until = 0;

  async read(): Promise<StoreEntry | undefined> {
    return this.entry;
  }

  async write(next: StoreEntry): Promise<StoreEntry> {
    this.put(next);
    return this.entry as StoreEntry;
  }

  /** @returns is it what is there now? */
  put(next: StoreEntry): boolean {
    const wins = !this.entry || next.version > this.entry.version;
    if (wins) this.entry = next;
    return wins;
  }

  /** One task after the other. The session, which alone calls it, bounds the wait. */
  withLock<T>(task: (lock: Lock) => Promise<T>, { holdMs }: LockOptions): Promise<T> {
    const begin = () => {
      this.#until = monotonicNow() + holdMs;
      return task({ signal: new AbortController().signal });
    };
    const isOver = monotonicNow() > this.#until;
    const before = this.#latest && isOver ? Promise.race([this.#latest, pause(MOMENT)]) : this.#latest;
    const outcome = before ? before.then(begin, begin) : begin();
    this.#latest = outcome;
    return outcome;
  }
}

const locks: Locks<object> = new WeakMap();

/**
 * Call it for a store that sessions in one process share, as holders of one session: tokens live as long as the process
 * or page. A write takes effect within the call, before its promise is awaited.
 */
export function memoryStore(): TokenStore {
  const register = new PrivateStore();
  let listeners: Set<() => void> | undefined;

  return {
    read: async () => copyOf(register.entry),
    async write(next) {
      const wins = register.put(copyOf(next));
      const answer = copyOf(register.entry as StoreEntry);
      if (wins) tellAll(listeners ?? []);
      return answer;
    },
    withLock: (task, options) => withProcessLock(locks, register, task, options),
    subscribe(changed) {
      listeners ??= new Set();
      listeners.add(changed);
      return () => void listeners?.delete(changed);
    },
  };
}

/** Through any other store an entry goes as text. Here too, nobody can change what another holds. */
function copyOf<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyOf) as T;
  if (Object.prototype.toString.call(value) !== '[object Object]') return value;
  const copy: Record<string, unknown> = { ...(value as object) };
  for (const name of Object.keys(copy)) copy[name] = copyOf(copy[name]);
  return copy as T;
}
