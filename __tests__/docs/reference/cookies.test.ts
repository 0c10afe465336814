import { expect } from '@jest/globals';
import axios from 'axios';
import { openPage } from '../../support/page.js';

const page = openPage('docs/reference/cookies.md');

page.itRuns({
  async Cookies(name) {
    await axios.post('https://api.example.com/cookie/login');
    page.server.expire();
    page.server.reset();
    await page.run(name);
    expect(page.wire()).toEqual(['GET /cookie/me 401', 'POST /cookie/refresh 204', 'GET /cookie/me 200']);
  },
});
