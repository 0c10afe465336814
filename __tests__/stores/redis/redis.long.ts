import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { TokenStore } from 'axios-bearer';
import { redisStore } from 'axios-bearer/redis';
import { onRedis } from '../../support/engines/redis.js';
import { atEnd, cleanUp, deferred, failureOf } from '../../support/kit.js';
import { type Client, clients, endClient } from '../../support/redis-clients.js';
import { stored } from '../../support/stores.js';

afterEach(cleanUp);

const soon = { waitMs: 20_000, holdMs: 20_000 };
// ms. A store says within 3 s that nothing is heard of Redis; this machine may be slow.
const BOUND = 8_000;

async function msOf(call: Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await call;
  return performance.now() - begun;
}

/** Reads until there is an answer again. */
async function untilItAnswers(store: TokenStore): Promise<void> {
  const answers = () =>
    store.read().then(
      () => true,
      () => false,
    );
  while (!(await answers()));
}

onRedis((server) => {
  describe.each(clients)('by $name', ({ name, open }) => {
    async function newStore(key: string): Promise<TokenStore> {
      const client: Client = await open(server());
      atEnd(() => endClient(client));
      return redisStore(client, { key, leaseMs: 2_000 });
    }

    it.each(['stop', 'kill'] as const)(
      'a server that is gone (%s) is told of in time, and used again when it is back',
      async (how) => {
        const key = `${name}-${how}`;
        const [store, other] = [await newStore(key), await newStore(key)];
        const entry = stored('a', 5);
        await store.write(entry);
        let told = deferred();
        atEnd(other.subscribe!(() => told.resolve()));
        await told.promise;
        told = deferred();
        await server()[how]();
        for (const call of [
          () => store.read(),
          () => store.write(stored('a', 6)),
          () => store.withLock(async () => {}, soon),
        ]) {
          const failure = failureOf(call());
          expect(await msOf(failure)).toBeLessThan(BOUND);
          expect((await failure).message).toMatch(
            /Redis did not answer within 3000 ms; the client: .*(maxRetriesPerRequest|disableOfflineQueue)/,
          );
        }
        await server().start();
        await untilItAnswers(store);
        // It was on the disk, or what was given up has come after all.
        expect((await store.read())!.version).toBeGreaterThanOrEqual(entry.version);
        await told.promise;
        expect(await store.withLock(async (lock) => lock.isHeld?.(), soon)).toBe(true);
        const next = stored('a', 7);
        expect(await other.write(next)).toEqual(next);
      },
    );

    it('a lock that was had when the server went is known to be lost, and had again', async () => {
      const [store, other] = [await newStore(`${name}-lost`), await newStore(`${name}-lost`)];
      const [had, lost] = [deferred(), deferred()];
      const task = store.withLock(async ({ signal }) => {
        signal.addEventListener('abort', () => lost.resolve());
        had.resolve();
        await lost.promise;
      }, soon);
      await had.promise;
      await server().kill();
      await lost.promise;
      await server().start();
      await task;
      await untilItAnswers(other);
      expect(await other.withLock(async () => 'had', soon)).toBe('had');
    });

    it('keeps no process alive, though nobody has closed the session', async () => {
      const args = ['--import', 'tsx', '__tests__/stores/redis/keep-alive.ts', name, `${server().port}`];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      atEnd(() => child.kill('SIGKILL'));
      const said = text(child.stdout);
      const [code] = await once(child, 'exit');
      expect({ code, said: await said }).toEqual({ code: 0, said: 'done\n' });
    });
  });
});
