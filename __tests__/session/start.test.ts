import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Session, SessionOptions, StoreEntry, TokenStore } from 'axios-bearer';
import { memoryStore } from 'axios-bearer';
import {
  cleanUp,
  clientOf,
  codeOf,
  deferred,
  installClock,
  never,
  nextEvent,
  recordEvents,
  settle,
  startClient,
  startServer,
  startSession,
  storeWith,
  tokenPair,
} from '../support/kit.js';
import { databaseStore, newRows, signedOut, stored } from '../support/stores.js';

afterEach(cleanUp);

const down = () => Promise.reject(new Error('down'));
const SHORT = { refreshTimeout: 40, refreshRetries: 0, backoff: { initial: 5, cap: 5 } };
const expired = () => tokenPair('a', { expires_in: 0 });

/** Each way in which a store can be down. */
const OUTAGES: [string, Partial<TokenStore>][] = [
  ['read() rejects', { read: down }],
  ['read() hangs', { read: () => never }],
  ['write() rejects', { write: down }],
  ['write() hangs', { write: () => never }],
  ['withLock() rejects', { withLock: down }],
  ['withLock() hangs', { withLock: () => never }],
  ['nothing answers', { read: () => never, write: () => never, withLock: () => never }],
];

/** A store that is down until it is repaired. */
function breakable(outage: Partial<TokenStore>, inner: TokenStore = memoryStore()) {
  let isDown = true;
  const methods = ['read', 'write', 'withLock'] as const;
  const store = { subscribe: undefined } as unknown as Record<string, unknown>;
  for (const method of methods) {
    const broken = outage[method] as ((...args: unknown[]) => unknown) | undefined;
    const works = inner[method] as (...args: unknown[]) => unknown;
    store[method] = (...args: unknown[]) => (isDown && broken ? broken(...args) : works(...args));
  }
  return {
    inner,
    store: store as unknown as TokenStore,
    repair: () => {
      isDown = false;
    },
  };
}

describe('L13 a store that is down at the start', () => {
  it.each(OUTAGES)('lets live tokens serve meanwhile: %s', async (_, outage) => {
    const { store } = breakable(outage);
    // A request waits for far longer than the store is waited for, however late both deadlines are heard.
    const { server, api, session } = await startClient({ store, ...SHORT, refreshRetries: 1_000 });
    expect((await api.get('/videos')).status).toBe(200);
    expect(await session.token()).toMatch(/./);
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.stats).toMatchObject({ unauthorized: 0, refresh: 0 });
  });

  it.each(OUTAGES)('is not bypassed: nothing is refreshed without it: %s', async (_, outage) => {
    const { store } = breakable(outage);
    const source = jest.fn(async () => tokenPair('b'));
    const session = startSession({ store, source, tokens: expired(), ...SHORT });
    const codes = await Promise.all([codeOf(session.token()), codeOf(session.refresh())]);
    for (const code of codes) expect(code).toMatch(/^ERR_BEARER_(STORE|UNAVAILABLE)$/);
    const live = startSession({ store, source, tokens: tokenPair('a'), ...SHORT });
    expect(await codeOf(live.refresh())).toMatch(/^ERR_BEARER_(STORE|UNAVAILABLE)$/);
    expect(source).not.toHaveBeenCalled();
  });

  /** A request with the option `tokens` is under way when the store, which holds `theirs`, can be read again. */
  async function underWay({ same = false, ...options }: Partial<SessionOptions> & { same?: boolean } = {}) {
    const { store, inner, repair } = breakable({ read: down });
    const server = await startServer();
    const ours = server.issue();
    const theirs = same ? ours : server.issue();
    const { api, session } = clientOf(server, { store, tokens: ours, backoff: SHORT.backoff, ...options });
    await session.token();
    const hold = server.hold('/videos');
    const answer = api.get('/videos');
    answer.catch(() => {});
    await hold.arrived(1);
    await inner.write(stored('s', 1, { accessToken: theirs.access_token, refreshToken: theirs.refresh_token }));
    repair();
    // A look that has failed just now is not repeated before its backoff is over.
    await new Promise((resolve) => setTimeout(resolve, 2 * SHORT.backoff.cap));
    return { server, session, hold, answer, theirs };
  }

  /** Asked as long as it takes until the store is read. */
  async function read(session: Session) {
    let isRead = false;
    session.on('signedIn', () => (isRead = true));
    while (!isRead) await session.token().then(settle);
  }

  describe.each(['before', 'after'])('is read %s a request with its live token is refused', (when) => {
    it('and what it holds is tried', async () => {
      const { server, session, hold, answer, theirs } = await underWay();
      if (when === 'before') await read(session);
      server.fault('/videos', { status: 401 });
      hold.release();
      expect((await answer).status).toBe(200);
      expect(await session.token()).toBe(theirs.access_token);
      expect(server.stats.refresh).toBe(0);
    });

    it('and what it holds is refreshed, if it is the same token', async () => {
      const { server, session, hold, answer } = await underWay({ same: true });
      if (when === 'before') await read(session);
      server.expire();
      hold.release();
      expect((await answer).status).toBe(200);
      expect(server.stats.refresh).toBe(1);
    });

    it('L21 and what it holds is no use, if it belongs to another user', async () => {
      const { server, session, hold, answer, theirs } = await underWay({ identity: ({ accessToken }) => accessToken });
      if (when === 'before') await read(session);
      server.fault('/videos', { status: 401 });
      hold.release();
      expect(await codeOf(answer)).toBe('ERR_BEARER_IDENTITY');
      expect(await session.token()).toBe(theirs.access_token);
      expect(server.stats.refresh).toBe(0);
    });
  });

  it('is asked again later, as often as the backoff allows: what it holds goes before `tokens`', async () => {
    const clock = installClock();
    const { store, inner, repair } = breakable({ read: down });
    await inner.write(stored('s', 3));
    const reads = jest.spyOn(store, 'read');
    const session = startSession({ store, tokens: tokenPair('a'), backoff: { initial: 1_000, factor: 1, cap: 1_000 } });
    const ignored = nextEvent(session, 'tokensIgnored');
    for (let i = 0; i < 5; i += 1) expect(await session.token()).toBe('at_a');
    expect(reads).toHaveBeenCalledTimes(1);
    repair();
    await clock.advance(1_300);
    await session.token();
    expect(await ignored).toEqual({ reason: 'stored' });
    expect(await session.token()).toBe('at_s3');
    expect(reads).toHaveBeenCalledTimes(2);
  });

  it('is given the live tokens when it is back, if it holds none', async () => {
    const clock = installClock();
    const { store, inner, repair } = breakable({ read: down });
    const session = startSession({ store, tokens: tokenPair('a'), backoff: { initial: 1_000, factor: 1, cap: 1_000 } });
    await session.token();
    repair();
    await clock.advance(1_300);
    await session.token();
    await settle();
    expect(await inner.read()).toMatchObject({ version: 1, token: { accessToken: 'at_a', refreshToken: 'rt_a' } });
    expect(session.state.status).toBe('active');
  });

  it('and holds a sign-out: that goes before `tokens`, once it can be read', async () => {
    const clock = installClock();
    const { store, inner, repair } = breakable({ read: down });
    await inner.write(signedOut('s', 3));
    const session = startSession({ store, tokens: tokenPair('a'), backoff: { initial: 1_000, factor: 1, cap: 1_000 } });
    const ignored = nextEvent(session, 'tokensIgnored');
    expect(await session.token()).toBe('at_a');
    repair();
    await clock.advance(1_300);
    await codeOf(session.token());
    expect(await ignored).toEqual({ reason: 'signedOut' });
    expect(await codeOf(session.token())).toBe('ERR_BEARER_SIGNED_OUT');
  });

  it('lets tokens serve no longer than they live', async () => {
    const clock = installClock();
    const { store } = breakable({ read: down });
    const session = startSession({ store, tokens: tokenPair('a', { expires_in: 60 }), ...SHORT });
    expect(await session.token()).toBe('at_a');
    await clock.advance(61_000);
    expect(await codeOf(session.token())).toBe('ERR_BEARER_STORE');
  });

  it('L22 lets nothing serve after signOut()', async () => {
    const { store } = breakable({ read: down, write: down });
    const session = startSession({ store, tokens: tokenPair('a'), ...SHORT });
    expect(await session.token()).toBe('at_a');
    expect(await codeOf(session.signOut())).toBe('ERR_BEARER_STORE');
    expect(await codeOf(session.token())).toBe('ERR_BEARER_SIGNED_OUT');
  });
});

describe('L13 a store in which nothing is found any more', () => {
  /** Signed in, and then what the store holds is gone. */
  async function emptied(options: Partial<SessionOptions> = {}) {
    let once: StoreEntry | undefined;
    let during: (() => Promise<unknown>) | undefined;
    let hint!: () => void;
    const rows = newRows();
    const inner = databaseStore(rows);
    const written: StoreEntry[] = [];
    const store = storeWith(
      {
        read: async () => {
          const entry = once ?? (await inner.read());
          once = undefined;
          await during?.();
          return entry;
        },
        write: (entry) => {
          written.push(entry);
          return inner.write(entry);
        },
        subscribe: (changed) => {
          hint = changed;
          return () => {};
        },
      },
      inner,
    );
    await inner.write(stored('s', 7, { expiresAt: Date.now() + 3_600_000 }));
    const session = startSession({ store, source: async () => tokenPair('new'), ...options });
    expect(await session.token()).toBe('at_s7');
    const seen = recordEvents(session);
    rows.value = undefined;
    return {
      session,
      seen,
      written,
      hint,
      /** Something is written there again. */
      refill: (entry: StoreEntry) => {
        rows.value = JSON.stringify(entry);
        written.length = 0;
      },
      answerOnce: (entry: StoreEntry) => {
        once = entry;
      },
      /** Before the first read that comes now is answered. */
      duringRead: (task: () => Promise<unknown>) => {
        during = () => {
          during = undefined;
          return task();
        };
      },
    };
  }

  it('L10 is no sign-out, at a hint', async () => {
    const { session, seen, hint } = await emptied();
    hint();
    await settle();
    expect([session.state.status, seen]).toEqual(['active', []]);
    expect(await session.token()).toBe('at_s7');
  });

  it('L10 is no sign-out, at a refresh: it goes on, and writes above the last version known', async () => {
    const source = jest.fn(async ({ refreshToken }: { refreshToken?: string }) => tokenPair(`of_${refreshToken}`));
    const { session, seen, written } = await emptied({ source });
    expect((await session.refresh()).accessToken).toBe('at_of_rt_s7');
    expect(seen.map(([name]) => name)).toEqual(['refreshing', 'refreshed']);
    expect(written.map(({ version, session: id, token }) => [version, id, token?.accessToken])).toEqual([
      [8, 's', 'at_s7'],
      [9, 's', 'at_of_rt_s7'],
    ]);
  });

  it('L10 is no sign-out, after a failed refresh either', async () => {
    const source = () => Promise.reject(Object.assign(new Error('down'), { response: { status: 503 } }));
    const { session, written } = await emptied({ source, refreshRetries: 0 });
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
    expect(session.state.status).toBe('active');
    // The mark, and the same without it.
    expect(written.map(({ version, token }) => [version, token?.refreshToken])).toEqual([
      [8, 'rt_s7'],
      [9, 'rt_s7'],
    ]);
  });

  it('L4 is signed in to above the last version known', async () => {
    const { session, written } = await emptied();
    await session.signIn(tokenPair('b'));
    expect(written.map(({ version, token }) => [version, token?.accessToken])).toEqual([[8, 'at_b']]);
  });

  it('L22 is signed out of above the last version known', async () => {
    const { session, written } = await emptied();
    await session.signOut();
    expect(written).toMatchObject([{ version: 8, session: 's' }]);
    expect(written[0]).not.toHaveProperty('token');
  });

  /** Then another user signs in, in what is a new store to that holder. */
  async function takenOver(entry: Partial<StoreEntry>, options: Partial<SessionOptions> = {}) {
    const holder = await emptied(options);
    holder.refill({ version: 1, id: 'x', session: 'other', ...entry });
    return holder;
  }
  const others = { token: { accessToken: 'at_x', refreshToken: 'rt_x', issuedAt: 0 } };

  it('L21 another user has signed in there: taken over at a hint, though its version is lower', async () => {
    const { session, seen, hint } = await takenOver(others);
    hint();
    await settle();
    expect(seen.map(([name]) => name)).toEqual(['signedIn']);
    expect(await session.token()).toBe('at_x');
  });

  it('L21 another user has signed in there: a refresh takes that over, and writes nothing', async () => {
    const source = jest.fn(async () => tokenPair('new'));
    const { session, written } = await takenOver(others, { source });
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_IDENTITY');
    expect(written).toEqual([]);
    expect(source).not.toHaveBeenCalled();
    expect(await session.token()).toBe('at_x');
  });

  it('L21 another user has signed in there: update() of the one before is not written', async () => {
    const { session, written } = await takenOver(others);
    expect(await codeOf(session.update({ accessToken: 'at_newer' }))).toBe('ERR_BEARER_IDENTITY');
    expect(written).toEqual([]);
    expect(await session.token()).toBe('at_x');
  });

  it('L22 another user has signed in and out there: signed out here too', async () => {
    const { session, seen, hint } = await takenOver({});
    hint();
    await settle();
    expect(seen).toEqual([['signedOut', { reason: 'elsewhere' }]]);
    expect(await codeOf(session.token())).toBe('ERR_BEARER_SIGNED_OUT');
  });

  it('a sign-in there is found after a sign-out here', async () => {
    const { session, refill, hint } = await emptied();
    await session.signOut();
    refill({ version: 1, id: 'x', session: 'other', ...others });
    hint();
    await settle();
    expect(await session.token()).toBe('at_x');
  });

  it('L22 what was signed out here, and is put back, stays signed out', async () => {
    const { session, refill, written, hint } = await emptied();
    await session.signOut();
    refill(stored('s', 6));
    hint();
    await settle();
    expect(await codeOf(session.token())).toBe('ERR_BEARER_SIGNED_OUT');
    expect(written.filter(({ token }) => token)).toEqual([]);
  });

  it('L4 an older entry of the same session that was put back is written over', async () => {
    const { session, refill, written, hint } = await emptied();
    refill(stored('s', 3));
    hint();
    await settle();
    expect(await session.token()).toBe('at_s7');
    expect((await session.refresh()).accessToken).toBe('at_new');
    expect(written.map(({ version, session: id }) => [version, id])).toEqual([
      [8, 's'],
      [9, 's'],
    ]);
  });

  it('one answer that is late to say so changes nothing: it is read once more', async () => {
    const { session, hint, answerOnce } = await emptied();
    answerOnce({ version: 1, id: 'x', session: 'other', ...others });
    hint();
    await settle();
    expect(await session.token()).toBe('at_s7');
  });

  it('L22 a sign-in here while that is found out counts', async () => {
    const { session, hint, refill, duringRead } = await emptied();
    refill({ version: 1, id: 'x', session: 'other', ...others });
    duringRead(() => session.signIn(tokenPair('b')));
    hint();
    await settle();
    expect(await session.token()).toBe('at_b');
  });

  it('a sign-out in it is one', async () => {
    const inner = memoryStore();
    const session = startSession({ store: inner, tokens: tokenPair('a') });
    await session.token();
    const out = nextEvent(session, 'signedOut');
    const entry = (await inner.read())!;
    await inner.write(signedOut(entry.session, entry.version + 1));
    expect(await out).toEqual({ reason: 'elsewhere' });
    expect(await codeOf(session.token())).toBe('ERR_BEARER_SIGNED_OUT');
  });
});

it('L4 `tokens` are written under the lock, and only where nothing is stored: two holders that start at once', async () => {
  const rows = newRows();
  const written: string[] = [];
  const holder = (name: string) => {
    const inner = databaseStore(rows);
    const write: TokenStore['write'] = async (entry) => {
      const found = await inner.write(entry);
      if (found.id === entry.id) written.push(name);
      return found;
    };
    return startSession({ store: storeWith({ write }, inner), tokens: tokenPair(name) });
  };
  const [a, b] = [holder('a'), holder('b')];
  const tokens = await Promise.all([a.token(), b.token()]);
  expect(tokens).toEqual(['at_a', 'at_a']);
  expect(written).toEqual(['a']);
});

it('L13 live tokens serve while another holder keeps the lock, and are written when it is free', async () => {
  const store = memoryStore();
  const holder = deferred();
  const held = store.withLock(() => holder.promise, { waitMs: 9_000, holdMs: 9_000 });
  await settle();
  const session = startSession({ store, tokens: tokenPair('a'), refreshTimeout: 9_000, refreshRetries: 0 });
  expect(await session.token({ signal: AbortSignal.timeout(2_000) })).toBe('at_a');
  holder.resolve();
  await held;
  await settle();
  expect(await store.read()).toMatchObject({ token: { accessToken: 'at_a' } });
});

it('stops hearing of its store once, however often it is closed', async () => {
  let stops = 0;
  const subscribe = () => () => {
    stops++;
  };
  const session = startSession({ store: storeWith({ subscribe }) });
  await session.close();
  await session.close();
  expect(stops).toBe(1);
});

it('asks the store at once whether somebody has signed in elsewhere, where who was found there has signed out', async () => {
  const inner = memoryStore();
  await startSession({ store: inner }).signIn(tokenPair('a'));
  let reads = 0;
  const read = async () => {
    reads++;
    return inner.read();
  };
  const session = startSession({
    store: storeWith({ read, subscribe: undefined as never }, inner),
    backoff: { initial: 60_000, cap: 60_000 },
  });
  await session.token();
  await session.signOut();
  reads = 0;
  expect(await codeOf(session.token())).toBe('ERR_BEARER_SIGNED_OUT');
  expect(reads).toBe(1);
});
