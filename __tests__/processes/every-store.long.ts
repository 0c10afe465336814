import { expect, it } from '@jest/globals';
import { setUpProcesses } from './setup.js';
import { onEachStore } from './stores.js';

onEachStore((store) => {
  const { setup, place, start, signedIn } = setUpProcesses(store, { ttl: 3_600 });

  it('L1 L3 eight processes refresh once at each of two expiries under load, and once for 800 requests', async () => {
    const { server } = setup;
    const { holders } = await signedIn(8);
    await holders[0].get();
    const before = server.asked;
    await Promise.all(holders.map((holder) => holder.load()));
    for (const holder of holders.slice(0, 2)) {
      const told = holders.map((other) => other.next('refreshed'));
      await server.expire();
      await holder.get();
      await Promise.all(told);
      // A request that is refused with two tokens, both good a moment ago, takes its 401 for the server's last word.
      await Promise.all(holders.map((other) => other.answered()));
    }
    const outcomes = await Promise.all(holders.map((holder) => holder.unload()));
    expect([new Set(outcomes.flat()), server.asked - before]).toEqual([new Set(['ada']), 2]);
    await server.expire();
    const owners = await Promise.all(holders.map((holder) => holder.get(100)));
    expect([owners.flat(), server.asked - before]).toEqual([Array(800).fill('ada'), 3]);
  });

  it('L22 three processes are signed out by a sign-out in one of them, and signed in by a sign-in', async () => {
    const { holders } = await signedIn(3);
    const [first, ...others] = holders;
    await first.get();
    await Promise.all(others.map((holder) => holder.load()));
    const ended = others.map((holder) => holder.next('signedOut'));
    setup.allow(1);
    await first.signOut();
    await Promise.all(ended);
    const begun = others.map((holder) => holder.next('signedIn'));
    await first.signIn(await setup.tokens('bob'));
    await Promise.all(begun);
    await Promise.all(others.map((holder) => holder.unload()));
    expect(await Promise.all(holders.map((holder) => holder.get()))).toEqual(Array(3).fill(['bob']));
  });

  it('L3 a process that is told to end in mid-refresh stores what the server answers, and the next one uses it', async () => {
    const { server } = setup;
    const { at, holders } = await signedIn(1);
    const [ends] = holders;
    const before = server.asked;
    const { served, release } = setup.holdTokenAnswer();
    const waiting = ends.get();
    await served;
    const ended = ends.end();
    expect(await waiting).toEqual(['ERR_BEARER_SIGNED_OUT']);
    release();
    await ended;
    await ends.signal('SIGKILL');
    const [next] = await start(at, 1);
    expect([await next.get(), server.asked - before]).toEqual([['ada'], 1]);
    await server.expire();
    expect([await next.get(), server.asked - before]).toEqual([['ada'], 2]);
  });

  const { engine } = store;
  if (!engine) return;

  it('L3 L13 eight processes outlive a restart of the engine in mid-refresh', async () => {
    const { server } = setup;
    const { holders } = await signedIn(8, await place({ options: { backoff: { initial: 250 } } }));
    const before = server.asked;
    const { served, release } = setup.holdTokenAnswer();
    const waiting = holders.map((holder) => holder.get());
    await served;
    await engine.stop();
    await engine.start();
    release();
    await Promise.all(waiting);
    expect(await Promise.all(holders.map((holder) => holder.get()))).toEqual(Array(8).fill(['ada']));
    expect(server.asked - before).toBe(1);
  });
});
