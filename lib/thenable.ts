/**
 * Is it a promise, of whatever kind? With zone.js, and across realms, `instanceof Promise` is false for what an async
 * function returns.
 */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function';
}
