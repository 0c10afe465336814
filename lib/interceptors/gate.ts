import pLimit from 'p-limit';
import { pause } from '../platform/deadline.js';

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
  let orders = 0;

  const sendFirst = () => {
    const sent = queue.shift()?.send();
    return sent && pause(LONGEST_PLACE, (end) => void sent.then(end, end));
  };
  return {
    nextTurn: () => ++orders,
    pass(order, send) {
      // Nearly always the last one: some take a few promises more to come here.
      let at = queue.length;
      while (at > 0 && (queue[at - 1]?.order ?? 0) > order) at--;
      queue.splice(at, 0, { order, send });
      void limit(sendFirst);
    },
  };
}
