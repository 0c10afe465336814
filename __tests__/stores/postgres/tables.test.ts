import { expect, it } from '@jest/globals';
import { postgresStore } from 'axios-bearer/postgres';
import { onPostgres } from '../../support/engines/postgres.js';
import { codeOf, failureOf, times } from '../../support/kit.js';
import { stored } from '../../support/stores.js';
import { newKey, setUpPools } from './pools.js';

onPostgres((server) => {
  const newPool = setUpPools(server);
  const enough = { waitMs: 5_000, holdMs: 5_000 };

  it('makes its tables when asked, whatever their name', async () => {
    const pool = newPool();
    await pool.query('create schema "Log in"');
    const name = 'Log in.the "tokens"; drop table';
    const store = postgresStore(pool, { key: newKey(), table: name, createTable: true, lock: 'session' });
    const entry = stored('s');
    await store.withLock(() => store.write(entry), enough);
    expect(await store.read()).toEqual(entry);
    const { rows } = await pool.query("select tablename from pg_tables where schemaname = 'Log in' order by 1");
    expect(rows.map(({ tablename }) => tablename)).toEqual([
      'the "tokens"; drop table',
      'the "tokens"; drop table_lock',
    ]);
  });

  it('makes a table once, though many hosts start at one moment', async () => {
    const hosts = times(12, () => newPool({ max: 2 }));
    await Promise.all(hosts.map((pool) => pool.query('select 1')));
    for (let round = 0; round < 5; round++) {
      const options = { key: newKey(), table: `raced_${round}`, createTable: true, lock: 'session' } as const;
      const stores = hosts.map((pool) => postgresStore(pool, options));
      await Promise.all(stores.map((store) => store.read()));
      await Promise.all(stores.map((store) => store.withLock(async () => {}, enough)));
    }
  });

  it('says what to do where its table is missing', async () => {
    const store = postgresStore(newPool(), { key: newKey(), table: 'nowhere' });
    for (const call of [() => store.read(), () => store.write(stored('s'))]) {
      const { message, code } = await failureOf(call());
      expect(message).toBe(
        'The table "nowhere" is missing: set the option createTable, or make it in a migration, by the SQL in docs/postgres.md',
      );
      expect(code).toBe('42P01');
    }
  });

  it('needs no right to make tables where they are made', async () => {
    const owner = newPool();
    const options = { key: newKey(), table: 'granted', createTable: true, lock: 'session' } as const;
    const first = postgresStore(owner, options);
    await first.withLock(() => first.write(stored('s')), enough);
    await owner.query('create role app login; grant select, insert, update on granted, granted_lock to app');
    const store = postgresStore(newPool({ user: 'app' }), options);
    const entry = stored('s', 2);
    expect(await store.withLock(() => store.write(entry), enough)).toEqual(entry);
    expect(await codeOf(postgresStore(newPool({ user: 'app' }), { ...options, table: 'other' }).read())).toBe('42501');
  });

  it('takes a conflict for one where all transactions are serializable', async () => {
    const isolated = { options: '-c default_transaction_isolation=serializable' };
    const key = newKey();
    const stores = times(4, () => postgresStore(newPool(isolated), { key, createTable: true, lock: 'session' }));
    for (let version = 1; version <= 20; version++) {
      await Promise.all(stores.map((store) => store.write(stored('s', version))));
    }
    await Promise.all(stores.map((store) => store.withLock(async () => {}, enough)));
    expect(await stores[0]!.read()).toMatchObject({ version: 20 });
  });

  it('says when a row was written, for those that sweep', async () => {
    const pool = newPool();
    const key = newKey();
    const store = postgresStore(pool, { key, createTable: true });
    const writtenAt = async () => {
      const { rows } = await pool.query('select written_at from axios_bearer where key = $1', [key]);
      return Number(rows[0].written_at);
    };
    await store.write(stored('s', 1));
    await pool.query("update axios_bearer set written_at = 'epoch' where key = $1", [key]);
    await store.write(stored('s', 2));
    expect(Date.now() - (await writtenAt())).toBeLessThan(60_000);
  });

  it.each([
    ['table', { table: '' }],
    ['table', { table: 'a.b.c' }],
    ['table', { table: '.b' }],
    ['table', { table: 'é'.repeat(30) }],
    ['table', { table: 7 as never }],
    ['key', { key: '' }],
    ['key', { key: 'a\0' }],
    ['lock', { lock: 'row' as never }],
    ['createTable', { createTable: 'yes' as never }],
    ['listen', { listen: 1 as never }],
    ['leaseMs', { leaseMs: 1 }],
    ['encryption.key', { encryption: { current: 'k' } as never }],
    ['encryption.current', { encryption: { key: () => undefined } as never }],
  ])('names the option "%s" that is wrong: %j', (option, wrong) => {
    const make = () => postgresStore(newPool(), { key: 'k', ...wrong });
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_BEARER_CONFIG' }));
    expect(make).toThrow(`option "${option}" must be`);
  });

  it('refuses what is no pool, and a session lock where it would take the only connection', () => {
    const { query } = newPool();
    expect(() => postgresStore(undefined as never, { key: 'k' })).toThrow('option "pool" must be');
    expect(() => postgresStore({ query: 1 } as never, { key: 'k' })).toThrow('option "pool" must be');
    expect(() => postgresStore({ query } as never, { key: 'k', lock: 'session' })).toThrow('option "pool" must be');
    expect(() => postgresStore(newPool({ max: 1 }), { key: 'k', lock: 'session' })).toThrow('option "pool" must be');
  });

  it('asks for no more than query(text, values)', async () => {
    const pool = newPool();
    const store = postgresStore(
      { query: (text, values) => pool.query(text, values) },
      { key: newKey(), createTable: true },
    );
    const entry = stored('s');
    expect(await store.withLock(() => store.write(entry), enough)).toEqual(entry);
    expect(store.subscribe).toBeUndefined();
  });
});
