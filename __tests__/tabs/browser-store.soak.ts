import { describe, expect, it } from '@jest/globals';
import { inBrowsers } from '../browser/launch.js';
import type { Tab } from './pool.js';
import { setUpTabs } from './setup.js';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function leave({ page }: Tab, how: string): Promise<void> {
  if (how === 'is closed') await page.close();
  else await page.goto('about:blank');
}

async function untilRefreshed(tab: Tab, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) await tab.next('refreshed');
}

inBrowsers((browser, name) => {
  const { setup, start, signedIn, untilActive } = setUpTabs(browser, { ttl: 3_600 });
  const hasty = setUpTabs(browser, { ttl: 3 });
  const report = (what: string, ms: number[]) => console.log(`${name}: ${what}, ms: ${ms.map(Math.round).join(', ')}`);

  describe('ten lives of a token, under load of four tabs', () => {
    it.each([
      ['behind the requests', {}],
      ['at its end', { leeway: 0 }],
    ])('L1 L3 cost one refresh each: %s', async (_, options) => {
      const { server } = hasty.setup;
      const { tabs } = await hasty.signedIn(4, { options });
      await tabs[0].get();
      const before = server.asked;
      await Promise.all(tabs.map((tab) => tab.load()));
      await untilRefreshed(tabs[0], 10);
      const asked = server.asked - before;
      const outcomes = await Promise.all(tabs.map((tab) => tab.unload()));
      expect(new Set(outcomes.flat())).toEqual(new Set(['ada']));
      expect([10, 11]).toContain(asked);
    });

    it('L1 L3 cost one refresh each: told by the 401 alone', async () => {
      const { server } = setup;
      const { tabs } = await signedIn(4);
      await tabs[0].get();
      const before = server.asked;
      await Promise.all(tabs.map((tab) => tab.load()));
      for (let life = 0; life < 10; life += 1) {
        const told = tabs.map((tab) => tab.next('refreshed'));
        await server.expire();
        await Promise.all(told);
        await Promise.all(tabs.map((tab) => tab.answered()));
      }
      const outcomes = await Promise.all(tabs.map((tab) => tab.unload()));
      expect([new Set(outcomes.flat()), server.asked - before]).toEqual([new Set(['ada']), 10]);
    });
  });

  it('L1 L3 800 requests at one moment cost one refresh', async () => {
    const { server } = setup;
    const { tabs } = await signedIn(4);
    const before = server.asked;
    const owners = await Promise.all(tabs.map((tab) => tab.get(200)));
    expect([owners.flat(), server.asked - before]).toEqual([Array(800).fill('ada'), 1]);
  });

  describe('the tab that has the lock', () => {
    it.each(['is closed', 'is sent elsewhere'])(
      'L13 %s before it sends, three in a row: the next one is served soon',
      async (how) => {
        const { server } = setup;
        const { context, tabs } = await signedIn(4);
        const next = tabs.pop()!;
        const before = server.asked;
        const waits: number[] = [];
        for (const holder of tabs) {
          await holder.hold();
          const asking = holder.next('asking');
          holder.get().catch(() => {});
          await asking;
          const waiting = next.get();
          const late = start(context, 1).then(([tab]) => tab.get());
          await pause(200);
          const from = performance.now();
          await leave(holder, how);
          expect(await waiting).toEqual(['ada']);
          waits.push(performance.now() - from);
          expect(await late).toEqual(['ada']);
          await server.expire();
        }
        expect(server.asked - before).toBe(3);
        report(`a tab ${how} before it sends; the next one was served after`, waits);
        expect(Math.max(...waits)).toBeLessThan(10_000);
      },
    );

    it.each([
      ['is closed', 'with a reuse interval at the server, the next one goes on', 'ada'],
      ['is closed', 'else the session is lost', 'ERR_BEARER_REJECTED'],
      ['is sent elsewhere', 'with a reuse interval at the server, the next one goes on', 'ada'],
      ['is sent elsewhere', 'else the session is lost', 'ERR_BEARER_REJECTED'],
    ])('L13 %s after its token was spent: %s', async (how, _, expected) => {
      const { server } = setup;
      const { tabs } = await signedIn(2);
      const [holder, next] = tabs;
      if (expected === 'ada') server.forgive(true);
      else setup.allow(1);
      const { served, release } = setup.holdTokenAnswer();
      holder.get().catch(() => {});
      await served;
      await leave(holder, how);
      release();
      const from = performance.now();
      expect(await next!.get()).toEqual([expected]);
      report(`a tab ${how} after its token was spent; the next one had ${expected} after`, [performance.now() - from]);
    });
  });

  describe('a sign-out, and a sign-in', () => {
    it('L22 are heard at once', async () => {
      const { tabs } = await signedIn(4);
      const [first, ...others] = tabs;
      const waits = { out: [] as number[], in: [] as number[] };
      for (let round = 0; round < 5; round += 1) {
        await first.get();
        const ended = others.map((tab) => tab.next('signedOut'));
        setup.allow(1);
        const outAt = Date.now();
        await first.signOut();
        waits.out.push(Math.max(...(await Promise.all(ended))) - outAt);
        const begun = others.map((tab) => tab.next('signedIn'));
        const tokens = await setup.tokens();
        const inAt = Date.now();
        await first.signIn(tokens);
        waits.in.push(Math.max(...(await Promise.all(begun))) - inAt);
      }
      report('a sign-out was heard by all after', waits.out);
      report('a sign-in was heard by all after', waits.in);
    });

    it('L22 are found without BroadcastChannel', async () => {
      const { tabs } = await signedIn(4, { isDeaf: true });
      const [first, ...others] = tabs;
      const waits = { out: [] as number[], in: [] as number[] };
      for (let round = 0; round < 5; round += 1) {
        await first.get();
        setup.allow(1);
        await first.signOut();
        const outAt = performance.now();
        const ended = others.map((tab) => tab.next('signedOut'));
        await Promise.all(others.map((tab) => tab.get()));
        await Promise.all(ended);
        waits.out.push(performance.now() - outAt);
        await first.signIn(await setup.tokens());
        const inAt = performance.now();
        await Promise.all(others.map(untilActive));
        waits.in.push(performance.now() - inAt);
      }
      report('a sign-out was found by a request after', waits.out);
      report('a sign-in was found by asking after', waits.in);
    });
  });
});
