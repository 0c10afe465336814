import { expect, it } from '@jest/globals';
import type { Lock } from 'axios-bearer';
import { postgresStore } from 'axios-bearer/postgres';
import type pg from 'pg';
import { onPostgres } from '../../support/engines/postgres.js';
import { type Deferred, deferred, failureOf, times } from '../../support/kit.js';
import { stored } from '../../support/stores.js';
import { backends, newKey, setUpPools, until } from './pools.js';

onPostgres((server) => {
  const newPool = setUpPools(server);
  const enough = { waitMs: 10_000, holdMs: 10_000 };
  const open = (pool: pg.Pool, key = newKey()) => postgresStore(pool, { key, createTable: true, lock: 'session' });

  /** A task that holds the lock until it is told to end. */
  async function hold(store: ReturnType<typeof open>, options = enough) {
    const had = deferred<Lock>();
    const end = deferred();
    const over = store.withLock((lock) => {
      had.resolve(lock);
      return end.promise;
    }, options);
    over.catch(had.reject);
    const lock = await had.promise;
    return {
      lock,
      over,
      end: () => {
        end.resolve();
        return over;
      },
    };
  }

  it('tells its holder at once when the connection is lost', async () => {
    const [pool, admin] = [newPool(), newPool()];
    const { lock, end } = await hold(open(pool));
    expect(lock.isHeld!()).toBe(true);
    const lost = new Promise((resolve) => lock.signal.addEventListener('abort', resolve));
    const [pid] = await backends(admin, '%pg_settings%', 'idle in transaction');
    await admin.query('select pg_terminate_backend($1)', [pid]);
    await lost;
    expect(lock.isHeld!()).toBe(false);
    await end();
    expect((await pool.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
  });

  it('is free at once when the connection of its holder is gone', async () => {
    const [holder, admin] = [newPool(), newPool()];
    const key = newKey();
    const { end } = await hold(open(holder, key));
    const [pid] = await backends(admin, '%pg_settings%', 'idle in transaction');
    await admin.query('select pg_terminate_backend($1)', [pid]);
    await open(newPool(), key).withLock(async () => {}, { waitMs: 2_000, holdMs: 60_000 });
    await end();
  });

  it('keeps no connection for those that wait', async () => {
    const keys = times(10, () => newKey());
    const holder = newPool({ max: 20 });
    const held = await Promise.all(keys.map((key) => hold(open(holder, key))));
    const pool = newPool({ max: 2 });
    const waiting = keys.map((key) => open(pool, key).withLock(async () => {}, enough));
    await until(() => pool.totalCount === 2);
    for (let i = 0; i < 20; i++) await pool.query('select 1');
    await Promise.all(held.map(({ end }) => end()));
    await Promise.all(waiting);
  });

  it('takes half of the pool at most, so that holders and the app can go on', async () => {
    const pool = newPool({ max: 4 });
    const ends: Deferred<void>[] = [];
    let most = 0;
    let inside = 0;
    const all = times(8, () => {
      const store = open(pool);
      return store.withLock(async () => {
        most = Math.max(most, ++inside);
        await store.write(stored('s'));
        const end = deferred();
        ends.push(end);
        await end.promise;
        inside--;
      }, enough);
    });
    for (let done = 0; done < 8; done++) {
      await until(() => ends.length > 0);
      await pool.query('select 1');
      ends.shift()!.resolve();
    }
    await Promise.all(all);
    expect(most).toBe(2);
  });

  it('is kept though the server ends idle transactions sooner, and lost when holdMs is long over', async () => {
    const impatient = newPool({ options: '-c idle_in_transaction_session_timeout=100' });
    const { lock, end } = await hold(open(impatient), { waitMs: 5_000, holdMs: 500 });
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(lock.signal.aborted).toBe(false);
    expect(lock.isHeld!()).toBe(true);
    const lost = new Promise((resolve) => lock.signal.addEventListener('abort', resolve));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(lock.isHeld!()).toBe(false);
    await lost;
    await end();
  });

  it('gives up after waitMs where the pool has no connection free, and takes none later', async () => {
    const pool = newPool({ max: 2 });
    const store = open(pool);
    await store.withLock(async () => {}, enough);
    const first = await pool.connect();
    const waiting = store.withLock(async () => 'never', { waitMs: 200, holdMs: 1_000 });
    const second = await pool.connect();
    expect((await failureOf(waiting)).message).toBe(
      'The pool has no connection free: all 2 are in use, and 1 more are waited for. ' +
        'Give the store a pool of its own, or a larger one',
    );
    first.release();
    second.release();
    await until(() => pool.waitingCount === 0 && pool.idleCount === pool.totalCount);
    expect(await backends(newPool(), '%axios_bearer_lock%', 'idle in transaction')).toEqual([]);
    expect(await store.withLock(async () => 'had', enough)).toBe('had');
  });

  it('gives back a connection that comes when waitMs are over', async () => {
    const pool = newPool({ max: 2 });
    const store = open(pool);
    await store.withLock(async () => {}, enough);
    const first = await pool.connect();
    const connect = pool.connect.bind(pool);
    const second = deferred<Promise<pg.PoolClient>>();
    // Without a callback it is the lock that asks: the app is faster.
    pool.connect = ((callback?: never) => {
      if (callback) return connect(callback);
      second.resolve(connect());
      return connect();
    }) as typeof pool.connect;
    await failureOf(store.withLock(async () => {}, { waitMs: 100, holdMs: 10_000 }));
    first.release();
    (await second.promise).release();
    await until(() => pool.waitingCount === 0 && pool.idleCount === pool.totalCount);
  });

  it('L24 gives up after waitMs where the server stands still, and closes that connection', async () => {
    const [pool, admin] = [newPool(), newPool()];
    const store = open(pool);
    await store.withLock(async () => {}, enough);
    const connect = pool.connect.bind(pool);
    let stopped = 0;
    // Without a callback it is the lock that asks, else a statement of the pool's own.
    pool.connect = ((callback?: never) => (callback ? connect(callback) : stalled())) as typeof pool.connect;
    const stalled = async () => {
      const client = await connect();
      stopped = (await client.query('select pg_backend_pid() as pid')).rows[0].pid;
      process.kill(stopped, 'SIGSTOP');
      return client;
    };
    try {
      const failure = await failureOf(store.withLock(async () => {}, { waitMs: 100, holdMs: 10_000 }));
      expect(failure.message).toBe('The lock was not free within 100 ms');
      expect(pool.totalCount - pool.idleCount).toBe(0);
    } finally {
      process.kill(stopped, 'SIGCONT');
    }
    await until(
      async () => (await admin.query('select 1 from pg_stat_activity where pid = $1', [stopped])).rows.length === 0,
    );
  });

  it('keeps the pool from ending until it is freed', async () => {
    const pool = newPool();
    const { end, lock } = await hold(open(pool));
    const ended = pool.end();
    expect(lock.isHeld!()).toBe(true);
    await end();
    await ended;
  });

  it('rejects, and does not hang, when the pool was ended or the server is down', async () => {
    const pool = newPool();
    const store = open(pool);
    await store.read();
    await server().stop();
    expect((await failureOf(store.withLock(async () => {}, enough))).code).toBe('ECONNREFUSED');
    await server().start();
    expect(await store.withLock(async () => 'had', enough)).toBe('had');
    await pool.end();
    const ended = 'Cannot use a pool after calling end on the pool';
    expect((await failureOf(store.withLock(async () => {}, enough))).message).toBe(ended);
    expect((await failureOf(store.read())).message).toBe(ended);
  });
});
