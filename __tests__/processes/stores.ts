import { join } from 'node:path';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { Client } from 'pg';
import { type ConditionalPutServer, startConditionalPut } from '../support/engines/conditional-put.js';
import { onSqlite } from '../support/engines/on-sqlite.js';
import { throughPgBouncer } from '../support/engines/pgbouncer.js';
import { onPostgres, type PostgresServer } from '../support/engines/postgres.js';
import { onRedis } from '../support/engines/redis.js';
import { clients, endClient, send } from '../support/redis-clients.js';
import { newFolder } from './new-folder.js';
import type { StoreAt } from './open-store.js';

/** A store that processes share, and what a test can do to what lies under it. */
export interface SharedStore {
  readonly name: string;
  /** Where a session of its own rests. */
  newPlace(): Promise<StoreAt>;
  /** The Node that it runs on; missing: this one. */
  readonly execPath?: string | undefined;
  /** A server that can be stopped, and started again with the same data. */
  readonly engine?: { stop(): Promise<void>; start(): Promise<void> };
  /** Cuts the connections by which its hints come. */
  cutHints?(): Promise<void>;
}

type Tests = (store: SharedStore) => void;

let keys = 0;
const newKey = () => `session ${keys++}`;

const files: SharedStore = {
  name: 'fileStore',
  newPlace: async () => ({ store: 'file', folder: await newFolder() }),
};

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

function redisStores(tests: Tests): void {
  onRedis((server) => {
    for (const client of clients) {
      tests({
        name: `redisStore, ${client.name}`,
        async newPlace() {
          const { host, port } = server();
          return { store: 'redis', client: client.name, host, port, key: newKey() };
        },
        engine: { stop: () => server().stop(), start: () => server().start() },
        async cutHints() {
          const other = await client.open(server());
          await send(other, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
          endClient(other);
        },
      });
    }
  });
}

function postgresStores(tests: Tests): void {
  onPostgres((server) => {
    const engine = { stop: () => server().stop(), start: () => server().start() };
    const cutHints = () => cutListeners(server());
    for (const lock of ['lease', 'session'] as const) {
      tests({
        name: `postgresStore, ${lock}`,
        newPlace: async () => ({ store: 'postgres', config: server().config, key: newKey(), lock, listen: true }),
        engine,
        cutHints,
      });
    }
    throughPgBouncer(server, (bouncer) =>
      tests({
        name: 'postgresStore, PgBouncer',
        async newPlace() {
          return { store: 'postgres', config: bouncer().config, key: newKey(), lock: 'lease', listen: false };
        },
        engine,
      }),
    );
  });
}

async function cutListeners({ config }: PostgresServer): Promise<void> {
  const client = new Client(config);
  await client.connect();
  await client.query(`select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%'`);
  await client.end();
}

function sqliteStores(tests: Tests): void {
  onSqlite(({ name, execPath }) =>
    tests({
      name: `sqliteStore, ${name}`,
      newPlace: async () => ({ store: 'sqlite', engine: name, file: join(await newFolder(), 'app.db') }),
      execPath,
    }),
  );
}

/** Tests for each store. `-t redisStore` runs those of one; those of an engine that is missing are left out. */
export function onEachStore(tests: Tests): void {
  const on = (store: SharedStore) => describe(store.name, () => tests(store));
  on(files);
  onConditionalPut(on);
  redisStores(on);
  postgresStores(on);
  sqliteStores(on);
}
