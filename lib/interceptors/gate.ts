import pLimit from 'p-limit';
import { monotonicNow, startTimer, type Timer } from '../platform/deadline.js';

// ms. The gate spreads what comes at once; it is no limit on answers that take long.
const LONGEST_PLACE = 1_000;

type Send = () => PromiseLike<unknown>;

/** Passes those that have waited in the order in which they began to wait, a few at a time. */
export interface Gate {
  /** The place in that order of one that begins to wait now. */
  nextTurn(): number;
  /** `send` is called when there is a place; what it returns keeps that place until it settles, or for a second. */
  pass(order: number, send: Send): void;
}

/** @param places so many may be on the wire at a time */
export function gateOf(places: number): Gate {
  const limit = pLimit(places);
  const queue: { order: number; send: Send }[] = [];
  let next = 0;
  let orders = 0;

  const take = () => {
    const first = queue[next++];
    if (next >= queue.length) queue.length = next = 0;
    return first?.send;
  };
  const serve = async () => {
    const place = newPlace();
    for (let send = take(); send; send = take()) await place.keep(send());
    place.leave();
  };
  return {
    nextTurn: () => ++orders,
    pass(order, send) {
      // Nearly always the last one: some take a few promises more to come here.
      let at = queue.length;
      while (at > next && (queue[at - 1]?.order ?? 0) > order) at--;
      queue.splice(at, 0, { order, send });
      if (limit.activeCount + limit.pendingCount < places) void limit(serve);
    },
  };
}

/** One of the places, taken by one request after the other. A timer for each would cost more than the rest. */
function newPlace() {
  let since = 0;
  let late: (() => void) | undefined;
  let timer: Timer | undefined;
  const look = () => {
    const rest = since + LONGEST_PLACE - monotonicNow();
    timer = rest > 0 ? startTimer(rest, look) : undefined;
    if (!timer) late?.();
  };
  return {
    /** Resolves when `sent` settles, or after a second. */
    keep: (sent: PromiseLike<unknown>) =>
      new Promise<void>((resolve) => {
        since = monotonicNow();
        late = resolve;
        timer ??= startTimer(LONGEST_PLACE, look);
        sent.then(late, late);
      }),
    leave: () => timer?.stop(),
  };
}
