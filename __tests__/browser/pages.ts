import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { atEnd, cleanUp } from '../support/kit.js';
import { stored } from '../support/stores.js';
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

/** A page has the lock, and has marked the entry, as before it sends a refresh token. */
export async function holdAndMark(page: Page, name: string): Promise<void> {
  await page.evaluate(
    async (name, marked) => {
      const store = program.browserStore(name);
      await new Promise<void>((resolve) => {
        const task = async () => {
          await store.write(marked);
          resolve();
          await new Promise(() => {});
        };
        void store.withLock(task, program.patience);
      });
    },
    name,
    stored('s', 1, { sent: 'first' }),
  );
}

export const read = (page: Page, name: string) => page.evaluate((name) => program.browserStore(name).read(), name);
