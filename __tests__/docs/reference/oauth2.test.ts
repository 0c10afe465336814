import { expect } from '@jest/globals';
import axios from 'axios';
import type * as core from 'axios-bearer';
import { startAuthorizationServer } from '../../support/authorization-server.js';
import { openPage } from '../../support/page.js';

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
