import { monotonicNow, startTimer, type Timer } from '../../platform/deadline.js';
import type { Claim } from '../lock.js';
import type { StoreEntry } from '../store.js';
import type { Had, LockFile } from './lock-file.js';

/**
 * The lock of one key. It is kept, when its task is over, for as long as a mark of this store rests in the register: then
 * the refresh token was spent, and the new one could not be written yet. So a store that has the lock, and finds the mark of
 * another, knows that its setter is gone.
 */
export class KeyLock {
  readonly #file: LockFile;
  #had: Had | undefined;
  /** Of the tasks that have it there is more than one only if one of them has stood still for too long. */
  #tasks = 0;
  #mark: string | undefined;
  #end: Timer | undefined;

  constructor(file: LockFile) {
    this.#file = file;
  }

  /** @param holdMs after which it is freed, if a mark rests until then */
  async claim(signal: AbortSignal, holdMs: number): Promise<Claim> {
    if (this.#had && !this.#had.lock.isHeld()) this.#free();
    this.#had ??= await this.#file.take(signal);
    this.#end?.stop();
    this.#tasks += 1;
    const had = this.#had;
    const until = monotonicNow() + holdMs;
    return { lock: had.lock, release: () => this.#release(had, until) };
  }

  /** Has this entry the mark of a holder that is gone? */
  isLeft({ sent }: StoreEntry): boolean {
    return this.#had !== undefined && sent !== undefined && sent !== this.#mark;
  }

  /** Called with each entry that this store has written. */
  wrote(entry: StoreEntry): void {
    if (this.#had && entry.sent) this.#mark = entry.sent;
    else this.saw(entry);
  }

  /** Called with each entry that rests there, or was found. */
  saw(entry: StoreEntry | undefined): void {
    if (this.#mark === undefined || entry?.sent === this.#mark) return;
    this.#mark = undefined;
    if (this.#tasks === 0) this.#free();
  }

  #release(had: Had, until: number): void {
    if (had !== this.#had) return;
    this.#tasks -= 1;
    if (this.#tasks > 0) return;
    if (this.#mark === undefined) this.#free();
    else this.#end = startTimer(until - monotonicNow(), () => this.#free());
  }

  #free(): void {
    this.#had?.close();
    this.#had = undefined;
    this.#tasks = 0;
    this.#mark = undefined;
    this.#end?.stop();
  }
}
