import { expect, it, jest } from '@jest/globals';
import { pause, say, underLoad, untilServed } from './measure.js';
import type { Holder } from './pool.js';
import { setUpProcesses } from './setup.js';
import { onEachStore } from './stores.js';

const STANDSTILL = 5_000; // ms
/** A lease is over by then. */
const hasty = { store: { leaseMs: 2_000 } };

jest.setTimeout(600_000);

onEachStore((store) => {
  const { setup, place, start, signedIn } = setUpProcesses(store, { ttl: 3_600 });

  /** Has it go as far as that, and no further. */
  async function reach(holder: Holder, event: 'locked' | 'asking'): Promise<Promise<string[]>[]> {
    await (event === 'locked' ? holder.holdLock() : holder.hold());
    const reached = holder.next(event);
    const request = holder.get();
    request.catch(() => {});
    await reached;
    return [request];
  }

  it('L13 kill -9 of twenty processes that are about to refresh, or wait for it, harms nobody', async () => {
    const { server } = setup;
    // One that has the lock is waited for for the length of a lease.
    const { at, holders } = await signedIn(4, await place(hasty));
    await holders[0].get();
    const before = server.asked;
    const outcomes = await underLoad(holders, async () => {
      for (let round = 0; round < 20; round += 1) {
        const [bystander] = await start(at, 1);
        await bystander.holdLock();
        await bystander.load();
        const told = holders.map((holder) => holder.next('refreshed'));
        await server.expire();
        await pause(Math.random() * 50);
        await bystander.signal('SIGKILL');
        await Promise.all(told);
      }
    });
    say(store, 'kill -9 of 20 bystanders', `${server.asked - before} refreshes; ${outcomes}`);
    expect([outcomes, server.asked - before]).toEqual([['ada'], 20]);
  });

  it('L13 kill -9 of three in a row that have the lock, and have marked nothing', async () => {
    const { server } = setup;
    const { holders } = await signedIn(4);
    const next = holders.pop()!;
    const before = server.asked;
    const waits: string[] = [];
    for (const killed of holders) {
      await reach(killed, 'locked');
      const from = performance.now();
      await killed.signal('SIGKILL');
      const failed = await untilServed(next);
      waits.push(`${Math.round(performance.now() - from)} ms${failed ? ` (${failed} failed)` : ''}`);
      await server.expire();
    }
    say(store, 'kill -9 of the holder, under the lock', `the next after ${waits.join(', ')}`);
    expect(server.asked - before).toBe(3);
  });

  it('L13 kill -9 of one that has marked the token, and has not sent it', async () => {
    const { server } = setup;
    // Its mark is waited for for seven times as long.
    const { holders } = await signedIn(2, await place({ options: { refreshTimeout: 2_000 } }));
    const before = server.asked;
    await reach(holders[0], 'asking');
    const from = performance.now();
    await holders[0].signal('SIGKILL');
    const failed = await untilServed(holders[1]!);
    const ms = Math.round(performance.now() - from);
    say(
      store,
      'kill -9 of the holder, before it sends (refreshTimeout 2 s)',
      `the next after ${ms} ms, ${failed} failed`,
    );
    expect(server.asked - before).toBe(1);
  });

  it.each([
    ['under the lock', 'locked'],
    ['before it sends', 'asking'],
  ] as const)('L3 one that stands still for 5 s: %s', async (when, event) => {
    const { server } = setup;
    const { holders } = await signedIn(3, await place(hasty));
    const [stopped, ...others] = holders;
    const before = server.asked;
    const theirs = await reach(stopped, event);
    await stopped.signal('SIGSTOP');
    const waiting = others.map((holder) => holder.get());
    await pause(STANDSTILL);
    const meanwhile = server.asked - before;
    // It waits in its pipe: what was due meanwhile comes later.
    const going = stopped.go();
    await stopped.signal('SIGCONT');
    await going;
    const owners = await Promise.all([...theirs, ...waiting]);
    say(store, `SIGSTOP of 5 s, ${when}`, `${meanwhile} + ${server.asked - before - meanwhile} refreshes; ${owners}`);
    expect([owners, server.asked - before]).toEqual([[['ada'], ['ada'], ['ada']], 1]);
  });

  it('L3 one that stands still for 5 s, while its answer is on its way', async () => {
    const { server } = setup;
    const { holders } = await signedIn(3, await place(hasty));
    const [stopped, ...others] = holders;
    const before = server.asked;
    const { served, release } = setup.holdTokenAnswer();
    const theirs = stopped.get();
    await served;
    await stopped.signal('SIGSTOP');
    release();
    const waiting = others.map((holder) => holder.get());
    await pause(STANDSTILL);
    await stopped.signal('SIGCONT');
    const owners = await Promise.all([theirs, ...waiting]);
    say(store, 'SIGSTOP of 5 s, after it has sent', `${server.asked - before} refresh; ${owners}`);
    expect([owners, server.asked - before]).toEqual([[['ada'], ['ada'], ['ada']], 1]);
  });
});
