/**
 * Is it a promise, of whatever kind? A check by class would fail for the promises of async functions under zone.js,
 * and for those of another realm.
 */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function';
}

/** Predicates that are known to answer with a promise. */
const reported = new WeakSet<object>();

/**
 * What a predicate says that must answer at once. A promise is no answer: that is reported on the console, once, and the
 * default counts.
 *
 * @param by the predicate, or what it is a method of
 */
export function answerNow<T>(option: string, by: object | undefined, answer: T | PromiseLike<T>): T | undefined {
  if (!isThenable(answer)) return answer;
  answer.then(undefined, () => {});
  if (by && !reported.has(by)) {
    reported.add(by);
    console.error(`axios-bearer: "${option}" must answer at once, not with a promise: its default counts`);
  }
  return undefined;
}
