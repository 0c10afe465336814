import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, it } from '@jest/globals';
import { createSession } from 'axios-bearer';
import { type PostgresStoreOptions, postgresStore } from 'axios-bearer/postgres';
import type { ApiVideo } from 'axios-bearer/testing';
import { onPostgres } from '../../support/engines/postgres.js';
import {
  atEnd,
  closeSessionAtEnd,
  failureOf,
  installClock,
  refreshAt,
  SECOND,
  startServer,
  times,
} from '../../support/kit.js';
import { stored } from '../../support/stores.js';
import { newKey, setUpPools, until } from './pools.js';

onPostgres((server) => {
  const newPool = setUpPools(server);

  /** Ten sessions, whose token requests wait at the server's door. */
  async function refreshing(api: ApiVideo, options: Partial<PostgresStoreOptions>) {
    const pool = newPool({ max: 10 });
    const sessions = times(10, () => {
      const store = postgresStore(pool, { key: newKey(), createTable: true, listen: false, ...options });
      return closeSessionAtEnd(createSession({ store, source: refreshAt(api) }));
    });
    await Promise.all(sessions.map((session) => session.signIn(api.issue())));
    const hold = api.hold('/auth/refresh');
    const refreshed = sessions.map((session) => session.refresh());
    return { pool, hold, refreshed };
  }

  it('with a lease no connection of the pool is held while ten sessions refresh', async () => {
    const api = await startServer();
    const { pool, hold, refreshed } = await refreshing(api, {});
    await until(() => hold.waiting === 10);
    expect(pool.totalCount - pool.idleCount).toBe(0);
    expect(pool.waitingCount).toBe(0);
    hold.release();
    await Promise.all(refreshed);
    expect(api.stats.refresh).toBe(10);
  });

  it('with a session lock half of the pool is held while ten sessions refresh, and the app has the other half', async () => {
    const api = await startServer();
    const { pool, hold, refreshed } = await refreshing(api, { lock: 'session' });
    await until(() => hold.waiting === 5);
    await Promise.all(times(5, () => pool.query('select 1')));
    expect(pool.totalCount - pool.idleCount).toBe(5);
    hold.release();
    await Promise.all(refreshed);
    expect(api.stats).toMatchObject({ refresh: 10, reuse: 0 });
  });

  it('says so when no connection of the pool is free for long', async () => {
    const pool = newPool({ max: 1 });
    const store = postgresStore(pool, { key: newKey(), createTable: true });
    await store.read();
    const taken = await pool.connect();
    atEnd(() => taken.release());
    const clock = installClock();
    const reads = Promise.all([failureOf(store.read()), failureOf(store.write(stored('s')))]);
    // One of them asks twice.
    await clock.advance(11 * SECOND);
    for (const { message } of await reads)
      expect(message).toMatch(/^The pool has no connection free: all 1 are in use, and/);
  });

  it('keeps no process alive, though a session listens and the pool has not ended', async () => {
    const program = `
      import pg from 'pg';
      import { createSession } from './lib/index.ts';
      import { postgresStore } from './lib/stores/postgres/index.ts';
      const pool = new pg.Pool({ ...JSON.parse(process.env.POOL), allowExitOnIdle: true });
      for (const lock of ['lease', 'session']) {
        const store = postgresStore(pool, { key: 'exits ' + lock, createTable: true, lock });
        const session = createSession({ store, source: async () => ({ access_token: 'new', expires_in: 3600 }) });
        await session.signIn({ access_token: 'old', refresh_token: 'r' });
        await session.refresh();
      }
      while ((await pool.query("select 1 from pg_stat_activity where query ilike 'listen%'")).rows.length === 0);
      console.log('done');
    `;
    const env = { ...process.env, POOL: JSON.stringify(server().config) };
    const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    expect(await text(child.stdout)).toBe('done\n');
    expect(await exited).toEqual([0, null]);
  });
});
