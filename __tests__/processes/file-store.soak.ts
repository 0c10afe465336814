import { readdir } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import type { Holder } from './pool.js';
import { setUpProcesses } from './setup.js';

const { setup, place, start, signedIn } = setUpProcesses({ ttl: 3_600 });
const hasty = setUpProcesses({ ttl: 3 });

type Pool = [Holder, ...Holder[]];
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function untilRefreshed(holder: Holder, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) await holder.next('refreshed');
}

describe('ten lives of a token, under load of eight processes', () => {
  it.each([
    ['behind the requests', {}],
    ['at its end', { leeway: 0 }],
  ])('L1 L3 cost one refresh each: %s', async (_, options) => {
    const { server } = hasty.setup;
    const { holders } = await hasty.signedIn(8, await hasty.place({ options }));
    await holders[0]!.get();
    const before = server.asked;
    await Promise.all(holders.map((holder) => holder.load()));
    await untilRefreshed(holders[0]!, 10);
    const asked = server.asked - before;
    const outcomes = await Promise.all(holders.map((holder) => holder.unload()));
    expect(new Set(outcomes.flat())).toEqual(new Set(['ada']));
    expect([10, 11]).toContain(asked);
  });

  it('L1 L3 cost one refresh each: told by the 401 alone', async () => {
    const { server } = setup;
    const { holders } = await signedIn(8);
    await holders[0]!.get();
    const before = server.asked;
    await Promise.all(holders.map((holder) => holder.load()));
    for (let life = 0; life < 10; life += 1) {
      const told = holders.map((holder) => holder.next('refreshed'));
      await server.expire();
      await Promise.all(told);
      await Promise.all(holders.map((holder) => holder.answered()));
    }
    const outcomes = await Promise.all(holders.map((holder) => holder.unload()));
    expect([new Set(outcomes.flat()), server.asked - before]).toEqual([new Set(['ada']), 10]);
  });
});

describe('kill -9', () => {
  it('L13 of twenty processes that are about to refresh, or wait for it, harms nobody', async () => {
    const { server } = setup;
    const { at, holders } = await signedIn(4);
    await holders[0]!.get();
    const before = server.asked;
    await Promise.all(holders.map((holder) => holder.load()));
    for (let round = 0; round < 20; round += 1) {
      const [bystander] = (await start(at, 1)) as Pool;
      await bystander.hold();
      await bystander.load();
      const told = holders.map((holder) => holder.next('refreshed'));
      await server.expire();
      await pause(Math.random() * 50);
      await bystander.signal('SIGKILL');
      await Promise.all(told);
    }
    const outcomes = await Promise.all(holders.map((holder) => holder.unload()));
    expect([new Set(outcomes.flat()), server.asked - before]).toEqual([new Set(['ada']), 20]);
  });

  it('L13 of three holders in a row, before they send: the next one is served soon', async () => {
    const { server } = setup;
    const { at, holders } = await signedIn(4);
    const next = holders.pop()!;
    const before = server.asked;
    const waits: number[] = [];
    for (const killed of holders) {
      await killed.hold();
      const asking = killed.next('asking');
      killed.get().catch(() => {});
      await asking;
      const waiting = next.get();
      const late = (await start(at, 1))[0]!.get();
      await pause(200);
      const from = performance.now();
      await killed.signal('SIGKILL');
      expect([await waiting, await late]).toEqual([['ada'], ['ada']]);
      waits.push(Math.round(performance.now() - from));
      await server.expire();
    }
    expect(server.asked - before).toBe(3);
    console.log(`the next holder was served after ${waits.join(', ')} ms`);
    expect(Math.max(...waits)).toBeLessThan(60_000);
  });

  it('L13 at any step of a refresh that touches the disk: with a reuse interval at the server, the next one goes on', async () => {
    const { server } = setup;
    const at = await place();
    const [judge] = (await start(at, 1)) as Pool;
    await judge.signIn(await setup.tokens());
    await judge.get();
    server.forgive(true);
    let isKilled = true;
    let step = 0;
    const waits: number[] = [];
    while (isKilled) {
      step += 1;
      const [holder] = (await start(at, 1)) as Pool;
      await server.expire();
      await holder.dieAtStep(step);
      isKilled = await holder.get().then(
        () => false,
        () => true,
      );
      if (isKilled) await holder.exited();
      else await holder.signal('SIGKILL');
      const from = performance.now();
      expect([step, await judge.get()]).toEqual([step, ['ada']]);
      waits.push(Math.round(performance.now() - from));
    }
    console.log(`killed at ${step - 1} steps; the next one took ${Math.max(...waits)} ms at most`);
    expect(step).toBeGreaterThan(20);
    expect(Math.max(...waits)).toBeLessThan(60_000);
    // The next refresh sweeps; what was written aside a moment ago may be somebody's.
    const left = (await readdir(at.folder)).filter((name) => !name.startsWith('.new.'));
    expect(left.sort()).toEqual([expect.stringMatching(/^entry\./), expect.stringMatching(/^lock\./)]);
  });
});

describe('processes that are killed and stopped at random', () => {
  it('L5 are each alone under the lock', async () => {
    const at = await place();
    const holders = await start(at, 6);
    await Promise.all(holders.map((holder) => holder.contend()));
    for (let round = 0; round < 60; round += 1) {
      const i = Math.floor(Math.random() * holders.length);
      const holder = holders[i]!;
      await holder.signal(round % 2 ? 'SIGKILL' : 'SIGSTOP');
      await pause(Math.random() * 200);
      if (round % 2) {
        holders[i] = (await start(at, 1))[0]!;
        await holders[i]!.contend();
      } else await holder.signal('SIGCONT');
    }
    const outcomes = await Promise.all(holders.map((holder) => holder.uncontend()));
    expect(outcomes.map(({ lost }) => lost)).toEqual(holders.map(() => 0));
    expect(outcomes.reduce((sum, { won }) => sum + won, 0)).toBeGreaterThan(20);
  });
});

describe('a holder that stands still for five seconds', () => {
  it('L3 before it sends keeps the lock: the others wait, and are served when it goes on', async () => {
    const { server } = setup;
    const { holders } = await signedIn(3);
    const [stopped, ...others] = holders as Pool;
    await stopped.hold();
    const asking = stopped.next('asking');
    const before = server.asked;
    const theirs = stopped.get();
    await asking;
    await stopped.signal('SIGSTOP');
    const waiting = others.map((holder) => holder.get());
    await pause(5_000);
    expect(server.asked - before).toBe(0);
    await stopped.signal('SIGCONT');
    await stopped.go();
    expect(await Promise.all([theirs, ...waiting])).toEqual([['ada'], ['ada'], ['ada']]);
    expect(server.asked - before).toBe(1);
  });

  it('L3 after it has sent: its answer is read when it goes on, and serves them all', async () => {
    const { server } = setup;
    const { holders } = await signedIn(3);
    const [stopped, ...others] = holders as Pool;
    const before = server.asked;
    const { arrived, release } = setup.holdTokenEndpoint();
    const theirs = stopped.get();
    await arrived;
    await stopped.signal('SIGSTOP');
    release();
    const waiting = others.map((holder) => holder.get());
    await pause(5_000);
    await stopped.signal('SIGCONT');
    expect(await Promise.all([theirs, ...waiting])).toEqual([['ada'], ['ada'], ['ada']]);
    expect(server.asked - before).toBe(1);
  });
});
