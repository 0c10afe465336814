import { readEntry, type StoreEntry } from '../store.js';
import type { Life, Reason } from './life.js';
import { isName, newName } from './names.js';
import type { NumberedFiles } from './numbered-files.js';
import { isAlive, socketPath } from './socket.js';
import { removeLeft } from './sweep.js';

/** What rests in a file: an entry, and the socket of the holder that has set its mark. */
type Resting = StoreEntry & { readonly by?: string };

interface Found {
  /** 0: there is no file. */
  readonly n: number;
  /** Missing: what is there is no valid entry. An older one is not looked for: its refresh token may be spent. */
  readonly resting?: Resting | undefined;
}

/** A mark that this process has set. */
interface Mark {
  readonly n: number;
  readonly by: string;
  readonly reason: Reason;
}

// Each time another writer was faster.
const TRIES = 1_000;

/** The entries of a folder, of which the one with the highest number counts. */
export class Register {
  readonly #entries: NumberedFiles;
  readonly #life: Life;
  #mark: Mark | undefined;

  constructor(entries: NumberedFiles, life: Life) {
    this.#entries = entries;
    this.#life = life;
  }

  /**
   * Of a holder that was killed after it had set its mark nothing more will come: the mark is taken off, so that the next
   * one need not wait. If the refresh token is spent already, only a server with a reuse interval takes it, and soon.
   */
  async read(): Promise<StoreEntry | undefined> {
    const { resting } = await this.#look();
    if (!resting || (await this.#isHeeded(resting))) return resting && entryOf(resting);
    const { sent, by, ...entry } = resting;
    const unmarked = { ...entry, version: entry.version + 1, id: newName() };
    return this.write(unmarked).catch(() => entryOf(resting));
  }

  async write(next: StoreEntry): Promise<StoreEntry> {
    for (let tries = 0; tries < TRIES; tries++) {
      const found = await this.#look();
      if (found.resting && found.resting.version >= next.version) return entryOf(found.resting);
      if (await this.#add(found, next)) return entryOf(JSON.parse(JSON.stringify(next)));
    }
    throw new Error(`Other writers were faster ${TRIES} times`);
  }

  /** @returns is it there? */
  async #add({ n, resting }: Found, next: StoreEntry): Promise<boolean> {
    // A token that is handed in while another holder presents its own keeps that one's mark.
    if (!next.sent || (resting?.by && resting.sent === next.sent))
      return this.#put(n + 1, next, next.sent && resting?.by);
    const reason = { isLock: false };
    const by = await this.#life.begin(reason);
    const isAdded = await this.#put(n + 1, next, by).catch((error) => {
      this.#life.end(reason);
      throw error;
    });
    if (isAdded) this.#mark = { n: n + 1, by, reason };
    else this.#life.end(reason);
    return isAdded;
  }

  async #put(n: number, next: StoreEntry, by: string | undefined): Promise<boolean> {
    if (!(await this.#entries.add(n, JSON.stringify({ ...next, by })))) return false;
    this.#found(n, by);
    await this.#entries.removeBelow(n);
    if (!next.token) await removeLeft(this.#entries.folder).catch(() => {});
    return true;
  }

  async #look(): Promise<Found> {
    const found = await this.#entries.highest();
    const n = found?.n ?? 0;
    const resting = found && parse(found.text);
    this.#found(n, resting?.by);
    return { n, resting };
  }

  /** A mark of ours that another entry has replaced need not be seen to be heeded. */
  #found(n: number, by: string | undefined): void {
    const mark = this.#mark;
    if (!mark || n <= mark.n || by === mark.by) return;
    this.#mark = undefined;
    this.#life.end(mark.reason);
  }

  async #isHeeded({ sent, by }: Resting): Promise<boolean> {
    return !sent || !isName(by) || isAlive(socketPath(this.#entries.folder, by));
  }
}

function entryOf({ by, ...entry }: Resting): StoreEntry {
  return entry;
}

function parse(text: string): Resting | undefined {
  try {
    return readEntry(JSON.parse(text)) as Resting | undefined;
  } catch {
    return undefined;
  }
}
