import { expect, it, jest } from '@jest/globals';
import { say, underLoad } from './measure.js';
import type { Holder } from './pool.js';
import { setUpProcesses } from './setup.js';
import { onEachStore } from './stores.js';

const HOUR = 3_600_000; // ms

async function untilRefreshed(holder: Holder, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) await holder.next('refreshed');
}

jest.setTimeout(600_000);

onEachStore((store) => {
  const { setup, place, signedIn } = setUpProcesses(store, { ttl: 3_600 });
  const hasty = setUpProcesses(store, { ttl: 3 });

  it.each([
    ['behind the requests', {}],
    ['at its end', { leeway: 0 }],
  ])('L1 L3 ten lives of a token, under load of eight processes, cost one refresh each: %s', async (when, options) => {
    const { server } = hasty.setup;
    const { holders } = await hasty.signedIn(8, await hasty.place({ options }));
    await holders[0].get();
    const before = server.asked;
    let asked = 0;
    const outcomes = await underLoad(holders, async () => {
      await untilRefreshed(holders[0], 10);
      asked = server.asked - before;
    });
    say(store, `ten expiries, ${when}`, `${asked} refreshes; ${outcomes}`);
    expect(outcomes).toEqual(['ada']);
    expect([10, 11]).toContain(asked);
  });

  it.each([
    ['with hints', false],
    ['without hints', true],
  ])('L1 L3 ten lives that end by a 401 cost one refresh each: %s', async (how, isDeaf) => {
    const { server } = setup;
    const { holders } = await signedIn(8, await place({ isDeaf }));
    await holders[0].get();
    const before = server.asked;
    const outcomes = await underLoad(holders, async () => {
      for (let life = 0; life < 10; life += 1) {
        const told = holders.map((holder) => holder.next('refreshed'));
        await server.expire();
        await Promise.all(told);
        await Promise.all(holders.map((holder) => holder.answered()));
      }
    });
    say(store, `ten expiries told by a 401, ${how}`, `${server.asked - before} refreshes; ${outcomes}`);
    expect([outcomes, server.asked - before]).toEqual([['ada'], 10]);
  });

  it('L1 800 requests at one moment, with tokens that are over, cost one refresh', async () => {
    const { server } = setup;
    const { holders } = await signedIn(8);
    const before = server.asked;
    const from = performance.now();
    const owners = await Promise.all(holders.map((holder) => holder.get(100)));
    say(store, '800 requests at once', `${server.asked - before} refresh, ${Math.round(performance.now() - from)} ms`);
    expect([owners.flat(), server.asked - before]).toEqual([Array(800).fill('ada'), 1]);
  });

  it('L12 ten lives of a token, on clocks that are an hour behind, right, and an hour ahead', async () => {
    const { server } = hasty.setup;
    const clocks = [-HOUR, -HOUR, -HOUR, 0, 0, HOUR, HOUR, HOUR];
    const { holders } = await hasty.signedIn(8, await hasty.place(), clocks);
    await holders[0].get();
    const before = server.asked;
    const from = performance.now();
    const outcomes = await underLoad(holders, () => new Promise((resolve) => setTimeout(resolve, 30_000)));
    const lives = (performance.now() - from) / 3_000;
    say(store, 'clocks an hour apart', `${((server.asked - before) / lives).toFixed(1)} refreshes a life; ${outcomes}`);
    expect(outcomes).toEqual(['ada']);
  });
});
