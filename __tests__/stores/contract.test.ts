import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from '@jest/globals';
import { memoryStore, storageStore } from 'axios-bearer';
import { fileStore } from 'axios-bearer/file';
import { type OpenStore, type StoreCaseOptions, storeCases } from 'axios-bearer/testing';
import { databaseStore, newRows, type Rows } from '../support/stores.js';

const root = mkdtempSync(join(tmpdir(), 'axb-'));
afterAll(() => rmSync(root, { recursive: true }));

/** One for each name. */
function byName<T>(make: () => T): (name: string) => T {
  const made = new Map<string, T>();
  return (name) => {
    const one = made.get(name) ?? make();
    made.set(name, one);
    return one;
  };
}

const items = new Map<string, string>();
const get = (key: string) => items.get(key) ?? null;
const set = (key: string, value: string) => void items.set(key, value);
const later =
  <A extends unknown[], T>(method: (...args: A) => T) =>
  async (...args: A) => {
    await new Promise((resolve) => setImmediate(resolve));
    return method(...args);
  };
const storages = {
  'a synchronous storage': { getItem: get, setItem: set },
  'an asynchronous storage': { getItem: later(get), setItem: later(set) },
  'a storage with the names of expo-secure-store': { getItemAsync: later(get), setItemAsync: later(set) },
};
const folder = (name: string) => join(root, name);

async function corruptFile(name: string, text: string): Promise<void> {
  const numbers = (await readdir(folder(name))).map((file) => Number(/^entry\.(\d+)$/.exec(file)?.[1] ?? 0));
  await writeFile(join(folder(name), `entry.${Math.max(...numbers) + 1}`), text);
}

/** Somebody has removed files that the store lives by. */
async function removeLocks(name: string): Promise<void> {
  const locks = (await readdir(folder(name))).filter((file) => file.startsWith('lock.'));
  await Promise.all(locks.map((file) => rm(join(folder(name), file))));
}

/** The folder is removed, and watched no more; it is made again by the next write. */
async function removeFolder(name: string, during: () => Promise<void>): Promise<void> {
  await rm(folder(name), { recursive: true });
  await during();
}

const rows: (name: string) => Rows = byName(newRows);
const stores: [string, OpenStore, StoreCaseOptions][] = [
  ['memoryStore', byName(memoryStore), {}],
  ...Object.entries(storages).map(([kind, storage]): (typeof stores)[number] => [
    `storageStore over ${kind}`,
    (name) => storageStore(storage, name),
    { oneHolder: true, corrupt: (name, text) => items.set(name, text) },
  ]),
  ['fileStore', (name) => fileStore(folder(name)), { corrupt: corruptFile, loseLock: removeLocks, gap: removeFolder }],
  [
    'the store that our tests use',
    (name) => databaseStore(rows(name)),
    { corrupt: (name, text) => Object.assign(rows(name), { value: text }) },
  ],
];

describe.each(stores)('%s keeps the contract', (_, open, options) => {
  for (const { name, run } of storeCases(open, options)) it.concurrent(name, run);
});
