/** What to do about it, by SQLite's primary result code (https://sqlite.org/rescode.html). */
const ADVICE: Record<string, string> = {
  SQLITE_PERM: 'its folder, or a file in it, is not for this user: name a file of its own',
  SQLITE_BUSY: 'another connection has it locked: let no transaction be open while something is awaited',
  SQLITE_READONLY: "it, or a file beside it, can't be written by this user",
  SQLITE_IOERR: 'its disk, or a file system without locks, has failed: put it on a local disk',
  SQLITE_CORRUPT: 'it is damaged: restore it, or remove it and sign in again',
  SQLITE_FULL: 'the disk is full: make room on it',
  SQLITE_CANTOPEN: "its folder is not there, or this user can't write in it",
  SQLITE_NOTADB: 'it is no database, or an encrypted one: give this store a database of its own',
};

/** What better-sqlite3 tells by name, node:sqlite tells by number. */
const NUMBERS: Record<number, string> = {
  3: 'SQLITE_PERM',
  5: 'SQLITE_BUSY',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  26: 'SQLITE_NOTADB',
};

interface Failed {
  readonly message: string;
  readonly code?: unknown;
  readonly errcode?: unknown;
}

/** The primary result code of an error of either engine: `SQLITE_BUSY`, for each kind of it. */
function codeOf({ code, errcode }: Failed): string {
  if (typeof errcode === 'number') return NUMBERS[errcode & 0xff] ?? '';
  return /^SQLITE_[A-Z]+/.exec(String(code))?.[0] ?? '';
}

/** Does another connection have the lock that is wanted? */
export function isBusy(error: unknown): boolean {
  return codeOf(error as Failed) === 'SQLITE_BUSY';
}

/** The same error, but one that says what to do. */
export function explained(path: string, error: unknown): unknown {
  const code = codeOf(error as Failed);
  const advice = ADVICE[code];
  if (!advice) return error;
  const message = `sqliteStore can't use ${path}: ${advice} (${code}: ${(error as Failed).message})`;
  return Object.assign(new Error(message), { code, cause: error });
}
