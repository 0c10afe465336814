import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import * as core from 'axios-bearer';
import * as browser from 'axios-bearer/browser';
import * as file from 'axios-bearer/file';
import { openPage, REFRESHED } from '../../support/page.js';

const page = openPage('docs/reference/stores.md');

page.itRuns({
  async 'Keeping a session through a restart'(name) {
    const items = new Map<string, string>();
    const AsyncStorage = {
      getItem: async (key: string) => items.get(key) ?? null,
      setItem: async (key: string, value: string) => void items.set(key, value),
      removeItem: async (key: string) => void items.delete(key),
    };
    const { session: before } = (await page.run(name, { AsyncStorage })) as { session: core.Session };
    await before.signIn(page.server.issue());
    before.close();
    expect([...items.keys()]).toEqual(['axios-bearer']);
    await page.run(name, { AsyncStorage });
    expect(await page.outlives()).toEqual(REFRESHED);
  },

  // Here, as on any server, it is a memory; in pages it is tested in __tests__/browser.
  async 'Several tabs, one session'(name) {
    const { session } = (await page.run(name, { modules: { 'axios-bearer/browser': browser } })) as {
      session: core.Session;
    };
    await session.signIn(page.server.issue());
    expect(await page.outlives()).toEqual(REFRESHED);
  },

  async 'Several processes, one session'(name) {
    const folder = await mkdtemp(join(tmpdir(), 'axb-'));
    const fileStore = (path: string) => file.fileStore(join(folder, path));
    const { session: first } = (await page.run(name, { modules: { 'axios-bearer/file': { fileStore } } })) as {
      session: core.Session;
    };
    await first.signIn(page.server.issue());
    await first.close();
    await page.run(name, { modules: { 'axios-bearer/file': { fileStore } } });
    expect(await page.outlives()).toEqual(REFRESHED);
    // Its socket goes a moment after its last refresh.
    await rm(folder, { recursive: true, maxRetries: 5 });
  },

  async 'Several hosts, one session'(name) {
    const made: unknown[] = [];
    class Pool {}
    const postgresStore = (pool: unknown, options: object) => {
      made.push([pool, options]);
      return core.memoryStore();
    };
    const modules = { 'axios-bearer/postgres': { postgresStore }, pg: { default: { Pool } } };
    await page.run(name, { modules });
    expect(made).toEqual([[expect.any(Pool), { key: 'crm', createTable: true }]]);
  },
});
