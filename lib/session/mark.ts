import { monotonicNow } from '../platform/deadline.js';
import type { StoreEntry } from '../stores/store.js';

/** The mark of another holder, from when we first saw it. */
export class Mark {
  readonly #since = monotonicNow();

  constructor(
    readonly entry: StoreEntry,
    readonly holdMs: number,
  ) {}

  isOf({ sent, token }: StoreEntry): boolean {
    return sent === this.entry.sent && token?.refreshToken === this.entry.token?.refreshToken;
  }

  /** It need not be heeded any more. A mark that was set anew is another one. */
  isOver({ id }: StoreEntry): boolean {
    return id === this.entry.id && this.remaining <= 0;
  }

  get remaining(): number {
    return this.holdMs - (monotonicNow() - this.#since);
  }
}
