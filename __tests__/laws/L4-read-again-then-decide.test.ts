import { afterEach, describe, expect, it } from '@jest/globals';
import { memoryStore, type TokenStore } from 'axios-bearer';
import {
  cleanUp,
  clientOf,
  deferred,
  failureOf,
  installClock,
  instantAt,
  MINUTE,
  roundTrip,
  startServer,
  statusOrError,
  times,
  twoHolders,
  watchEvent,
  watchStore,
  withoutHints,
} from '../support/kit.js';

afterEach(cleanUp);

describe('two sessions that share one store', () => {
  it('L4 start from the tokens that rest there', async () => {
    const { server, a, b } = await twoHolders(memoryStore());
    expect(await b.session.token()).toBe(await a.session.token());
    expect((await b.api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ requests: 1 });
  });

  it.each([
    ['with hints', (store: TokenStore) => store],
    ['without hints', withoutHints],
  ])('L4 spend the refresh token once when both meet an expired token at once, %s', async (_, dress) => {
    const { server, a, b } = await twoHolders(dress(memoryStore()));
    const adopted = [a, b].map(({ session }) => watchEvent(session, 'refreshed'));
    const hold = server.hold('/auth/refresh');
    server.expire();
    const requests = times(100, (i) => (i % 2 ? a : b).api.get(`/echo/${i}`));
    await hold.arrived(1);
    await roundTrip(server);
    hold.release();
    await Promise.all(requests);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0, unauthorized: 100 });
    expect(await b.session.token()).toBe(await a.session.token());
    expect(adopted.flatMap(({ all }) => all.map((news) => news.adopted)).sort()).toEqual([false, true]);
  });

  it('L4 read again from the store itself inside the lock: no hint is needed to adopt what another fetched', async () => {
    const { server, a, b } = await twoHolders(withoutHints(memoryStore()));
    server.expire();
    await a.api.get('/echo');
    expect((await b.api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
    server.expire();
    await b.api.get('/echo');
    expect((await a.api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });

  it('L4 read inside the lock and not before it: what is written while one waits for the lock is seen', async () => {
    const store = withoutHints(memoryStore());
    const { server, a, b } = await twoHolders(store);
    const hold = server.hold('/auth/refresh');
    server.expire();
    const first = a.api.get('/echo');
    await hold.arrived(1);
    const second = b.session.refresh(); // waits for the lock with the token it knew
    await roundTrip(server);
    hold.release();
    await first;
    expect((await second).accessToken).toBe(await a.session.token());
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it('L4 never present a refresh token again that was refused for good, also by the other holder (L3)', async () => {
    const { server, a, b } = await twoHolders(withoutHints(memoryStore()));
    server.expire();
    server.revokeRefreshTokens();
    expect(await failureOf(a.api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_REJECTED' });
    await failureOf(b.api.get('/echo'));
    await failureOf(b.session.refresh());
    expect(server.stats).toMatchObject({ refresh: 1 });
  });

  it('L4 drop what comes back to a store that was signed in anew meanwhile: the last writer wins by version', async () => {
    const store = memoryStore();
    const { server, a, b } = await twoHolders(store);
    const refreshed = watchEvent(a.session, 'refreshed');
    const hold = server.hold('/auth/refresh');
    server.expire();
    const late = statusOrError(a.api.get('/echo'));
    await hold.arrived(1);
    const anew = server.issue();
    await b.session.signIn(anew); // does not wait for the holder of the lock
    hold.release();
    await late;
    expect((await store.read())?.token?.accessToken).toBe(anew.access_token);
    expect(await a.session.token()).toBe(anew.access_token);
    expect(await b.session.token()).toBe(anew.access_token);
    expect(refreshed.all.filter(({ adopted }) => !adopted)).toEqual([]);
    const [entry] = server.log.slice(-1);
    await a.api.get('/echo');
    expect(server.log.at(-1)).not.toBe(entry);
    expect(server.log.at(-1)).toMatchObject({ status: 200, authorized: true });
  });

  it('L4 drop what comes back to a store that was signed out meanwhile', async () => {
    const store = memoryStore();
    const { server, a, b } = await twoHolders(store);
    const hold = server.hold('/auth/refresh');
    server.expire();
    const late = statusOrError(a.api.get('/echo'));
    await hold.arrived(1);
    await b.session.signOut();
    hold.release();
    expect(await late).not.toBe(200);
    expect((await store.read())!).not.toHaveProperty('token');
  });

  it('L4 refresh once when the timers of both are due in the same instant', async () => {
    const clock = installClock();
    const server = await startServer({ now: () => 0 });
    const source = instantAt(server);
    const store = withoutHints(memoryStore());
    const a = clientOf(server, { store, source, keepFresh: true });
    await a.session.token();
    const b = clientOf(server, { store, source, keepFresh: true, tokens: undefined });
    await b.session.token();
    await clock.advance(56 * MINUTE);
    expect(source.calls).toBe(1);
    expect(await b.session.token()).toBe(await a.session.token());
  });

  it('L4 go on together when one of them signs in anew after a definite refusal', async () => {
    const { server, a, b } = await twoHolders(memoryStore());
    server.expire();
    server.revokeRefreshTokens();
    expect(await failureOf(a.api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_REJECTED' });
    await b.session.signIn(server.issue());
    expect((await b.api.get('/echo')).status).toBe(200);
    expect((await a.api.get('/echo')).status).toBe(200);
  });

  it('L4 count the generations up by one in both, whichever refreshes, and the versions in the store', async () => {
    const store = memoryStore();
    const { server, a, b } = await twoHolders(store);
    const news = [a, b].map(({ session }) => watchEvent(session, 'refreshed'));
    let { version } = (await store.read())!;
    const { session } = (await store.read())!;
    for (const [i, { api }] of [a, b, b, a].entries()) {
      server.expire();
      await api.get('/echo');
      await Promise.all(news.map(({ count }) => count(i + 1)));
      for (const holder of [a, b]) expect(holder.session.state).toMatchObject({ generation: i + 2 });
      const entry = (await store.read())!;
      expect(entry.session).toBe(session);
      expect(entry.version).toBeGreaterThan(version);
      version = entry.version;
    }
    for (const { all } of news) expect(all.map(({ generation }) => generation)).toEqual([2, 3, 4, 5]);
  });
});

describe('a commit', () => {
  it('L4 is durable before the token is published, before the lock is free, and before any replay', async () => {
    const { seen, store } = watchStore(memoryStore());
    const server = await startServer();
    const { api, session } = clientOf(server, { store });
    await session.token();
    seen.journal = [];
    const committing = deferred();
    const durable = deferred();
    seen.beforeCommit = () => {
      committing.resolve();
      return durable.promise;
    };
    session.on('refreshed', () => void seen.journal.push('published'));
    session.on('replayed', () => void seen.journal.push('replayed'));
    const before = session.getSnapshot();
    server.expire();
    const request = api.get('/echo');
    const token = session.refresh().then(() => seen.journal.push('told'));
    await committing.promise;
    await roundTrip(server);
    expect(seen.journal).toEqual(['locked', 'marked']);
    expect(seen.locked).toBe(true);
    expect(session.getSnapshot()).toMatchObject({ status: 'refreshing' });
    expect(before).toMatchObject({ status: 'active' });
    durable.resolve();
    await Promise.all([request, token]);
    expect(seen.journal.slice(0, 3)).toEqual(['locked', 'marked', 'committed']);
    expect(seen.journal.slice(3).sort()).toEqual(['published', 'replayed', 'told', 'unlocked']);
    expect(seen.journal.indexOf('unlocked')).toBeLessThan(seen.journal.indexOf('replayed'));
  });

  it('L4 that fails publishes nothing and replays nothing with what could not be kept', async () => {
    const { seen, store } = watchStore(memoryStore());
    const server = await startServer();
    const { api, session } = clientOf(server, { store, refreshRetries: 0 });
    const before = await session.token();
    seen.beforeCommit = async () => {
      throw new Error('disk full');
    };
    const refreshed = watchEvent(session, 'refreshed');
    server.expire();
    expect(await failureOf(api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_STORE' });
    expect(refreshed.all).toEqual([]);
    expect((await store.read())?.token?.accessToken).toBe(before);
    expect(server.stats).toMatchObject({ ok: 0, unauthorized: 1 });
  });
});
