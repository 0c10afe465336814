import { readdirSync, readFileSync } from 'node:fs';
import { link, open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { newName, TEMPORARY } from './names.js';

export interface NumberedFile {
  readonly n: number;
  readonly text: string;
}

// Each time a file was removed between the list and the reading of it, as a higher one is there.
const LOOKS = 100;

/**
 * Files `<prefix>.<n>`, of which the highest is the current one. They are never changed: a text is written aside, and gets
 * its number by a hard link, which is made by one writer alone, with the whole text or not at all. The highest is never
 * removed, so that a number below it, given again by a writer that was late, is seen to be no more.
 */
export class NumberedFiles {
  readonly #durable: boolean;
  readonly #name: RegExp;

  /** @param durable is a file on the disk when `add` resolves? */
  constructor(
    readonly folder: string,
    readonly prefix: string,
    { durable = false } = {},
  ) {
    this.#durable = durable;
    this.#name = new RegExp(`^${prefix}\\.(\\d+)$`);
  }

  async highest(): Promise<NumberedFile | undefined> {
    for (let looks = 0; looks < LOOKS; looks++) {
      // A list that is made while one file takes the place of the only other may have neither.
      const n = (await this.#highestNumber()) ?? (await this.#highestNumber());
      if (n === undefined) return undefined;
      const text = await readFile(this.#path(n), 'utf8').catch(unlessGone);
      if (text !== undefined) return { n, text };
    }
    throw new Error(`${this.prefix}.* are removed faster than they can be read`);
  }

  /** @returns is it the highest? If not, another writer has that number or a higher one: look again. */
  async add(n: number, text: string): Promise<boolean> {
    const aside = join(this.folder, TEMPORARY + newName());
    try {
      await write(aside, text, this.#durable);
      await link(aside, this.#path(n));
    } catch (error) {
      if (isTaken(error)) return false;
      throw error;
    } finally {
      await unlink(aside).catch(() => {});
    }
    if (this.#durable) await syncFolder(this.folder);
    return (await this.#highestNumber()) === n;
  }

  /** Is this still the highest? */
  isHighest({ n, text }: NumberedFile): boolean {
    return this.#highestOf(readdirSync(this.folder)) === n && readFileSync(this.#path(n), 'utf8') === text;
  }

  /** Removes what is below a number that is taken, or was. */
  async removeBelow(n: number): Promise<void> {
    const lower = this.#numbersOf(await readdir(this.folder)).filter((each) => each < n);
    await Promise.all(lower.map((each) => unlink(this.#path(each)).catch(() => {})));
  }

  async #highestNumber(): Promise<number | undefined> {
    return this.#highestOf(await readdir(this.folder));
  }

  #highestOf(names: string[]): number | undefined {
    const numbers = this.#numbersOf(names);
    return numbers.length > 0 ? Math.max(...numbers) : undefined;
  }

  #numbersOf(names: string[]): number[] {
    const digits = names.map((name) => this.#name.exec(name)?.[1]);
    return digits.map(Number).filter(Number.isSafeInteger);
  }

  #path(n: number): string {
    return join(this.folder, `${this.prefix}.${n}`);
  }
}

async function write(path: string, text: string, durable: boolean): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    if (durable) await file.sync();
  } finally {
    await file.close();
  }
}

/** A name is on the disk when its folder is. Windows can't be told to, and needs not. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path);
  await folder.sync().finally(() => folder.close());
}

/** The number is another's; or what was written aside lay there for so long that it was swept. */
function isTaken(error: unknown): boolean {
  const { syscall, code } = error as NodeJS.ErrnoException;
  return syscall === 'link' && (code === 'EEXIST' || code === 'ENOENT');
}

function unlessGone(error: { code?: string }): undefined {
  if (error.code !== 'ENOENT') throw error;
}
