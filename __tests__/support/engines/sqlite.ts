import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { SqliteDatabase } from 'axios-bearer/sqlite';

export type EngineName = 'better-sqlite3' | 'node:sqlite';

/** A handle of either engine: what our tests use of it. */
export interface SqliteHandle extends SqliteDatabase {
  prepare(sql: string): { get(...values: unknown[]): unknown; run(...values: unknown[]): unknown };
  close(): void;
}

export interface SqliteEngine {
  readonly name: EngineName;
  /** The Node that has it. Missing: no Node of this machine does. */
  readonly execPath: string | undefined;
}

/** Where `npm run test:engines` puts them. */
const cache = join(
  process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
  'axios-bearer',
  `sqlite-${process.versions.modules}`,
);

// biome-ignore lint/suspicious/noExplicitAny: the types of Node 20 have it not
const nodeSqlite: any = process.getBuiltinModule?.('node:sqlite');
const nodeWithSqlite = join(cache, 'node_modules/node/bin/node');

/** What this machine has. */
export const sqliteEngines: readonly SqliteEngine[] = [
  { name: 'better-sqlite3', execPath: betterSqlite3() && process.execPath },
  { name: 'node:sqlite', execPath: nodeSqlite ? process.execPath : found(nodeWithSqlite) },
];

/** Opens a database. Called in a process of the engine's own Node. */
export function openSqlite(name: EngineName, path: string, options: object = {}): SqliteHandle {
  const Engine = name === 'node:sqlite' ? nodeSqlite.DatabaseSync : betterSqlite3();
  return new Engine(path, options);
}

// biome-ignore lint/suspicious/noExplicitAny: a class that is not installed where types are checked
function betterSqlite3(): any {
  for (const folder of [process.cwd(), ...(process.env.NODE_PATH ?? '').split(':'), cache].filter(Boolean)) {
    try {
      return createRequire(join(folder, 'package.json'))('better-sqlite3');
    } catch {}
  }
}

function found(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}
