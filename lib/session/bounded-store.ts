import { atMost, monotonicNow, withDeadline } from '../platform/deadline.js';
import { type Lock, readEntry, type StoreEntry, type TokenStore } from '../stores/store.js';
import type { Token } from '../token.js';
import { Failure, lockFailure, storeFailure } from './failure.js';
import { newId } from './ids.js';
import type { Draft, Written } from './protocol.js';
import { remember } from './remember.js';

// How many of the latest tokens no error may quote.
const KNOWN = 4;
// ms. A store that keeps to `waitMs` is to be heard before it is given up.
const GRACE = 100;
// A store that has waited for this part of `waitMs` has waited long enough: its clock and ours differ.
const ALMOST = 0.9;
// A task under the lock: a read, a mark, the source's answer (four of them), a write.
const HOLD = 7;
// Under our own store's lock only the source takes time.
const HOLD_OWN = 4;

/** The store, with every call bounded and no token in its errors. */
export class BoundedStore {
  #tokens: Token[] = [];

  /**
   * @param ms how long each call may take
   * @param isOwn is it the session's own, which answers at once?
   * @param secrets of the source
   */
  constructor(
    readonly store: TokenStore,
    readonly ms: number,
    readonly isOwn: boolean,
    readonly secrets: readonly string[] = [],
  ) {}

  /** ms after which a task under the lock is over. */
  get holdMs(): number {
    return this.ms * (this.isOwn ? HOLD_OWN : HOLD);
  }

  /** What no error may quote: the latest tokens too. */
  get known(): string[] {
    return [
      ...this.secrets,
      ...this.#tokens.flatMap(({ accessToken, refreshToken = '' }) => [accessToken, refreshToken]),
    ];
  }

  remember(token: Token): void {
    this.#tokens = remember(this.#tokens, token, KNOWN);
  }

  /** @throws Failure */
  async read(): Promise<StoreEntry | undefined> {
    return this.#bounded(async () => readEntry(await this.store.read()));
  }

  /** Writes without waiting, into a store that can't fail and has no other writer. */
  plant(draft: Draft): StoreEntry {
    const entry = entryOf(draft, 0);
    void this.store.write(entry);
    return entry;
  }

  /** @param above the version of what it is to replace. @throws Failure */
  async write(draft: Draft, above: number): Promise<Written> {
    const next = entryOf(draft, above);
    if (draft.token) this.remember(draft.token);
    const entry = await this.#bounded(async () => readEntry(await this.store.write(next)));
    if (!entry) throw storeFailure(new Error('write() must resolve with the entry that is stored then'));
    return { won: entry.id === next.id, entry };
  }

  /**
   * Runs `task` once, under the lock, and resolves when the lock is free again. What the task comes to counts, whatever
   * the store makes of it: `withLock()` may run it again, need not return its outcome, and may fail to unlock.
   *
   * @throws Failure
   */
  async withLock<T>(task: (lock: Lock) => Promise<T>, waitMs: number): Promise<T> {
    const begun = monotonicNow();
    let outcome: Promise<T> | undefined;
    let isOver = false;
    let begin!: () => void;
    const had = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const once = (lock: Lock): Promise<T> => {
      if (isOver) return Promise.reject(new Error('The lock came too late'));
      begin();
      outcome ??= task(lock);
      return outcome;
    };
    let freed: Promise<unknown> | undefined;
    const wait = (signal: AbortSignal) => {
      freed = callAsync(() => this.store.withLock(once, { waitMs, holdMs: this.holdMs, signal }));
      return Promise.race([had, freed]);
    };
    try {
      await withDeadline(wait, { ms: waitMs + GRACE, late: () => lockFailure(waitMs) });
    } catch (error) {
      isOver = !outcome;
      if (isOver) throw this.#lockError(error, waitMs, begun);
    }
    isOver = !outcome;
    if (!outcome) throw storeFailure(new Error('withLock() did not run its task'));
    await outcome.catch(() => {});
    await this.#unlocked(freed);
    return outcome;
  }

  #lockError(error: unknown, waitMs: number, begun: number): Failure {
    if (error instanceof Failure) return error;
    const hasWaited = monotonicNow() - begun >= waitMs * ALMOST;
    return hasWaited ? lockFailure(waitMs, error) : storeFailure(error, this.known);
  }

  /** A store that can't free its lock is not waited for longer than for any other call, and its error harms nothing. */
  async #unlocked(freed: Promise<unknown> | undefined): Promise<void> {
    await atMost(this.ms, async () => freed);
  }

  async #bounded<T>(call: () => Promise<T>): Promise<T> {
    const late = () => new Error(`The token store did not answer within ${this.ms} ms`);
    try {
      return await withDeadline(call, { ms: this.ms, late });
    } catch (error) {
      throw error instanceof Failure ? error : storeFailure(error, this.known);
    }
  }
}

function entryOf(draft: Draft, above: number): StoreEntry {
  const { session, token, sent } = draft;
  return { version: above + 1, id: newId(), session, ...(token && { token }), ...(sent && { sent }) };
}

/** What it throws, it rejects with. */
async function callAsync<T>(call: () => Promise<T>): Promise<T> {
  return call();
}
