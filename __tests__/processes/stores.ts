import { afterAll, beforeAll, describe } from '@jest/globals';
import { type ConditionalPutServer, startConditionalPut } from '../support/engines/conditional-put.js';
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

let keys = 0;
const newKey = () => `session ${keys++}`;

/** A key-value service, which gives no hints. */
function onConditionalPut(tests: Tests): void {
  describe('on a key-value service', () => {
    let server: ConditionalPutServer;
    beforeAll(async () => {
      server = await startConditionalPut();
    });
    tests({
      name: 'leaseStore over a conditional put',
      newPlace: async () => ({ store: 'conditionalPut', url: server.url, row: newKey() }),
      engine: { stop: () => server.stop(), start: () => server.start() },
    });
    afterAll(() => server.stop());
  });
}

/** Tests for each store. `-t redisStore` runs those of one; those of an engine that is missing are left out. */
export function onEachStore(tests: Tests): void {
  const on = (store: SharedStore) => describe(store.name, () => tests(store));
  on(files);
  onConditionalPut(on);
}
