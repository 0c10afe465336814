import { withDeadline } from '../internal.js';

const LATE = {};

/** What `work` brings; `otherwise`, once so many ms are over. */
export async function within<T, L>(ms: number, work: Promise<T>, otherwise: L | Promise<L>): Promise<T | L> {
  try {
    return await withDeadline(() => work, { ms, late: () => LATE, keepsAlive: true });
  } catch (error) {
    if (error === LATE) return otherwise;
    throw error;
  }
}
