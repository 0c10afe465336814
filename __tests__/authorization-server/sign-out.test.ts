import { describe, expect, it } from '@jest/globals';
import { createSession } from 'axios-bearer';
import { closeSessionAtEnd, codeOf, deferred, until } from '../support/kit.js';
import { clientWithStore } from './client.js';
import { type Call, fails, hangs, late, type StoreFault, slow, slowToTell } from './hostile-store.js';
import { ownerOf, setUpAuthorizationServer } from './setup.js';

const setup = setUpAuthorizationServer({ ttl: 3_600 });

const LONGER = 60_000;

/** Where a refresh is when somebody signs out. */
const MOMENTS: [title: string, call: Call | undefined, storeFault: StoreFault | undefined][] = [
  ['waits for the lock', 'lock', slow(5_000)],
  ['waits for a lock that is never given', 'lock', hangs],
  ['is on the wire', undefined, undefined],
  ['is being marked', 'mark', slow(5_000)],
  ['was marked, which is not told yet', 'mark', slowToTell(5_000)],
  ['is being marked, for ever', 'mark', hangs],
  ['is being stored', 'result', slow(5_000)],
  ['was stored, which is not told yet', 'result', slowToTell(5_000)],
  ['is being stored, for ever', 'result', hangs],
  ['was given up by the store, and is stored later', 'result', late(5_000)],
  ['waits for its backoff', 'lock', fails],
];

describe('signOut() while a refresh', () => {
  it.each(MOMENTS)(
    'L22 %s: nothing is presented or stored any more, and nobody comes back',
    async (_, call, storeFault) => {
      const { session, inner, api, holder, once, seen, wait, pass, asked } = await clientWithStore(setup);
      const other = holder();
      await wait(other.session.token());
      const release = deferred();
      let reached = false;
      setup.server.intercept(async ({ url }) => {
        if (url !== '/token' || call) return false;
        reached = true;
        await release.promise;
        return false;
      });
      if (call && storeFault) {
        once(call, (act) => {
          reached = true;
          return storeFault(act);
        });
      }
      const failed = new Promise((resolve) => void session.on('refreshFailed', resolve));
      const waiting = codeOf(api.get('/resource'));
      if (storeFault === fails) await failed;
      else await until(() => reached);

      const signedOut = session.signOut();
      expect(await waiting).toBe('ERR_BEARER_SIGNED_OUT');
      await signedOut;
      const [results, presented] = [seen.results.length, asked()];
      expect(await inner.read()).not.toHaveProperty('token');
      release.resolve();
      await pass(LONGER);
      expect([(await inner.read())?.token, seen.results.length, asked()]).toEqual([undefined, results, presented]);
      for (const each of [api, other.api]) expect(await wait(ownerOf(each.get('/resource')))).toBe('ERR_BAD_REQUEST');
      expect([session, other.session].map(({ state }) => state.status)).toEqual(['signed-out', 'signed-out']);
    },
  );
});

describe('signOut() at a store', () => {
  it.each<[string, StoreFault]>([
    ['fails', fails],
    ['hangs', hangs],
  ])(
    'L22 whose write %s, while a refresh is on the wire: signed out here, ERR_BEARER_STORE, and its result is revoked',
    async (_, storeFault) => {
      const source = setup.source(setup.server.revocationEndpoint);
      const { session, inner, api, once, wait, pass } = await clientWithStore(setup, { source });
      const { arrived, release } = setup.holdTokenEndpoint();
      once('signOut', storeFault);
      const waiting = codeOf(api.get('/resource'));
      await arrived;
      const signedOut = codeOf(session.signOut());
      expect(await waiting).toBe('ERR_BEARER_SIGNED_OUT');
      release();
      expect(await wait(signedOut)).toBe('ERR_BEARER_STORE');
      await pass(LONGER);
      setup.allow(1);
      expect([session.state.status, await ownerOf(api.get('/resource'))]).toEqual(['signed-out', 'ERR_BAD_REQUEST']);
      // The answer was offered to the store, and the sign-out written above it.
      expect(await inner.read()).not.toHaveProperty('token');
      const next = closeSessionAtEnd(createSession({ source, store: inner }));
      expect(await wait(codeOf(next.refresh()))).toBe('ERR_BEARER_SIGNED_OUT');
    },
  );

  it('L22 whose write lands when signOut() has given it up: signed out here at once, and in the store then', async () => {
    const { session, inner, api, once, wait, pass } = await clientWithStore(setup);
    once('signOut', slow(LONGER));
    expect(await wait(codeOf(session.signOut()))).toBe('ERR_BEARER_STORE');
    expect([session.state.status, await ownerOf(api.get('/resource'))]).toEqual(['signed-out', 'ERR_BAD_REQUEST']);
    await pass(LONGER);
    expect([session.state.status, (await inner.read())?.token]).toEqual(['signed-out', undefined]);
  });
});
