import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { memoryStore, type Session, type SessionOptions, type Token } from 'axios-bearer';
import {
  cleanUp,
  clientOf,
  codeOf,
  installClock,
  nextEvent,
  recordEvents,
  settle,
  startServer,
  startSession,
  storeWith,
  tokenPair,
} from '../support/kit.js';

afterEach(cleanUp);

const MINUTE = 60_000;

/** Two holders of one store, as two tabs: both are signed in, and both have read it. */
async function holders(here: Partial<SessionOptions> = {}, there: Partial<SessionOptions> = {}) {
  const store = memoryStore();
  const first = startSession({ store, tokens: tokenPair('a'), ...here });
  await first.token();
  const second = startSession({ store, ...there });
  await second.token();
  return { store, here: first, there: second };
}

describe('A holder that has signed out and in again', () => {
  async function again() {
    const store = memoryStore();
    const here = startSession({ store, tokens: tokenPair('a') });
    await here.token();
    await here.signOut();
    await here.signIn(tokenPair('b'));
    const there = startSession({ store, source: async () => tokenPair('c') });
    expect(await there.token()).toBe('at_b');
    return { here, there };
  }

  it('L22 hears of another one’s sign-out', async () => {
    const { here, there } = await again();
    const seen = recordEvents(here);
    await there.signOut();
    await settle();
    expect(here.state).toEqual({ status: 'signed-out' });
    expect(seen).toEqual([['signedOut', { reason: 'elsewhere' }]]);
    expect(await codeOf(here.refresh())).toBe('ERR_BEARER_SIGNED_OUT');
  });

  it('hears of another one’s refresh', async () => {
    const { here, there } = await again();
    await there.refresh();
    await settle();
    expect(await here.token()).toBe('at_c');
  });
});

describe('A sign-in elsewhere', () => {
  it('is heard again and again: by who is signed in, signed out elsewhere, or refused for good', async () => {
    const refused = Object.assign(new Error(), { response: { status: 400 } });
    const { here, there } = await holders({ source: () => Promise.reject(refused) });
    await there.signIn(tokenPair('b'));
    await settle();
    expect(await here.token()).toBe('at_b');
    await there.signOut();
    await settle();
    expect(here.state).toEqual({ status: 'signed-out' });
    await there.signIn(tokenPair('c'));
    await settle();
    expect(await here.token()).toBe('at_c');
    expect(await codeOf(here.refresh())).toBe('ERR_BEARER_REJECTED');
    await there.signIn(tokenPair('d'));
    await settle();
    expect(await here.token()).toBe('at_d');
  });

  it('L10 outlives the end of one whose refresh was refused, though that has heard of nothing', async () => {
    const clock = installClock();
    const refused = Object.assign(new Error(), { response: { status: 400 } });
    const store = memoryStore();
    const here = startSession({
      store: storeWith({ subscribe: undefined }, store),
      tokens: tokenPair('a', { expires_in: 60 }),
      source: () => Promise.reject(refused),
      leeway: 0,
    });
    await here.token();
    const there = startSession({ store });
    await there.token();
    expect(await codeOf(here.refresh())).toBe('ERR_BEARER_REJECTED');
    expect(await here.token()).toBe('at_a');
    await there.update(tokenPair('b'));
    await clock.advance(61_000);
    await codeOf(here.token()); // It learns that its own has ended.
    await settle();
    expect([await there.token(), await here.token()]).toEqual(['at_b', 'at_b']);
  });

  it('is heard by who has never been signed in', async () => {
    const store = memoryStore();
    const here = startSession({ store });
    const there = startSession({ store });
    await Promise.all([here, there].map((session) => codeOf(session.token())));
    await there.signIn(tokenPair('a'));
    await settle();
    expect(here.state).toMatchObject({ status: 'active', generation: 1 });
  });

  it('is taken up after a sign-out here: it is another session than the one that ended', async () => {
    const { here, there } = await holders();
    await here.signOut();
    const seen = recordEvents(here);
    for (const name of ['b', 'c']) {
      await there.signIn(tokenPair(name));
      await settle();
    }
    expect(here.state).toMatchObject({ status: 'active' });
    expect(await here.token()).toBe('at_c');
    expect(seen.map(([name]) => name)).toEqual(['signedIn', 'signedIn']);
    expect(await there.token()).toBe('at_c');
  });
});

describe('A hint whose reading is under way', () => {
  /** Somebody signs in elsewhere, and `act` comes while the store is being read for the hint of it. */
  async function meanwhile(act: (here: Session) => Promise<unknown>) {
    const { store, here, there } = await holders();
    let acted: Promise<unknown> | undefined;
    store.subscribe?.(() => {
      acted ??= act(here);
    });
    await there.signIn(tokenPair('b')).catch(() => {});
    await acted;
    await settle();
    return { store, here, there };
  }

  it('L22 signs nobody in who signs out meanwhile', async () => {
    const { here } = await meanwhile((session) => session.signOut());
    expect(here.state).toEqual({ status: 'signed-out' });
    expect(await codeOf(here.token())).toBe('ERR_BEARER_SIGNED_OUT');
  });

  it('L21 does not come before a sign-in that was made meanwhile', async () => {
    const { here, there } = await meanwhile((session) => session.signIn(tokenPair('c')));
    expect(await here.token()).toBe('at_c');
    expect(await there.token()).toBe('at_c');
  });

  it('changes nothing any more after close()', async () => {
    const { here, there } = await meanwhile(async (session) => session.close());
    expect(here.state).toEqual({ status: 'signed-out' });
    expect(await there.token()).toBe('at_b');
  });

  it('is not lost when it comes during a refresh, nor the second time', async () => {
    const refused = () => Promise.reject(Object.assign(new Error('down')));
    const { here, there } = await holders({ source: refused, refreshRetries: 0, backoff: { initial: 1, cap: 1 } });
    for (const name of ['b', 'c']) {
      const refresh = codeOf(here.refresh());
      await there.signIn(tokenPair(name));
      expect(await refresh).toMatch(/^ERR_BEARER_/);
      await settle();
      expect(await here.token()).toBe(`at_${name}`);
    }
  });
});

describe('Tokens that another holder has fetched', () => {
  it('L7 are not held against the refreshes here, though they are refused at once', async () => {
    const server = await startServer();
    const store = memoryStore();
    const { api, session } = clientOf(server, { store, backoff: { initial: 1, factor: 1, cap: 1 } });
    await session.token();
    const there = clientOf(server, { store, tokens: undefined });
    await there.session.token();
    const seen = recordEvents(session);
    for (let round = 0; round < 7; round += 1) {
      const adopted = nextEvent(session, 'refreshed');
      await there.session.refresh();
      expect(await adopted).toMatchObject({ adopted: true });
      server.fault('/echo', { status: 401 });
      expect((await api.get('/echo')).status).toBe(200);
    }
    expect(seen.map(([name]) => name)).not.toContain('breakerOpen');
    expect(server.stats).toMatchObject({ refresh: 14, reuse: 0 });
  });

  it('L8 end the hold-off of a refresh that failed here', async () => {
    let down = true;
    const source = jest.fn(async () => {
      // A server that answers: being told to refresh does not pass this hold-off.
      if (down) throw Object.assign(new Error('down'), { response: { status: 503 } });
      return tokenPair('c');
    });
    const { here, there } = await holders(
      { source, refreshRetries: 0, backoff: { initial: 60_000, cap: 60_000 } },
      { source: async () => tokenPair('b') },
    );
    expect(await codeOf(here.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
    down = false;
    expect(await codeOf(here.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
    await there.refresh();
    await settle();
    expect(await here.token()).toBe('at_b');
    expect((await here.refresh()).accessToken).toBe('at_c');
    expect(source).toHaveBeenCalledTimes(2);
  });

  it('L2 serve the replay of a late 401, with no refresh here', async () => {
    const server = await startServer();
    const store = memoryStore();
    const { api, session } = clientOf(server, { store });
    await session.token();
    const there = clientOf(server, { store, tokens: undefined });
    await there.session.token();
    const door = server.hold('/echo/late');
    const late = api.get('/echo/late');
    await door.arrived(1);
    server.expire();
    const adopted = nextEvent(session, 'refreshed');
    await there.session.refresh();
    await adopted;
    door.release();
    expect((await late).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 1 });
  });

  it('are refreshed again where they are over already, before anybody gets one', async () => {
    const clock = installClock();
    const store = memoryStore();
    const presented: (string | undefined)[] = [];
    const here = startSession({
      store: storeWith({ subscribe: undefined }, store),
      tokens: tokenPair('a'),
      source: async ({ refreshToken }: Partial<Token>) => {
        presented.push(refreshToken);
        return tokenPair('c');
      },
    });
    await here.token();
    const there = startSession({ store, source: async () => tokenPair('b', { expires_in: 60 }) });
    await there.token();
    await there.refresh();
    await clock.advance(2 * MINUTE);
    expect((await here.refresh()).accessToken).toBe('at_c');
    expect(presented).toEqual(['rt_b']);
  });

  it('set the timer of keepFresh anew: nothing is asked before they are due', async () => {
    const clock = installClock();
    const source = jest.fn(async () => tokenPair('c'));
    const { here, there } = await holders({ source, keepFresh: true }, { source: async () => tokenPair('b') });
    await clock.advance(50 * MINUTE);
    await there.refresh();
    await settle();
    expect(await here.token()).toBe('at_b');
    await clock.advance(20 * MINUTE);
    expect(source).not.toHaveBeenCalled();
    await clock.advance(40 * MINUTE);
    expect(source).toHaveBeenCalledTimes(1);
  });

  it('L20 are quoted by no error', async () => {
    const quoting = async ({ refreshToken }: Partial<Token>) => {
      throw new Error(`${refreshToken} of at_b was not taken`);
    };
    const { here, there } = await holders(
      { source: quoting, refreshRetries: 0 },
      { source: async () => tokenPair('b') },
    );
    await there.refresh();
    await settle();
    await expect(here.refresh()).rejects.toMatchObject({ cause: { message: '[token] of [token] was not taken' } });
  });
});

it('L22 keepFresh stops when somebody signs out elsewhere, and goes on when they sign in again', async () => {
  const clock = installClock();
  const source = jest.fn(async () => tokenPair('c'));
  const { here, there } = await holders({ source: { refresh: source }, keepFresh: true });
  await there.signOut();
  await settle();
  await clock.advance(120 * MINUTE);
  expect(source).not.toHaveBeenCalled();
  await there.signIn(tokenPair('b'));
  await settle();
  await clock.advance(56 * MINUTE);
  expect(source).toHaveBeenCalledTimes(1);
  expect(await here.token()).toBe('at_c');
});

it('L3 a refresh token that was refused for good is presented by no holder, though the first to hear of it has obtained another', async () => {
  const presented: string[] = [];
  const refused = Object.assign(new Error(), { response: { status: 400 } });
  const refresh = async ({ refreshToken }: Partial<Token>) => {
    presented.push(String(refreshToken));
    throw refused;
  };
  const { here, there } = await holders(
    { source: { refresh, obtain: async () => tokenPair('b') } },
    { source: { refresh, obtain: async () => tokenPair('c') } },
  );
  await here.refresh();
  await settle();
  expect(await there.token()).toBe('at_b');
  await there.refresh();
  await settle();
  expect((await here.refresh()).accessToken).toBe('at_b');
  expect(presented).toEqual(['rt_a', 'rt_b', 'rt_c']);
});
