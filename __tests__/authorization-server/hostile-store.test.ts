import { describe, expect, it } from '@jest/globals';
import type { AxiosError } from 'axios';
import { isBearerError } from 'axios-bearer';
import { codeOf, failureOf, nextEvent, until } from '../support/kit.js';
import { clientWithStore } from './client.js';
import { type Call, deaf, fails, hangs, late, type StoreFault, slow, slowToTell } from './hostile-store.js';
import { ownerOf, setUpAuthorizationServer } from './setup.js';

const setup = setUpAuthorizationServer({ ttl: 3_600 });

const SHORTER = 15_000; // than the store may take, longer than `refreshTimeout`
const LONGER = 60_000;

const UNAVAILABLE = 'ERR_BEARER_UNAVAILABLE';

/** `comesTo`: what a request gets that meets it. */
const TROUBLES: [call: Call, title: string, storeFault: StoreFault, comesTo: string][] = [
  ['lock', 'is refused', fails, 'ada'],
  ['lock', 'comes late', slow(SHORTER), 'ada'],
  ['lock', 'comes when nobody waits for it any more', slow(LONGER), UNAVAILABLE],
  ['lock', 'is never given', hangs, UNAVAILABLE],
  ['read', 'fails', fails, 'ada'],
  ['read', 'takes long', slow(SHORTER), 'ada'],
  ['read', 'hangs', hangs, 'ada'],
  ['mark', 'fails', fails, 'ada'],
  ['mark', 'is done, and fails', deaf, 'ada'],
  ['mark', 'fails, and lands while the source is asked', late(500), 'ada'],
  ['mark', 'fails, and lands when all is done', late(SHORTER), 'ada'],
  ['mark', 'takes long', slow(SHORTER), 'ada'],
  ['mark', 'is done at once, which is told when nobody waits for it any more', slowToTell(LONGER), 'ada'],
  ['mark', 'hangs', hangs, 'ada'],
  ['result', 'fails', fails, 'ada'],
  ['result', 'is done, and fails', deaf, 'ada'],
  ['result', 'fails, and lands when all is done', late(SHORTER), 'ada'],
  ['result', 'takes long', slow(SHORTER), 'ada'],
  ['result', 'is done when nobody waits for it any more', slow(LONGER), 'ada'],
  ['result', 'is done at once, which is told when nobody waits for it any more', slowToTell(LONGER), 'ada'],
  ['result', 'hangs', hangs, 'ada'],
  ['unlock', 'fails', fails, 'ada'],
  ['unlock', 'takes long', slow(SHORTER), 'ada'],
  ['unlock', 'hangs', hangs, 'ada'],
];

describe('A store in trouble, once', () => {
  it.each(TROUBLES)(
    'L3 L10 loses no session: its %s %s, the refresh token is presented once, and the next request is served',
    async (call, _, storeFault, comesTo) => {
      const { api, holder, once, wait, pass, asked } = await clientWithStore(setup);
      once(call, storeFault);
      expect(await wait(ownerOf(api.get('/resource')))).toBe(comesTo);
      await pass(LONGER);
      expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 1]);
      const other = holder();
      expect([await wait(ownerOf(other.api.get('/resource'))), asked()]).toEqual(['ada', 1]);
      await setup.server.expire();
      const both = [api, other.api].map((each) => ownerOf(each.get('/resource')));
      expect([await wait(Promise.all(both)), asked()]).toEqual([['ada', 'ada'], 2]);
    },
  );

  it('L3 whose result fails and is stored all the same, when the next attempt is about to: what it wrote is not revoked', async () => {
    const source = setup.source(setup.server.revocationEndpoint);
    const { session, api, inner, once, wait, asked } = await clientWithStore(setup, { source });
    let first: () => Promise<unknown>;
    once('result', async (act) => {
      first = act;
      throw new Error('No answer in time');
    });
    once('result', (act) => first().then(act));
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 1]);
    const accessToken = await session.token();
    expect(await inner.read()).toMatchObject({ token: { accessToken } });
    expect(await setup.server.isActive(accessToken)).toBe(true);
  });

  it.each<[string, StoreFault]>([
    ['fails', fails],
    ['takes long', slow(SHORTER)],
    ['hangs', hangs],
  ])('L10 L13 loses no session: its first read %s, and the tokens are found again', async (_, storeFault) => {
    const { session, inner, holder, once, wait, pass, asked } = await clientWithStore(setup);
    await wait(session.refresh());
    once('read', storeFault);
    const late = holder();
    expect(await wait(ownerOf(late.api.get('/resource')))).toBe('ERR_BEARER_STORE');
    await pass(LONGER);
    expect([await wait(ownerOf(late.api.get('/resource'))), asked()]).toEqual(['ada', 1]);
    expect(await late.session.token()).toBe((await inner.read())?.token?.accessToken);
  });

  it.each<[string, StoreFault]>([
    ['fails', fails],
    ['is done, and fails', deaf],
    ['hangs', hangs],
  ])('L24 fails a sign-in whose write %s; another one is as good as ever', async (_, storeFault) => {
    const { session, api, once, wait } = await clientWithStore(setup);
    once('signIn', storeFault);
    expect(await wait(codeOf(session.signIn(await setup.tokens('bob'))))).toBe('ERR_BEARER_STORE');
    await wait(session.signIn(await setup.tokens('cyd')));
    expect(await wait(ownerOf(api.get('/resource')))).toBe('cyd');
  });
});

const WRITES = ['mark', 'result', 'unmark', 'signIn', 'signOut'] as const;

/** `code`: of the lock. `attempts`: so often it is asked for. */
const OUTAGES: [title: string, storeFault: StoreFault, ms: number, code: string, attempts: number][] = [
  ['fails', fails, 10_000, 'ERR_BEARER_STORE', 4],
  ['hangs', hangs, 45_000, UNAVAILABLE, 1],
];

describe.each(OUTAGES)('A store that is down, and %s,', (_, storeFault, longest, code, attempts) => {
  it('L13 is never bypassed: the live access token serves, and no refresh token is presented', async () => {
    const { session, api, always, heal, wait, pass, asked } = await clientWithStore(setup);
    await wait(session.refresh());
    for (const call of ['read', 'lock', ...WRITES] as const) always(call, storeFault);
    const refresh = codeOf(session.refresh());
    expect(await ownerOf(api.get('/resource'))).toBe('ada');
    expect(await wait(refresh)).toBe(code);
    expect([await ownerOf(api.get('/resource')), asked()]).toEqual(['ada', 1]);
    heal();
    await pass(LONGER);
    await setup.server.expire();
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 2]);
  });

  it('L8 L13 fails those who wait once, alike, each in its own config, bounded, and starts no storm', async () => {
    const { session, api, instanceOf, always, heal, seen, wait, pass, asked } = await clientWithStore(setup);
    const apis = [api, instanceOf(session, setup.server.issuer)];
    always('lock', storeFault);
    const from = Date.now();
    const paths = Array.from({ length: 20 }, (_, n) => `/resource?${n}`);
    const failures: AxiosError[] = await wait(Promise.all(paths.map((path, n) => failureOf(apis[n % 2]!.get(path)))));
    expect(Date.now() - from).toBeLessThan(longest);
    expect(new Set(failures.map(({ code, message }) => `${code} ${message}`)).size).toBe(1);
    expect(new Set(failures.map(({ cause }) => cause)).size).toBe(1);
    expect(failures.map(({ config }) => config?.url)).toEqual(paths);
    expect(failures.map(({ config }) => config?.url)).toEqual(failures.map(({ response }) => response?.config.url));
    expect(failures.every((error) => error.isAxiosError && isBearerError(error))).toBe(true);
    expect(failures[0]?.code).toBe(code);
    expect(seen.attempts).toBe(attempts);
    // Before the backoff is over nothing tries again; as it may be just over, all that ask together try once at most.
    const soon = await wait(Promise.all(paths.map((path) => ownerOf(api.get(path)))));
    expect(new Set(soon)).toEqual(new Set([code]));
    const tried = seen.attempts;
    expect([tried <= attempts + 1, asked()]).toEqual([true, 0]);
    heal();
    await pass(LONGER);
    const answers = await wait(Promise.all(paths.map((path, n) => ownerOf(apis[n % 2]!.get(path)))));
    expect([new Set(answers), seen.attempts, asked()]).toEqual([new Set(['ada']), tried + 1, 1]);
  });

  it('L22 signs out here all the same, says ERR_BEARER_STORE, and the session does not come back', async () => {
    const { session, api, always, heal, wait, pass, asked } = await clientWithStore(setup);
    await wait(session.refresh());
    for (const call of ['read', 'lock', ...WRITES] as const) always(call, storeFault);
    expect(await wait(codeOf(session.signOut()))).toBe('ERR_BEARER_STORE');
    heal();
    await pass(LONGER);
    expect(await ownerOf(api.get('/resource'))).toBe('ERR_BAD_REQUEST');
    expect([session.state.status, asked()]).toEqual(['signed-out', 1]);
  });
});

describe('A refresh at the store', () => {
  it('L5 has the lock for nothing but the source: no listener, no predicate, no backoff in it', async () => {
    const calls: [string, boolean][] = [];
    let lock = { locked: false };
    const note = (what: string) => void calls.push([what, lock.locked]);
    const identity = () => {
      note('identity');
      return 'ada';
    };
    const { session, api, seen, wait } = await clientWithStore(setup, { identity });
    lock = seen;
    for (const event of ['refreshing', 'refreshed', 'refreshFailed', 'waiting', 'replayed'] as const) {
      session.on(event, () => note(event));
    }
    session.subscribe(() => note('change'));
    let unavailable = 1;
    setup.server.intercept(async ({ url }, response) => {
      if (url !== '/token') return false;
      note('token endpoint');
      if (unavailable-- <= 0) return false;
      response.writeHead(503).end();
      return true;
    });
    expect(await wait(ownerOf(api.get('/resource')))).toBe('ada');
    const inside = calls.filter(([, locked]) => locked).map(([what]) => what);
    expect(inside).toEqual(['token endpoint', 'token endpoint']);
    expect(new Set(calls.map(([what]) => what)).size).toBe(8);
    expect([seen.attempts, seen.held.length]).toEqual([2, 2]);
  });

  it('L3 L5 L24 keeps the lock while its answer may come, 4 × refreshTimeout, whoever still waits; holdMs is longer', async () => {
    const { session, api, clock, seen, asked } = await clientWithStore(setup, {
      refreshTimeout: 30_000,
      refreshRetries: 0,
    });
    setup.server.intercept(({ url }) => url === '/token');
    const failed = nextEvent(session, 'refreshFailed');
    const waiting = codeOf(api.get('/resource'));
    await until(() => asked() === 1);
    await clock.advance(30_000);
    expect([await waiting, seen.locked]).toEqual([UNAVAILABLE, true]);
    await clock.advance(90_000);
    expect((await failed).error.code).toBe(UNAVAILABLE);
    expect(seen.held.map((ms) => Math.round(ms / 1_000))).toEqual([120]);
    expect(seen.holdMs).toBe(210_000);
  });

  it('L5 lets go of the lock after refreshTimeout where no refresh token can be spent: the last refresh brought none', async () => {
    const { session, api, clock, seen, wait, asked } = await clientWithStore(setup, {
      source: async (_, { client }) => {
        await client.post('/token');
        return { access_token: 'same' };
      },
      refreshTimeout: 30_000,
      refreshRetries: 0,
    });
    let answers = true;
    setup.server.intercept(({ url }, response) => {
      if (url !== '/token') return false;
      if (answers) response.writeHead(200).end();
      return true;
    });
    await wait(session.refresh());
    answers = false;
    const waiting = codeOf(api.get('/resource'));
    await until(() => asked() === 2);
    await clock.advance(30_000);
    expect(await waiting).toBe(UNAVAILABLE);
    expect(seen.held.map((ms) => Math.round(ms / 1_000))).toEqual([0, 30]);
  });
});
