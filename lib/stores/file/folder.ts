import { mkdir, stat } from 'node:fs/promises';

const OTHERS_MAY_WRITE = 0o022;
const NOT_LOCAL = 'its file system has no hard links, or no Unix sockets: name a folder on a local disk';

/** What to do about it, by the code of the system's error. */
const ADVICE: Record<string, string> = {
  ENOSPC: 'the disk is full: make room on it',
  EDQUOT: 'the disk quota is used up: make room',
  EROFS: 'it is read-only: name a folder that can be written',
  EACCES: 'this user may not write there: name a folder of its own',
  ENOENT: "it is not there, and can't be made: name a folder that can be written",
  ENOTDIR: 'it is a file, or lies in one: name a folder',
  EEXIST: 'it is a file: name a folder',
  EPERM: NOT_LOCAL,
  ENOTSUP: NOT_LOCAL,
  EOPNOTSUPP: NOT_LOCAL,
  ENOSYS: NOT_LOCAL,
};

/** The folder of a store: made when it is needed, and refused where others could write into it. */
export class Folder {
  #ready: Promise<void> | undefined;

  constructor(readonly path: string) {}

  /** Does something in the folder; once again if somebody has removed it. @throws an error that says what to do */
  async use<T>(task: () => Promise<T>): Promise<T> {
    const wasReady = this.#ready !== undefined;
    try {
      this.#ready ??= prepare(this.path);
      await this.#ready;
      return await task();
    } catch (error) {
      this.#ready = undefined;
      if (wasReady && codeOf(error) === 'ENOENT') return this.use(task);
      throw explained(this.path, error);
    }
  }
}

async function prepare(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  // Windows has neither.
  const user = process.geteuid?.();
  if (user === undefined) return;
  const { uid, mode } = await stat(path);
  if (uid !== user)
    throw useless(path, `it belongs to user ${uid}, and this is user ${user}: name a folder of its own`);
  if (mode & OTHERS_MAY_WRITE) throw useless(path, 'others may write there: chmod 700 it, and use it for nothing else');
}

function explained(path: string, error: unknown): unknown {
  const code = codeOf(error);
  const advice = ADVICE[code];
  if (!advice) return error;
  const { syscall } = error as NodeJS.ErrnoException;
  return Object.assign(useless(path, `${advice} (${syscall}: ${code})`), { code, cause: error });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

function useless(path: string, why: string): Error {
  return new Error(`fileStore can't use the folder ${path}: ${why}`);
}
