import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { startApiVideo } from 'axios-bearer/testing';
import { browser } from '../../examples/shared/browser.js';
import { cookiesOf } from '../../examples/ssr/cookies.js';
import { page } from '../../examples/ssr/page.js';
import { atEnd, cleanUp, startHttpServer } from '../support/kit.js';
import { printed } from './printed.js';

afterEach(cleanUp);

type Browser = ReturnType<typeof browser>;
const ORIGIN = 'https://app.example.com';
const NAME = '__Host-session';

async function serve() {
  const server = await startApiVideo();
  atEnd(() => server.close());
  process.env.API_URL = server.url;
  return server;
}

/** A browser that is signed in, and the raw answers it gets. */
async function signedIn(apiKey: string): Promise<Browser & { answers: Response[] }> {
  const answers: Response[] = [];
  const user = browser(ORIGIN, async (request) => {
    const answer = await page(request);
    answers.push(answer.clone());
    return answer;
  });
  await user.visit('/', { apiKey });
  return { ...user, answers };
}

function stored({ cookies }: Browser) {
  return JSON.parse(Buffer.from(cookies.get(NAME)!, 'base64url').toString());
}

it('plays the example', async () => {
  const { lines } = await printed(() => import('../../examples/ssr/index.js'));
  expect(lines).toEqual([
    'at first: Please sign in.',
    'signed in: Videos: 0',
    'signed in: Videos: 0',
    'their tokens had expired: Videos: 0 · Videos: 0 · Videos: 0',
    'the server ended the session: Please sign in.',
  ]);
});

describe('a page that a server renders', () => {
  it('mixes no two of fifty users whose tokens expire at once', async () => {
    // Whoever bears the token 7.2 is the user 7, with a token that was refreshed twice, and has 7 videos.
    let live = '1';
    const { url, received } = await startHttpServer((request, response) => {
      const json = (status: number, body: object) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      };
      let text = '';
      request.on('data', (chunk) => {
        text += chunk;
      });
      request.on('end', () => {
        const [user, age] = (
          request.headers.authorization?.slice(7) ?? Object.values<string>(JSON.parse(text))[0]!
        ).split('.');
        const tokens = (next: string) => ({ access_token: `${user}.${next}`, refresh_token: `${user}.${next}` });
        if (request.url === '/auth/api-key') return json(200, tokens('1'));
        if (request.url === '/auth/refresh') return setTimeout(() => json(200, tokens('2')), Number(user) % 7);
        return age === live ? json(200, { pagination: { itemsTotal: user } }) : json(401, {});
      });
    });
    process.env.API_URL = url;
    const users = await Promise.all(Array.from({ length: 50 }, (_, i) => signedIn(String(i))));
    live = '2';
    const pages = await Promise.all(users.map(({ visit }) => visit('/')));
    expect(pages).toEqual(users.map((_, i) => `Videos: ${i}`));
    expect(users.map((user) => stored(user).token.refreshToken)).toEqual(users.map((_, i) => `${i}.2`));
    expect(received.filter((request) => request.url === '/auth/refresh')).toHaveLength(50);
  });

  it('takes home both new tokens after a refresh, in a cookie that no script can read', async () => {
    const server = await serve();
    const ada = await signedIn(server.apiKey);
    const { token } = stored(ada);
    server.expire();
    await ada.visit('/');
    const next = stored(ada).token;
    expect(next.accessToken).not.toBe(token.accessToken);
    expect(next.refreshToken).not.toBe(token.refreshToken);
    const line = ada.answers.at(-1)!.headers.get('set-cookie');
    expect(line).toMatch(/^__Host-session=[\w-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    expect(await ada.answers.at(-1)!.text()).not.toMatch(/[ar]t_/);
  });

  it('leaves the other cookies of its answer alone, and sets its own once', () => {
    const answer = new Headers([
      ['set-cookie', 'theme=dark'],
      ['set-cookie', 'basket=7'],
    ]);
    const cookies = cookiesOf(new Request(ORIGIN), answer) as { setItem(name: string, text: string): void };
    const entry = (accessToken: string) => JSON.stringify({ token: { accessToken } });
    cookies.setItem(NAME, entry('a'));
    cookies.setItem(NAME, entry('b'));
    const [theme, basket, session, ...more] = answer.getSetCookie();
    expect([theme, basket, more]).toEqual(['theme=dark', 'basket=7', []]);
    expect(session).toContain(Buffer.from(entry('b')).toString('base64url'));
  });

  it('sets no cookie when nothing was refreshed', async () => {
    const server = await serve();
    const ada = await signedIn(server.apiKey);
    await ada.visit('/');
    expect(ada.answers.at(-1)!.headers.getSetCookie()).toEqual([]);
  });

  it('spends a refresh token once for all requests that bring it, the late ones too', async () => {
    const server = await serve();
    const ada = await signedIn(server.apiKey);
    const old = ada.cookies.get(NAME)!;
    server.expire();
    expect(await Promise.all([ada.visit('/'), ada.visit('/'), ada.visit('/')])).toEqual(Array(3).fill('Videos: 0'));
    ada.cookies.set(NAME, old);
    expect(await ada.visit('/')).toBe('Videos: 0');
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it('begins no refresh that the page would not wait for', async () => {
    const server = await serve();
    const ada = await signedIn(server.apiKey);
    const old = stored(ada);
    const token = { ...old.token, issuedAt: Date.now() - 3_599_000, expiresAt: Date.now() + 1_000 };
    ada.cookies.set(NAME, Buffer.from(JSON.stringify({ ...old, token })).toString('base64url'));
    expect(await ada.visit('/')).toBe('Videos: 0');
    expect(server.stats.refresh).toBe(0);
  });

  it('takes the new tokens home though one of its calls failed before they came', async () => {
    const server = await serve();
    const ada = await signedIn(server.apiKey);
    const before = stored(ada).version;
    server.expire();
    server.fault('/echo/news', { status: 500 });
    server.fault('/auth/refresh', { delay: 60 });
    expect(await ada.visit('/')).toBe('Please try again soon.');
    expect(stored(ada).version).toBeGreaterThan(before);
    expect(await ada.visit('/')).toBe('Videos: 0');
  });

  it('takes the cookie away when its refresh token is dead', async () => {
    const server = await serve();
    const ada = await signedIn(server.apiKey);
    server.expire();
    server.revokeRefreshTokens();
    expect(await ada.visit('/')).toBe('Please sign in.');
    expect(ada.answers.at(-1)!.headers.get('set-cookie')).toMatch(/^__Host-session=; .*Max-Age=0$/);
  });

  it('keeps the cookie while the token endpoint is down', async () => {
    const server = await serve();
    const ada = await signedIn(server.apiKey);
    server.expire();
    server.fault('/auth/refresh', { status: 503, headers: { 'retry-after': '3600' } });
    expect(await ada.visit('/')).toBe('Please try again soon.');
    expect(stored(ada).token).toBeDefined();
    expect(await ada.visit('/')).toBe('Videos: 0');
  });

  it.each(['', 'x', '%%%', 'bnVsbA', 'e30'])('takes the cookie %j for nobody', async (value) => {
    await serve();
    const stranger = browser(ORIGIN, page);
    stranger.cookies.set(NAME, value);
    const complaints = jest.spyOn(console, 'error');
    expect(await stranger.visit('/')).toBe('Please sign in.');
    expect(complaints).not.toHaveBeenCalled();
    complaints.mockRestore();
  });
});
