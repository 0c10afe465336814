import { expect, it } from '@jest/globals';
import { bearer } from 'axios-bearer';
import { openPage, REFRESHED, tableOf } from '../../support/page.js';
import { membersOf } from '../../support/readme.js';

const page = openPage('docs/reference/source.md');

page.itRuns({
  async 'Your own refresh function'(name) {
    await page.run(name);
    expect(await page.outlives()).toEqual(REFRESHED);
  },

  async 'A source as an object'(name) {
    page.server.fault('/auth/revoke', 'empty');
    await page.run(name);
    expect(page.wire()).toEqual(['POST /auth/api-key 200', 'GET /videos 200', 'POST /auth/revoke 204']);
  },
});

it('names each member of a source, and no other', () => {
  const members = membersOf('lib/sources/source.ts', 'TokenSource');
  expect(members.length).toBeGreaterThan(1);
  expect(tableOf(page.text, 'A source as an object', 2)).toEqual(members.sort());
});

it('is not asked before the first sign-in, where it is a function', async () => {
  let asked = 0;
  const session = bearer(page.api, {
    source: async () => {
      asked++;
      return page.server.issue();
    },
  });
  await expect(page.api.get('/videos')).rejects.toMatchObject({ response: { status: 401 } });
  expect(asked).toBe(0);
  await session.signIn();
  expect((await page.api.get('/videos')).status).toBe(200);
  expect(asked).toBe(1);
  session.close();
});
