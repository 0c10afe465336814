import { expect, it } from '@jest/globals';
import type { Session } from 'axios-bearer';
import type { Page } from 'puppeteer-core';
import { stored } from '../support/stores.js';
import { inBrowsers } from './launch.js';
import { holdAndMark, newName, read, setUpPages } from './pages.js';

const { openPage } = setUpPages();

const locksOf = (page: Page, name: string) =>
  page.evaluate(async (name) => {
    const { held } = await navigator.locks.query();
    return held!.map((lock) => lock.name!).filter((each) => each.startsWith(name));
  }, name);

inBrowsers((browser) => {
  it('the mark of a tab is heeded while the tab is there, though its lock is free, and lives no longer than its entry', async () => {
    const name = newName();
    const [setter, other] = [await openPage(browser()), await openPage(browser())];
    const write = (page: Page, entry: object) =>
      page.evaluate((name, entry) => program.browserStore(name).write(entry as never), name, entry);
    await setter.evaluate(
      (name, entry) => {
        Object.assign(globalThis, { store: program.browserStore(name) });
        return (globalThis as unknown as { store: ReturnType<typeof program.browserStore> }).store.write(entry);
      },
      name,
      stored('s', 1, { sent: 'first' }),
    );
    expect(await read(other, name)).toMatchObject({ version: 1, sent: 'first' });
    expect(await locksOf(other, name)).toHaveLength(1);
    // A token that was handed in there keeps the mark, and its setter.
    await write(other, stored('s', 2, { sent: 'first' }));
    expect(await read(other, name)).toMatchObject({ version: 2, sent: 'first' });
    await write(other, stored('s', 3));
    await setter.evaluate('store.read()');
    expect(await locksOf(other, name)).toEqual([]);
  });

  it('L3 a mark keeps the others from its refresh token when it was spent, and the new one can’t be written yet', async () => {
    const page = await openPage(browser());
    const seen = await page.evaluate(async (name) => {
      const { windows, sessions, presented } = await program.pair(name);
      const { prototype } = windows[0]!.IDBObjectStore;
      const { put } = prototype;
      let failures = 0;
      prototype.put = function (...args) {
        const request = put.apply(this, args);
        if (!String(args[0]).includes('rt+') || failures === 2) return request;
        failures += 1;
        this.transaction.abort();
        return request;
      };
      const [first, second] = sessions as [Session, Session];
      const refreshing = first.refresh();
      while (presented.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      const refreshed = await Promise.all([refreshing, second.refresh()]);
      await Promise.all(sessions.map((session) => session.close()));
      return { presented, refreshed: refreshed.map(({ accessToken }) => accessToken), failures };
    }, newName());
    expect(seen).toEqual({ presented: ['rt'], refreshed: ['rt+', 'rt+'], failures: 2 });
  });

  it('a mark that another tab has kept ends with the tab that has set it', async () => {
    const name = newName();
    const [setter, other] = [await openPage(browser()), await openPage(browser())];
    await holdAndMark(setter, name);
    await other.evaluate(
      (name, entry) => program.browserStore(name).write(entry),
      name,
      stored('s', 2, { sent: 'first' }),
    );
    await setter.close();
    const found = await read(other, name);
    expect([found?.version, found?.sent]).toEqual([3, undefined]);
  });
});
