import { storageStore, type TokenStore } from 'axios-bearer';
import { leaseStore } from 'axios-bearer/lease';
import type { PoolConfig } from 'pg';
import { httpEngine } from '../support/engines/conditional-put.js';
import type { EngineName } from '../support/engines/sqlite.js';
import { plainFile } from './plain-file.js';

/** Where a session rests, as it is told to a process. */
export type StoreAt =
  | { store: 'file'; folder: string }
  /** The control: a file without a lock, which is what many a tool has. */
  | { store: 'plainFile'; folder: string }
  /** A row of a key-value service over HTTP. */
  | { store: 'conditionalPut'; url: string; row: string }
  | { store: 'redis'; client: string; host: string; port: number; key: string }
  | { store: 'postgres'; config: PoolConfig; key: string; lock: 'lease' | 'session'; listen: boolean }
  | { store: 'sqlite'; engine: EngineName; file: string };

type At<Name> = Extract<StoreAt, { store: Name }>;

export interface StoreOptions {
  /** Of the stores that have a lease. */
  readonly leaseMs?: number;
}

export interface Opened {
  readonly store: TokenStore;
  /** Ends the client of its engine, as a deployment does. */
  end(): unknown;
}

const nothingToEnd = () => {};

// A process loads what its own store needs, and starts the faster.
export async function openStore(at: StoreAt, options: StoreOptions): Promise<Opened> {
  switch (at.store) {
    case 'file':
      return { store: (await import('axios-bearer/file')).fileStore(at.folder), end: nothingToEnd };
    case 'plainFile':
      return { store: storageStore(plainFile(at.folder)), end: nothingToEnd };
    case 'conditionalPut':
      return { store: leaseStore(httpEngine(at.url, at.row), options), end: nothingToEnd };
    case 'redis':
      return onRedis(at, options);
    case 'postgres':
      return onPostgres(at, options);
    case 'sqlite':
      return onSqlite(at);
  }
}

async function onRedis({ client: name, key, ...server }: At<'redis'>, options: StoreOptions): Promise<Opened> {
  const { redisStore } = await import('axios-bearer/redis');
  const { clients, endClient } = await import('../support/redis-clients.js');
  const client = await clients.find((each) => each.name === name)!.open(server);
  return { store: redisStore(client, { key, ...options }), end: () => endClient(client) };
}

async function onPostgres({ config, store, ...more }: At<'postgres'>, options: StoreOptions): Promise<Opened> {
  const { Pool } = await import('pg');
  const { postgresStore } = await import('axios-bearer/postgres');
  const pool = new Pool(config);
  // What becomes of its idle connections is no news.
  pool.on('error', () => {});
  return { store: postgresStore(pool, { createTable: true, ...more, ...options }), end: () => pool.end() };
}

async function onSqlite({ engine, file }: At<'sqlite'>): Promise<Opened> {
  const { sqliteStore } = await import('axios-bearer/sqlite');
  const { openSqlite } = await import('../support/engines/sqlite.js');
  const db = openSqlite(engine, file);
  return { store: sqliteStore(db), end: () => db.close() };
}
