import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import axios from 'axios';
import {
  bearer,
  memoryStore,
  replayable,
  type SessionOptions,
  type StoreEntry,
  type TokenResponse,
  type TokenStore,
} from 'axios-bearer';
import type { Clock } from 'axios-bearer/testing';
import {
  answering,
  atEnd,
  cleanUp,
  closeSessionAtEnd,
  codeOf,
  failureOf,
  installClock,
  never,
  nextEvent,
  recordEvents,
  restsIn,
  settle,
  startClient,
  startSession,
  stateOf,
  storeWith,
  tokenPair,
} from '../support/kit.js';
import { PATIENCE, runInProcess } from '../support/own-process.js';
import { stored } from '../support/stores.js';

afterEach(cleanUp);

/** The other way round: a process must not end while somebody waits, though nothing else keeps it. */
const WAITS = `
  const quick = { refreshTimeout: 60, refreshRetries: 1, backoff: { initial: 40, cap: 60 } };
  const hanging = { read: () => never, withLock: () => never, write: () => never };
  // A busy machine must not make a bound of what is to be a backoff.
  const calm = { refreshTimeout: 5_000 };
  const lone = (options) => createSession({ source: () => never, ...quick, ...options });
  const failsOnce = () => { let n = 0; return async () => { if (!n++) throw new Error('down'); return 'at_new'; }; };
  const api = (options) => {
    const instance = axios.create({ baseURL: 'http://127.0.0.1:9', adapter: wire(({ headers }) => String(headers.get('Authorization')).endsWith('new') ? 200 : 401) });
    bearer(instance, { source: () => never, ...quick, ...options });
    return instance;
  };
  say('a request through a backoff', await code(api({ ...calm, source: failsOnce(), tokens: hour }).get('/')));
  const { withLock } = memoryStore();
  const person = { interactive: true, obtain: async () => 'at_new' };
  const once = (task, options) => (once.failed ? withLock(task, options) : (once.failed = true, Promise.reject(new Error('down'))));
  say('a request through a backoff, after a person has signed in', await code(api({ ...calm, source: person, store: { ...memoryStore(), withLock: once } }).get('/')));
  say('a request whose source hangs', await code(api({ tokens: hour }).get('/')));
  say('a request held before its first send', await code(api({ ...calm, source: failsOnce(), tokens: expired }).get('/')));
  say('token() through a backoff', await code(lone({ ...calm, source: failsOnce(), tokens: expired }).token()));
  say('token() whose source hangs', await code(lone({ tokens: expired }).token()));
  const behind = lone({ tokens: due });
  await behind.token();
  say('refresh() that joins one behind the requests', await code(behind.refresh()));
  say('signIn() whose source hangs', await code(lone({ source: { obtain: () => never } }).signIn()));
  say('signIn(tokens) whose store hangs', await code(lone({ store: hanging }).signIn(hour)));
  say('token() whose store is never read', await code(lone({ store: hanging }).token()));
  say('signOut() whose store hangs', await code(lone({ store: { ...memoryStore(), write: () => never } }).signOut()));
  say('signOut() whose revoke hangs', await code(lone({ tokens: hour, source: { refresh: () => never, revoke: () => never } }).signOut()));
  const store = memoryStore();
  const stuck = lone({ tokens: hour, store });
  await stuck.token();
  store.withLock(() => never, { waitMs: 10, holdMs: 10 });
  say('refresh() that waits for the lock of another', await code(stuck.refresh()));
  const locked = memoryStore();
  const updating = lone({ tokens: hour, store: locked });
  await updating.token();
  locked.withLock(() => never, { waitMs: 10, holdMs: 600000 });
  say('update() that waits for the lock of another', await code(updating.update({ access_token: 'at_y' })));
  const unfilled = memoryStore();
  unfilled.withLock(() => never, { waitMs: 10, holdMs: 600000 });
  const untold = lone({ tokens: { access_token: 'at_x' }, store: unfilled });
  say('refresh() before its tokens are stored, with the lock of another', await code(untold.refresh()));
  say('done');
`;

it(
  'L24 a process does not end while somebody waits: every promise settles though nothing else keeps it alive',
  async () => {
    const { code, lines } = await runInProcess(WAITS);
    expect(Object.fromEntries(lines)).toEqual({
      'a request through a backoff': 'fulfilled',
      'a request through a backoff, after a person has signed in': 'fulfilled',
      'a request whose source hangs': 'ERR_BEARER_UNAVAILABLE',
      'a request held before its first send': 'fulfilled',
      'token() through a backoff': 'fulfilled',
      'token() whose source hangs': 'ERR_BEARER_UNAVAILABLE',
      'refresh() that joins one behind the requests': 'ERR_BEARER_UNAVAILABLE',
      'signIn() whose source hangs': 'ERR_BEARER_UNAVAILABLE',
      'signIn(tokens) whose store hangs': 'ERR_BEARER_STORE',
      'token() whose store is never read': 'ERR_BEARER_STORE',
      'signOut() whose store hangs': 'ERR_BEARER_STORE',
      'signOut() whose revoke hangs': 'fulfilled',
      'refresh() that waits for the lock of another': 'ERR_BEARER_UNAVAILABLE',
      'update() that waits for the lock of another': 'ERR_BEARER_UNAVAILABLE',
      'refresh() before its tokens are stored, with the lock of another': 'ERR_BEARER_UNAVAILABLE',
      done: undefined,
    });
    expect(code).toBe(0);
  },
  1.2 * PATIENCE,
);

describe('L24: every promise settles, for every fault, within a bound the options state', () => {
  const options = { refreshTimeout: 1_000, refreshRetries: 2, backoff: { initial: 100, cap: 400 } };
  const { refreshTimeout, refreshRetries } = options;
  // Each delay has up to a fifth on top.
  const BACKOFFS = (100 + 200) * 1.2;
  /** For all that wait for a token, lock and store included. */
  const BOUND = (refreshRetries + 1) * refreshTimeout + BACKOFFS;
  const STORE = refreshTimeout;

  let clock: Clock;
  beforeEach(() => {
    clock = installClock();
  });

  /** How they stand when `ms` have gone by. */
  async function after(ms: number, promises: Promise<unknown>[]): Promise<string[]> {
    const standings = promises.map(() => 'pending');
    promises.forEach((promise, i) => {
      codeOf(promise).then((code) => {
        standings[i] = code ?? 'rejected';
      });
    });
    await settle();
    await clock.advance(ms + 50);
    await settle();
    return standings;
  }
  const instanceOf = (sessionOptions: Partial<SessionOptions>, status = 401) => {
    const api = axios.create({ baseURL: 'http://127.0.0.1:9', adapter: answering(status) });
    const session = closeSessionAtEnd(bearer(api, { source: () => never, ...options, ...sessionOptions }));
    return { api, session };
  };
  const expired = () => tokenPair('a', { expires_in: 0 });
  const replacing = (changes: Partial<TokenStore>) => storeWith({ subscribe: undefined, ...changes });

  it('L24 a source that never answers and ignores its signal: request, held request, token(), refresh()', async () => {
    const { api } = instanceOf({ tokens: tokenPair('a') });
    const { api: held, session } = instanceOf({ tokens: expired() });
    const all = [api.get('/'), held.get('/'), session.token(), session.refresh(), session.token({ minValidity: 5 })];
    expect(await after(BOUND, all)).toEqual(Array(5).fill('ERR_BEARER_UNAVAILABLE'));
  });

  it('L24 an obtain that never answers: request, token(), signIn()', async () => {
    const source = { obtain: () => never };
    const { api, session } = instanceOf({ source });
    expect(await after(BOUND, [api.get('/'), session.token()])).toEqual(Array(2).fill('ERR_BEARER_UNAVAILABLE'));
    const { session: other } = instanceOf({ source });
    expect(await after(BOUND, [other.signIn()])).toEqual(['ERR_BEARER_UNAVAILABLE']);
  });

  it('L24 a refresh that is refused and an obtain that never answers', async () => {
    const refresh = () => Promise.reject(Object.assign(new Error('no'), { response: { status: 400 } }));
    const { api } = instanceOf({ tokens: tokenPair('a'), source: { refresh, obtain: () => never } });
    expect(await after(BOUND, [api.get('/')])).toEqual(['ERR_BEARER_UNAVAILABLE']);
  });

  it('L24 a source that answers each time just after its deadline', async () => {
    const obtain = jest.fn(() => new Promise<string>((go) => setTimeout(go, refreshTimeout + 5, 'late')));
    const { session } = instanceOf({ source: { obtain } });
    const token = codeOf(session.token());
    await clock.advance(BOUND + 50);
    expect(await stateOf(token)).toBe('fulfilled');
    expect(await token).toBe('ERR_BEARER_UNAVAILABLE');
    expect(obtain).toHaveBeenCalledTimes(refreshRetries + 1);
  });

  it('L24 an answer that comes after the deadline of an attempt with a refresh token is waited for, and asked for once', async () => {
    const source = jest.fn(() => new Promise<string>((go) => setTimeout(go, 2.5 * refreshTimeout, 'late')));
    const { session } = instanceOf({ tokens: expired(), source });
    const token = session.token();
    await clock.advance(2.5 * refreshTimeout + 50);
    expect(await token).toBe('late');
    expect(source).toHaveBeenCalledTimes(1);
  });

  it('L24 the default options state a bound too: 42 s', async () => {
    const session = startSession({ tokens: expired(), source: () => never });
    const token = codeOf(session.token());
    // The token request is let finish: it may have spent the refresh token.
    await clock.advance(38_000);
    expect(await stateOf(token)).toBe('pending');
    await clock.advance(4_150);
    expect(await token).toBe('ERR_BEARER_UNAVAILABLE');
  });

  it('L24 with 0 retries the bound is refreshTimeout', async () => {
    const { api, session } = instanceOf({ tokens: expired(), refreshRetries: 0 });
    const all = [api.get('/'), session.token(), session.refresh()];
    const standings = after(refreshTimeout, all);
    expect(await standings).toEqual(Array(3).fill('ERR_BEARER_UNAVAILABLE'));
  });

  it.each([0, refreshRetries])(
    'L24 each that joins a refresh has the whole bound, from when it joins: %i retries',
    async (retries) => {
      const { api, session } = instanceOf({ tokens: expired(), refreshRetries: retries });
      const bound = retries ? BOUND : refreshTimeout;
      const first = codeOf(session.token());
      await clock.advance(0.6 * bound);
      const joined = [codeOf(session.token()), codeOf(api.get('/')), codeOf(session.refresh())];
      await clock.advance(0.4 * bound + 50);
      expect(await first).toBe('ERR_BEARER_UNAVAILABLE');
      expect(await Promise.all(joined.map(stateOf))).toEqual(Array(3).fill('pending'));
      await clock.advance(0.6 * bound + 50);
      expect(await Promise.all(joined)).toEqual(Array(3).fill('ERR_BEARER_UNAVAILABLE'));
    },
  );

  it('L24 says in its message how long, and by which options', async () => {
    const { session } = instanceOf({ tokens: expired() });
    const error = failureOf(session.token());
    await clock.advance(BOUND + 50);
    expect((await error).message).toMatch(/^No token came within 3360 ms \(refreshRetries, refreshTimeout, backoff\)/);
  });

  it('L24 a token request with a refresh token has four times refreshTimeout, and is aborted then, not before (L3)', async () => {
    const source = jest.fn((_: unknown, ctx: { signal: AbortSignal }) => (ctx.signal.aborted ? never : never));
    const { session } = instanceOf({ tokens: expired(), source, refreshRetries: 0 });
    const token = codeOf(session.token());
    await settle();
    const { signal } = source.mock.calls[0]![1];
    await clock.advance(3.5 * refreshTimeout);
    expect(await token).toBe('ERR_BEARER_UNAVAILABLE');
    expect(await stateOf(codeOf(session.token()))).toBe('pending');
    expect([signal.aborted, source.mock.calls.length]).toEqual([false, 1]);
    await clock.advance(0.6 * refreshTimeout);
    expect(signal.aborted).toBe(true);
  });

  it('L24 what the token request brings when all that waited have gone is kept (L3)', async () => {
    const store = memoryStore();
    const source = () => new Promise<TokenResponse>((go) => setTimeout(go, 3 * refreshTimeout, tokenPair('late')));
    const { session } = instanceOf({ tokens: expired(), source, store, refreshRetries: 0 });
    const token = codeOf(session.token());
    await clock.advance(refreshTimeout + 50);
    expect(await token).toBe('ERR_BEARER_UNAVAILABLE');
    await clock.advance(2 * refreshTimeout);
    expect(await session.token()).toBe('at_late');
    expect(await restsIn(store)).toBe('at_late');
  });

  it('L24 a server that asks for more and more patience', async () => {
    const error = Object.assign(new Error('slow down'), {
      response: { status: 429, headers: { 'retry-after': '86400' } },
    });
    const session = startSession({ ...options, tokens: expired(), source: () => Promise.reject(error) });
    expect(await after(0, [session.token()])).toEqual(['ERR_BEARER_UNAVAILABLE']);
  });

  it('L24 what a source that ignores its signal brings after all bounds is kept (L3)', async () => {
    const store = memoryStore();
    const source = () => new Promise<TokenResponse>((go) => setTimeout(go, 4.5 * refreshTimeout, tokenPair('late')));
    const { session } = instanceOf({ tokens: expired(), source, store, refreshRetries: 0 });
    const [token, refreshed] = [codeOf(session.token()), nextEvent(session, 'refreshed')];
    await clock.advance(4.2 * refreshTimeout);
    expect(await token).toBe('ERR_BEARER_UNAVAILABLE');
    await clock.advance(0.4 * refreshTimeout);
    await refreshed;
    expect([await session.token(), await restsIn(store)]).toEqual(['at_late', 'at_late']);
  });

  it('L24 store.read that hangs: request, token(), refresh()', async () => {
    const store = replacing({ read: () => never });
    const { api, session } = instanceOf({ store, tokens: tokenPair('a') });
    // L13: the live token serves, and only what it can't do fails.
    expect(await after(STORE, [session.token(), session.refresh()])).toEqual(['fulfilled', 'ERR_BEARER_STORE']);
    expect(await session.token()).toBe('at_a');
    // Refused by a 401 it is no good, and the store is asked once more.
    expect(await after(STORE, [api.get('/')])).toEqual(['ERR_BEARER_STORE']);
    const { api: nobodys, session: nobody } = instanceOf({ store, tokens: expired() });
    const all = [nobodys.get('/'), nobody.token(), nobody.refresh()];
    expect(await after(STORE, all)).toEqual(Array(3).fill('ERR_BEARER_STORE'));
  });

  it('L24 store.write that hangs: signIn(), signOut(), update(), tokens handed in', async () => {
    const store = replacing({ write: () => never });
    const { session } = instanceOf({ store });
    expect(await after(STORE, [session.signIn('x')])).toEqual(['ERR_BEARER_STORE']);
    expect(await after(STORE, [session.signOut()])).toEqual(['ERR_BEARER_STORE']);
    const { session: seeded } = instanceOf({ store, tokens: expired() });
    expect(await after(STORE, [seeded.token()])).toEqual(['ERR_BEARER_STORE']);
    const inner = memoryStore();
    await inner.write(stored('s'));
    const { session: known } = instanceOf({ store: replacing({ ...inner, write: () => never }) });
    await known.token();
    expect(await after(STORE, [known.update('at_new')])).toEqual(['ERR_BEARER_STORE']);
    expect(await known.token()).toBe('at_new');
  });

  it('L24 a store that answers each write in time, but with another entry: signIn(), signOut()', async () => {
    let version = 1;
    const write: TokenStore['write'] = async () => {
      await new Promise((go) => setTimeout(go, 0.4 * refreshTimeout));
      version += 1;
      return stored('other', version * 10);
    };
    const { session } = instanceOf({ store: replacing({ write }) });
    expect(await after(STORE, [session.signIn('x')])).toEqual(['ERR_BEARER_STORE']);
    expect(await after(STORE, [session.signOut()])).toEqual(['ERR_BEARER_STORE']);
  });

  /** A session that has read its token; from then on the store has another lock. */
  async function withLock(lock: TokenStore['withLock'], more: Partial<SessionOptions> = {}) {
    const inner = memoryStore();
    await inner.write(stored('s', 1, { expiresAt: Date.now() + 3_600_000 }));
    const scene = instanceOf({ store: replacing({ ...inner, withLock: lock }), ...more });
    expect(await scene.session.token()).toBe('at_s1');
    return scene;
  }

  it('L24 store.withLock that hangs: request, refresh(), signIn(); a live token serves meanwhile', async () => {
    const { api, session } = await withLock(() => never);
    expect(await after(BOUND, [api.get('/'), session.refresh()])).toEqual(Array(2).fill('ERR_BEARER_UNAVAILABLE'));
    expect(await session.token()).toBe('at_s1');
    // The attempt itself has ended: what comes next begins another one, and does not join a dead one.
    await clock.advance(200);
    expect(session.state.status).not.toBe('refreshing');
    const { session: nobody } = instanceOf({
      store: replacing({ withLock: () => never }),
      source: { obtain: () => never },
    });
    expect(await after(BOUND, [nobody.signIn()])).toEqual(['ERR_BEARER_UNAVAILABLE']);
  });

  it.each([0, refreshRetries])(
    'L24 a lock that is not had is ERR_BEARER_UNAVAILABLE, and not another attempt: %i retries',
    async (retries) => {
      const waits: number[] = [];
      const source = jest.fn(async () => 'b');
      const lock: TokenStore['withLock'] = (_, { waitMs }) => {
        waits.push(waitMs);
        return new Promise((_resolve, reject) => setTimeout(() => reject(new Error('lock wait')), waitMs));
      };
      const { session } = await withLock(lock, { source, refreshRetries: retries });
      const seen = recordEvents(session);
      const bound = retries ? BOUND : refreshTimeout;
      expect(await after(bound, [session.refresh()])).toEqual(['ERR_BEARER_UNAVAILABLE']);
      await clock.advance(bound);
      expect(waits).toHaveLength(1);
      expect(waits[0]).toBeGreaterThan(bound - 200);
      expect(waits[0]).toBeLessThanOrEqual(bound);
      expect(source).not.toHaveBeenCalled();
      const errors = seen.flatMap(([name, payload]) => (name === 'refreshFailed' ? [payload.error] : []));
      expect(errors.map(({ code, message, cause }) => [code, message, cause?.message])).toEqual([
        [
          'ERR_BEARER_UNAVAILABLE',
          expect.stringMatching(
            /^Another holder of the token store kept its lock for \d+ ms: lock wait\. The session is kept$/,
          ),
          'lock wait',
        ],
      ]);
    },
  );

  it('L24 the lock is waited for no longer than what is left of the bound, and held no longer than seven times refreshTimeout', async () => {
    const options: [waitMs: number, holdMs: number][] = [];
    const lock: TokenStore['withLock'] = async (task, { waitMs, holdMs }) => {
      options.push([waitMs, holdMs]);
      return task({ signal: new AbortController().signal });
    };
    const down = Object.assign(new Error('down'), { response: { status: 503 } });
    const { session } = await withLock(lock, { source: () => Promise.reject(down) });
    expect(await after(BOUND, [session.refresh()])).toEqual(['ERR_BEARER_UNAVAILABLE']);
    const [first, second, third] = options.map(([waitMs]) => waitMs);
    expect(options.map(([, holdMs]) => holdMs)).toEqual(Array(3).fill(7 * refreshTimeout));
    expect(first).toBeGreaterThan(BOUND - 200);
    expect(first).toBeLessThanOrEqual(BOUND);
    expect(second).toBeLessThanOrEqual(BOUND - 100);
    expect(third).toBeLessThanOrEqual(BOUND - 300);
  });

  it('L24 a store whose withLock() fails, or runs no task, is ERR_BEARER_STORE, and tried again', async () => {
    const ways: (() => Promise<never>)[] = [() => Promise.reject(new Error('down')), async () => undefined as never];
    for (const way of ways) {
      const lock = jest.fn(way);
      const { session } = await withLock(lock);
      expect(await after(BOUND, [session.refresh()])).toEqual(['ERR_BEARER_STORE']);
      expect(lock).toHaveBeenCalledTimes(refreshRetries + 1);
    }
  });

  it('L24 each call of the store under the lock is bounded by refreshTimeout: read, mark, result', async () => {
    for (const hanging of ['read', 'mark', 'result'] as const) {
      const inner = memoryStore();
      await inner.write(stored('s', 1, { expiresAt: Date.now() + 3_600_000 }));
      let locked = false;
      const isHanging = (next: StoreEntry) => hanging === (next.sent ? 'mark' : 'result') && next.version > 1;
      const source = jest.fn(async () => tokenPair('new'));
      const { session } = instanceOf({
        refreshRetries: 0,
        source,
        store: replacing({
          ...inner,
          read: () => (locked && hanging === 'read' ? never : inner.read()),
          write: (next) => (isHanging(next) ? never : inner.write(next)),
          withLock: (task, waiting) => {
            locked = true;
            return inner.withLock(task, waiting);
          },
        }),
      });
      await session.token();
      const failed = nextEvent(session, 'refreshFailed');
      const refresh = codeOf(session.refresh());
      await clock.advance(refreshTimeout + 50);
      expect((await failed).error).toMatchObject({
        code: 'ERR_BEARER_STORE',
        cause: { message: `The token store did not answer within ${refreshTimeout} ms` },
      });
      // The bound of those that wait is as long, and begins a moment before.
      expect([hanging, await refresh]).toEqual([hanging, expect.stringMatching(/^ERR_BEARER_(STORE|UNAVAILABLE)$/)]);
      expect([hanging, source.mock.calls.length]).toEqual([hanging, hanging === 'result' ? 1 : 0]);
      // Nothing is published that is not stored, and nothing that was brought is lost: a live token serves meanwhile.
      expect(await session.token()).toBe('at_s1');
    }
  });

  it('L24 a write that hangs, and a lock that is held by another for ever', async () => {
    const inner = memoryStore();
    const hangs = replacing({
      ...inner,
      write: (next) => (next.token?.accessToken === 'b' ? never : inner.write(next)),
    });
    const { session } = instanceOf({ store: hangs, tokens: tokenPair('a'), source: async () => 'b' });
    await session.token();
    expect(await after(BOUND, [session.refresh()])).toEqual([
      expect.stringMatching(/^ERR_BEARER_(STORE|UNAVAILABLE)$/),
    ]);

    const taken = memoryStore();
    const { session: other } = instanceOf({ store: taken, tokens: tokenPair('a') });
    await other.token();
    taken.withLock(() => never, { waitMs: 10, holdMs: 10 }).catch(() => {});
    await settle();
    expect(await after(BOUND, [other.refresh()])).toEqual(['ERR_BEARER_UNAVAILABLE']);
  });

  it('L24 a source that is interactive has no bound of ours; the caller’s signal and timeout end the waiting', async () => {
    const { api, session } = instanceOf({ source: { interactive: true, obtain: () => never } });
    const aborter = new AbortController();
    const all = [session.signIn(), session.token(), api.get('/')].map(codeOf);
    const patient = [codeOf(session.token({ signal: aborter.signal })), codeOf(api.get('/', { timeout: 5_000 }))];
    await clock.advance(100 * BOUND);
    expect(await Promise.all(all.map(stateOf))).toEqual(Array(3).fill('pending'));
    aborter.abort();
    expect(await Promise.all(patient)).toEqual([expect.anything(), 'ECONNABORTED']);
  });

  it('L24 revoke that hangs: signOut()', async () => {
    const { session } = instanceOf({
      tokens: tokenPair('a'),
      source: { refresh: async () => 'x', revoke: () => never },
    });
    expect(await after(refreshTimeout, [session.signOut()])).toEqual(['fulfilled']);
  });

  it('L24 revoke and store that hang: signOut()', async () => {
    const inner = memoryStore();
    const { session } = instanceOf({
      store: replacing({ ...inner, write: (next) => (next.token ? inner.write(next) : never) }),
      tokens: tokenPair('a'),
      source: { refresh: async () => 'x', revoke: () => never },
    });
    await session.token();
    expect(await after(refreshTimeout, [session.signOut()])).toEqual(['ERR_BEARER_STORE']);
  });

  it('L24 listeners and subscribers that never return a settled promise hold nobody up', async () => {
    const { session } = instanceOf({ tokens: tokenPair('a'), source: async () => 'b' });
    for (const event of ['refreshing', 'refreshed', 'signedOut', 'signedIn'] as const) session.on(event, () => never);
    session.subscribe(() => never);
    expect(await stateOf(session.refresh())).toBe('fulfilled');
    expect(await stateOf(session.signIn('c'))).toBe('fulfilled');
    expect(await stateOf(session.signOut())).toBe('fulfilled');
  });

  it('L24 what the app itself never settles is bounded by the request’s own timeout and signal', async () => {
    const predicate = axios.create({ baseURL: 'http://127.0.0.1:9', adapter: answering(401) });
    closeSessionAtEnd(
      bearer(predicate, { ...options, source: async () => 'b', tokens: 'a', shouldRefresh: () => never }),
    );
    const { api } = instanceOf({ tokens: tokenPair('a'), source: async () => 'b' });
    let made = 0;
    const body = replayable(() => (made++ ? never : 'first'));
    const aborter = new AbortController();
    setTimeout(() => aborter.abort(), 100);
    const all = [
      predicate.get('/', { timeout: 500 }),
      predicate.get('/', { signal: aborter.signal }),
      api.post('/', body, { timeout: 500 }),
    ];
    const standings = await after(500, all);
    expect(standings).not.toContain('pending');
    expect(standings).not.toContain('fulfilled');
  });

  it('L24 close() settles everything that waits, at once', async () => {
    const hanging = replacing({ read: () => never, withLock: () => never, write: () => never });
    const cases = [
      { tokens: expired() },
      { tokens: tokenPair('a') },
      { source: { obtain: () => never } },
      { source: { interactive: true, obtain: () => never } },
      { tokens: tokenPair('a'), store: hanging },
    ];
    for (const each of cases) {
      const { api, session } = instanceOf(each);
      const all = [api.get('/'), session.token({ minValidity: 9e9 }), session.refresh()].map(codeOf);
      await settle();
      session.close();
      for (const promise of all) expect(await stateOf(promise)).toBe('fulfilled');
    }
  });

  it('L24 close() resolves at once with nothing under way, called twice too', async () => {
    const { session } = instanceOf({ tokens: tokenPair('a') });
    expect(await stateOf(session.close())).toBe('fulfilled');
    expect(await stateOf(session.close())).toBe('fulfilled');
  });

  it('L24 close() resolves after a refresh under way was stored, though all that waited have gone (L3)', async () => {
    const inner = memoryStore();
    const order: string[] = [];
    const store = storeWith(
      {
        write: async (next) => {
          await new Promise((go) => setTimeout(go, 200));
          const found = await inner.write(next);
          if (next.token?.accessToken === 'at_late') order.push('stored');
          return found;
        },
      },
      inner,
    );
    const source = () => new Promise<TokenResponse>((go) => setTimeout(go, 2 * refreshTimeout, tokenPair('late')));
    const { session } = instanceOf({ tokens: tokenPair('a'), store, source });
    const planted = session.token();
    await clock.advance(500);
    await planted;
    const refresh = codeOf(session.refresh());
    await clock.advance(500);
    const closed = session.close().then(() => order.push('closed'));
    expect(await refresh).toBe('ERR_BEARER_SIGNED_OUT');
    await clock.advance(refreshTimeout);
    expect(order).toEqual([]);
    await clock.advance(refreshTimeout);
    await closed;
    expect(order).toEqual(['stored', 'closed']);
    expect(await restsIn(inner)).toBe('at_late');
  });

  it('L24 close() resolves within five times refreshTimeout, whatever hangs: source, store, lock', async () => {
    const inner = memoryStore();
    const hangsAt: [string, Partial<SessionOptions>][] = [
      ['source', { source: () => never }],
      ['source and its store', { source: () => never, store: memoryStore() }],
      ['write', { source: async () => 'b', store: storeWith({ write: () => never }, inner) }],
      ['read', { source: async () => 'b', store: storeWith({ read: () => never }, inner) }],
      ['lock', { source: async () => 'b', store: storeWith({ withLock: () => never }, inner) }],
      ['obtain', { source: { obtain: () => never }, tokens: undefined }],
      ['a person', { source: { interactive: true, obtain: () => never }, tokens: undefined }],
    ];
    for (const [name, options] of hangsAt) {
      const { session } = instanceOf({ tokens: expired(), ...options });
      session.token().catch(() => {});
      session.refresh().catch(() => {});
      await settle();
      const closed = session.close();
      await clock.advance(5 * refreshTimeout + 50);
      expect([name, await stateOf(closed)]).toEqual([name, 'fulfilled']);
    }
  });

  it('L24 close() waits for a refresh all of whose steps are slow (L3)', async () => {
    const inner = memoryStore();
    await inner.write(stored('s'));
    let isSlow = false;
    const slowly = async <T>(ms: number, task: () => T | Promise<T>): Promise<T> => {
      if (isSlow) await new Promise((go) => setTimeout(go, ms));
      return task();
    };
    const store = replacing({
      ...inner,
      read: () => slowly(0.9 * refreshTimeout, inner.read),
      write: (next) => slowly(0.9 * refreshTimeout, () => inner.write(next)),
    });
    const source = () => slowly(3.9 * refreshTimeout, () => tokenPair('late'));
    const { session } = instanceOf({ store, source });
    await session.token();
    isSlow = true;
    const refresh = codeOf(session.refresh());
    // Read and marked.
    await clock.advance(1.85 * refreshTimeout);
    const closed = session.close();
    // The answer is to come after 3.9, its write after 0.9 more.
    await clock.advance(4.5 * refreshTimeout);
    expect(await stateOf(closed)).toBe('pending');
    await clock.advance(0.6 * refreshTimeout);
    expect([await stateOf(closed), await refresh]).toEqual(['fulfilled', 'ERR_BEARER_SIGNED_OUT']);
    expect(await restsIn(inner)).toBe('at_late');
  });

  it('L24 close() does not wait longer for a store that answers each write, slowly, with the entry as it was', async () => {
    const inner = memoryStore();
    await inner.write(stored('s'));
    let version = 9;
    const write: TokenStore['write'] = async (next) => {
      if (next.sent) return inner.write(next);
      await new Promise((go) => setTimeout(go, 0.9 * refreshTimeout));
      version += 10;
      return { ...(await inner.read())!, id: `id_${version}`, version };
    };
    const { session } = instanceOf({ store: replacing({ ...inner, write }), source: async () => tokenPair('new') });
    await session.token();
    const refresh = codeOf(session.refresh());
    await clock.advance(0.5 * refreshTimeout);
    const closed = session.close();
    await clock.advance(4 * refreshTimeout);
    expect(await stateOf(closed)).toBe('pending');
    await clock.advance(1.1 * refreshTimeout);
    expect([await stateOf(closed), await refresh]).toEqual(['fulfilled', 'ERR_BEARER_SIGNED_OUT']);
  });

  it('L24 signOut() settles what waits for a person who never comes', async () => {
    const { api, session } = instanceOf({ source: { interactive: true, obtain: () => never } });
    const all = [api.get('/'), session.token(), session.signIn()].map(codeOf);
    await settle();
    await session.signOut();
    for (const promise of all) expect(await stateOf(promise)).toBe('fulfilled');
  });
});

it('L24 a rule whose promise fails counts as the default, is reported, and blocks nobody', async () => {
  const report = jest.spyOn(console, 'error').mockImplementation(() => {});
  atEnd(() => report.mockRestore());
  const failed = new Error('no such rule');
  const { server, api } = await startClient({ shouldRefresh: () => Promise.reject(failed) });
  expect((await api.get('/echo')).status).toBe(200);
  expect(report).toHaveBeenCalledTimes(1);
  expect(report).toHaveBeenCalledWith(expect.stringContaining('predicate'), failed);
  server.expire();
  expect((await api.get('/echo')).status).toBe(200);
  expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 1 });
});

it('L24 a request with nobody signed in waits for one read of a store, however long that takes beside the backoff', async () => {
  let reads = 0;
  const read = async () => {
    reads++;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return undefined;
  };
  const { api } = await startClient({ tokens: undefined, store: storeWith({ read }), backoff: { initial: 1, cap: 5 } });
  expect((await api.get('/public')).status).toBe(200);
  expect(reads).toBe(1);
});
