import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { memoryStore } from 'axios-bearer';
import { storeCases } from 'axios-bearer/testing';
import { type BrowserName, inBrowsers } from './launch.js';
import { type Site, serveProgram } from './serve.js';

/** The contract of a store, in pages of one browser. */
export function judgeIn(name: BrowserName): void {
  let site: Site;
  beforeAll(async () => {
    site = await serveProgram(new URL('./program.ts', import.meta.url));
  });
  afterAll(() => site.close());

  const names = storeCases(memoryStore, { corrupt() {}, loseLock() {}, async gap() {} }).map(({ name }) => name);

  inBrowsers((browser) => {
    let failures: Record<string, string>;
    beforeAll(async () => {
      const page = await browser().newPage();
      await page.goto(site.url);
      failures = await page.evaluate((all) => program.judge(all), names);
      await page.close();
    }, 600_000);

    it.each(names)('browserStore keeps the contract: %s', (each) => {
      expect(failures[each]).toBeUndefined();
    });
  }, name);
}
