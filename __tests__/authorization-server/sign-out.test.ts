import { describe, expect, it } from '@jest/globals';
import { createSession } from 'axios-bearer';
import { codeOf, deferred, keep, until } from '../support/sessions.js';
import { type Call, fails, hangs, type Mischief, slow, slowToTell } from './hostile-store.js';
import { authority, ownerOf } from './stage.js';
import { stand } from './stand.js';

const scene = authority({ ttl: 3_600 });

const LONGER = 60_000;

/** Where a refresh is when somebody signs out. */
const MOMENTS: [title: string, call: Call | undefined, mischief: Mischief | undefined][] = [
  ['waits for the lock', 'lock', slow(5_000)],
  ['waits for a lock that is never given', 'lock', hangs],
  ['is on the wire', undefined, undefined],
  ['is being committed', 'commit', slow(5_000)],
  ['was committed, which is not told yet', 'commit', slowToTell(5_000)],
  ['is being committed, for ever', 'commit', hangs],
  ['waits for its backoff', 'lock', fails],
];

describe('signOut() while a refresh', () => {
  it.each(MOMENTS)(
    'L22 %s: nothing is presented or committed any more, and nobody comes back',
    async (_, call, mischief) => {
      const { session, inner, api, holder, once, seen, wait, pass, asked } = await stand(scene);
      const other = holder();
      await wait(other.session.token());
      const release = deferred();
      let arrived = false;
      scene.server.intercept(async ({ url }) => {
        if (url !== '/token') return false;
        arrived = true;
        if (!call) await release.promise;
        return false;
      });
      if (call && mischief) once(call, mischief);
      const failed = new Promise((resolve) => void session.on('refreshFailed', resolve));
      const waiting = codeOf(api.get('/resource'));
      if (mischief === fails) await failed;
      else await until(() => (call === 'lock' ? seen.attempts > 0 : arrived) && (call !== 'commit' || seen.locked));
      if (call === 'commit') await pass(1_000);

      const signedOut = session.signOut();
      expect(await waiting).toBe('ERR_BEARER_SIGNED_OUT');
      await signedOut;
      const [committed, presented] = [seen.commits.length, asked()];
      expect(await inner.read()).toBeUndefined();
      release.resolve();
      await pass(LONGER);
      expect([await inner.read(), seen.commits.length, asked()]).toEqual([undefined, committed, presented]);
      for (const each of [api, other.api]) expect(await wait(ownerOf(each.get('/resource')))).toBe('ERR_BAD_REQUEST');
      expect([session, other.session].map(({ state }) => state.status)).toEqual(['signed-out', 'signed-out']);
    },
  );
});

describe('signOut() at a store', () => {
  it.each<[string, Mischief]>([
    ['fails', fails],
    ['hangs', hangs],
  ])(
    'L22 whose write %s, while a refresh is on the wire: signed out here, ERR_BEARER_STORE, and its result is revoked',
    async (_, mischief) => {
      const source = scene.source(scene.server.revocationEndpoint);
      const { session, inner, api, once, seen, wait, pass } = await stand(scene, { source });
      const { server } = scene;
      const release = deferred();
      let arrived = false;
      server.intercept(async ({ url }) => {
        if (url !== '/token') return false;
        arrived = true;
        await release.promise;
        return false;
      });
      once('replace', mischief);
      const waiting = codeOf(api.get('/resource'));
      await until(() => arrived);
      const signedOut = codeOf(session.signOut());
      expect(await waiting).toBe('ERR_BEARER_SIGNED_OUT');
      release.resolve();
      expect(await wait(signedOut)).toBe('ERR_BEARER_STORE');
      await pass(LONGER);
      scene.allow(1);
      expect([seen.commits.length, (await inner.read())?.generation]).toEqual([0, 1]);
      expect([session.state.status, await ownerOf(api.get('/resource'))]).toEqual(['signed-out', 'ERR_BAD_REQUEST']);
      // The next start finds the old tokens in the store, and the server does not know them any more.
      const next = keep(createSession({ source, store: inner }));
      expect(await wait(codeOf(next.refresh()))).toBe('ERR_BEARER_REJECTED');
    },
  );

  it('L22 whose write lands when signOut() has given it up: signed out here at once, and in the store then', async () => {
    const { session, inner, api, once, wait, pass } = await stand(scene);
    once('replace', slow(LONGER));
    expect(await wait(codeOf(session.signOut()))).toBe('ERR_BEARER_STORE');
    expect([session.state.status, await ownerOf(api.get('/resource'))]).toEqual(['signed-out', 'ERR_BAD_REQUEST']);
    await pass(LONGER);
    expect([session.state.status, await inner.read()]).toEqual(['signed-out', undefined]);
  });
});
