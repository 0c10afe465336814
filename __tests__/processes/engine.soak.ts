import { expect, it, jest } from '@jest/globals';
import { pause, say, timed, underLoad, untilServed } from './measure.js';
import { setUpProcesses } from './setup.js';
import { onEachStore } from './stores.js';

const DOWN = 5_000; // ms

jest.setTimeout(600_000);

onEachStore((store) => {
  const { setup, place, start, signedIn } = setUpProcesses(store, { ttl: 3_600 });
  const { engine } = store;
  /** As it is by default: a process gives up when its engine was away for two seconds. */
  const patient = () => place({ options: { backoff: { initial: 250 } } });

  it.each([
    ['with hints', false],
    ['without hints', true],
  ])('L22 a sign-out and a sign-in are found by all, %s', async (how, isDeaf) => {
    const { holders } = await signedIn(8, await place({ isDeaf, options: { backoff: { initial: 250 } } }));
    const [first, ...others] = holders;
    await first.get();
    await underLoad(others, async () => {
      const ended = others.map((holder) => holder.next('signedOut'));
      const left = performance.now();
      setup.allow(1);
      await first.signOut();
      const out = await timed(ended, left);
      const begun = others.map((holder) => holder.next('signedIn'));
      const tokens = await setup.tokens('bob');
      const came = performance.now();
      await first.signIn(tokens);
      say(store, `sign-out and sign-in, ${how}`, `known to all after ${out} ms, ${await timed(begun, came)} ms`);
    });
    expect(await Promise.all(holders.map((holder) => holder.get()))).toEqual(Array(8).fill(['bob']));
  });

  it('L3 five deployments, each in mid-refresh, lose nothing', async () => {
    const { server } = setup;
    const { at, holders } = await signedIn(1);
    await holders[0].get();
    const before = server.asked;
    for (let round = 0; round < 5; round += 1) {
      const [ends] = await start(at, 1);
      await server.expire();
      const { served, release } = setup.holdTokenAnswer();
      const waiting = ends.get();
      await served;
      const ended = ends.end();
      release();
      await Promise.all([ended, waiting]);
      await ends.signal('SIGKILL');
      expect(await holders[0].get()).toEqual(['ada']);
    }
    say(store, 'five deployments in mid-refresh', `${server.asked - before} refreshes`);
    expect(server.asked - before).toBe(5);
  });

  const { cutHints } = store;
  if (cutHints) {
    it('L22 a sign-out and a sign-in right after the hints’ connections are cut', async () => {
      const { holders } = await signedIn(8, await patient());
      const [first, ...others] = holders;
      await first.get();
      const ended = others.map((holder) => holder.next('signedOut'));
      const from = performance.now();
      await cutHints();
      setup.allow(1);
      await first.signOut();
      const out = await timed(ended, from);
      const begun = others.map((holder) => holder.next('signedIn'));
      const again = performance.now();
      await cutHints();
      await first.signIn(await setup.tokens('bob'));
      const ms = await timed(begun, again);
      say(store, 'the hints’ connections cut, no requests', `sign-out known after ${out} ms, sign-in after ${ms} ms`);
      expect(await Promise.all(holders.map((holder) => holder.get()))).toEqual(Array(8).fill(['bob']));
    });
  }
  if (!engine) return;

  it('L13 the engine is down for five seconds: a token serves to its end, and then nobody bypasses the store', async () => {
    const { server } = setup;
    const { holders } = await signedIn(8, await patient());
    await holders[0].get();
    const before = server.asked;
    let ms = 0;
    const outcomes = await underLoad(holders, async () => {
      await engine.stop();
      await pause(DOWN / 2);
      await server.expire();
      await pause(DOWN / 2);
      expect(server.asked - before).toBe(0);
      await engine.start();
      const from = performance.now();
      ms = await timed(
        holders.map((holder) => holder.next('refreshed')),
        from,
      );
    });
    say(store, 'engine down for 5 s', `${server.asked - before} refresh, all served ${ms} ms after; ${outcomes}`);
    expect(server.asked - before).toBe(1);
  });

  it('L3 the engine is restarted while the token endpoint rotates', async () => {
    const { server } = setup;
    const { holders } = await signedIn(8, await patient());
    await Promise.all(holders.map((holder) => untilServed(holder)));
    for (let round = 0; round < 3; round += 1) {
      const before = server.asked;
      await server.expire();
      const { served, release } = setup.holdTokenAnswer();
      const waiting = holders.map((holder) => holder.get());
      await served;
      await engine.stop();
      await engine.start();
      release();
      const owners = await Promise.all(waiting);
      const from = performance.now();
      await Promise.all(holders.map((holder) => untilServed(holder)));
      const ms = Math.round(performance.now() - from);
      say(store, 'engine restarted in mid-refresh', `${server.asked - before} refresh; ${owners}; then ${ms} ms`);
      expect(server.asked - before).toBe(1);
    }
  });
});
