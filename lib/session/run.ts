import { isThenable } from '../platform/thenable.js';
import type { Protocol, Step } from './protocol.js';

/**
 * Performs a protocol. Its first step is performed before this returns, and a step that needs no waiting is followed by
 * the next one at once.
 *
 * @param perform one step; what it throws, or rejects with, is thrown into the protocol
 */
export async function run<T>(protocol: Protocol<T>, perform: (step: Step) => unknown): Promise<T> {
  let turn = protocol.next();
  while (!turn.done) {
    let outcome: unknown;
    try {
      const performed = perform(turn.value);
      outcome = isThenable(performed) ? await performed : performed;
    } catch (error) {
      turn = protocol.throw(error);
      continue;
    }
    turn = protocol.next(outcome);
  }
  return turn.value;
}
