import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { memoryStore } from 'axios-bearer';
import { storeCases } from 'axios-bearer/testing';
import { onSqlite } from '../../support/engines/on-sqlite.js';
import { cleanUp } from '../../support/kit.js';
import type { JournalMode } from './judge.js';
import { setUpProcesses } from './processes.js';

const { newFolder, start } = setUpProcesses();
const names = storeCases(memoryStore, { corrupt() {}, loseLock() {} }).map(({ name }) => name);
const modes: [string, JournalMode][] = [
  ['with a write-ahead log', 'wal'],
  ['with a rollback journal', 'delete'],
];

onSqlite((engine) => {
  describe.each(modes)('%s, sqliteStore keeps the contract:', (_, mode) => {
    let failures: Record<string, string>;
    beforeAll(async () => {
      const judged = await start(engine).judge(engine.name, mode, await newFolder());
      expect(judged.names).toEqual(names);
      failures = judged.failures;
    });
    afterEach(cleanUp);

    it.each(names)('%s', (name) => {
      expect(failures[name]).toBeUndefined();
    });
  });
});
