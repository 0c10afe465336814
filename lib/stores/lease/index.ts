/**
 * A token store over whatever has one conditional put: one session for several hosts.
 *
 * @module axios-bearer/lease
 */
import { configError } from '../../errors.js';
import { own } from '../../platform/own.js';
import { type Locks, withClaim } from '../lock.js';
import type { StoreEntry, TokenStore } from '../store.js';
import { claim } from './claim.js';
import { checkEngine, type LeaseEngine } from './engine.js';
import { Hints } from './hints.js';
import { Row } from './row.js';

export type { LeaseEngine, LeaseRow } from './engine.js';

// ms. A process that lives may stand still for 6 s: a busy event loop, a container that is throttled.
const LEASE = 10_000;
// ms. In less, a lease could not be renewed in time.
const SHORTEST_LEASE = 100;

/** How long a lease lasts. */
export interface LeaseOptions {
  /**
   * ms, default 10 000, at least 100: how long a holder that was killed keeps the others waiting for the lock. A holder that
   * stands still for six tenths of it, or has no answer from the engine for so long, may lose the lock.
   */
  leaseMs?: number | undefined;
}

/**
 * Call it for hosts that share one session, over an engine that has no store of its own here: a table by Prisma, Drizzle or
 * Knex, DynamoDB, MongoDB, a key-value service with a REST interface. It needs a row, and two functions: one reads it, the
 * other puts it on condition that nobody else has written since.
 *
 * The lock is a lease in the same row. Its owner renews it; others take it when they have seen it unchanged for `leaseMs` by
 * their own clocks, so that no host's time of day matters. An owner that stood still does not send when it goes on: it asks
 * its clock first. No lease can promise more than that: docs/lease.md says what is left.
 *
 * Tokens rest in the row as plain text.
 *
 * @param engine the two functions, and a third one for hints where the engine has them
 * @throws ERR_BEARER_CONFIG if a function is missing, or `leaseMs` is no such number
 */
export function leaseStore(engine: LeaseEngine, options?: LeaseOptions): TokenStore {
  checkEngine(engine);
  const leaseMs = leaseOf(options);
  const row = new Row(engine);
  const hints = new Hints(engine);
  const queue: Locks<Row> = new Map();

  return {
    read: async () => (await row.read()).entry,
    async write(next) {
      const { entry } = await row.change((found) =>
        isBelow(found.entry, next) ? { ...found, entry: next } : undefined,
      );
      return entry as StoreEntry;
    },
    withLock: (task, lockOptions) => {
      const times = { leaseMs, holdMs: lockOptions.holdMs };
      return withClaim(queue, row, (signal) => claim(row, hints, times, signal), task, lockOptions);
    },
    ...(engine.subscribe && { subscribe: (changed) => hints.listen(changed) }),
  };
}

function isBelow(found: StoreEntry | undefined, next: StoreEntry): boolean {
  return !found || found.version < next.version;
}

/** @throws ERR_BEARER_CONFIG */
function leaseOf(options: LeaseOptions | undefined): number {
  const { leaseMs = LEASE } = own(options);
  if (Number.isFinite(leaseMs) && leaseMs >= SHORTEST_LEASE) return leaseMs;
  throw configError('leaseMs', `a number of ms, at least ${SHORTEST_LEASE}`, leaseMs);
}
