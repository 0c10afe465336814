import { describe, expect, it } from '@jest/globals';
import { inBrowsers } from '../browser/launch.js';
import { setUpTabs } from './setup.js';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const LONG = 14_000; // ms: more than refreshTimeout

inBrowsers((browser, name) => {
  const { setup, signedIn, standStill } = setUpTabs(browser, { ttl: 3_600 });
  const how = name === 'Chromium' ? 'debugger' : 'request';

  describe.each([5_000, LONG])(`a tab that stands still for %d ms, by a ${how}`, (ms) => {
    it('L3 before it sends keeps the lock: the others wait, and are served when it goes on', async () => {
      const { server } = setup;
      const { tabs } = await signedIn(3);
      const [stopped, ...others] = tabs;
      await stopped.hold();
      const asking = stopped.next('asking');
      const before = server.asked;
      const theirs = stopped.get();
      await asking;
      const goOn = await standStill(stopped, how);
      const waiting = others.map((tab) => tab.get());
      await pause(ms);
      expect(server.asked - before).toBe(0);
      const from = performance.now();
      await goOn();
      await stopped.go();
      expect(await Promise.all([theirs, ...waiting])).toEqual([['ada'], ['ada'], ['ada']]);
      console.log(
        `${name}: stopped for ${ms} ms before sending; all were served ${Math.round(performance.now() - from)} ms later`,
      );
      expect(server.asked - before).toBe(1);
    });

    it('L3 after it has sent: its answer is read when it goes on, and serves them all', async () => {
      const { server } = setup;
      const { tabs } = await signedIn(3);
      const [stopped, ...others] = tabs;
      const before = server.asked;
      const { served, release } = setup.holdTokenAnswer();
      const theirs = stopped.get();
      await served;
      const goOn = await standStill(stopped, how);
      release();
      const waiting = others.map((tab) => tab.get());
      await pause(ms);
      const from = performance.now();
      await goOn();
      expect(await Promise.all([theirs, ...waiting])).toEqual([['ada'], ['ada'], ['ada']]);
      console.log(
        `${name}: stopped for ${ms} ms after sending; all were served ${Math.round(performance.now() - from)} ms later`,
      );
      expect(server.asked - before).toBe(1);
    });
  });
});
