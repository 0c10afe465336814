import { expect, it } from '@jest/globals';
import { openPage, tableOf } from '../../support/page.js';
import { literalsOf, membersOf } from '../../support/readme.js';

const page = openPage('docs/reference/events.md');

page.itRuns({
  async Events(name) {
    const told: unknown[] = [];
    const note = (facts: unknown, text: unknown) => void told.push([text, facts]);
    await page.run(name, {
      session: page.signedIn(),
      log: { info: note, warn: note, error: note },
      metrics: { increment: (metric: string, labels: object) => note(labels, metric) },
    });
    page.server.expire();
    page.server.fault('/auth/refresh', { status: 503 });
    await page.api.get('/videos');
    expect(told).toEqual([
      ['bearer_waiting', { after: '401' }],
      ['refresh failed', { code: 'ERR_BEARER_UNAVAILABLE', cause: expect.any(String), retryAfter: expect.any(Number) }],
      ['token refreshed', { generation: 2, adopted: false }],
    ]);
  },
});

it('names each event, and no other', () => {
  expect(tableOf(page.text, 'Events', 3)).toEqual(membersOf('lib/session/events.ts', 'BearerEvents').sort());
});

it('names each reason for a request without a token, and each for the end of a session', () => {
  for (const type of ['SkipReason', 'SignOutReason']) {
    const reasons = literalsOf('lib/session/events.ts', type);
    expect(reasons.length).toBeGreaterThan(1);
    for (const reason of reasons) expect(page.text.text).toContain(`\`'${reason}'\``);
  }
});
