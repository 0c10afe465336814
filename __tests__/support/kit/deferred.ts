export interface Deferred<T> {
  promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** A promise that the test settles. */
export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Never settles. */
export const never = new Promise<never>(() => {});

const macrotask = () => new Promise((resolve) => setImmediate(resolve));

/** Waits until everything has happened that needs no timer and no socket. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await macrotask();
}

/** `pending`, `fulfilled`, or the error's code (`rejected` if it has none): the state of `promise` after `settle()`. */
export async function stateOf(promise: Promise<unknown>): Promise<string> {
  let state = 'pending';
  promise.then(
    () => {
      state = 'fulfilled';
    },
    (error) => {
      state = error?.code ?? 'rejected';
    },
  );
  await settle();
  return state;
}

/** Waits for a condition that no event tells of. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await macrotask();
}

/** What `make` returns, `n` times. */
export function times<T>(n: number, make: (i: number) => T): T[] {
  return Array.from({ length: n }, (_, i) => make(i));
}
