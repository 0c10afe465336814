import { afterEach } from '@jest/globals';
import pg from 'pg';
import type { PostgresServer } from '../../support/engines/postgres.js';
import { cleanUp } from '../../support/kit.js';

/** Pools that end with their test. */
export function setUpPools(server: () => PostgresServer) {
  const pools: pg.Pool[] = [];
  afterEach(async () => {
    await cleanUp();
    await Promise.all(pools.splice(0).map((pool) => pool.ending || pool.end()));
  });

  /** A pool, as an app has it. */
  return function newPool(options: pg.PoolConfig = {}): pg.Pool {
    const pool = new pg.Pool({ ...server().config, ...options }).on('error', () => {});
    pools.push(pool);
    return pool;
  };
}

let keys = 0;

/** The name of a session that no other test has. */
export function newKey(): string {
  return `key-${process.pid}-${keys++}`;
}

/** The processes of the server that are about what a statement like this says. */
export async function backends(pool: pg.Pool, like: string, state = '%'): Promise<number[]> {
  const { rows } = await pool.query(
    'select pid from pg_stat_activity where query ilike $1 and state like $2 and pid <> pg_backend_pid()',
    [like, state],
  );
  return rows.map(({ pid }) => pid);
}

/** Resolves when it is so. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
}
