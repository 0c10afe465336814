import type { CDPSession } from 'puppeteer-core';
import type { Tab } from './pool.js';
import { STILL, type serveTabs } from './site.js';

type GoOn = () => Promise<void>;

/** Stops a tab as a breakpoint does. Chromium only: there is no debugger in WebDriver BiDi. */
export async function stopByDebugger(tab: Tab): Promise<GoOn> {
  const devtools = await tab.page.createCDPSession();
  await devtools.send('Debugger.enable');
  const paused = new Promise((resolve) => devtools.once('Debugger.paused', resolve));
  const over = devtools.send('Runtime.evaluate', { expression: 'debugger' });
  await paused;
  return () => goOn(devtools, over);
}

async function goOn(devtools: CDPSession, over: Promise<unknown>): Promise<void> {
  await devtools.send('Debugger.resume');
  await over;
  await devtools.detach();
}

/** Stops a tab by a synchronous request, which a user's browser has in common with that of a test. */
export async function stopByRequest(tab: Tab, site: Awaited<ReturnType<typeof serveTabs>>): Promise<GoOn> {
  const { arrived, release } = site.holdStill();
  const over = tab.standStill(STILL);
  await arrived;
  return async () => {
    release();
    await over;
  };
}
