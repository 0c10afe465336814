import { atMost, monotonicNow, startTimer, type Timer } from '../../platform/deadline.js';
import type { Claim } from '../lock.js';
import type { Lock } from '../store.js';
import { type Moment, msSince, now } from './moment.js';
import type { Row } from './row.js';

// The owner renews it so often in its time: two renewals may fail.
const BEATS = 4;
// It lets go before others may take it: its clock may be slow, and what it sends needs a while to leave.
const OWNERS_SHARE = 0.9;

export interface Times {
  /** ms after which others take a lease that is not renewed. */
  readonly leaseMs: number;
  /** ms after which it is not renewed any more. */
  readonly holdMs: number;
}

/** A lease that is had, until it is released or lost. */
export class Lease implements Claim {
  readonly lock: Lock;
  readonly #row: Row;
  readonly #owner: string;
  readonly #times: Times;
  readonly #begun = monotonicNow();
  readonly #lost = new AbortController();
  /** The begin of the last write that has succeeded: others count from a later moment. */
  #since: Moment;
  #beat = 0;
  #timer: Timer | undefined;

  constructor(row: Row, owner: string, since: Moment, times: Times) {
    this.#row = row;
    this.#owner = owner;
    this.#since = since;
    this.#times = times;
    this.lock = { isHeld: () => this.#isHeld(), signal: this.#lost.signal };
    this.#keep();
  }

  /** Its failure harms nothing: the lease runs out. */
  async release(): Promise<void> {
    this.#timer?.stop();
    await atMost(this.#times.leaseMs, () => giveBack(this.#row, this.#owner));
  }

  #isHeld(): boolean {
    if (msSince(this.#since) >= this.#times.leaseMs * OWNERS_SHARE) this.#lost.abort();
    return !this.#lost.signal.aborted;
  }

  #keep(): void {
    this.#timer = startTimer(this.#times.leaseMs / BEATS, () => {
      if (!this.#isHeld()) return;
      if (monotonicNow() - this.#begun < this.#times.holdMs) void this.#renew();
      this.#keep();
    });
  }

  /** One that fails, or hangs, is followed by the next one all the same. */
  async #renew(): Promise<void> {
    const since = now();
    const owner = this.#owner;
    const beat = ++this.#beat;
    try {
      const { lease } = await this.#row.change((found) => {
        const isOlder = found.lease?.owner === owner && found.lease.beat < beat;
        return isOlder ? { ...found, lease: { owner, beat, ms: this.#times.leaseMs } } : undefined;
      });
      if (lease?.owner !== owner) this.#lost.abort();
      else if (since.monotonic > this.#since.monotonic) this.#since = since;
    } catch {}
  }
}

/** Frees the lock, if it is this owner's still. */
export async function giveBack(row: Row, owner: string): Promise<void> {
  row.former = owner;
  await row.change(({ entry, lease }) => (lease?.owner === owner ? { entry } : undefined)).catch(() => {});
}
