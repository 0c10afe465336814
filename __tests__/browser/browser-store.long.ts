import { expect, it } from '@jest/globals';
import type { Page } from 'puppeteer-core';
import { stored } from '../support/stores.js';
import { inBrowsers } from './launch.js';
import { holdAndMark, newName, read, setUpPages } from './pages.js';

const { openPage } = setUpPages();

inBrowsers((browser, browserName) => {
  it('L4 lets one tab after the other in, and each reads what the one before has written', async () => {
    const name = newName();
    const pages = await Promise.all([1, 2, 3, 4].map(() => openPage(browser())));
    const contend = (page: Page) =>
      page.evaluate(async (name) => {
        const store = program.browserStore(name);
        const next = async () => {
          const { version = 0 } = (await store.read()) ?? {};
          const id = Math.random().toString();
          const entry = await store.write({ version: version + 1, id, session: 's' });
          return entry.id === id;
        };
        const won: boolean[] = [];
        for (let turns = 0; turns < 15; turns++) won.push(await store.withLock(next, program.patience));
        return won;
      }, name);
    const won = await Promise.all(pages.map(contend));
    expect(won.flat()).toEqual(Array(60).fill(true));
    expect(await read(pages[0]!, name)).toMatchObject({ version: 60 });
  });

  it('has written when a transaction of strict durability is complete, not before', async () => {
    const page = await openPage(browser());
    const seen = await page.evaluate(
      async (name, entry) => {
        const told: unknown[] = [];
        const { transaction } = IDBDatabase.prototype;
        IDBDatabase.prototype.transaction = function (...args) {
          const made = transaction.apply(this, args);
          made.addEventListener('complete', () => told.push(`${made.mode}, ${made.durability}: complete`));
          return made;
        };
        const store = program.browserStore(name);
        await store.write(entry);
        told.push('written');
        await store.read();
        return told;
      },
      newName(),
      stored('s'),
    );
    expect(seen).toEqual(['readwrite, strict: complete', 'written', 'readonly, strict: complete']);
  });

  it('rejects a write whose transaction is aborted, and leaves what was there', async () => {
    const page = await openPage(browser());
    const [before, next] = [stored('s', 1), stored('s', 2)];
    const seen = await page.evaluate(
      async (name, before, next) => {
        const store = program.browserStore(name);
        await store.write(before);
        const { put } = IDBObjectStore.prototype;
        IDBObjectStore.prototype.put = function (...args) {
          const request = put.apply(this, args);
          this.transaction.abort();
          return request;
        };
        const outcome = await store.write(next).catch(() => 'rejected');
        IDBObjectStore.prototype.put = put;
        return [outcome, (await store.read())?.id, (await store.write(next)).id];
      },
      newName(),
      before,
      next,
    );
    expect(seen).toEqual(['rejected', before.id, next.id]);
  });

  const ends: [string, (page: Page) => Promise<unknown>][] = [
    ['is closed', (page) => page.close()],
    ['is navigated away', (page) => page.goto('about:blank')],
    ['crashes', async (page) => void (await page.createCDPSession()).send('Page.crash').catch(() => {})],
  ];
  // Only Chromium can be told to.
  it.each(ends.slice(0, browserName === 'Chromium' ? 3 : 2))(
    'L13 frees at once the lock and the mark of a tab that %s before it has sent anything',
    async (_, end) => {
      const name = newName();
      const [gone, next] = [await openPage(browser()), await openPage(browser())];
      await holdAndMark(gone, name);
      expect(await read(next, name)).toMatchObject({ version: 1, sent: 'first' });
      const waiting = next.evaluate(async (name) => {
        const store = program.browserStore(name);
        // The lock may be free before what the page wrote last is there.
        const unmarked = async () => {
          let entry = await store.read();
          while (entry?.sent) entry = await store.read();
          return entry;
        };
        return store.withLock(unmarked, program.patience);
      }, name);
      const from = performance.now();
      await end(gone);
      const found = await waiting;
      expect([found?.version, found?.sent, found?.token?.refreshToken]).toEqual([2, undefined, 'rt_s1']);
      // To wait for a mark that is left would take more than a minute.
      expect(performance.now() - from).toBeLessThan(30_000);
    },
  );

  it('L3 sends nothing under a lock that was taken away: by the page’s end, or by force', async () => {
    const page = await openPage(browser());
    const aborted = await page.evaluate(async (name) => {
      const store = program.browserStore(name);
      const lockAfter = (end: () => unknown) =>
        store.withLock(async ({ signal }) => {
          const lost = new Promise((resolve) => signal.addEventListener('abort', resolve));
          await end();
          await lost;
          return signal.aborted;
        }, program.patience);
      const leave = () => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
      const steal = () => navigator.locks.request(name, { steal: true }, () => {});
      return [
        await lockAfter(leave),
        await lockAfter(steal),
        await store.withLock(async () => 'had', program.patience),
      ];
    }, newName());
    expect(aborted).toEqual([true, true, 'had']);
  });
});
