import puppeteer, { type Page } from 'puppeteer-core';

/** Opens so many tabs in Chromium, without a window. */
export async function openTabs(executablePath: string, n: number, url: string) {
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const browser = await puppeteer.launch({ executablePath, args });
  const tabs = await Promise.all(Array.from({ length: n }, () => browser.newPage()));
  await Promise.all(tabs.map((tab) => tab.goto(url)));
  return { tabs, close: () => browser.close() };
}

export async function enter(tab: Page, text: string): Promise<void> {
  await tab.$eval('input', (input, value) => Object.assign(input, { value }), text);
}

export async function click(tab: Page, id: string): Promise<void> {
  await tab.$eval(`#${id}`, (button) => (button as HTMLElement).click());
}

/** Resolves when each of the tabs shows `text`, with what they show. */
export async function read(tabs: Page[], text: string): Promise<string> {
  const shows = (expected: string) => document.querySelector('output')?.textContent === expected;
  await Promise.all(tabs.map((tab) => tab.waitForFunction(shows, { polling: 'mutation' }, text)));
  return tabs.map(() => text).join(', ');
}
