import { expect } from '@jest/globals';
import { openPage, REFRESHED } from '../../support/page.js';

const page = openPage('docs/reference/compat.md');

page.itRuns({
  async 'Coming from another package'(name) {
    await page.run(name);
    await page.api.get('/videos');
    expect(page.wire()).toEqual(REFRESHED);
  },
});
