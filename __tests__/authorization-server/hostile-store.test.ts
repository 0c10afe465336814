import { describe, expect, it } from '@jest/globals';
import type { AxiosError } from 'axios';
import { isBearerError } from 'axios-bearer';
import { codeOf, failureOf, until } from '../support/sessions.js';
import { type Call, deaf, fails, hangs, type Mischief, slow, slowToTell } from './hostile-store.js';
import { authority, ownerOf } from './stage.js';
import { stand } from './stand.js';

const scene = authority({ ttl: 3_600 });

const SHORTER = 15_000; // than the store may take, longer than `refreshTimeout`
const LONGER = 60_000;

const TROUBLES: [call: Call, title: string, mischief: Mischief][] = [
  ['lock', 'is refused', fails],
  ['lock', 'comes late', slow(SHORTER)],
  ['lock', 'comes when nobody waits for it any more', slow(LONGER)],
  ['lock', 'is never given', hangs],
  ['commit', 'fails', fails],
  ['commit', 'is done, and fails', deaf],
  ['commit', 'takes long', slow(SHORTER)],
  ['commit', 'is done when nobody waits for it any more', slow(LONGER)],
  ['commit', 'is done at once, which is told when nobody waits for it any more', slowToTell(LONGER)],
  ['commit', 'hangs', hangs],
  ['unlock', 'fails', fails],
  ['unlock', 'takes long', slow(SHORTER)],
  ['unlock', 'hangs', hangs],
];

describe('A store in trouble, once', () => {
  it.each(TROUBLES)(
    'L3 L10 loses no session: its %s %s, the refresh token is presented once, and the next request is served',
    async (call, _, mischief) => {
      const { api, holder, once, wait, pass, asked } = await stand(scene);
      once(call, mischief);
      expect(await wait(ownerOf(api.get('/resource')))).toMatch(/^(ada|ERR_BEARER_STORE)$/);
      await pass(LONGER);
      expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 1]);
      const other = holder();
      expect([await wait(ownerOf(other.api.get('/resource'))), asked()]).toEqual(['ada', 1]);
      await scene.server.expire();
      const both = [api, other.api].map((each) => ownerOf(each.get('/resource')));
      expect([await wait(Promise.all(both)), asked()]).toEqual([['ada', 'ada'], 2]);
    },
  );

  it('L3 whose commit fails and is done all the same, when the next attempt is about to: what it wrote is not revoked', async () => {
    const source = scene.source(scene.server.revocationEndpoint);
    const { api, inner, once, wait, asked } = await stand(scene, { source });
    let late: () => Promise<unknown>;
    once('commit', async (act) => {
      late = act;
      throw new Error('No answer in time');
    });
    once('commit', (act) => late().then(act));
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 1]);
    expect(await inner.read()).toMatchObject({ generation: 2 });
  });

  it.each<[string, Mischief]>([
    ['fails', fails],
    ['takes long', slow(SHORTER)],
    ['hangs', hangs],
  ])('L10 L13 loses no session: its first read %s, and the tokens are found again', async (_, mischief) => {
    const { session, inner, holder, once, wait, pass, asked } = await stand(scene);
    await wait(session.refresh());
    once('read', mischief);
    const late = holder();
    expect(await wait(ownerOf(late.api.get('/resource')))).toBe('ERR_BEARER_STORE');
    await pass(LONGER);
    expect([await wait(ownerOf(late.api.get('/resource'))), asked()]).toEqual(['ada', 1]);
    expect(await late.session.token()).toBe((await inner.read())?.token.accessToken);
  });

  it.each<[string, Mischief]>([
    ['fails', fails],
    ['is done, and fails', deaf],
    ['hangs', hangs],
  ])('L24 fails a sign-in whose write %s; another one is as good as ever', async (_, mischief) => {
    const { session, api, once, wait } = await stand(scene);
    once('replace', mischief);
    expect(await wait(codeOf(session.signIn(await scene.tokens('bob'))))).toBe('ERR_BEARER_STORE');
    await wait(session.signIn(await scene.tokens('cyd')));
    expect(await wait(ownerOf(api.get('/resource')))).toBe('cyd');
  });
});

const OUTAGES: [title: string, mischief: Mischief, ms: number][] = [
  ['fails', fails, 10_000],
  ['hangs', hangs, 200_000],
];

describe.each(OUTAGES)('A store that is down, and %s,', (_, mischief, longest) => {
  it('L13 is never bypassed: the live access token serves, and no refresh token is presented', async () => {
    const { session, api, always, heal, wait, pass, asked } = await stand(scene);
    await wait(session.refresh());
    for (const call of ['read', 'lock', 'replace'] as const) always(call, mischief);
    const refresh = codeOf(session.refresh());
    expect(await ownerOf(api.get('/resource'))).toBe('ada');
    expect(await wait(refresh)).toBe('ERR_BEARER_STORE');
    expect([await ownerOf(api.get('/resource')), asked()]).toEqual(['ada', 1]);
    heal();
    await pass(LONGER);
    await scene.server.expire();
    expect([await wait(ownerOf(api.get('/resource'))), asked()]).toEqual(['ada', 2]);
  });

  it('L8 L13 fails those who wait once, alike, each in its own config, bounded, and starts no storm', async () => {
    const { session, api, instanceOf, always, heal, seen, wait, pass, asked } = await stand(scene);
    const apis = [api, instanceOf(session, scene.server.issuer)];
    always('lock', mischief);
    const from = Date.now();
    const paths = Array.from({ length: 20 }, (_, n) => `/resource?${n}`);
    const failures: AxiosError[] = await wait(Promise.all(paths.map((path, n) => failureOf(apis[n % 2]!.get(path)))));
    expect(Date.now() - from).toBeLessThan(longest);
    expect(new Set(failures.map(({ code, message }) => `${code} ${message}`)).size).toBe(1);
    expect(new Set(failures.map(({ cause }) => cause)).size).toBe(1);
    expect(failures.map(({ config }) => config?.url)).toEqual(paths);
    expect(failures.map(({ config }) => config?.url)).toEqual(failures.map(({ response }) => response?.config.url));
    expect(failures.every((error) => error.isAxiosError && isBearerError(error))).toBe(true);
    expect(seen.attempts).toBe(4);
    // Before the backoff is over nobody tries again; as it may be just over, all that ask together try once at most.
    const soon = await Promise.all(paths.map((path) => ownerOf(api.get(path))));
    expect(new Set(soon)).toEqual(new Set(['ERR_BEARER_STORE']));
    const { attempts } = seen;
    expect([attempts <= 5, asked()]).toEqual([true, 0]);
    heal();
    await pass(LONGER);
    const answers = await wait(Promise.all(paths.map((path, n) => ownerOf(apis[n % 2]!.get(path)))));
    expect([new Set(answers), seen.attempts, asked()]).toEqual([new Set(['ada']), attempts + 1, 1]);
  });

  it('L22 signs out here all the same, says ERR_BEARER_STORE, and the session does not come back', async () => {
    const { session, api, always, heal, wait, pass, asked } = await stand(scene);
    await wait(session.refresh());
    for (const call of ['read', 'lock', 'commit', 'replace'] as const) always(call, mischief);
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
    const { session, api, seen, wait } = await stand(scene, { identity });
    lock = seen;
    for (const event of ['refreshing', 'refreshed', 'refreshFailed', 'waiting', 'replayed'] as const) {
      session.on(event, () => note(event));
    }
    session.subscribe(() => note('change'));
    let unavailable = 1;
    scene.server.intercept(async ({ url }, response) => {
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

  it('L5 lets go of the lock after refreshTimeout, whatever the token endpoint does', async () => {
    const { api, clock, seen, asked } = await stand(scene, { refreshTimeout: 30_000, refreshRetries: 0 });
    scene.server.intercept(({ url }) => url === '/token');
    const waiting = codeOf(api.get('/resource'));
    await until(() => asked() === 1);
    await clock.advance(30_000);
    expect(await waiting).toBe('ERR_BEARER_UNAVAILABLE');
    expect(seen.held.map((ms) => Math.round(ms / 1_000))).toEqual([30]);
  });
});
