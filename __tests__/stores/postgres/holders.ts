import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { type PostgresStoreOptions, postgresStore } from 'axios-bearer/postgres';
import { type StoreCaseOptions, storeCases } from 'axios-bearer/testing';
import pg from 'pg';
import type { PostgresServer } from '../../support/engines/postgres.js';
import { type Link, linkTo } from '../../support/link.js';

/** A way of using the store, and what it can be put through. */
export type Kind = [name: string, options: Partial<PostgresStoreOptions>, levers: StoreCaseOptions];

interface Opened {
  readonly link: Link;
  readonly pool: pg.Pool;
}

/** For one group of tests: holders of many keys, each as in a process of its own. */
export function setUpHolders(server: () => PostgresServer) {
  let admin: pg.Pool;
  const opened = new Map<string, Opened[]>();

  beforeAll(() => {
    // Its end does not wait for that of its connections: the server may end them first.
    admin = new pg.Pool(server().config).on('error', () => {});
  });
  afterAll(async () => {
    const all = [...opened.values()].flat();
    await Promise.all(all.map(({ pool }) => pool.end()));
    await Promise.all(all.map(({ link }) => link.close()));
    await admin.end();
  });

  /** With a pool and a link of its own. */
  async function open(to: PostgresServer['config'], key: string, options: Partial<PostgresStoreOptions>) {
    const link = await linkTo(to.port);
    const pool = new pg.Pool({ ...to, port: link.port, max: 4, idleTimeoutMillis: 100 }).on('error', () => {});
    opened.set(key, [...(opened.get(key) ?? []), { link, pool }]);
    return postgresStore(pool, { key, createTable: true, ...options });
  }

  async function corrupt(key: string, text: string) {
    await admin.query('update axios_bearer set value = $2, revision = $2 where key = $1', [key, text]);
  }

  /** The listener is the holder that was opened last. */
  async function gap(key: string, during: () => Promise<void>) {
    const { link } = opened.get(key)!.at(-1)!;
    link.cut();
    await during();
    link.mend();
  }

  /** The holder that was opened first can't renew its lease. */
  const cutOff = (key: string) => opened.get(key)![0]!.link.cut();

  /** The server ends the connection that holds the lock. */
  async function endHolder(key: string) {
    const { rows } = await admin.query(
      `select pg_terminate_backend(pid) from pg_locks join axios_bearer_lock on transactionid = xmax
       where key = $1 and locktype = 'transactionid' and granted`,
      [key],
    );
    if (rows.length !== 1) throw new Error(`${rows.length} connections hold the lock`);
  }

  const lease: Kind = ['with a lease', { leaseMs: 1_000 }, { corrupt, gap, loseLock: cutOff }];
  const session: Kind = ['with a session lock', { lock: 'session' }, { corrupt, gap, loseLock: endHolder }];

  /** The contract, for each kind. */
  function judge(kinds: Kind[], to: () => PostgresServer['config']) {
    describe.each(kinds)('%s, postgresStore keeps the contract', (_, options, levers) => {
      for (const { name, run } of storeCases((key) => open(to(), key, options), levers)) it.concurrent(name, run);
    });
  }

  return { judge, lease, session };
}
