import { expect, it } from '@jest/globals';
import { stored } from '../support/stores.js';
import { inBrowsers } from './launch.js';
import { newName, setUpPages } from './pages.js';

const { openPage } = setUpPages();

inBrowsers((browser) => {
  it('tells the other tabs of a write, and the other sessions of its own page, each of which has a store', async () => {
    const name = newName();
    const [writer, other] = [await openPage(browser()), await openPage(browser())];
    const listen = (name: string) => {
      const heard = new Promise<void>((resolve) => program.browserStore(name).subscribe!(resolve));
      Object.assign(globalThis, { heard });
    };
    await other.evaluate(listen, name);
    await writer.evaluate(listen, name);
    await writer.evaluate((name, entry) => program.browserStore(name).write(entry), name, stored('s'));
    await Promise.all([writer.evaluate('heard'), other.evaluate('heard')]);
  });

  it('tells of a write that has won, and of none that has lost', async () => {
    const page = await openPage(browser());
    const hints = await page.evaluate(
      async (name, there, late, higher) => {
        const store = program.browserStore(name);
        await store.write(there);
        let heard = 0;
        store.subscribe!(() => {
          heard += 1;
        });
        const channel = new BroadcastChannel(name);
        const last = new Promise((resolve) => channel.addEventListener('message', ({ data }) => data && resolve(data)));
        await store.write(late);
        await store.write(higher);
        new BroadcastChannel(name).postMessage('the last one');
        await last;
        return heard;
      },
      newName(),
      stored('s', 2),
      stored('s', 1),
      stored('s', 3),
    );
    // Of the higher version, and the one that was sent here.
    expect(hints).toBe(2);
  });

  it('tells of each time in which a write may not have been heard, and of nothing after it was stopped', async () => {
    const page = await openPage(browser());
    const heard = await page.evaluate(async (name) => {
      const told: string[] = [];
      let now = '';
      const stop = program.browserStore(name).subscribe!(() => told.push(now));
      const dispatch = (target: EventTarget, event: Event, as: string) => {
        now = as;
        target.dispatchEvent(event);
      };
      const all = () => {
        dispatch(globalThis, new Event('online'), 'online');
        dispatch(document, new Event('visibilitychange'), 'visible');
        dispatch(globalThis, new PageTransitionEvent('pageshow', { persisted: false }), 'loaded');
        dispatch(globalThis, new PageTransitionEvent('pagehide', { persisted: true }), 'left');
        dispatch(globalThis, new PageTransitionEvent('pageshow', { persisted: true }), 'back');
        Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
        dispatch(document, new Event('visibilitychange'), 'hidden');
        Reflect.deleteProperty(document, 'visibilityState');
      };
      all();
      stop();
      all();
      return told;
    }, newName());
    expect(heard).toEqual(['online', 'visible', 'back']);
  });

  it('leaves no listener and no channel behind when it was stopped, nor does a lock', async () => {
    const page = await openPage(browser());
    const left = await page.evaluate(async (name) => {
      const listeners: unknown[] = [];
      const channels = { open: 0 };
      const { addEventListener, removeEventListener } = EventTarget.prototype;
      EventTarget.prototype.addEventListener = function (type, listener, options) {
        listeners.push(listener);
        return addEventListener.call(this, type, listener, options);
      };
      EventTarget.prototype.removeEventListener = function (type, listener, options) {
        listeners.splice(listeners.indexOf(listener) >>> 0, 1);
        return removeEventListener.call(this, type, listener, options);
      };
      const { BroadcastChannel } = globalThis;
      globalThis.BroadcastChannel = class extends BroadcastChannel {
        constructor(name: string) {
          super(name);
          channels.open += 1;
        }
        override close() {
          channels.open -= 1;
          super.close();
        }
      };
      const store = program.browserStore(name);
      await store.withLock(async () => {}, program.patience);
      const stop = store.subscribe!(() => {});
      const during = [listeners.length, channels.open];
      dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
      stop();
      return { during, after: [listeners.length, channels.open] };
    }, newName());
    expect(left).toEqual({ during: [4, 1], after: [0, 0] });
  });

  it('lets the page rest in the back/forward cache, and tells when it comes back of what was written meanwhile', async () => {
    const name = newName();
    const [page, other] = [await openPage(browser()), await openPage(browser())];
    const home = page.url();
    await page.evaluate(async (name) => {
      const store = program.browserStore(name);
      await store.read();
      await store.withLock(async () => {}, program.patience);
      const versions: unknown[] = [];
      Object.assign(globalThis, { versions, isSame: true });
      store.subscribe!(async () => versions.push((await store.read())?.version));
    }, name);
    await page.goto(`${home}other`);
    await other.evaluate((name, entry) => program.browserStore(name).write(entry), name, stored('s', 7));
    await page.evaluate(() => void setTimeout(() => history.back()));
    await page.waitForFunction('globalThis.isSame && versions.includes(7)', { timeout: 300_000 });
  });
});
