import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios from 'axios';
import { bearer, type RefreshFunction } from 'axios-bearer';
import type { Clock } from 'axios-bearer/testing';
import { jwt } from '../../support/jwt.js';
import {
  answering,
  cleanUp,
  closeSessionAtEnd,
  HOUR,
  installClock,
  MINUTE,
  SECOND,
  startHttpServer,
  until,
} from '../../support/kit.js';

afterEach(cleanUp);

const LIFE = HOUR;

/** How a server says when a token ends. */
type Saying = (minted: number, n: number) => Record<string, unknown>;

const seconds = (ms: number) => Math.floor(ms / SECOND);
const SAYINGS: [how: string, saying: Saying][] = [
  ['iat and exp of a JWT', (at, n) => ({ access_token: jwt({ n, iat: seconds(at), exp: seconds(at + LIFE) }) })],
  ['exp of a JWT alone', (at, n) => ({ access_token: jwt({ n, exp: seconds(at + LIFE) }) })],
  ['expires_at', (at, n) => ({ access_token: `at_${n}`, expires_at: seconds(at + LIFE) })],
  ['expiresAt', (at, n) => ({ accessToken: `at_${n}`, expiresAt: at + LIFE })],
  ['a date', (at, n) => ({ access_token: `at_${n}`, expires_at: new Date(at + LIFE).toISOString() })],
  ['expires_in', (_, n) => ({ access_token: `at_${n}`, expires_in: LIFE / SECOND })],
];

/** A server with a clock that is right: the page's is `ahead` of it. Its tokens live for an hour. */
async function serverOf(clock: Clock, ahead: () => number, saying: Saying) {
  const ends = new Map<string, number>();
  const now = () => clock.now() - ahead();
  const counts = { refreshes: 0, unauthorized: 0 };
  const mint = () => {
    const tokens = saying(now(), ends.size);
    ends.set(String(tokens.access_token ?? tokens.accessToken), now() + LIFE);
    return tokens;
  };
  const { url } = await startHttpServer((req, res) => {
    const isGood = (ends.get(req.headers.authorization?.slice(7) ?? '') ?? 0) > now();
    if (req.url === '/refresh') counts.refreshes += 1;
    else if (!isGood) counts.unauthorized += 1;
    res.writeHead(req.url === '/refresh' || isGood ? 200 : 401, { 'content-type': 'application/json' });
    res.end(JSON.stringify(req.url === '/refresh' ? mint() : {}));
  });
  return { url, counts, mint };
}

function pageOf(url: string, source: RefreshFunction | undefined, tokens?: object) {
  const api = axios.create({ baseURL: url });
  const refresh: RefreshFunction = async (_, { client }) => (await client.post('/refresh')).data;
  const session = closeSessionAtEnd(bearer(api, { source: source ?? refresh, tokens }));
  return { api, session };
}

/** One request every ten seconds. @returns their statuses, each once */
async function useFor(minutes: number, clock: Clock, { api, session }: ReturnType<typeof pageOf>) {
  const statuses = new Set<number | string>();
  for (let i = 0; i < minutes * 6; i += 1) {
    statuses.add(await api.get('/me').then(({ status }) => status, String));
    await until(() => session.state.status !== 'refreshing');
    await clock.advance(10 * SECOND);
  }
  return [...statuses];
}

// Nearly a life, a life, more than one.
const AHEAD = [LIFE - MINUTE / 2, LIFE - SECOND, LIFE, LIFE + 3 * SECOND, 2 * HOUR];

describe.each(SAYINGS)('L12 a page whose clock is ahead of the server’s, which tells %s,', (_, saying) => {
  it.each(AHEAD)('L12 by %i ms: uses a token that was just answered, with no storm', async (ahead) => {
    const clock = installClock();
    const { url, counts } = await serverOf(clock, () => ahead, saying);
    const page = pageOf(url, undefined);
    await page.session.signIn();
    expect(await useFor(10, clock, page)).toEqual([200]);
    expect(counts).toEqual({ refreshes: 1, unauthorized: 0 });
  });

  it.each(AHEAD)('L12 by %i ms: a login without a refresh token is one for a token’s life', async (ahead) => {
    const clock = installClock();
    const { url, counts, mint } = await serverOf(clock, () => ahead, saying);
    const refused = Object.assign(new Error('no refresh token'), { status: 400 });
    const page = pageOf(url, () => Promise.reject(refused));
    await page.session.signIn(mint());
    expect(await useFor(10, clock, page)).toEqual([200]);
    expect([counts.unauthorized, page.session.state.status]).toEqual([0, 'active']);
  });

  it('L12 takes a newer token from update(), and refreshes nothing for it', async () => {
    const clock = installClock();
    const { url, counts, mint } = await serverOf(clock, () => 2 * HOUR, saying);
    const { api, session } = pageOf(url, undefined, { access_token: 'at_old', refresh_token: 'rt', expires_in: 3600 });
    for (let i = 0; i < 5; i += 1) {
      await session.update(mint());
      expect((await api.get('/me')).status).toBe(200);
    }
    expect(counts).toEqual({ refreshes: 0, unauthorized: 0 });
  });

  it.each([2 * HOUR, LIFE - MINUTE / 2, -2 * HOUR])(
    'L12 since it was set while the session lives, by %i ms: one refresh at most, and no storm',
    async (jump) => {
      const clock = installClock();
      let ahead = 0;
      const { url, counts } = await serverOf(clock, () => ahead, saying);
      const page = pageOf(url, undefined);
      await page.session.signIn();
      clock.jump(jump);
      ahead = jump;
      expect(await useFor(10, clock, page)).toEqual([200]);
      expect(counts.refreshes).toBeLessThanOrEqual(2);
      expect(counts.unauthorized).toBe(0);
    },
  );
});

it.each([undefined, Number.NaN])('L12 a clock that says %p, as a mocked one, makes no storm', async (now) => {
  const api = axios.create({ baseURL: 'http://127.0.0.1:9', adapter: answering(200) });
  let refreshes = 0;
  const source = async () => ({ access_token: `at_${++refreshes}`, expires_in: 3600 });
  closeSessionAtEnd(bearer(api, { source, tokens: { access_token: 'at', refresh_token: 'rt', expires_in: 3600 } }));
  const clock = jest.spyOn(Date, 'now').mockReturnValue(now as never);
  for (let i = 0; i < 20; i += 1) await api.get('/');
  clock.mockRestore();
  expect(refreshes).toBeLessThanOrEqual(1);
});
