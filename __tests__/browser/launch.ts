import { existsSync } from 'node:fs';
import { afterAll, beforeAll } from '@jest/globals';
import puppeteer, { type Browser, type LaunchOptions, type Page } from 'puppeteer-core';
import { describeOn } from '../support/on.js';

export type BrowserName = 'Chromium' | 'Firefox';

interface Found {
  readonly name: BrowserName;
  /** Missing: it is not on this machine. */
  readonly executablePath: string | undefined;
  /** What installs it. */
  readonly debianPackage: string;
}

/** A host that leads to this machine, and is no secure context over plain http. */
export const INSECURE_HOST = 'insecure.test';

// ms. A browser takes seconds to start where much else goes on.
const PATIENCE = 300_000;
const CLOSING = 10_000;
const find = (...names: string[]) => names.map((name) => `/usr/bin/${name}`).find((path) => existsSync(path));

export const browsers: readonly Found[] = [
  { name: 'Chromium', executablePath: find('chromium', 'google-chrome'), debianPackage: 'chromium' },
  { name: 'Firefox', executablePath: find('firefox-esr', 'firefox'), debianPackage: 'firefox-esr' },
];

const CHROMIUM: LaunchOptions = {
  browser: 'chrome',
  // What a user's browser has: a page that is left may come back as it was.
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1`,
  ],
};

const FIREFOX: LaunchOptions = {
  browser: 'firefox',
  extraPrefsFirefox: { 'network.dns.localDomains': INSECURE_HOST },
};

/** Starts a browser, with a profile of its own that goes when it is closed. Close it by `close(browser)`. */
export async function launch(name: BrowserName): Promise<Browser> {
  const { executablePath, debianPackage } = browsers.find((each) => each.name === name)!;
  if (!executablePath) throw new Error(`${name} is missing: install ${debianPackage}`);
  const own = name === 'Chromium' ? CHROMIUM : FIREFOX;
  return puppeteer.launch({ ...own, executablePath, headless: true, timeout: PATIENCE });
}

/** Ends a browser, whatever has become of it. */
export async function close(browser: Browser): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSING);
  });
  await Promise.race([browser.close().catch(() => {}), late]);
  clearTimeout(timer);
  browser.process()?.kill('SIGKILL');
}

/** Errors and warnings of a page from now on. @param noFault what is none of the page's */
export function faultsOf(page: Page, noFault = /(?!)/): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type()) && !noFault.test(message.text())) faults.push(message.text());
  });
  return faults;
}

/** Tests that launch a browser by themselves. */
export function describeIn(name: BrowserName, tests: () => void): void {
  const { executablePath, debianPackage } = browsers.find((each) => each.name === name)!;
  const [title, isThere] = [`in ${name}`, Boolean(executablePath)];
  describeOn({ title, isThere, how: `install ${debianPackage}`, required: 'REQUIRE_BROWSERS' }, tests);
}

/**
 * Tests for each browser, launched once for all of them.
 *
 * @param tests is given the way to the browser: it is there when a test runs
 * @param only leaves the others out
 */
export function inBrowsers(tests: (browser: () => Browser, name: BrowserName) => void, only?: BrowserName): void {
  for (const { name } of browsers.filter((each) => !only || each.name === only)) {
    describeIn(name, () => {
      let browser: Browser | undefined;
      beforeAll(async () => {
        browser = await launch(name);
      }, 2 * PATIENCE);
      afterAll(() => browser && close(browser), 2 * CLOSING);
      tests(() => browser!, name);
    });
  }
}
