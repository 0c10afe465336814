import { readdir } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { newFolder } from './new-folder.js';
import type { StoreAt } from './open-store.js';
import { setUpProcesses } from './setup.js';

const newPlace = async (): Promise<StoreAt> => ({ store: 'file', folder: await newFolder() });
const { setup, place, start, signedIn } = setUpProcesses({ newPlace }, { ttl: 3_600 });

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('kill -9', () => {
  it('L13 at any step of a refresh that touches the disk: with a reuse interval at the server, the next one goes on', async () => {
    const { server } = setup;
    const folder = await newFolder();
    const at = await place({ at: { store: 'file', folder } });
    const [judge] = await start(at, 1);
    await judge.signIn(await setup.tokens());
    await judge.get();
    server.forgive(true);
    let isKilled = true;
    let step = 0;
    const waits: number[] = [];
    while (isKilled) {
      step += 1;
      const [holder] = await start(at, 1);
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
    const left = (await readdir(folder)).filter((name) => !name.startsWith('.new.'));
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
    const [stopped, ...others] = holders;
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
});
