import { describe } from '@jest/globals';
import { newFolder } from './new-folder.js';
import type { StoreAt } from './open-store.js';

/** A store that processes share, and what a test can do to what lies under it. */
export interface SharedStore {
  readonly name: string;
  /** Where a session of its own rests. */
  newPlace(): Promise<StoreAt>;
  /** A server that can be stopped, and started again with the same data. */
  readonly engine?: { stop(): Promise<void>; start(): Promise<void> };
  /** Cuts the connections by which its hints come. */
  cutHints?(): Promise<void>;
}

type Tests = (store: SharedStore) => void;

const files: SharedStore = {
  name: 'fileStore',
  newPlace: async () => ({ store: 'file', folder: await newFolder() }),
};

/** Tests for each store. `-t redisStore` runs those of one; those of an engine that is missing are left out. */
export function onEachStore(tests: Tests): void {
  const on = (store: SharedStore) => describe(store.name, () => tests(store));
  on(files);
}
