import { describe, expect, it } from '@jest/globals';
import { inBrowsers } from '../browser/launch.js';
import { until } from '../support/kit.js';
import type { Tab } from './pool.js';
import { setUpTabs } from './setup.js';

const SOON = 40_000; // ms. A tab that waited for one that is closed would wait 70 s.

async function leave({ page }: Tab): Promise<void> {
  await page.goto(`${new URL(page.url()).origin}/elsewhere`);
}

/** From the back/forward cache, where it was as it had been left. */
async function comeBack(tab: Tab): Promise<void> {
  await Promise.all([tab.next('back'), tab.page.evaluate(() => history.back())]);
}

inBrowsers((browser, name) => {
  const { setup, start, signedIn, untilActive } = setUpTabs(browser, { ttl: 3_600 });

  describe('four tabs on one browserStore', () => {
    it('L1 L3 refresh once at each of two expiries under load, and no request sees one', async () => {
      const { server } = setup;
      const { tabs } = await signedIn(4);
      await tabs[0].get();
      const before = server.asked;
      await Promise.all(tabs.map((tab) => tab.load()));
      for (const tab of tabs.slice(0, 2)) {
        const told = tabs.map((other) => other.next('refreshed'));
        await server.expire();
        await tab.get();
        await Promise.all(told);
      }
      const outcomes = await Promise.all(tabs.map((tab) => tab.unload()));
      expect([new Set(outcomes.flat()), server.asked - before]).toEqual([new Set(['ada']), 2]);
    });

    it('L1 L3 refresh once for 160 requests at one moment', async () => {
      const { server } = setup;
      const { tabs } = await signedIn(4);
      const before = server.asked;
      const owners = await Promise.all(tabs.map((tab) => tab.get(40)));
      expect([owners.flat(), server.asked - before]).toEqual([Array(160).fill('ada'), 1]);
    });

    it('L22 are signed out by a sign-out in one of them, and signed in by a sign-in', async () => {
      const { tabs } = await signedIn(4);
      const [first, ...others] = tabs;
      await first.get();
      const ended = others.map((tab) => tab.next('signedOut'));
      setup.allow(1);
      await first.signOut();
      await Promise.all(ended);
      expect(await Promise.all(tabs.map((tab) => tab.status()))).toEqual(Array(4).fill('signed-out'));
      const begun = others.map((tab) => tab.next('signedIn'));
      await first.signIn(await setup.tokens('bob'));
      await Promise.all(begun);
      expect(await Promise.all(tabs.map((tab) => tab.get()))).toEqual(Array(4).fill(['bob']));
    });
  });

  it('L22 a tab that is back from the history hears of a sign-out', async () => {
    const { tabs } = await signedIn(2);
    const [first, other] = tabs;
    await first.get();
    await leave(other);
    await comeBack(other);
    const ended = other.next('signedOut');
    setup.allow(1);
    await first.signOut();
    await ended;
    expect(await other.status()).toBe('signed-out');
  });

  describe('without BroadcastChannel', () => {
    it('L22 a sign-out and a sign-in are found by the next request that is refused', async () => {
      const { tabs } = await signedIn(3, { isDeaf: true });
      const [first, ...others] = tabs;
      await first.get();
      setup.allow(1);
      await first.signOut();
      const ended = others.map((tab) => tab.next('signedOut'));
      await Promise.all(others.map((tab) => tab.get()));
      await Promise.all(ended);
      await first.signIn(await setup.tokens('bob'));
      await Promise.all(others.map(untilActive));
      expect(await Promise.all(tabs.map((tab) => tab.get()))).toEqual(Array(3).fill(['bob']));
    });

    it('a tab that comes to the front, or back from the history, has read again', async () => {
      const { tabs } = await signedIn(2, { isDeaf: true });
      const [first, other] = tabs;
      await first.get();
      await first.page.bringToFront();
      const ended = other.next('signedOut');
      setup.allow(1);
      await first.signOut();
      await other.page.bringToFront();
      await ended;

      await leave(other);
      await first.signIn(await setup.tokens('bob'));
      const begun = other.next('signedIn');
      await comeBack(other);
      await begun;
      expect(await other.get()).toEqual(['bob']);
    });
  });

  describe('a tab that has the lock', () => {
    it.each(['closed', 'sent elsewhere'])(
      'L13 and is %s before its token is sent: the next one goes on',
      async (how) => {
        const { server } = setup;
        const { context, tabs } = await signedIn(2);
        const [holder, next] = tabs;
        await holder.hold();
        const asking = holder.next('asking');
        const before = server.asked;
        holder.get().catch(() => {});
        await asking;
        const waiting = next.get();
        const late = start(context, 1).then(([tab]) => tab.get());
        const from = performance.now();
        await (how === 'closed' ? holder.page.close() : holder.page.goto('about:blank'));
        expect([await waiting, await late, server.asked - before]).toEqual([['ada'], ['ada'], 1]);
        expect(performance.now() - from).toBeLessThan(SOON);
      },
    );

    if (name === 'Chromium') {
      // Firefox keeps no page that had a lock when it was left: it is loaded anew.
      it('L3 and is left before its token is sent: back from the history, it does not send it', async () => {
        const { server } = setup;
        const { tabs } = await signedIn(2);
        const [holder, next] = tabs;
        await holder.hold();
        const asking = holder.next('asking');
        const before = server.asked;
        holder.get().catch(() => {});
        await asking;
        await leave(holder);
        expect([await next.get(), server.asked - before]).toEqual([['ada'], 1]);
        await comeBack(holder);
        await holder.go();
        expect([await holder.get(), server.asked - before]).toEqual([['ada'], 1]);
      });
    }

    it('L3 and is told to end in mid-refresh: close() stores what the server answers, and the next one uses it', async () => {
      const { server } = setup;
      const { context, tabs } = await signedIn(1);
      const [ends] = tabs;
      const before = server.asked;
      const { arrived, release } = setup.holdTokenEndpoint();
      const waiting = ends.get();
      await arrived;
      const closing = ends.close();
      expect(await waiting).toEqual(['ERR_BEARER_SIGNED_OUT']);
      const answered = ends.status().then(() => 'not yet');
      expect(await Promise.race([closing, answered])).toBe('not yet');
      release();
      await closing;
      await ends.page.close();
      const [next] = await start(context, 1);
      expect([await next.get(), server.asked - before]).toEqual([['ada'], 1]);
      await server.expire();
      expect([await next.get(), server.asked - before]).toEqual([['ada'], 2]);
    });
  });

  describe('three tabs on localStorage', () => {
    it('lose the session: so these tests can fail', async () => {
      const { tabs } = await signedIn(3, { isPlain: true });
      await Promise.all(tabs.map((tab) => tab.hold()));
      const before = setup.server.revoked;
      const asking = tabs.map((tab) => tab.next('asking'));
      for (const tab of tabs) tab.get().catch(() => {});
      await Promise.all(asking);
      await Promise.all(tabs.map((tab) => tab.go()));
      await until(() => setup.server.revoked > before);
      setup.allow(1);
    });
  });
});
