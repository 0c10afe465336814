import { describe, expect, it } from '@jest/globals';
import type { Page } from 'puppeteer-core';
import { stored } from '../support/stores.js';
import { inBrowsers } from './launch.js';
import { newName, setUpPages } from './pages.js';

const { openPage } = setUpPages();

/** A page has the lock, and has marked the entry, as before it sends a refresh token. */
async function holdAndMark(page: Page, name: string): Promise<void> {
  await page.evaluate(
    async (name, marked) => {
      const store = program.browserStore(name);
      await new Promise<void>((resolve) => {
        const task = async () => {
          await store.write(marked);
          resolve();
          await new Promise(() => {});
        };
        void store.withLock(task, program.patience);
      });
    },
    name,
    stored('s', 1, { sent: 'first' }),
  );
}

const read = (page: Page, name: string) => page.evaluate((name) => program.browserStore(name).read(), name);
const locksOf = (page: Page, name: string) =>
  page.evaluate(async (name) => {
    const { held } = await navigator.locks.query();
    return held!.map((lock) => lock.name!).filter((each) => each.startsWith(name));
  }, name);

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
        return store.withLock(() => store.read(), program.patience);
      }, name);
      const from = performance.now();
      await end(gone);
      const found = await waiting;
      expect([found?.version, found?.sent, found?.token?.refreshToken]).toEqual([2, undefined, 'rt_s1']);
      expect(performance.now() - from).toBeLessThan(1_000);
    },
  );

  describe('the mark of a tab', () => {
    it('is heeded while the tab is there, though its lock is free, and by no lock any more when another entry is', async () => {
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

    it('that another tab has kept ends with the tab that has set it', async () => {
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
