import { afterEach, describe, expect, it } from '@jest/globals';
import { type ApiVideoOptions, startApiVideo } from 'axios-bearer/testing';
import { bff } from '../../examples/express-bff/bff.js';
import { browser } from '../../examples/shared/browser.js';
import { listen } from '../../examples/shared/listen.js';
import { atEnd, cleanUp, startHttpServer as listenElsewhere } from '../support/kit.js';
import { printed } from './printed.js';

afterEach(cleanUp);

const ALWAYS = { times: Number.POSITIVE_INFINITY };

/** The API, the backend for the frontend, and a browser with everything that it was ever sent. */
async function open(options?: ApiVideoOptions) {
  const server = await startApiVideo(options);
  atEnd(() => server.close());
  const app = await listen(bff(server.url));
  atEnd(app.close);
  const received: string[] = [];
  const statuses: number[] = [];
  const ada = browser(app.url, async (request) => {
    const answer = await fetch(request);
    statuses.push(answer.status);
    received.push(JSON.stringify([...answer.headers]), await answer.clone().text());
    return answer;
  });
  await ada.visit('/login', { apiKey: server.apiKey });
  return { server, app, ada, received, statuses };
}

it('plays the example', async () => {
  const { lines } = await printed(() => import('../../examples/express-bff/index.js'));
  expect(lines).toEqual([
    'at first: Unauthorized',
    'signed in: Welcome',
    'what the browser holds: sid',
    'the token had expired: Lighthouse',
    'signed out: Goodbye · Unauthorized',
  ]);
});

describe('a backend for the frontend', () => {
  it('lets no token through to the browser, on good days and on bad ones', async () => {
    const { server, ada, received, statuses } = await open();
    await ada.visit('/api/videos');
    server.expire();
    await ada.visit('/api/videos');
    server.fault('/videos', { status: 500 });
    await ada.visit('/api/videos');
    server.expire();
    server.fault('/auth/refresh', 'html');
    server.fault('/videos', 'cut-body');
    await ada.visit('/api/videos').catch(() => {});
    await ada.visit('/api/nowhere');
    server.expire();
    server.revokeRefreshTokens();
    await ada.visit('/api/videos');
    await ada.visit('/logout', {});
    await ada.visit('/login', { apiKey: 'wrong' });
    expect(new Set(statuses)).toEqual(new Set([200, 401, 404, 500]));
    expect(received.join()).toMatch(/sid=/);
    expect(received.join()).not.toMatch(/[ar]t_|refresh|Bearer/i);
  });

  it('gives the browser a cookie that no script and no other site can use', async () => {
    const { received } = await open();
    expect(received[0]).toMatch(/sid=[\w-]{36}; Path=\/; HttpOnly; Secure; SameSite=Lax"/);
  });

  it('refreshes once for all requests of one browser, and sends each body whole', async () => {
    const { server, ada } = await open();
    server.expire();
    const titles = Array.from({ length: 20 }, (_, i) => `Lighthouse ${i}`);
    const answers = await Promise.all(titles.map((title) => ada.visit('/api/videos', { title })));
    expect(answers.map((answer) => JSON.parse(answer).title)).toEqual(titles);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it('serves nobody with the session of another one', async () => {
    const { server, app, ada } = await open();
    const bob = browser(app.url);
    expect(await bob.visit('/api/videos')).toBe('Unauthorized');
    await bob.visit('/login', { apiKey: server.apiKey });
    await Promise.all([ada.visit('/api/videos'), bob.visit('/api/echo/bob')]);
    const generation = (path: string) => server.log.find((entry) => entry.path === path)?.generation;
    expect([generation('/videos'), generation('/echo/bob')]).toEqual([1, 2]);
  });

  it('knows a session id no longer after the logout', async () => {
    const { server, ada } = await open();
    const sid = ada.cookies.get('sid')!;
    await ada.visit('/logout', {});
    expect(ada.cookies.size).toBe(0);
    ada.cookies.set('sid', sid);
    const { requests } = server.stats;
    expect(await ada.visit('/api/videos')).toBe('Unauthorized');
    expect(server.stats.requests).toBe(requests);
  });

  it('leads to the API and nowhere else', async () => {
    const { app, ada, statuses } = await open();
    const elsewhere = await listenElsewhere((_, response) => response.end());
    await ada.visit(`/api//${new URL(elsewhere.url).host}/steal`);
    await ada.visit(`/api/${elsewhere.url}/steal`);
    await ada.visit(`/api/@${new URL(elsewhere.url).host}/steal`);
    expect(app.url).not.toBe(elsewhere.url);
    expect(elsewhere.received).toEqual([]);
    expect(statuses.slice(1)).toEqual([404, 404, 404]);
  });

  it('keeps the session while the token endpoint is down, and says 503 meanwhile', async () => {
    const { server, ada, statuses } = await open();
    server.expire();
    const mend = server.fault('/auth/refresh', { status: 429, headers: { 'retry-after': '1' } }, ALWAYS);
    await ada.visit('/api/videos');
    expect(statuses.at(-1)).toBe(503);
    mend();
    while (statuses.at(-1) === 503) await ada.visit('/api/videos');
    expect(statuses.at(-1)).toBe(200);
  });

  it('says 401 when the API has ended the session', async () => {
    const { server, ada, statuses } = await open();
    server.expire();
    server.revokeRefreshTokens();
    await ada.visit('/api/videos');
    await ada.visit('/api/videos');
    expect(statuses.slice(1)).toEqual([401, 401]);
  });
});
