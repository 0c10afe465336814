import { createSecretKey } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { createSession } from 'axios-bearer';
import { type PostgresEncryption, postgresStore } from 'axios-bearer/postgres';
import type pg from 'pg';
import { onPostgres } from '../../support/engines/postgres.js';
import { closeSessionAtEnd, failureOf } from '../../support/kit.js';
import { stored } from '../../support/stores.js';
import { newKey, setUpPools } from './pools.js';

const secrets: Record<string, Buffer> = { first: Buffer.alloc(32, 1), second: Buffer.alloc(32, 2) };

/** @param known the ids of the keys that are known */
function keys(current: string | null, ...known: string[]): PostgresEncryption {
  return { current, key: async (id) => (known.includes(id) ? secrets[id] : undefined) };
}

onPostgres((server) => {
  const newPool = setUpPools(server);

  function register(pool: pg.Pool = newPool(), key = newKey()) {
    const open = (encryption?: PostgresEncryption) =>
      postgresStore(pool, { key, createTable: true, ...(encryption && { encryption }) });
    const rests = async (): Promise<string> =>
      (await pool.query('select value from axios_bearer where key = $1', [key])).rows[0].value;
    const put = (value: string) => pool.query('update axios_bearer set value = $2 where key = $1', [key, value]);
    return { pool, key, open, rests, put };
  }
  const idIn = (value: string) => Buffer.from(value.split('.')[1]!, 'base64url').toString();

  it('keeps what is secret out of the table', async () => {
    const { open, rests } = register();
    const entry = stored('s');
    expect(await open(keys('first', 'first')).write(entry)).toEqual(entry);
    const value = await rests();
    expect(value).toMatch(/^A256GCM(\.[\w-]+){4}$/);
    expect(Buffer.from(value.split('.').at(-1)!, 'base64url').toString('latin1')).not.toContain('token');
    expect(await open(keys('first', 'first')).read()).toEqual(entry);
  });

  it('never writes the same text twice', async () => {
    const { open, rests } = register();
    const store = open(keys('first', 'first'));
    const seen = new Set<string>();
    for (let version = 1; version <= 20; version++) {
      await store.write(stored('s', version));
      seen.add((await rests()).split('.')[2]!);
    }
    expect(seen.size).toBe(20);
  });

  it('reads what an older key has written, and writes with the current one', async () => {
    const { open, rests } = register();
    const before = stored('s', 1);
    await open(keys('first', 'first')).write(before);
    const store = open(keys('second', 'first', 'second'));
    expect(await store.read()).toEqual(before);
    expect(idIn(await rests())).toBe('first');
    const after = stored('s', 2);
    await store.write(after);
    expect(idIn(await rests())).toBe('second');
    expect(await open(keys('second', 'second')).read()).toEqual(after);
  });

  it('reads the plain text of before, and encrypts it at the next write', async () => {
    const { open, rests } = register();
    const plain = stored('s', 1);
    await open().write(plain);
    const store = open(keys('first', 'first'));
    expect(await store.read()).toEqual(plain);
    await store.withLock(async () => {}, { waitMs: 5_000, holdMs: 5_000 });
    expect(idIn(await rests())).toBe('first');
    expect(await store.read()).toEqual(plain);
  });

  it('reads, and writes plain text, where the current key is null: before all hosts know the keys, and on the way back', async () => {
    const { open, rests } = register();
    await open(keys('first', 'first')).write(stored('s', 1));
    const after = stored('s', 2);
    await open(keys(null, 'first')).write(after);
    expect(JSON.parse(await rests())).toMatchObject({ entry: after });
    expect(await open().read()).toEqual(after);
  });

  it('takes a KeyObject for a key', async () => {
    const { open } = register();
    const entry = stored('s');
    await open({ current: 'first', key: () => createSecretKey(secrets.first!) }).write(entry);
    expect(await open(keys('first', 'first')).read()).toEqual(entry);
  });

  const unreadable = /^What is stored can't be read with the key "first": it was changed, was moved/;
  type Register = ReturnType<typeof register>;
  const spoil = (change: (parts: string[]) => void) => async (at: Register) => {
    const parts = (await at.rests()).split('.');
    change(parts);
    await at.put(parts.join('.'));
    return keys('first', 'first', 'second');
  };
  const flip = (i: number) =>
    spoil((parts) => {
      const bytes = Buffer.from(parts[i]!, 'base64url');
      bytes[0]! ^= 1;
      parts[i] = bytes.toString('base64url');
    });
  it.each<[string, (at: Register) => Promise<PostgresEncryption | undefined>, RegExp]>([
    ['its text was changed', flip(4), unreadable],
    ['its tag was changed', flip(3), unreadable],
    ['its tag was cut', spoil((parts) => parts.splice(3, 1, parts[3]!.slice(0, 6))), unreadable],
    ['a part is missing', spoil((parts) => parts.splice(2, 3)), unreadable],
    [
      'it names another key',
      spoil((parts) => parts.splice(1, 1, Buffer.from('second').toString('base64url'))),
      /^What is stored can't be read with the key "second"/,
    ],
    ['the key is another one', async () => ({ current: 'first', key: () => secrets.second }), unreadable],
    [
      'it was moved from another row',
      async ({ pool, put }) => {
        const other = register(pool);
        await other.open(keys('first', 'first')).write(stored('other', 9));
        await put(await other.rests());
        return keys('first', 'first');
      },
      unreadable,
    ],
    [
      'its key is unknown',
      async () => keys('second', 'second'),
      /^The option encryption has no key "first", which is needed$/,
    ],
    [
      'its key is too short',
      async () => ({ current: 'first', key: () => Buffer.alloc(16) }),
      /^The key "first" must have 32 bytes, for AES-256$/,
    ],
    [
      'nothing is known of keys',
      async () => undefined,
      /^What is stored was encrypted with the key "first": give the option encryption$/,
    ],
  ])('neither reads nor writes over what it can’t read: %s', async (_, change, message) => {
    const at = register();
    await at.open(keys('first', 'first')).write(stored('s', 1));
    const store = at.open(await change(at));
    const before = await at.rests();
    for (const call of [() => store.read(), () => store.write(stored('s', 2))]) {
      const failure = await failureOf(call());
      expect(failure.message).toMatch(message);
      expect(`${failure.message} ${failure.stack}`).not.toMatch(/at_s|rt_s/);
    }
    expect(await at.rests()).toBe(before);
  });

  it('a session says with ERR_BEARER_STORE which key is unknown', async () => {
    const { open } = register();
    await open(keys('first', 'first')).write(stored('s', 1));
    const session = closeSessionAtEnd(
      createSession({ store: open(keys('second', 'second')), source: () => undefined as never }),
    );
    const { code, cause } = await failureOf(session.token());
    expect(code).toBe('ERR_BEARER_STORE');
    expect(cause.message).toContain('no key "first"');
  });
});
