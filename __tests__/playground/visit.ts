import type { Page } from 'puppeteer-core';
import type { ClientName } from '../../playground/protocol.js';
import { faultsOf } from '../browser/launch.js';
import type { Playground } from './playground.js';

/** What a browser says of an answer that is no 2xx, or of none: it is the server's, and no fault of the page. */
const OF_THE_NETWORK = /Failed to load resource/;
type Panel = 'ours' | 'peer';

export type Counts = Record<'sent' | 'unauthorized' | 'refreshes' | 'replays' | 'failures', number>;

/** A page of the playground as a user sees it. */
export interface Visit {
  readonly page: Page;
  /** Errors and warnings on the console, and whatever was thrown and not caught. */
  readonly faults: string[];
  press(selector: string): Promise<void>;
  /** Presses, and waits until the server has done what that asks for. */
  pull(selector: string): Promise<void>;
  /** Presses, and waits until every call has ended. @returns what both panels say of it */
  send(selector: string): Promise<Record<Panel, string>>;
  counts(panel: Panel): Promise<Counts>;
  /** Waits until the element shows this. */
  shows(selector: string, text: RegExp): Promise<void>;
}

/** @param page where the playground is open, or a new one */
export async function visit(page: Page, url: string): Promise<Visit> {
  const faults = faultsOf(page, OF_THE_NETWORK);
  if (!page.url().startsWith(url)) await page.goto(url);
  await until(page, () => document.documentElement.dataset.ready === '');

  const press = (selector: string) => page.$eval(selector, (element) => (element as HTMLElement).click());
  return {
    page,
    faults,
    press,
    async pull(selector) {
      const answered = page.waitForResponse((response) => response.url().includes('/levers/'));
      await press(selector);
      await answered;
    },
    async send(selector) {
      await press(selector);
      await until(page, () => !document.querySelector('[aria-busy=true]'));
      const said = (id: string) => page.$eval(`#${id} .said`, ({ textContent }) => textContent);
      return { ours: await said('ours'), peer: await said('peer') };
    },
    counts: (panel) => page.$eval(`#${panel}`, countsIn),
    async shows(selector, text) {
      const isShown = (selector: string, text: string) =>
        new RegExp(text).test(document.querySelector(selector)?.textContent ?? '');
      await until(page, isShown, selector, text.source);
    },
  };
}

function until<A extends unknown[]>(page: Page, isSo: (...args: A) => boolean, ...args: A) {
  return page.waitForFunction(isSo as (...args: unknown[]) => boolean, { polling: 50, timeout: 100_000 }, ...args);
}

function countsIn(panel: Element): Counts {
  const fields = [...panel.querySelectorAll<HTMLElement>('[data-count]')];
  return Object.fromEntries(
    fields.map(({ dataset, textContent }) => [dataset.count, Number(textContent?.replaceAll(',', ''))]),
  ) as Counts;
}

/** The same, as the server's log has it; failures are the callers', and no server knows of them. */
export async function logged(
  playground: Playground,
  client: ClientName,
): Promise<Omit<Counts, 'replays' | 'failures'>> {
  const log = await playground.log(client);
  return {
    sent: log.length,
    unauthorized: log.filter(({ status }) => status === 401).length,
    refreshes: log.filter(({ path }) => path === '/auth/refresh').length,
  };
}
