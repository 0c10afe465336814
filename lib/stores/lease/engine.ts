import { checkTypes, configError } from '../../errors.js';
import { own } from '../../platform/own.js';

/** The one row that a session rests in. Both texts are kept as they are, and given back as they are. */
export interface LeaseRow {
  /** Random, new with each write; letters and digits. */
  readonly revision: string;
  /** The tokens and the lease, as JSON: a few kilobytes. Keep it as text: a JSON column gives back another one. */
  readonly value: string;
}

/** What has one conditional put: a table, a collection, a key-value service. */
export interface LeaseEngine {
  /**
   * Called at the start, after a hint, after a conflict, and while the lease is waited for. Resolves with the row, `null` or
   * `undefined` where there is none. What was written before is there: no replica that lags behind, no cache.
   */
  read(): Promise<LeaseRow | null | undefined>;
  /**
   * Called for each sign-in, sign-out and refresh, and to take, keep and give back the lease: five times in a refresh. One
   * conditional put: it writes only where the row's revision is `expected`, or, with `undefined`, only where there is no row.
   * Atomic, and durable when it resolves. Resolves with whether it wrote; a client that sends it again may answer `false`.
   */
  write(next: LeaseRow, expected: string | undefined): Promise<boolean>;
  /** Called once, while a session listens. `changed` is to be called after each write, and after every gap in listening. Returns the way to stop. */
  subscribe?(changed: () => void): () => void;
}

/** @throws ERR_BEARER_CONFIG, naming the function */
export function checkEngine(engine: LeaseEngine): void {
  const { read, write, subscribe } = own(engine);
  checkTypes('function', { read, write, subscribe });
  if (!read) throw configError('read', 'a function that resolves with the row', read);
  if (!write) throw configError('write', 'a function that puts the row on a condition', write);
}

/** What an engine gives comes from outside. @throws if it is no row */
export async function readRow(engine: LeaseEngine): Promise<LeaseRow | undefined> {
  const row = await engine.read();
  if (row == null) return undefined;
  const { revision, value } = own(row);
  for (const [name, text] of Object.entries({ revision, value })) {
    if (typeof text !== 'string')
      throw new Error(`read() must resolve with the ${name} that was written, as text; got ${kindOf(text)}`);
  }
  return { revision, value } as LeaseRow;
}

/** @throws if it can't be told whether it wrote */
export async function writeRow(engine: LeaseEngine, next: LeaseRow, expected: string | undefined): Promise<boolean> {
  const wrote: unknown = await engine.write(next, expected);
  if (typeof wrote === 'boolean') return wrote;
  throw new Error(`write() must resolve with true or false: has it written? Got ${kindOf(wrote)}`);
}

/** Never the value: there may be a token in it. */
function kindOf(value: unknown): string {
  return value == null ? String(value) : `a value of type ${typeof value}`;
}
