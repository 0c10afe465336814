import { expect, it } from '@jest/globals';
import type { Frame } from 'puppeteer-core';
import { stored } from '../support/stores.js';
import { inBrowsers } from './launch.js';
import { newName, setUpPages } from './pages.js';

const { openPage } = setUpPages();

const IN_MEMORY = expect.stringMatching(/^axios-bearer: this browser allows the page no IndexedDB .+ Allow storage/);
const NO_LOCKS = expect.stringMatching(/^axios-bearer: there are no Web Locks here: .+ Serve the page over https\.$/);

/** Writes, reads, and takes the lock, by two stores of one name. */
async function useTwice(frame: Pick<Frame, 'evaluate'>) {
  return frame.evaluate(
    async (name, entry) => {
      const [one, two] = [program.browserStore(name), program.browserStore(name)];
      const written = await one.write(entry);
      const had = await one.withLock(async () => 'had', program.patience);
      one.subscribe!(() => {})();
      return { written: written.id, own: (await one.read())?.id, other: (await two.read())?.id, had };
    },
    newName(),
    stored('s', 1, { id: 'one' }),
  );
}

inBrowsers((browser) => {
  it('has a page without a right to storage keep tokens in its memory, and says so once', async () => {
    const page = await openPage(browser());
    await page.evaluate(async () => {
      const frame = document.createElement('iframe');
      const loaded = new Promise((resolve) => frame.addEventListener('load', resolve));
      Object.assign(frame, { src: '/frame', sandbox: 'allow-scripts' });
      document.body.append(frame);
      await loaded;
    });
    const used = await useTwice(page.frames()[1]!);
    expect(used).toEqual({ written: 'one', own: 'one', had: 'had' });
    expect(page.warned).toEqual([IN_MEMORY]);
  });

  it('does the same where there is no IndexedDB at all', async () => {
    const page = await openPage(browser());
    await page.evaluate(() => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }));
    expect(await useTwice(page)).toEqual({ written: 'one', own: 'one', had: 'had' });
    expect(page.warned).toEqual([IN_MEMORY]);
  });

  it('keeps nothing in memory that other tabs know already: a database that is refused later is an error', async () => {
    const page = await openPage(browser());
    const seen = await page.evaluate(
      async (name, entry) => {
        const store = program.browserStore(name);
        await store.write(entry);
        const { open } = IDBFactory.prototype;
        IDBFactory.prototype.open = () => {
          throw new DOMException('Denied', 'SecurityError');
        };
        const { transaction } = IDBDatabase.prototype;
        IDBDatabase.prototype.transaction = function (...args) {
          this.close();
          return transaction.apply(this, args);
        };
        const refused = await store.read().catch((error) => error.name);
        Object.assign(IDBFactory.prototype, { open });
        Object.assign(IDBDatabase.prototype, { transaction });
        return [refused, (await store.read())?.id];
      },
      newName(),
      stored('s', 1, { id: 'one' }),
    );
    expect([seen, page.warned]).toEqual([['SecurityError', 'one'], []]);
  });

  it('opens the database again when the browser has closed it', async () => {
    const page = await openPage(browser());
    const read = await page.evaluate(
      async (name, entry) => {
        const { transaction } = IDBDatabase.prototype;
        let last!: IDBDatabase;
        IDBDatabase.prototype.transaction = function (...args) {
          last = this;
          return transaction.apply(this, args);
        };
        const store = program.browserStore(name);
        await store.write(entry);
        last.close();
        return (await store.read())?.id;
      },
      newName(),
      stored('s', 1, { id: 'one' }),
    );
    expect(read).toBe('one');
  });

  it('keeps neither a later version nor a deletion waiting, and says what to do when it is the older one', async () => {
    const [page, later] = [await openPage(browser()), await openPage(browser())];
    const name = newName();
    const write = (name: string, entry: object) => {
      Object.assign(globalThis, { store: program.browserStore(name) });
      return (globalThis as unknown as { store: ReturnType<typeof program.browserStore> }).store.write(entry as never);
    };
    await page.evaluate(write, name, stored('s', 1));
    const requests = (name: string, version?: number) =>
      new Promise<string>((resolve) => {
        const request = version ? indexedDB.open(name, version) : indexedDB.deleteDatabase(name);
        request.onblocked = () => resolve('blocked');
        request.onsuccess = () => resolve('done');
      });
    expect(await later.evaluate(requests, name)).toBe('done');
    expect(await page.evaluate('store.read()')).toBeUndefined();
    expect(await later.evaluate(requests, name, 2)).toBe('done');
    const failure = await page.evaluate('store.read().catch((error) => error.message)');
    expect(failure).toBe(
      `browserStore can't use the database ${name}: a later version of axios-bearer has made it: reload the page`,
    );
  });

  it('L3 presents a refresh token once without Web Locks too: one tab alone can set its mark; and says what may happen', async () => {
    const page = await openPage(browser(), 'insecureUrl');
    const seen = await page.evaluate(async (name) => {
      const { sessions, presented } = await program.pair(name);
      const refreshed = await Promise.all(sessions.map((session) => session.refresh()));
      await Promise.all(sessions.map((session) => session.close()));
      return { presented, refreshed: refreshed.map(({ accessToken }) => accessToken) };
    }, newName());
    expect(seen).toEqual({ presented: ['rt'], refreshed: ['rt+', 'rt+'] });
    // Each frame is a page to itself.
    expect(page.warned).toEqual([NO_LOCKS, NO_LOCKS]);
  });

  it.each(['Worker', 'SharedWorker'])('works in a %s, which shares the session with the page', async (kind) => {
    const page = await openPage(browser());
    const read = await page.evaluate(
      async (kind, name, entry) => {
        const code = `importScripts('${location.origin}/program.js');
          const answer = async (port) => {
            const store = program.browserStore('${name}');
            store.subscribe(() => {})();
            port.postMessage(await store.withLock(() => store.read(), program.patience));
          };
          if ('onconnect' in globalThis) onconnect = ({ ports }) => answer(ports[0]);
          else answer(globalThis);`;
        await program.browserStore(name).write(entry);
        const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
        const port = kind === 'Worker' ? new Worker(url) : new SharedWorker(url).port;
        return new Promise((resolve) => {
          port.onmessage = ({ data }) => resolve(data?.id);
        });
      },
      kind,
      newName(),
      stored('s', 1, { id: 'one' }),
    );
    expect([read, page.warned]).toEqual(['one', []]);
  });
});
