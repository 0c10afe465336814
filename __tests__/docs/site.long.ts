import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'puppeteer-core';
import { groups } from '../../docs/.vitepress/sidebar.js';
import { close, describeIn, faultsOf, launch } from '../browser/launch.js';

/** What readers type, and the page that is to answer it. */
const QUESTIONS: [typed: string, page: string][] = [
  ['login form refresh cookie', 'guides/spa-refresh-cookie'],
  ['react native', 'guides/react-native'],
  ['next.js', 'guides/nextjs'],
  ['SSR', 'guides/nextjs'],
  ['client credentials', 'guides/client-credentials'],
  ['nestjs', 'guides/nestjs'],
  ['tenants', 'guides/many-tenants'],
  ['several tabs', 'guides/several-tabs'],
  ['many processes', 'guides/many-processes'],
  ['CLI', 'guides/cli'],
  ['login dialog', 'guides/login-dialog'],
  ['graphql', 'guides/graphql'],
  ['UNAUTHENTICATED', 'guides/graphql'],
  ['uploads', 'guides/uploads'],
  ['api.video key', 'guides/api-video'],
  ['axios-auth-refresh', 'migrate-from-axios-auth-refresh'],
  ['failedQueue', 'migrate-from-the-queue-snippet'],
  ['machine to machine', 'guides/client-credentials'],
  ['redis', 'redis'],
  ['postgres', 'postgres'],
  ['serverless', 'serverless'],
];

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
const A_LONG_BUILD = 600_000;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let folder: string;
let url: string;
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://site');
  const file = join(folder, pathname.endsWith('/') ? `${pathname}index.html` : decodeURIComponent(pathname));
  if (!existsSync(file)) return response.writeHead(404).end();
  return response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? '' }).end(readFileSync(file));
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'site-'));
  const child = spawn('npm', ['run', 'site', '--', '--outDir', folder], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  if (code !== 0) throw new Error(`npm run site has failed: ${out}${err}`);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}, A_LONG_BUILD);

afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await rm(folder, { recursive: true });
});

/** Where the links of a page lead, `path#anchor` from the site's root. */
function targetsOf(html: string, page: string): string[] {
  const hrefs = [...html.matchAll(/<a [^>]*?href="([^"]+)"/g)].map(([, href]) => href!.replaceAll('&amp;', '&'));
  return hrefs.flatMap((href) => {
    const { origin, pathname, hash } = new URL(href, `http://site/${page}`);
    return origin === 'http://site' ? [decodeURIComponent(`${pathname.slice(1) || 'index.html'}${hash}`)] : [];
  });
}

describe('The site', () => {
  it('has every link lead to a page that is there, and to a heading on it', () => {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.html'));
    const html = new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
    const places = [...html].flatMap(([name, text]) => [
      name,
      ...[...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => `${name}#${id}`),
    ]);
    const known = new Set(places);
    const flaws = [...html].flatMap(([name, text]) =>
      targetsOf(text, name).flatMap((target) => (known.has(target) ? [] : [`${name} leads to ${target}`])),
    );
    expect(flaws).toEqual([]);
    expect(names.length).toBeGreaterThan(groups.flatMap(({ pages }) => pages).length);
  });
});

/** What goes wrong on a page from now on. */
function watch(page: Page): string[] {
  const wrong = faultsOf(page);
  page.on('response', (response) => {
    if (response.status() >= 400) wrong.push(`${response.status()} ${response.url()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('data:')) wrong.push(`asks ${request.url()}`);
  });
  return wrong;
}

/** The path of the first thing found. */
async function search(page: Page, typed: string): Promise<string> {
  await page.goto(url);
  await page.evaluate(() => sessionStorage.clear()); // it remembers what was typed before
  await page.reload();
  await (await page.waitForSelector('.DocSearch-Button'))?.click();
  await (await page.waitForSelector('#localsearch-input'))?.focus();
  // At once: after each letter something else would be found.
  await page.keyboard.sendCharacter(typed);
  await page.waitForSelector('.result');
  return page.$eval('.result', (result) => result.getAttribute('href') ?? '');
}

describeIn('Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch('Chromium');
  }, A_LONG_BUILD);
  afterAll(() => close(browser));

  it('finds the page that answers first, whatever is typed', async () => {
    const page = await browser.newPage();
    const wrong = watch(page);
    for (const [typed, expected] of QUESTIONS) {
      expect([typed, await search(page, typed)]).toEqual([typed, expect.stringContaining(`/${expected}.html`)]);
    }
    expect(wrong).toEqual([]);
    await page.close();
  });

  describe.each(['light', 'dark'])('in %s colours', (scheme) => {
    it.each(['/', '/guides/spa-refresh-cookie.html', '/guides/uploads.html'])(
      '%s can be read by all, and nothing goes wrong on it',
      async (path) => {
        const page = await browser.newPage();
        const wrong = watch(page);
        await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
        for (const width of [1400, 420]) {
          await page.setViewport({ width, height: 1000 });
          await page.goto(url + path, { waitUntil: 'networkidle0' });
          await page.evaluate(axe);
          const { violations } = (await page.evaluate('axe.run()')) as AxeResults;
          expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`)).toEqual([]);
        }
        expect(wrong).toEqual([]);
        await page.close();
      },
    );
  });
});
