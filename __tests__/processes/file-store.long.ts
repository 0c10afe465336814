import { describe, expect, it } from '@jest/globals';
import { until } from '../support/kit.js';
import type { Holder } from './pool.js';
import { setUpProcesses } from './setup.js';

const { setup, place, start, signedIn } = setUpProcesses({ ttl: 3_600 });

type Pool = [Holder, ...Holder[]];

describe('eight processes on one fileStore', () => {
  it('L1 L3 refresh once at each of two expiries under load, and no request sees one', async () => {
    const { server } = setup;
    const { holders } = await signedIn(8);
    await holders[0]!.get();
    const before = server.asked;
    await Promise.all(holders.map((holder) => holder.load()));
    for (const holder of holders.slice(0, 2)) {
      const told = holders.map((other) => other.next('refreshed'));
      await server.expire();
      await holder.get();
      await Promise.all(told);
    }
    const outcomes = await Promise.all(holders.map((holder) => holder.unload()));
    expect([new Set(outcomes.flat()), server.asked - before]).toEqual([new Set(['ada']), 2]);
  });

  it('L1 L3 refresh once for 800 requests at one moment', async () => {
    const { server } = setup;
    const { holders } = await signedIn(8);
    const before = server.asked;
    const owners = await Promise.all(holders.map((holder) => holder.get(100)));
    expect([owners.flat(), server.asked - before]).toEqual([Array(800).fill('ada'), 1]);
  });
});

describe('four processes on one fileStore', () => {
  it('L22 are signed out by a sign-out in one of them, and signed in by a sign-in', async () => {
    const { holders } = await signedIn(4);
    const [first, ...others] = holders as Pool;
    await first.get();
    const ended = others.map((holder) => holder.next('signedOut'));
    setup.allow(1);
    await first.signOut();
    await Promise.all(ended);
    expect(await Promise.all(holders.map((holder) => holder.status()))).toEqual(Array(4).fill('signed-out'));
    const begun = others.map((holder) => holder.next('signedIn'));
    await first.signIn(await setup.tokens('bob'));
    await Promise.all(begun);
    expect(await Promise.all(holders.map((holder) => holder.get()))).toEqual(Array(4).fill(['bob']));
  });
});

describe('a process that ends', () => {
  it('L13 by kill -9 with the lock, before its token is sent: the next one refreshes, and waits for nothing', async () => {
    const { server } = setup;
    const { at, holders } = await signedIn(2);
    const [killed, next] = holders as Pool;
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

  it('L3 when it is told to, in mid-refresh: close() stores what the server answers, and the next one uses it', async () => {
    const { server } = setup;
    const { at, holders } = await signedIn(1);
    const [ends] = holders as Pool;
    const before = server.asked;
    const { arrived, release } = setup.holdTokenEndpoint();
    const waiting = ends.get();
    await arrived;
    const closing = ends.close();
    expect(await waiting).toEqual(['ERR_BEARER_SIGNED_OUT']);
    release();
    await closing;
    await ends.signal('SIGKILL');
    const [next] = await start(at, 1);
    expect([await next!.get(), server.asked - before]).toEqual([['ada'], 1]);
    await server.expire();
    expect([await next!.get(), server.asked - before]).toEqual([['ada'], 2]);
  });
});

describe('three processes on a plain file', () => {
  it('lose the session: so these tests can fail', async () => {
    const { holders } = await signedIn(3, await place({ isPlain: true }));
    await Promise.all(holders.map((holder) => holder.hold()));
    await Promise.all(holders.map((holder) => holder.token()));
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
