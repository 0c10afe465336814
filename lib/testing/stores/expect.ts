/** A store broke its contract. */
export function fail(call: string, expected: string, got: string, cause?: unknown): never {
  throw new Error(`${call}: expected ${expected}, got ${got}`, { cause });
}

/** Are both the same as JSON? The order of names does not count. */
export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a, sorted) === JSON.stringify(b, sorted);
}

export function expectSame(call: string, expected: unknown, got: unknown): void {
  if (!isSame(expected, got)) fail(call, show(expected), show(got));
}

/** What a call comes to, if it comes to something in time. */
export async function outcomeOf<T>(call: string, outcome: Promise<T>, patience: number): Promise<T> {
  if (!(await isOver(outcome, patience))) fail(call, `an outcome within ${patience} ms`, 'none');
  return outcome.catch((error) => fail(call, 'no error', show(error), error));
}

/** The error that a call rejects with. */
export async function failureOf(call: string, outcome: Promise<unknown>, patience: number): Promise<unknown> {
  const failure = outcome.then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
  const came = await outcomeOf(call, failure, patience);
  return 'error' in came ? came.error : fail(call, 'an error', show(came.value));
}

/** Does it settle within `ms`? */
export async function isOver(outcome: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const settled = outcome.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, late]).finally(() => clearTimeout(timer));
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

const LONGEST = 80;

/** As an error shows it. */
export function show(value: unknown): string {
  if (value instanceof Error) return `the error "${value.message}"`;
  const text = JSON.stringify(value, (_, part) =>
    typeof part === 'string' && part.length > LONGEST ? `${part.slice(0, LONGEST)}… (${part.length})` : part,
  );
  return text ?? String(value);
}

function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
