import { expect, it } from '@jest/globals';
import { postgresStore } from 'axios-bearer/postgres';
import pg from 'pg';
import { onPostgres } from '../../support/engines/postgres.js';
import { atEnd, times } from '../../support/kit.js';
import { linkTo } from '../../support/link.js';
import { stored } from '../../support/stores.js';
import { backends, newKey, setUpPools, until } from './pools.js';

onPostgres((server) => {
  const newPool = setUpPools(server);
  const LISTENING = 'listen%';

  /** A store that listens, and how often it was told. */
  async function listener(pool: pg.Pool, key = newKey()) {
    const store = postgresStore(pool, { key, createTable: true });
    await store.read();
    const seen = { store, key, told: 0, stop: () => {} };
    seen.stop = store.subscribe!(() => {
      seen.told++;
    });
    atEnd(seen.stop);
    return seen;
  }

  it('listens on one connection for all sessions of a pool, and it is none of the pool', async () => {
    const pool = newPool({ max: 2 });
    const all = await Promise.all(times(50, () => listener(pool)));
    await until(async () => (await backends(pool, LISTENING)).length === 1);
    expect(pool.totalCount - pool.idleCount).toBe(0);
    const [first, ...others] = all as [(typeof all)[0]];
    await first.store.write(stored('s', 1));
    await until(() => first.told > 0);
    await first.store.write(stored('s', 2));
    await until(() => first.told > 1);
    // Those that came before the connection did were told that they may have missed something.
    expect(others.every(({ told }) => told <= 1)).toBe(true);
    expect(await backends(pool, LISTENING)).toHaveLength(1);
  });

  it('tells no token, and no key', async () => {
    const client = new pg.Client(server().config);
    await client.connect();
    atEnd(() => client.end());
    const payloads: unknown[] = [];
    client.on('notification', ({ payload }) => payloads.push(payload));
    await client.query('listen axios_bearer');
    const key = `${newKey()} of ada@example.com`;
    await postgresStore(newPool(), { key, createTable: true }).write(stored('s'));
    await until(() => payloads.length > 0);
    for (const payload of payloads) expect(payload).toMatch(/^[0-9a-f]{32}$/);
  });

  it('listens again when its connection was ended, and has the store read for what was missed', async () => {
    const pool = newPool();
    const seen = await listener(pool);
    await until(() => seen.told === 1);
    for (const time of [2, 3]) {
      const [pid] = await backends(pool, LISTENING);
      await pool.query('select pg_terminate_backend($1)', [pid]);
      await until(() => seen.told === time);
      expect(await backends(pool, LISTENING)).toHaveLength(1);
    }
    await seen.store.write(stored('s'));
    await until(() => seen.told === 4);
  });

  it('listens again when the server has been stopped, and started', async () => {
    const seen = await listener(newPool());
    await until(() => seen.told === 1);
    await server().stop();
    await server().start();
    await until(() => seen.told === 2);
    await seen.store.write(stored('s'));
    await until(() => seen.told === 3);
  });

  it('ends its connection with the last session, and begins again with another one', async () => {
    const pool = newPool();
    const [first, second] = [await listener(pool), await listener(pool)];
    await until(() => first.told + second.told === 2);
    first.stop();
    first.stop();
    expect(await backends(pool, LISTENING)).toHaveLength(1);
    second.stop();
    await until(async () => (await backends(pool, LISTENING)).length === 0);
    const third = await listener(pool);
    await until(() => third.told === 1);
    expect([first.told, second.told]).toEqual([1, 1]);
  });

  it('does not listen again once the pool was ended', async () => {
    const admin = newPool();
    const link = await linkTo(server().config.port);
    atEnd(() => link.close());
    const pool = newPool({ port: link.port });
    const seen = await listener(pool);
    await until(() => seen.told === 1);
    await pool.end();
    link.cut();
    let comeBacks = 0;
    const Client = (pool as unknown as { Client: new () => object }).Client;
    Object.assign(pool, {
      Client: class extends Client {
        constructor() {
          super();
          comeBacks++;
        }
      },
    });
    await until(async () => (await backends(admin, LISTENING)).length === 0);
    // As long as the first try would take.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(comeBacks).toBe(0);
  });

  it('L23 keeps no process alive, also while its server does not answer', () => {
    const told: string[] = [];
    class Client {
      connect = () => {
        told.push('connect');
        return new Promise(() => {});
      };
      unref = () => told.push('unref');
      on = () => this;
      end = async () => {};
    }
    const pool = Object.assign(newPool(), { Client });
    atEnd(postgresStore(pool, { key: newKey() }).subscribe!(() => {}));
    expect(told).toEqual(['connect', 'unref']);
  });

  it('neither listens where it is told not to, nor where it can’t', () => {
    const pool = newPool();
    expect(postgresStore(pool, { key: 'k', listen: false }).subscribe).toBeUndefined();
    expect(postgresStore({ query: pool.query.bind(pool) as never }, { key: 'k' }).subscribe).toBeUndefined();
  });
});
