import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { faultsOf } from '../browser/launch.js';
import { atEnd, cleanUp } from '../support/kit.js';
import { type Site, serveTimeline } from './site.js';

/** What a browser says of an answer that is no 2xx, and of these tests, which read the picture: no fault of the page. */
const NO_FAULT = /Failed to load resource|Canvas2D: Multiple readback/;

export interface TimelinePage extends Page {
  /** Errors and warnings of the page, and breaches of its policy. */
  readonly faults: string[];
}

/** For one test file: the site that its pages are of. */
export function setUpTimelines() {
  let site: Site;
  beforeAll(async () => {
    site = await serveTimeline();
  });
  afterEach(async () => {
    await cleanUp();
    site.server.reset();
  });
  afterAll(() => site.close());

  /** A page with a timeline, closed when the test is over. */
  async function openTimeline(browser: Browser, path = '/'): Promise<TimelinePage> {
    const page = await browser.newPage();
    const faults = faultsOf(page, NO_FAULT);
    atEnd(() => page.close().catch(() => {}));
    await page.goto(site.url + path);
    await page.evaluate(() => {
      document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
        console.error(`policy: ${violatedDirective} ${blockedURI}`),
      );
      timeline.mount();
    });
    return Object.assign(page, { faults });
  }
  return { openTimeline, server: () => site.server };
}
