import assert from 'node:assert/strict';
import { expect, it } from '@jest/globals';
import { openPage, tableOf } from '../../support/page.js';
import { membersOf } from '../../support/readme.js';

const page = openPage('docs/reference/testing.md');

page.itRuns({
  async 'Testing your own app'(name) {
    const tests: Promise<void>[] = [];
    const test = (_: string, body: () => Promise<void>) => void tests.push(body());
    await page.run(name, { modules: { 'node:test': { test }, 'node:assert/strict': { default: assert } } });
    expect(tests).toHaveLength(1);
    await Promise.all(tests);
  },

  async 'Testing your own app 2'(name) {
    const session = page.signedIn();
    const refreshed = new Promise((resolve) => session.on('refreshed', resolve));
    await page.run(name);
    await refreshed;
    const requests = page.server.log.filter(({ path }) => path === '/videos');
    expect(requests.map(({ status, generation }) => [status, generation])).toEqual([
      [200, 1],
      [200, 1],
    ]);
  },
});

it('names each lever of the test server, and no other', () => {
  const levers = membersOf('lib/testing/api-video.ts', 'ApiVideo');
  expect(levers.length).toBeGreaterThan(1);
  expect(tableOf(page.text, 'Testing your own app', 2)).toEqual(levers.sort());
});
