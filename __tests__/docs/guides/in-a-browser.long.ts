import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'puppeteer-core';
import { inBrowsers } from '../../browser/launch.js';
import { atEnd, cleanUp } from '../../support/kit.js';
import { readReadme } from '../../support/readme.js';
import { servePage, startCookieServer } from './cookie-server.js';
import { API, bundleGuide } from './open.js';

const PAGE = 'docs/guides/spa-refresh-cookie.md';
const TABS = 'docs/guides/several-tabs.md';

// What an app has beside the guide's own files: its views, and a hand on it for the test.
const views = `
  const show = (view: string) => () => void (document.body.dataset.view = view);
  export const [showApp, showLogin, showError] = [show('app'), show('login'), show('error')];`;
const main = `
  import { api, session } from './session.js';
  import * as page from './page.js';
  Object.assign(window, { api, session, ...page });`;

afterEach(cleanUp);

/** An app made of the guide, at an address of its own; another `session.ts` takes the place of the guide's. */
async function startApp(browser: Browser, session?: string) {
  let origin = '';
  let script = '';
  const server = await startCookieServer(() => origin);
  origin = await servePage(() => ({ '/main.js': script }));
  const outdir = await mkdtemp(join(tmpdir(), 'page-'));
  atEnd(() => rm(outdir, { recursive: true }));
  const own: Record<string, string> = session ? { session: session.replaceAll(API, server.url) } : {};
  const options = { format: 'esm', outdir, beside: { views, main, ...own } } as const;
  await bundleGuide(PAGE, ['main'], { [API]: server.url }, options);
  script = await readFile(join(outdir, 'main.js'), 'utf8');
  const context = await browser.createBrowserContext();
  atEnd(() => context.close());
  const open = async () => {
    const tab = await context.newPage();
    await tab.goto(origin);
    return tab;
  };
  return { server, open };
}

const shows = (tab: Page, view: string) =>
  tab.waitForFunction((view) => document.body.dataset.view === view, { polling: 'mutation' }, view);

/** Runs code of the app: what it has put on its window. */
const run = (tab: Page, code: string) => tab.evaluate(code);
const status = (tab: Page) => run(tab, "api.get('/videos').then((answer) => answer.status, (error) => error.code)");

async function signIn(tab: Page): Promise<void> {
  await shows(tab, 'login');
  await run(tab, "login('ada', 'right')");
  await shows(tab, 'app');
}

inBrowsers((browser) => {
  describe('A login form and a refresh cookie', () => {
    it('finds the session again after a reload, and refreshes once for all requests', async () => {
      const { server, open } = await startApp(browser());
      const tab = await open();
      await signIn(tab);
      await tab.reload();
      await shows(tab, 'app');
      server.expire();
      const all = "Promise.all([1, 2, 3].map(() => api.get('/videos'))).then((all) => all.map(({ status }) => status))";
      expect(await run(tab, all)).toEqual([200, 200, 200]);
      expect(server).toMatchObject({ refreshes: 2, reused: 0 });
    });

    it('a wrong password is an error of the login, and nothing else', async () => {
      const { server, open } = await startApp(browser());
      const tab = await open();
      await shows(tab, 'login');
      expect(await run(tab, "login('ada', 'wrong').catch((error) => error.response.status)")).toBe(401);
      expect(server.refreshes).toBe(0);
    });

    it('shows the login when the server refuses the cookie, and after a logout', async () => {
      const { server, open } = await startApp(browser());
      const tab = await open();
      await signIn(tab);
      server.revoke();
      expect(await status(tab)).toBe('ERR_BEARER_REJECTED');
      await signIn(tab);
      await run(tab, 'logout()');
      await shows(tab, 'login');
      await tab.reload();
      await shows(tab, 'login');
    });

    it('a server that is down at page load is no reason to sign in again', async () => {
      const { server, open } = await startApp(browser());
      const tab = await open();
      await signIn(tab);
      server.down = true;
      await tab.reload();
      await shows(tab, 'error');
      server.down = false;
      await run(tab, 'session.signIn()');
      expect(await status(tab)).toBe(200);
    });
  });

  describe('Several tabs with a refresh cookie', () => {
    it('take turns, so that no cookie comes twice', async () => {
      const { code } = readReadme(TABS).blocks.find(({ code }) => code.includes('navigator.locks'))!;
      const { server, open } = await startApp(browser(), code);
      await signIn(await open());
      const tabs = await Promise.all([open(), open(), open()]);
      await Promise.all(tabs.map((tab) => shows(tab, 'app')));
      for (let round = 0; round < 5; round += 1) {
        server.expire();
        expect(await Promise.all(tabs.map(status))).toEqual([200, 200, 200]);
      }
      expect(server.reused).toBe(0);
    });
  });
});
