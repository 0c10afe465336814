import { afterAll, beforeAll } from '@jest/globals';
import type { Browser, BrowserContext } from 'puppeteer-core';
import { setUpAuthorizationServer } from '../authorization-server/setup.js';
import { atEnd } from '../support/kit.js';
import type { TabStart } from './page.js';
import { buildPage, openTab, type Tab } from './pool.js';
import { serveTabs } from './site.js';
import { stopByDebugger, stopByRequest } from './stand-still.js';

type More = Pick<TabStart, 'isPlain' | 'isDeaf' | 'options'>;
type Tabs = [Tab, Tab, ...Tab[]];

/** For one browser of a test file: an authorization server, which judges each test, and tabs that share a session. */
export function setUpTabs(browser: () => Browser, options?: { ttl: number }) {
  const setup = setUpAuthorizationServer(options);
  let site: Awaited<ReturnType<typeof serveTabs>>;
  beforeAll(async () => {
    site = await serveTabs(await buildPage());
  });
  afterAll(() => site.close());

  /** A browser context of its own: what its tabs store is theirs. It is closed when the test is over. */
  async function newContext(): Promise<BrowserContext> {
    const context = await browser().createBrowserContext();
    atEnd(() => context.close());
    return context;
  }

  function start(context: BrowserContext, n: number, more?: More): Promise<Tabs> {
    const { issuer, tokenEndpoint, revocationEndpoint } = setup.server;
    const open = () => openTab(context, site.url, { issuer, tokenEndpoint, revocationEndpoint, ...more });
    return Promise.all(Array.from({ length: n }, open)) as Promise<never>;
  }

  /** Tabs that hold one session, signed in. The first one brings the tokens, the others find them. */
  async function signedIn(n: number, more?: More): Promise<{ context: BrowserContext; tabs: Tabs }> {
    const context = await newContext();
    const [first] = await start(context, 1, more);
    await first.signIn(await setup.tokens());
    const others = await start(context, n - 1, more);
    await Promise.all(others.map(untilActive));
    return { context, tabs: [first, ...others] };
  }

  /** A tab that no hint tells of a sign-in. */
  async function untilActive(tab: Tab): Promise<void> {
    while ((await tab.status()) !== 'active') await tab.token();
  }

  /** From now on a tab stands still. @returns what lets it go on */
  const standStill = (tab: Tab, how: 'debugger' | 'request'): Promise<() => Promise<void>> =>
    how === 'debugger' ? stopByDebugger(tab) : stopByRequest(tab, site);

  return { setup, start, signedIn, untilActive, standStill };
}
