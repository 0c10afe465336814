import { expect, it } from '@jest/globals';
import type { Page } from 'puppeteer-core';
import { inBrowsers } from '../browser/launch.js';
import { setUpTimelines } from './pages.js';

const { openTimeline, server } = setUpTimelines();

/** Of a lane, or of the head: the shades that tell what it did. */
async function shadesIn(page: Page, where: number | 'refresh'): Promise<string[]> {
  const shades = await page.evaluate(async (where) => {
    await timeline.drawn();
    return timeline.shadesIn(where);
  }, where);
  const neutral = ['line', 'muted', 'fg', 'bg', 'token'];
  return shades.filter((shade) => !neutral.includes(shade));
}

const get = (page: Page, url: string) => page.evaluate((url) => void timeline.api.get(url).catch(() => {}), url);

/** Resolves when so many requests are over. */
const over = (page: Page, count: number) =>
  page.waitForFunction((count) => timeline.counts().done! + timeline.counts().failed! === count, {}, count);

inBrowsers((browser, name) => {
  it('draws each step of a request while the server sees it', async () => {
    const page = await openTimeline(browser());
    const login = server().hold('/auth/api-key');
    await get(page, '/videos');
    await login.arrived(1);
    expect(await shadesIn(page, 0)).toEqual(['waiting']);
    expect(await shadesIn(page, 'refresh')).toEqual(['refresh']);

    let videos = server().hold('/videos');
    login.release();
    await videos.arrived(1);
    expect(await shadesIn(page, 0)).toEqual(['waiting', 'wire']);
    videos.release();
    await over(page, 1);
    expect(await shadesIn(page, 0)).toEqual(['waiting', 'wire', 'done']);

    const refresh = server().hold('/auth/refresh');
    server().expire();
    await get(page, '/videos');
    await refresh.arrived(1);
    expect(await shadesIn(page, 1)).toEqual(['waiting', 'wire', 'refused']);

    videos = server().hold('/videos');
    refresh.release();
    await videos.arrived(1);
    expect(await shadesIn(page, 1)).toEqual(['waiting', 'wire', 'refused', 'replay']);

    videos.release();
    await over(page, 2);
    expect(await shadesIn(page, 1)).toEqual(['waiting', 'wire', 'refused', 'replay', 'done']);

    await get(page, '/videos/none');
    await over(page, 3);
    expect(await shadesIn(page, 2)).toEqual(['wire', 'failed']);
    expect(page.faults).toEqual([]);
  });

  it('draws a refresh that failed in the colour of failures', async () => {
    const page = await openTimeline(browser());
    server().fault('/auth/api-key', { status: 403 });
    await get(page, '/videos');
    await over(page, 1);
    expect(await shadesIn(page, 'refresh')).toEqual(['failed']);
    expect(await shadesIn(page, 0)).toEqual(['waiting', 'failed']);
  });

  it('counts what the server has counted', async () => {
    const page = await openTimeline(browser());
    await get(page, '/videos');
    await over(page, 1);
    server().expire();
    server().fault('/videos/7', { status: 503 });
    await page.evaluate(() =>
      Promise.all(Array.from({ length: 60 }, (_, i) => timeline.api.get(`/videos/${i}`).catch(() => {}))),
    );
    await page.evaluate(() => timeline.drawn());
    const { log, stats } = server();
    const api = log.filter(({ path }) => path.startsWith('/videos'));
    const refused = api.filter(({ status }) => status === 401).length;
    expect(refused).toBe(stats.unauthorized);
    expect(await page.evaluate(() => timeline.counts())).toEqual({
      requests: 61,
      sent: api.length,
      refused,
      refreshes: stats.apiKey + stats.refresh,
      replays: refused,
      done: stats.ok,
      failed: 61 - stats.ok,
    });
  });

  it('takes away all that it has brought', async () => {
    const page = await openTimeline(browser());
    const videos = server().hold('/videos');
    await page.evaluate(() => {
      const { handlers } = timeline.api.interceptors.response as unknown as { handlers: unknown[] };
      Object.assign(globalThis, {
        responses: handlers,
        answered: timeline.api.get('/videos').then(({ config }) => [config.adapter].flat().map(String)),
      });
    });
    await videos.arrived(1);
    const left = page.evaluate(async () => {
      timeline.unmount();
      const { responses, answered } = globalThis as unknown as { responses: unknown[]; answered: Promise<string[]> };
      const adapters = [timeline.api.defaults.adapter].flat().map(String);
      const isAsBefore = JSON.stringify(await answered) === JSON.stringify(adapters);
      return {
        isAsBefore,
        handlers: responses.filter(Boolean).length,
        page: document.getElementById('place')!.innerHTML,
      };
    });
    videos.release();
    expect(await left).toEqual({ isAsBefore: true, handlers: 1, page: '' });
    expect(page.faults).toEqual([]);
  });

  it('leaves no clock running, and no element watched', async () => {
    const page = await openTimeline(browser());
    const left = await page.evaluate(() => {
      timeline.unmount();
      const left = new Set<unknown>();
      const { setInterval: start, clearInterval: stop } = globalThis;
      const { observe, disconnect } = ResizeObserver.prototype;
      Object.assign(globalThis, {
        setInterval: (...args: Parameters<typeof start>) => {
          const id = start(...args);
          left.add(id);
          return id;
        },
        clearInterval: (id: number) => {
          left.delete(id);
          stop(id);
        },
      });
      Object.assign(ResizeObserver.prototype, {
        observe(this: ResizeObserver, element: Element) {
          left.add(this);
          observe.call(this, element);
        },
        disconnect(this: ResizeObserver) {
          left.delete(this);
          disconnect.call(this);
        },
      });
      timeline.mount();
      const during = left.size;
      timeline.unmount();
      return [during, left.size];
    });
    expect(left).toEqual([2, 0]);
  });

  // Firefox takes no such wish from a test.
  if (name === 'Chromium') {
    it('is as dark as the user prefers, in a page that says nothing of it', async () => {
      const page = await openTimeline(browser());
      const background = () =>
        page.evaluate(() => {
          timeline.unmount();
          timeline.mount();
          return getComputedStyle(timeline.root().querySelector('.panel')!).backgroundColor;
        });
      for (const [value, shade] of [
        ['dark', 'rgb(21, 23, 30)'],
        ['light', 'rgb(255, 255, 255)'],
      ]) {
        await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: value! }]);
        expect(await background()).toBe(shade);
      }
    });
  }

  it('is worked with the keyboard alone', async () => {
    const page = await openTimeline(browser());
    await get(page, '/videos');
    await get(page, '/videos/none');
    await over(page, 2);
    const details = () =>
      page.evaluate(async () => {
        await timeline.drawn();
        return timeline.root().querySelector('.details')!.textContent;
      });
    await page.evaluate(() => timeline.root().querySelector<HTMLElement>('.scroll')!.focus());
    await page.keyboard.press('End');
    expect(await details()).toMatch(/^GET \/videos\/none, failed 404 in \d/);
    await page.keyboard.press('ArrowUp');
    expect(await details()).toMatch(/^GET \/videos, done 200 in .*: waited .*, on the wire .* → 200$/);
    await page.keyboard.press('Escape');
    expect(await details()).toMatch(/^Point at/);
    await page.keyboard.press('p');
    await get(page, '/videos');
    await over(page, 3);
    await page.keyboard.press('End');
    expect(await details()).toMatch(/^GET \/videos\/none/);
    await page.keyboard.press('p');
    await page.keyboard.press('End');
    expect(await details()).toMatch(/^GET \/videos, done/);
    await page.keyboard.press('t');
    const rows = () => page.evaluate(() => timeline.root().querySelectorAll('tbody tr').length);
    await page.waitForFunction(() => timeline.root().querySelectorAll('tbody tr').length === 3);
    await page.evaluate(() => timeline.root().querySelector<HTMLElement>('.table')!.focus());
    await page.keyboard.press('t');
    expect(await page.evaluate(() => timeline.root().querySelector<HTMLElement>('.table')!.hidden)).toBe(true);
    expect(await rows()).toBe(3);
  });

  it('has nothing that axe-core objects to: the picture and the table, in the light and in the dark', async () => {
    const page = await openTimeline(browser(), '/with-axe');
    await get(page, '/videos');
    await get(page, '/videos/none');
    await over(page, 2);
    for (const scheme of ['light', 'dark']) {
      const violations = await page.evaluate(async (scheme) => {
        document.documentElement.style.colorScheme = scheme;
        const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
        const judged = async () =>
          (await axe.run('#place')).violations.map(({ id, nodes }) => [
            id,
            nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`),
          ]);
        await timeline.drawn();
        const found = await judged();
        timeline.root().querySelectorAll('button')[4]!.click();
        await timeline.drawn();
        found.push(...(await judged()));
        timeline.root().querySelectorAll('button')[4]!.click();
        return found;
      }, scheme);
      expect(violations).toEqual([]);
    }
  });

  it('is as dark as the page that it is in, and fits a narrow one', async () => {
    const page = await openTimeline(browser());
    await page.setViewport({ width: 375, height: 700 });
    await get(page, '/videos');
    await over(page, 1);
    const looks = await page.evaluate(async () => {
      const root = timeline.root();
      const background = () => getComputedStyle(timeline.root().querySelector('.panel')!).backgroundColor;
      const light = background();
      const canvas = () => timeline.shadesIn(0).includes('done');
      await timeline.drawn();
      const isDrawn = [canvas()];
      const recoloured = new Promise((resolve) => root.addEventListener('transitionend', resolve, { once: true }));
      document.documentElement.style.colorScheme = 'dark';
      await recoloured;
      await timeline.drawn();
      isDrawn.push(canvas());
      return { light, dark: background(), isDrawn, width: document.scrollingElement!.scrollWidth };
    });
    expect(looks).toEqual({ light: 'rgb(255, 255, 255)', dark: 'rgb(21, 23, 30)', isDrawn: [true, true], width: 375 });
  });

  it('draws no more of a thousand requests than of those that are seen, and moves nothing else of the page', async () => {
    const page = await openTimeline(browser());
    const { bare, watched, shifts, texts } = await page.evaluate(async () => {
      const supported = PerformanceObserver.supportedEntryTypes.includes('layout-shift');
      let shifts = 0;
      const observer = new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) shifts += (entry as unknown as { value: number }).value;
      });
      const requests = (count: number) => () => {
        let left = count;
        const work = async () => {
          // Chromium asks for one URL once at a time.
          while (left-- > 0) await timeline.api.get(`/videos?left=${left}`);
        };
        return Promise.all(Array.from({ length: 20 }, work));
      };
      /** How many texts a picture of now has. */
      const textsDrawn = async () => {
        const { prototype } = CanvasRenderingContext2D;
        const { fillText } = prototype;
        let drawn = 0;
        prototype.fillText = function (...args) {
          drawn++;
          return fillText.apply(this, args);
        };
        timeline.root().querySelector('.scroll')!.dispatchEvent(new Event('scroll'));
        await timeline.drawn();
        prototype.fillText = fillText;
        return drawn;
      };
      timeline.unmount();
      const bare = await timeline.frames(requests(200));
      timeline.mount();
      await timeline.drawn();
      if (supported) observer.observe({ type: 'layout-shift' });
      await requests(30)();
      const few = await textsDrawn();
      const watched = await timeline.frames(requests(1_000));
      const many = await textsDrawn();
      observer.disconnect();
      return { bare, watched, shifts, texts: { few, many } };
    });
    const of = (times: number[], part: number) =>
      times.sort((a, b) => a - b)[Math.floor(times.length * part)]!.toFixed(1);
    for (const [what, times] of Object.entries({ 'without a timeline': bare, 'with 1,000 lanes': watched }))
      process.stderr.write(
        `${name}, ${what}: ${times.length} frames, median ${of(times, 0.5)} ms, 95 % ${of(times, 0.95)} ms, longest ${of(times, 0.999)} ms\n`,
      );
    expect(texts.many).toBeLessThan(texts.few * 1.5);
    expect(shifts).toBe(0);
    expect((await page.evaluate(() => timeline.counts())).requests).toBe(1_030);
  });
});
