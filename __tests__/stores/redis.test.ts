import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { redisStore } from 'axios-bearer/redis';
import { storeCases } from 'axios-bearer/testing';
import { onRedis } from '../support/engines/redis.js';
import { atEnd, cleanUp, deferred, failureOf, never } from '../support/kit.js';
import { type Client, clients, endClient, send } from '../support/redis-clients.js';
import { signedOut, stored } from '../support/stores.js';

afterEach(cleanUp);

const soon = { waitMs: 20_000, holdMs: 20_000 };
let names = 0;
const newKey = () => `key-${names++}`;

onRedis((server) => {
  describe.each(clients)('redisStore by $name', ({ open }) => {
    let admin: Client;
    beforeAll(async () => {
      admin = await open(server());
    });
    afterAll(() => endClient(admin));

    /** A client until the test is over. */
    async function newClient(): Promise<Client> {
      const client = await open(server());
      atEnd(() => endClient(client));
      return client;
    }

    /** The connections that the server has of a kind. */
    async function connections(kind: 'normal' | 'pubsub'): Promise<number> {
      return String(await send(admin, 'CLIENT', 'LIST', 'TYPE', kind))
        .split('\n')
        .filter(Boolean).length;
    }

    async function untilThereAre(n: number, kind: 'normal' | 'pubsub'): Promise<void> {
      while ((await connections(kind)) !== n);
    }

    describe('keeps the contract', () => {
      const opened: Client[] = [];
      const first = new Map<string, Client>();
      afterAll(() => opened.forEach(endClient));
      const openStore = async (name: string) => {
        const client = await open(server());
        opened.push(client);
        if (!first.has(name)) first.set(name, client);
        return redisStore(client, { key: name, leaseMs: 1_000 });
      };
      const options = {
        corrupt: (name: string, text: string) => send(admin, 'HSET', name, 'value', text),
        // Its renewals don't come any more.
        loseLock: (name: string) => endClient(first.get(name)!),
      };
      for (const { name, run } of storeCases(openStore, options)) it.concurrent(name, run);
    });

    it('tells of what was written while nobody heard', async () => {
      const key = newKey();
      const store = redisStore(await newClient(), { key });
      let told = deferred();
      atEnd(store.subscribe!(() => told.resolve()));
      await told.promise;
      const before = await connections('pubsub');
      told = deferred();
      await send(admin, 'CLIENT', 'KILL', 'TYPE', 'pubsub');
      await redisStore(await newClient(), { key }).write(stored('a'));
      await told.promise;
      expect(await connections('pubsub')).toBe(before);
      expect((await store.read())?.session).toBe('a');
    });

    it('hears for all stores of a client on one connection, which ends with the last that listens', async () => {
      const client = await newClient();
      const heard = Array.from({ length: 20 }, () => deferred());
      const keys = heard.map(newKey);
      const stops = keys.map((key, i) => redisStore(client, { key }).subscribe!(() => heard[i]!.resolve()));
      await Promise.all(heard.map(({ promise }) => promise));
      expect(await connections('pubsub')).toBe(1);
      for (const stop of stops.slice(1)) stop();
      expect(await connections('pubsub')).toBe(1);
      stops[0]!();
      await untilThereAre(0, 'pubsub');
      // It has not merely stopped listening.
      while (String(await send(admin, 'CLIENT', 'LIST')).includes('cmd=unsubscribe'));
      const again = deferred();
      atEnd(redisStore(client, { key: keys[0]! }).subscribe!(() => again.resolve()));
      await again.promise;
      expect(await connections('pubsub')).toBe(1);
    });

    it('says what to do where the key holds something else', async () => {
      const key = newKey();
      await send(admin, 'SET', key, 'something else');
      const { message } = await failureOf(redisStore(await newClient(), { key }).read());
      expect(message).toBe(
        `redisStore can't use the key ${key}: it holds something else. Name one that nothing else uses`,
      );
    });

    it('takes a write that was sent again, after its answer was lost, for written', async () => {
      const client = await newClient();
      const key = newKey();
      const resent = twice(client);
      const store = redisStore(resent.client, { key });
      expect(await store.write(stored('a', 1, { id: 'first' }))).toMatchObject({ id: 'first' });
      expect(await store.withLock(async (lock) => lock.isHeld?.(), soon)).toBe(true);
      expect(await store.write(signedOut('a', 2))).not.toHaveProperty('token');
      expect(resent.count).toBeGreaterThan(3);
    });
  });
});

/** Sends each command again, and gives the second answer: as a client does that was connected anew in between. */
function twice<C extends Client>(client: C) {
  const resent = { count: 0, client: undefined as unknown as C };
  const run = async (...args: unknown[]) => {
    resent.count++;
    await Reflect.apply(client.eval, client, args);
    return Reflect.apply(client.eval, client, args);
  };
  resent.client = new Proxy(client, { get: (_, name) => (name === 'eval' ? run : Reflect.get(client, name)) });
  return resent;
}

it.each([
  [undefined, 'undefined'],
  [{}, 'a value of type object'],
  [{ get: () => {}, eval: () => {} }, 'a value of type object'],
])('redisStore refuses what is no client of Redis: %j', (client, got) => {
  expect(() => redisStore(client as never, { key: 'a' })).toThrow(
    `axios-bearer: option "client" must be a client of ioredis or of node-redis; got ${got}`,
  );
});

it.each([undefined, '', 5])('redisStore wants a key: %j', (key) => {
  const client = { eval: () => never, evalsha: () => never };
  expect(() => redisStore(client, { key: key as never })).toThrow('option "key" must be a text that is not empty');
});
