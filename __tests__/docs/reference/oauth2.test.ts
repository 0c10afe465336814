import { expect, it } from '@jest/globals';
import axios from 'axios';
import type * as core from 'axios-bearer';
import { startAuthorizationServer } from '../../support/authorization-server.js';
import { openPage, tableOf } from '../../support/page.js';
import { membersOf } from '../../support/readme.js';

const page = openPage('docs/reference/oauth2.md');

page.itRuns({
  async 'OAuth 2'(name) {
    const logins = await startAuthorizationServer();
    const send = axios.getAdapter('http');
    const places = new Map([
      ['https://login.example.com/token', logins.tokenEndpoint],
      ['https://login.example.com/revoke', logins.revocationEndpoint],
      ['/videos', logins.resource],
    ]);
    page.api.defaults.adapter = (config) => send({ ...config, baseURL: '', url: places.get(config.url ?? '') });
    try {
      const saved = { access_token: 'expired', refresh_token: await logins.login('my-app') };
      const { session } = (await page.run(name, { saved })) as { session: core.Session };
      expect((await page.api.get('/videos')).data).toEqual({ owner: 'ada' });
      expect([logins.asked, logins.revoked]).toEqual([1, 0]);
      const token = await session.token();
      await session.signOut();
      expect(await logins.isActive(token)).toBe(false);
    } finally {
      await logins.close();
    }
  },
});

it('names each option, and no other', () => {
  const own = membersOf('lib/sources/oauth2.ts', 'OAuth2Options');
  const endpoints = membersOf('lib/sources/metadata.ts', 'Endpoints');
  expect([own.length > 1, endpoints.length > 1]).toEqual([true, true]);
  expect(tableOf(page.text, 'OAuth 2', 3)).toEqual([...own, ...endpoints].sort());
});
