import { readEntry, type StoreEntry } from '../store.js';
import type { Database } from './database.js';
import { beginLife, isAlive, type Life } from './life.js';

/** What rests in the database: an entry, and the name of the life that its mark's setter has. */
type Resting = StoreEntry & { readonly by?: string };

/** A mark that this page has set. */
interface Mark {
  readonly version: number;
  readonly life: Life;
}

/**
 * The entry that all tabs share.
 *
 * Though a Web Lock is freed only with its task or its page, the mark is needed: when a page's write fails or hangs after the
 * refresh token was spent, others would get the lock, and spend it again. They heed the mark as long as that page is there.
 */
export class Register {
  readonly #name: string;
  readonly #database: Database;
  readonly #changed: () => void;
  #mark: Mark | undefined;

  /** @param changed called when this page has written */
  constructor(name: string, database: Database, changed: () => void) {
    this.#name = name;
    this.#database = database;
    this.#changed = changed;
  }

  /**
   * Of a page that is gone nothing more will come: its mark is taken off, so that the next one need not wait. If the refresh
   * token is spent already, only a server with a reuse interval takes it, and soon.
   */
  async read(): Promise<StoreEntry | undefined> {
    const resting = parse(await this.#database.read());
    this.#saw(resting);
    if (!resting?.by || (await isAlive(resting.by))) return resting && entryOf(resting);
    const { sent, by, ...entry } = resting;
    return this.write({ ...entry, version: entry.version + 1, id: newId() }).catch(() => entryOf(resting));
  }

  async write(next: StoreEntry): Promise<StoreEntry> {
    const life = next.sent ? await beginLife(`${this.#name} ${newId()}`) : undefined;
    try {
      return await this.#put(next, life);
    } finally {
      if (life && life !== this.#mark?.life) life.end();
    }
  }

  async #put(next: StoreEntry, life: Life | undefined): Promise<StoreEntry> {
    const text = await this.#database.change((there) => {
      const found = parse(there);
      if (found && found.version >= next.version) return undefined;
      // A token that is handed in while another page presents its own keeps that one's mark.
      const by = next.sent && found?.sent === next.sent ? found.by : life?.name;
      return JSON.stringify({ ...next, by });
    });
    const resting = JSON.parse(text as string) as Resting;
    this.#saw(resting);
    if (life?.name && resting.by === life.name) this.#mark = { version: resting.version, life };
    if (resting.id === next.id) this.#changed();
    return entryOf(resting);
  }

  /** A mark of ours that another entry has replaced need not be heeded any more. */
  #saw(resting: Resting | undefined): void {
    const mark = this.#mark;
    if (!mark || !resting || resting.version <= mark.version || resting.by === mark.life.name) return;
    this.#mark = undefined;
    mark.life.end();
  }
}

function entryOf({ by, ...entry }: Resting): StoreEntry {
  return entry;
}

/** What is no entry counts as nothing. */
function parse(text: unknown): Resting | undefined {
  try {
    return readEntry(JSON.parse(String(text))) as Resting | undefined;
  } catch {
    return undefined;
  }
}

/** Random; it only tells one from another. `crypto.randomUUID` is missing on plain http. */
function newId(): string {
  return Math.random().toString(36).slice(2);
}
