import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { atEnd, cleanUp } from '../support/kit.js';
import { type Site, serveProgram } from './serve.js';

let names = 0;

/** A name that no other test uses. */
export const newName = () => `test-${process.pid}-${names++}`;

/** For one test file: the site that its pages are of. */
export function setUpPages() {
  let site: Site;
  beforeAll(async () => {
    site = await serveProgram(new URL('./program.ts', import.meta.url));
  });
  afterEach(cleanUp);
  afterAll(() => site.close());

  /** A page, which is closed when the test is over, and what it has warned of. */
  async function openPage(
    browser: Browser,
    where: 'url' | 'insecureUrl' = 'url',
  ): Promise<Page & { warned: string[] }> {
    const page = await browser.newPage();
    const warned: string[] = [];
    page.on('console', (message) => message.type() === 'warn' && warned.push(message.text()));
    atEnd(() => page.close().catch(() => {}));
    await page.goto(site[where]);
    return Object.assign(page, { warned });
  }
  return { openPage };
}
