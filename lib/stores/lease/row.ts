import { monotonicNow, pause } from '../../platform/deadline.js';
import { type Content, format, parse, type Tenure } from './content.js';
import { type LeaseEngine, type LeaseRow, readRow, writeRow } from './engine.js';
import { newId } from './ids.js';

// Each time another writer was faster, of which one has written then.
const TRIES = 100;
// ms. Those that have met each other do not meet again at once.
const SPREAD = 20;

/** What is to rest there instead; nothing, if it may stay as it is. */
type Step = (found: Content) => Content | undefined;

/** A row as it is, or was; missing: there is none. */
interface Found {
  readonly row: LeaseRow | undefined;
}

/** A lease, from when it was first seen as it is. */
interface Sighting extends Tenure {
  readonly since: number;
}

/** The row, as this process knows it. */
export class Row {
  readonly #engine: LeaseEngine;
  #latest: Found | undefined;
  #sighting: Sighting | undefined;
  /** The owner that this process was last, and is no more: what it could not give back is nobody's. */
  former: string | undefined;

  constructor(engine: LeaseEngine) {
    this.#engine = engine;
  }

  async read(): Promise<Content> {
    return parse((await this.#look()).row?.value);
  }

  /**
   * Reading and writing are one step: no other writer's comes between. What is known from before serves as read: if it is so
   * no more, the put does not write.
   *
   * @returns what is there then
   */
  async change(step: Step): Promise<Content> {
    const known = this.#latest && (await this.#changeOf(this.#latest, step));
    if (known?.wrote) return known.content;
    for (let tries = 0; tries < TRIES; tries++) {
      if (tries > 0) await pause(Math.random() * SPREAD);
      const found = await this.#changeOf(await this.#look(), step);
      if (found.wrote !== false) return found.content;
    }
    throw new Error(`Other writers were faster ${TRIES} times: does read() give the revision that was written?`);
  }

  /** ms for which a lease is known to be as it is. */
  ageOf({ owner }: Tenure): number {
    const seen = this.#sighting;
    return seen?.owner === owner ? monotonicNow() - seen.since : 0;
  }

  async #look(): Promise<Found> {
    const found = { row: await readRow(this.#engine) };
    this.#latest = found;
    this.#see(parse(found.row?.value).lease);
    return found;
  }

  /** @returns `wrote` is missing if there was nothing to write */
  async #changeOf({ row }: Found, step: Step): Promise<{ content: Content; wrote?: boolean }> {
    const content = parse(row?.value);
    const next = step(content);
    if (!next) return { content };
    const put = { revision: newId(), value: format(next) };
    const wrote = await this.#put(put, row?.revision);
    if (wrote) this.#latest = { row: put };
    return { content: parse(put.value), wrote };
  }

  /** Where the answer was lost, the row tells. */
  async #put(row: LeaseRow, expected: string | undefined): Promise<boolean> {
    try {
      return await writeRow(this.#engine, row, expected);
    } catch (error) {
      const found = await this.#look().catch(() => undefined);
      if (found?.row?.revision === row.revision) return true;
      throw error;
    }
  }

  #see(lease: Tenure | undefined): void {
    const { owner, beat } = this.#sighting ?? {};
    if (lease && lease.owner === owner && lease.beat === beat) return;
    this.#sighting = lease && { ...lease, since: monotonicNow() };
  }
}
