import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import type { AxiosResponse } from 'axios';
import type { Echo } from 'axios-bearer/testing';
import { openPage, tableOf } from '../../support/page.js';
import { membersOf } from '../../support/readme.js';

const page = openPage('docs/reference/request.md');

page.itRuns({
  async 'One request'(name) {
    const { access_token: accessToken, refresh_token: refreshToken } = page.server.issue();
    const minutes = (n: number) => Date.now() + n * 60_000;
    page.signedIn({ tokens: { accessToken, refreshToken, issuedAt: minutes(-52), expiresAt: minutes(8) } });
    for (const path of ['/status', '/orders']) page.server.fault(path, { json: {} });
    await page.run(name, { video: { title: 'A film' }, order: {} });
    expect(page.wire()).toEqual(['GET /status 200', 'POST /auth/refresh 200', 'POST /videos 201', 'POST /orders 200']);
    expect(page.server.log.map(({ authorized }) => authorized)).toEqual([false, false, true, true]);
  },

  async Bodies(name) {
    page.signedIn();
    const path = fileURLToPath(new URL('../../../README.md', import.meta.url));
    const answers: AxiosResponse<Echo>[] = [];
    page.api.interceptors.response.use((answer) => {
      answers.push(answer);
      return answer;
    });
    page.server.expire();
    await page.run(name, { path });
    expect(page.wire()).toEqual(['POST /echo/files 401', 'POST /auth/refresh 200', 'POST /echo/files 200']);
    expect(answers.map(({ data }) => data.length)).toEqual([statSync(path).size]);
  },

  async GraphQL(name) {
    page.server.fault('/graphql', { json: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] } });
    page.server.fault('/graphql', { json: { data: { me: { name: 'Ada' } } } });
    await page.run(name);
    expect(page.wire()).toEqual(['POST /graphql 200', 'POST /auth/refresh 200', 'POST /graphql 200']);
  },

  async 'WebSocket, fetch'(name) {
    const session = page.signedIn();
    const opened: unknown[] = [];
    class WebSocket {
      constructor(...given: unknown[]) {
        opened.push(given);
      }
    }
    const fetchHere = (url: string, init: RequestInit) =>
      fetch(url.replace('https://api.example.com', page.server.url), init);
    const { answer } = await page.run(name, { session, WebSocket, fetch: fetchHere });
    expect(opened).toEqual([['wss://api.example.com/live', ['bearer', await session.token()]]]);
    expect(answer).toMatchObject({ status: 200 });
  },
});

it('names each option of a request, and no other', () => {
  const options = ['false', ...membersOf('lib/interceptors/config.ts', 'BearerRequestOptions')];
  expect(options.length).toBeGreaterThan(2);
  expect(tableOf(page.text, 'One request', 3)).toEqual(options.sort());
});
