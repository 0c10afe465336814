import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import { inBrowsers } from '../browser/launch.js';
import { type Playground, startPlayground } from './playground.js';
import { type Visit, visit } from './visit.js';

const AXE = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');
const HEIGHT = 900;
/** A twentieth of what counts as good: a word that moves by a word. */
const NOTICEABLE = 0.005;

inBrowsers((browser, name) => {
  let playground: Playground;
  let user: Visit;
  beforeAll(async () => {
    playground = await startPlayground();
    const page = await browser().newPage();
    await page.setViewport({ width: 1_280, height: HEIGHT });
    if (name === 'Chromium') await page.evaluateOnNewDocument(watchShifts);
    user = await visit(page, playground.url);
    await user.pull('[value="axios-auth-refresh"]');
  }, 120_000);
  afterAll(() => playground.close());

  // Firefox tells of no layout shift.
  if (name === 'Chromium') {
    it('moves nothing while lanes and squares grow', async () => {
      await user.page.evaluate('shifts.length = 0');
      await user.pull('#expire');
      await user.send('[data-send="100"]');
      await user.send('[data-send="1000"]');
      const shifts = (await user.page.evaluate('shifts')) as Shift[];
      expect(shifts.filter(({ isOurs }) => isOurs)).toEqual([]);
      // The timeline says in words how the session is, at the left of its head.
      expect(shifts.reduce((sum, { value }) => sum + value, 0)).toBeLessThan(NOTICEABLE);
    });
  }

  describe.each([1_280, 375])('%i px wide', (width) => {
    beforeAll(() => user.page.setViewport({ width, height: HEIGHT }));

    it('has nothing that would have to be scrolled sideways', async () => {
      const tooWide = await user.page.evaluate(() => {
        const { clientWidth, scrollWidth } = document.documentElement;
        const all = [...document.querySelectorAll('body *:not(.unseen)')];
        const out = all.filter((each) => each.getBoundingClientRect().right > clientWidth);
        return { by: scrollWidth - clientWidth, out: out.map(({ outerHTML }) => outerHTML) };
      });
      expect(tooWide).toEqual({ by: 0, out: [] });
    });

    it.each(['light', 'dark'])('%s: axe-core finds no violation', async (value) => {
      await user.page.$eval(
        ':root',
        (root, value) => (root as HTMLElement).style.setProperty('color-scheme', value),
        value,
      );
      await user.page.evaluate(AXE);
      const { violations } = (await user.page.evaluate('axe.run()')) as AxeResults;
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    });
  });

  it('does all with the keyboard', async () => {
    const { keyboard } = user.page;
    await user.page.focus('[data-send="100"]');
    await keyboard.press('Enter');
    await user.shows('#ours .said', /^100 of 100 answered\.$/);
    await user.page.focus('[name=next-refresh][value=works]');
    await keyboard.press('ArrowRight');
    await keyboard.press('Tab');
    expect(await user.page.evaluate(() => document.activeElement?.textContent)).toBe('Sign in as Anna');
    expect(await user.page.$eval('[value=slow]', (radio) => (radio as HTMLInputElement).checked)).toBe(true);
    await user.page.focus('#offline');
    await keyboard.press(' ');
    await keyboard.press(' ');
    expect(user.faults).toEqual([]);
  });
});

/** What has moved that nobody has asked for. */
interface Shift {
  /** Of 1: the whole page, over its whole height. */
  readonly value: number;
  /** No part of the timeline: what is in a shadow root has no name here. */
  readonly isOurs: boolean;
}

function watchShifts(): void {
  const shifts: Shift[] = [];
  Object.assign(globalThis, { shifts });
  type LayoutShift = PerformanceEntry & { value: number; sources: { node: Node | null }[] };
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries() as LayoutShift[]) {
      shifts.push({ value, isOurs: sources.some(({ node }) => node !== null) });
    }
  }).observe({ type: 'layout-shift', buffered: true });
}
