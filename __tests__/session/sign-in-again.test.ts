import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { memoryStore, type SourceContext, staticToken, type Token, type TokenSource } from 'axios-bearer';
import {
  cleanUp,
  codeOf,
  installClock,
  recordEvents,
  refreshing,
  settle,
  startClient,
  startSession,
  tokenPair,
} from '../support/kit.js';

afterEach(cleanUp);

const MINUTE = 60_000;
const SOON = { initial: 1, factor: 1, cap: 1 };
const generationOf = ({ state }: ReturnType<typeof startSession>) => (state as { generation?: number }).generation;

describe('signIn() after an outage', () => {
  /** Fails so many times, and then answers. */
  function failing(times: number) {
    const attempts: number[] = [];
    const obtain = async ({ attempt }: SourceContext) => {
      attempts.push(attempt);
      if (attempts.length <= times) throw new Error('down');
      return tokenPair('obtained');
    };
    return { obtain, attempts };
  }

  it.each(['refreshes', 'sign-ins'])('has all its refreshRetries, whatever failed before: %s', async (before) => {
    const { obtain, attempts } = failing(before === 'refreshes' ? 2 : 5);
    const source: TokenSource = { refresh: () => Promise.reject(new Error('down')), obtain };
    const session = startSession({ tokens: tokenPair('a'), source, refreshRetries: 2, backoff: SOON });
    const first = before === 'refreshes' ? session.refresh() : session.signIn();
    expect(await codeOf(first)).toBe('ERR_BEARER_UNAVAILABLE');
    expect((await session.signIn()).accessToken).toBe('at_obtained');
    expect(attempts.slice(-3)).toEqual([0, 1, 2]);
  });

  it('asks at once, though a refresh has just been told to wait', async () => {
    const { obtain } = failing(0);
    const tooMany = { response: { status: 429, headers: { 'retry-after': '3600' } } };
    const source: TokenSource = { refresh: () => Promise.reject(Object.assign(new Error('wait'), tooMany)), obtain };
    const session = startSession({ tokens: tokenPair('a'), source });
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
    expect((await session.signIn()).accessToken).toBe('at_obtained');
    expect(session.state.status).toBe('active');
  });
});

describe('The generation', () => {
  const ways: [string, (session: ReturnType<typeof startSession>, name: string) => Promise<Token>][] = [
    ['with tokens', (session, name) => session.signIn(tokenPair(name))],
    ['by the source', (session) => session.signIn()],
  ];

  it.each(ways)('counts up through sign-outs: sign-ins %s', async (_, signIn) => {
    const session = startSession({
      source: { obtain: async () => tokenPair('o'), refresh: async () => tokenPair('r') },
    });
    const seen: unknown[] = [];
    for (const name of ['a', 'b', 'c']) {
      await signIn(session, name);
      seen.push(generationOf(session));
      await session.refresh();
      seen.push(generationOf(session));
      await session.signOut();
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.each(ways)('counts up from one user to the next with no sign-out between: sign-ins %s', async (_, signIn) => {
    let made = 0;
    const session = startSession({
      source: { obtain: async () => tokenPair(`o${++made}`), refresh: async () => tokenPair('r') },
    });
    const seen = recordEvents(session);
    for (const name of ['a', 'b', 'c']) await signIn(session, name);
    const told = seen.filter(([name]) => name === 'signedIn').map(([, payload]) => payload);
    expect(told).toEqual([{ generation: 1 }, { generation: 2 }, { generation: 3 }]);
  });

  it('counts up through a definite refusal', async () => {
    const refused = Object.assign(new Error(), { response: { status: 400 } });
    const session = startSession({ tokens: tokenPair('a'), source: () => Promise.reject(refused) });
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_REJECTED');
    await session.signIn(tokenPair('b'));
    expect(generationOf(session)).toBe(2);
  });
});

describe('After a sign-out and another sign-in', () => {
  async function again(options: Parameters<typeof startClient>[0] = {}) {
    const made = await startClient(options);
    await made.session.signOut();
    await made.session.signIn(made.server.issue());
    return made;
  }

  it('a 401 is mended as ever', async () => {
    const { server, api } = await again();
    server.expire();
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it('keepFresh keeps fresh, as often as the first time', async () => {
    const clock = installClock();
    const source = jest.fn(async () => tokenPair('r'));
    const session = startSession({ tokens: tokenPair('a'), source, keepFresh: true });
    for (let round = 1; round <= 3; round += 1) {
      await clock.advance(56 * MINUTE);
      await settle();
      expect(source).toHaveBeenCalledTimes(round);
      await session.signOut();
      await clock.advance(120 * MINUTE);
      expect(source).toHaveBeenCalledTimes(round);
      await session.signIn(tokenPair(`b${round}`));
    }
  });

  it('L22 a second sign-out is as final as the first', async () => {
    const { server, api, session } = await again({ source: { refresh: refreshing, obtain: async () => 'new' } });
    server.expire();
    const refresh = server.hold('/auth/refresh');
    const request = codeOf(api.get('/echo/waits'));
    await refresh.arrived(1);
    await session.signOut();
    expect(await request).toBe('ERR_BEARER_SIGNED_OUT');
    refresh.release();
    await settle();
    expect(session.state).toEqual({ status: 'signed-out' });
    expect(await codeOf(api.get('/echo/later'))).toBe('ERR_BAD_REQUEST');
  });

  it('events and watchers are told as the first time', async () => {
    const session = startSession({ tokens: tokenPair('a') });
    const seen = recordEvents(session);
    const states: string[] = [];
    session.subscribe(() => states.push(session.state.status));
    for (const name of ['b', 'c']) {
      await session.signOut();
      await session.signIn(tokenPair(name));
    }
    const rounds = seen.map(([name]) => name);
    expect(rounds).toEqual(['signedOut', 'signedIn', 'signedOut', 'signedIn']);
    expect(states).toEqual(Array(2).fill(['signed-out', 'refreshing', 'active']).flat());
  });

  it('L11 the refresh token is kept through answers without one, refresh after refresh', async () => {
    const presented: (string | undefined)[] = [];
    const session = startSession({
      tokens: tokenPair('a', { scope: 'read' }),
      source: async ({ refreshToken }) => {
        presented.push(refreshToken);
        return `bare-${presented.length}`;
      },
    });
    for (let i = 0; i < 3; i += 1) expect(await session.refresh()).toMatchObject({ scope: 'read' });
    await session.signOut();
    await session.signIn(tokenPair('b'));
    for (let i = 0; i < 2; i += 1) await session.refresh();
    expect(presented).toEqual(['rt_a', 'rt_a', 'rt_a', 'rt_b', 'rt_b']);
  });

  it('L3 the refresh token of the user before is nowhere: a bare token has none', async () => {
    const session = startSession({
      tokens: tokenPair('a'),
      source: { needsRefreshToken: true, refresh: async () => tokenPair('r') },
    });
    await session.signOut();
    await session.signIn('bare');
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_CONFIG');
    await session.signIn(tokenPair('b'));
    expect(await session.signIn('bare-again')).not.toHaveProperty('refreshToken');
  });
});

describe('signIn() that asks the source', () => {
  it('asks anew each time, and by each of two that come one after the other', async () => {
    let asked = 0;
    const session = startSession({ source: { obtain: async () => tokenPair(`${++asked}`) } });
    const tokens: string[] = [];
    for (let i = 0; i < 3; i += 1) tokens.push((await session.signIn()).accessToken);
    expect(tokens).toEqual(['at_1', 'at_2', 'at_3']);
  });

  it('L3 keeps nothing of who was signed in, though the answer leaves it out', async () => {
    const session = startSession({
      tokens: tokenPair('a', { scope: 'admin' }),
      source: { obtain: async () => 'bare', needsRefreshToken: true, refresh: async () => 'x' },
    });
    expect(await session.signIn()).toEqual({ accessToken: 'bare', issuedAt: expect.any(Number) });
  });

  it('L21 presents nothing of who was signed in, where refresh({}) is asked', async () => {
    const presented: object[] = [];
    const session = startSession({
      tokens: tokenPair('a'),
      source: async (token) => {
        presented.push(token);
        return tokenPair(`${presented.length}`);
      },
    });
    await session.signIn();
    await session.signOut();
    await session.signIn();
    expect(presented).toEqual([{}, {}]);
  });
});

describe('What the store holds', () => {
  it('goes before the tokens of the source, too', async () => {
    const store = memoryStore();
    const before = startSession({ store });
    await codeOf(before.token());
    await before.signIn('stored');
    before.close();
    expect(await startSession({ store, source: staticToken('fixed') }).token()).toBe('stored');
    expect(await startSession({ store: memoryStore(), source: staticToken('fixed') }).token()).toBe('fixed');
  });

  it('L22 is a sign-out after a sign-out, and the tokens handed in at the next start are ignored', async () => {
    const store = memoryStore();
    const before = startSession({ store, tokens: tokenPair('a') });
    await before.token();
    await before.signOut();
    before.close();
    const blank = startSession({ store });
    expect(await codeOf(blank.token())).toMatch(/ERR_BEARER_SIGNED_OUT/);
    const next = startSession({ store, tokens: tokenPair('b') });
    const seen = recordEvents(next);
    expect(await codeOf(next.token())).toBe('ERR_BEARER_SIGNED_OUT');
    expect(seen).toContainEqual(['tokensIgnored', { reason: 'signedOut' }]);
  });
});
