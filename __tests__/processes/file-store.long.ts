import { describe, expect, it } from '@jest/globals';
import { until } from '../support/kit.js';
import { newFolder } from './new-folder.js';
import type { StoreAt } from './open-store.js';
import { setUpProcesses } from './setup.js';

const newPlace = async (): Promise<StoreAt> => ({ store: 'file', folder: await newFolder() });
const { setup, place, start, signedIn } = setUpProcesses({ newPlace }, { ttl: 3_600 });

describe('a process that ends', () => {
  it('L13 by kill -9 with the lock, before its token is sent: the next one refreshes, and waits for nothing', async () => {
    const { server } = setup;
    const { at, holders } = await signedIn(2);
    const [killed, next] = holders;
    await killed.hold();
    const asking = killed.next('asking');
    killed.get().catch(() => {});
    await asking;
    expect(await next!.read()).toHaveProperty('sent');
    const before = server.asked;
    const waiting = next!.get();
    const late = (await start(at, 1))[0]!.get();
    await until(() => server.refused > 2);
    const from = performance.now();
    await killed.signal('SIGKILL');
    expect([await waiting, await late, server.asked - before]).toEqual([['ada'], ['ada'], 1]);
    // It takes some 0.1 s. To wait for what a dead process has marked would take more than two minutes.
    expect(performance.now() - from).toBeLessThan(60_000);
  });
});

describe('three processes on a plain file', () => {
  it('lose the session: so these tests can fail', async () => {
    const { holders } = await signedIn(3, await place({ at: { store: 'plainFile', folder: await newFolder() } }));
    await Promise.all(holders.map((holder) => holder.hold()));
    const before = setup.server.revoked;
    const asking = holders.map((holder) => holder.next('asking'));
    const requests = holders.map((holder) => holder.get());
    await Promise.all(asking);
    await Promise.all(holders.map((holder) => holder.go()));
    await Promise.all(requests);
    expect(setup.server.revoked - before).toBe(1);
    setup.allow(1);
  });
});
