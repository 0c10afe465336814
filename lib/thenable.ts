/**
 * Is it a promise, of whatever kind? A check by class would fail for the promises of async functions under zone.js,
 * and for those of another realm.
 */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function';
}
