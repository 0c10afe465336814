import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Browser } from 'puppeteer-core';
import type { ClientName } from '../../playground/protocol.js';
import { inBrowsers } from '../browser/launch.js';
import { type Playground, startPlayground } from './playground.js';
import { logged, type Visit, visit } from './visit.js';

const SEND_1 = '[data-send="1"]';
const SEND_100 = '[data-send="100"]';
const AS_ANNA = '[data-user="Anna"]';
const AS_BERT = '[data-user="Bert"]';

inBrowsers((browser) => {
  let playground: Playground;
  let user: Visit;
  beforeAll(async () => {
    playground = await startPlayground();
    user = await visit(await browser().newPage(), playground.url);
  }, 120_000);
  afterAll(() => playground.close());

  afterEach(async () => {
    expect(user.faults).toEqual([]);
  });

  /** Do the page's counters say what the server's log does? @returns what has been counted since `before` */
  async function agreed(panel: 'ours' | 'peer' = 'ours', name: ClientName = 'axios-bearer') {
    const counts = await user.counts(panel);
    const { failures: _, replays: __, ...onTheWire } = counts;
    expect(onTheWire).toEqual(await logged(playground, name));
    return counts;
  }

  /** What is counted while this runs. */
  async function counted(what: () => Promise<unknown>) {
    const before = await agreed();
    await what();
    const after = await agreed();
    const entries = Object.entries(after) as [keyof typeof after, number][];
    return Object.fromEntries(entries.map(([name, count]) => [name, count - before[name]]));
  }

  /** Whatever the test before has left behind. */
  const signInAnew = () => user.pull(AS_ANNA);
  const expire = async () => {
    await signInAnew();
    await user.pull('#expire');
  };

  it('is signed in as Anna, and sends 1, 100 and 1,000', async () => {
    await user.shows('#session', /^Anna is signed in/);
    const counts = await counted(async () => {
      for (const n of ['1', '100', '1,000']) {
        const { ours } = await user.send(`[data-send="${n.replace(',', '')}"]`);
        expect(ours).toBe(`${n} of ${n} answered.`);
      }
    });
    expect(counts).toEqual({ sent: 1_101, unauthorized: 0, refreshes: 0, replays: 0, failures: 0 });
  });

  it('expires the token: 100 requests, one refresh, and no failure', async () => {
    await expire();
    const counts = await counted(async () => {
      expect(await user.send(SEND_100)).toMatchObject({ ours: '100 of 100 answered.' });
    });
    const { unauthorized } = counts;
    expect(unauthorized).toBeGreaterThan(0);
    expect(counts).toEqual({
      sent: 101 + unauthorized!,
      unauthorized,
      refreshes: 1,
      replays: unauthorized,
      failures: 0,
    });
    expect(await playground.stats('axios-bearer')).toMatchObject({ reuse: 0 });
  });

  it('revokes the refresh token: a live token serves on; when it is over, the session ends', async () => {
    await signInAnew();
    await user.pull('#revoke');
    expect(await user.send(SEND_1)).toMatchObject({ ours: '1 of 1 answered.' });
    await user.pull('#expire');
    const counts = await counted(async () => {
      expect(await user.send(SEND_100)).toMatchObject({ ours: '0 of 100 answered, 100 failed (ERR_BEARER_REJECTED).' });
    });
    expect(counts).toMatchObject({ refreshes: 1, replays: 0, failures: 100 });
    await user.shows('#session', /^The server has ended the session$/);
  });

  it.each([
    ['slow', 1],
    ['503', 2],
    ['429', 2],
    ['hangs', 2],
    ['late', 1],
  ])('the next refresh, %s, is waited for or tried again, and no request fails', async (next, refreshes) => {
    await expire();
    await user.pull(`[value="${next}"]`);
    const counts = await counted(async () => {
      expect(await user.send(SEND_100)).toMatchObject({ ours: '100 of 100 answered.' });
    });
    expect(counts).toMatchObject({ refreshes, failures: 0 });
    await user.page.waitForSelector('[value=works]:checked');
    expect(await playground.stats('axios-bearer')).toMatchObject({ reuse: 0 });
  });

  it('polls a URL that always answers 401, which starts two refreshes at most', async () => {
    await signInAnew();
    const counts = await counted(async () => {
      expect(await user.send('#poll')).toMatchObject({ ours: '0 of 20 answered, 20 failed (401).' });
    });
    expect(counts.refreshes).toBeLessThanOrEqual(2);
    expect(counts.failures).toBe(20);
  });

  it('signs in as Bert, and out: then a request bears no token', async () => {
    await user.pull(AS_BERT);
    await user.shows('#session', /^Bert is signed in/);
    expect(await user.send(SEND_1)).toMatchObject({ ours: '1 of 1 answered.' });
    await user.press('#sign-out');
    await user.shows('#session', /^Signed out$/);
    const counts = await counted(async () => {
      expect(await user.send(SEND_1)).toMatchObject({ ours: '0 of 1 answered, 1 failed (401).' });
    });
    expect(counts).toEqual({ sent: 1, unauthorized: 1, refreshes: 0, replays: 0, failures: 1 });
    expect((await playground.log('axios-bearer')).at(-1)).not.toHaveProperty('generation');
  });

  it('signs out in mid-refresh: what waits fails at once, and the new token brings nobody back', async () => {
    await signInAnew();
    await user.press('#sign-out-mid-refresh');
    await user.shows('#session', /^Signed out$/);
    await user.shows('#ours .said', /^0 of 100 answered, .*ERR_BEARER_SIGNED_OUT/);
    await playground.idle('axios-bearer');
    expect(await user.send(SEND_1)).toMatchObject({ ours: '0 of 1 answered, 1 failed (401).' });
    await user.shows('#session', /^Signed out$/);
  });

  it.each<[ClientName, string]>([
    ['copied snippet', '503'],
    ['axios-auth-refresh', 'slow'],
  ])('runs the same traffic through the %s, which fails where ours does not', async (peer, next) => {
    await user.pull(`[value="${peer}"]`);
    await expire();
    await user.pull(`[value="${next}"]`);
    expect(await user.send(SEND_100)).toMatchObject({ ours: '100 of 100 answered.' });
    const counts = await agreed('peer', peer);
    expect(counts.sent).toBeGreaterThan(100);
    expect(counts.failures).toBeGreaterThan(50);
    await user.pull('[name=peer][value=""]');
  });

  it('shares the session with another tab, and each says which one has refreshed', async () => {
    await expire();
    const other = await openAnother(browser(), user, playground.url);
    await other.shows('#session', /^Anna is signed in/);
    await other.shows('#tab', /^This is tab 2\. No refresh yet\.$/);
    const before = await logged(playground, 'axios-bearer');

    expect(await other.send(SEND_100)).toMatchObject({ ours: '100 of 100 answered.' });
    await other.shows('#tab', /^This is tab 2\. The last refresh was its own\.$/);
    await user.shows('#tab', /^This is tab 1\. Tab 2 did the last refresh\.$/);
    await user.page.bringToFront();
    expect(await user.send(SEND_100)).toMatchObject({ ours: '100 of 100 answered.' });
    expect((await logged(playground, 'axios-bearer')).refreshes).toBe(before.refreshes + 1);

    await user.press('#sign-out');
    await other.shows('#session', /^Signed out$/);
    expect(other.faults).toEqual([]);
    await other.page.close();
  });

  it('goes offline: nothing reaches the API, and online again everything does', async () => {
    await signInAnew();
    const before = await playground.log('axios-bearer');
    await user.pull('#offline');
    expect(await user.send(SEND_1)).toMatchObject({ ours: '0 of 1 answered, 1 failed (ERR_NETWORK).' });
    expect(await playground.log('axios-bearer')).toHaveLength(before.length);
    await user.press(AS_BERT);
    await user.shows('#session', /^Not signed in: Network Error$/);
    await user.pull('#offline');
    expect(await user.send(SEND_1)).toMatchObject({ ours: '1 of 1 answered.' });
    expect(await playground.log('axios-bearer')).toHaveLength(before.length + 1);
  });

  it('starts over: all counters at 0, the levers as at first, and the session is kept', async () => {
    await user.pull('[value="503"]');
    await user.pull('#offline');
    await Promise.all([user.page.waitForNavigation(), user.press('#reset')]);
    expect(await playground.levers()).toMatchObject({ nextRefresh: 'works', isOffline: false });
    await user.shows('#tab', /^This is tab 1\. No refresh yet\.$/);
    await user.shows('#session', /^Anna is signed in/);
    await user.page.waitForSelector('[value=works]:checked');
    expect(await agreed()).toEqual({ sent: 0, unauthorized: 0, refreshes: 0, replays: 0, failures: 0 });
    expect(await user.send(SEND_1)).toMatchObject({ ours: '1 of 1 answered.' });
  });
});

/** By the page's own link. */
async function openAnother(browser: Browser, { press }: Visit, url: string): Promise<Visit> {
  const before = browser.targets();
  await press('[target=_blank]');
  const target = await browser.waitForTarget((target) => !before.includes(target) && target.url().startsWith(url));
  return visit((await target.page())!, url);
}
