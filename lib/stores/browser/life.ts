import { claim, webLocks } from './web-lock.js';

/** A mark's setter, as others see it. */
export interface Life {
  /** What the register has of it. Missing: others can't tell whether it lives, and wait as long as a holder may take. */
  readonly name?: string;
  end(): void;
}

/**
 * A Web Lock that is had until it is ended, or the page is gone in whatever way. Not longer than a mark is in the register:
 * a page with a lock is not kept in the back/forward cache.
 */
export async function beginLife(name: string): Promise<Life> {
  const locks = await webLocks();
  if (!locks) return { end: () => {} };
  const { release } = await claim(locks, name, new AbortController().signal);
  return { name, end: release };
}

/** Is the one that has begun a life of this name still there? If that can't be told, it is. */
export async function isAlive(name: string): Promise<boolean> {
  try {
    const { held } = await navigator.locks.query();
    return held!.some((lock) => lock.name === name);
  } catch {
    return true;
  }
}
