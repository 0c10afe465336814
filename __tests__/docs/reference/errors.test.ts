import { expect, it } from '@jest/globals';
import { openPage, tableOf } from '../../support/page.js';
import { literalsOf } from '../../support/readme.js';

const page = openPage('docs/reference/errors.md');

page.itRuns({
  async Errors(name) {
    const told: unknown[] = [];
    const given = { log: { warn: (facts: object) => told.push(facts) }, showLogin: () => told.push('login') };
    page.signedIn({ refreshRetries: 0, backoff: { initial: 0 } });
    page.server.expire();
    page.server.fault('/auth/refresh', { status: 503 });
    await page.run(name, given);
    page.server.revokeRefreshTokens();
    await page.run(name, given);
    expect(told).toEqual([{ retryAfter: expect.any(Number) }, 'login']);
  },
});

it('names each error code, and no other', () => {
  expect(tableOf(page.text, 'Errors', 3)).toEqual(literalsOf('lib/errors.ts', 'BearerErrorCode').sort());
});
