import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { BrowserContext, Page } from 'puppeteer-core';
import { PUBLIC } from '../support/authorization-server.js';
import { remote } from '../support/holder.js';
import type { Call, TabStart } from './page.js';

const PROGRAM = fileURLToPath(new URL('./page.ts', import.meta.url));

type Event = 'asking' | 'signedIn' | 'refreshed' | 'signedOut' | 'back';

/** A tab that was opened here, and holds a session together with the others of its context. */
export interface Tab extends Call {
  readonly page: Page;
  /** Resolves at the next such event of its session, with the time of it; `asking`: its source is asked, and has sent nothing yet. */
  next(event: Event): Promise<number>;
}

/** The page's program as one file. */
export async function buildPage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [PROGRAM],
    write: false,
    bundle: true,
    platform: 'browser',
    target: 'es2022',
  });
  return outputFiles[0]!.text;
}

/** Opens a tab at `url`, where that program is. */
export async function openTab(context: BrowserContext, url: string, start: Omit<TabStart, 'clientId'>): Promise<Tab> {
  const page = await context.newPage();
  const tab = tabOf(page);
  await page.goto(url);
  await tab.start({ clientId: PUBLIC.clientId, ...start });
  return tab;
}

function tabOf(page: Page): Tab {
  const next = (event: Event) =>
    new Promise<number>((resolve) => {
      page.on('console', function heard(message) {
        const [mark, name, time] = message.text().split(' ');
        if (mark !== 'event:' || name !== event) return;
        page.off('console', heard);
        resolve(Number(time));
      });
    });
  const call = (method: string, args: unknown[]) =>
    page.evaluate((name, given) => Reflect.get(globalThis, 'tab')[name](...given), method, args);
  return remote<Tab>({ page, next }, call);
}
