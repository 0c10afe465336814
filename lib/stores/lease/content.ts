import { own } from '../../platform/own.js';
import { readEntry, type StoreEntry } from '../store.js';

/** A lease, as it rests beside the entry. It has no time in it: no clock is the same on two hosts. */
export interface Tenure {
  /** Random, new with each claim. */
  readonly owner: string;
  /** One more with each renewal. */
  readonly beat: number;
  /** How long its owner counts on it: its configuration need not be ours. */
  readonly ms: number;
}

/** What rests in the row's value. */
export interface Content {
  readonly entry?: StoreEntry | undefined;
  /** Missing: the lock is free. */
  readonly lease?: Tenure | undefined;
}

export function format(content: Content): string {
  return JSON.stringify(content);
}

/** What is no entry, or no lease, counts as nothing, and is written over. */
export function parse(text: string | undefined): Content {
  const { entry, lease } = own(objectIn(text ?? ''));
  return { entry: entryIn(entry), lease: leaseIn(lease) };
}

function objectIn(text: string): { entry?: unknown; lease?: unknown } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

function entryIn(found: unknown): StoreEntry | undefined {
  try {
    return readEntry(found as StoreEntry);
  } catch {
    return undefined;
  }
}

function leaseIn(found: unknown): Tenure | undefined {
  const { owner, beat, ms } = own(found as Tenure | undefined);
  const isLease = typeof owner === 'string' && Number.isSafeInteger(beat) && Number.isFinite(ms);
  return isLease ? ({ owner, beat, ms } as Tenure) : undefined;
}
