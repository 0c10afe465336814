import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { memoryStore } from 'axios-bearer';
import { closeAll, codeOf, lone, never, pair, scene, settle, standing } from '../support/sessions.js';
import { behavesLikeAStore, stored } from '../support/stores.js';

afterEach(closeAll);

behavesLikeAStore('memoryStore', memoryStore);

describe('memoryStore', () => {
  it('gives a hint of every change, until told to stop', async () => {
    const store = memoryStore();
    const changed = jest.fn();
    const stop = store.subscribe!(changed);
    await store.replace(stored('a'));
    await store.exclusive(({ commit }) => commit(stored('a', 2)), { waitMs: 100 });
    expect(changed).toHaveBeenCalledTimes(2);
    stop();
    await store.replace(undefined);
    expect(changed).toHaveBeenCalledTimes(2);
  });

  it('each has its own tokens', async () => {
    const store = memoryStore();
    await store.replace(stored('a'));
    expect(await memoryStore().read()).toBeUndefined();
  });

  it('is the default, and nobody else’s: two sessions without a store share nothing', async () => {
    const session = lone({ tokens: pair('a') });
    expect(lone().state.status).toBe('signed-out');
    expect(await session.token()).toBe('at_a');
  });
});

describe('two sessions on one memoryStore, as two tabs', () => {
  async function tabs() {
    const store = memoryStore();
    const first = await scene({ store });
    await first.session.token();
    const second = await scene({ server: first.server, store, tokens: undefined });
    await second.session.token();
    return { store, server: first.server, first, second };
  }

  it('one refresh serves both, and no refresh token is presented twice (L3)', async () => {
    const { server, first, second } = await tabs();
    server.expire();
    const requests = Array.from({ length: 10 }, (_, i) => (i % 2 ? first : second).api.get('/videos'));
    expect((await Promise.all(requests)).map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it('a refresh here is adopted there at the hint: the next request there has the new token', async () => {
    const { server, first, second } = await tabs();
    const { accessToken } = await first.session.refresh();
    await settle();
    expect(await second.session.token()).toBe(accessToken);
    expect((await second.api.get('/videos')).status).toBe(200);
    expect(server.stats.refresh).toBe(1);
  });

  it('a sign-in here signs out whoever was there: it is the new user’s session on both', async () => {
    const { server, first, second } = await tabs();
    const { accessToken } = await first.session.signIn(server.issue());
    await settle();
    expect(await second.session.token()).toBe(accessToken);
  });

  it('a definite refusal here ends it there, and the dead refresh token is presented by nobody', async () => {
    const { server, first, second } = await tabs();
    server.expire();
    server.revokeRefreshTokens();
    expect(await codeOf(first.api.get('/videos'))).toBe('ERR_BEARER_REJECTED');
    expect(await codeOf(second.api.get('/videos'))).not.toBe('fulfilled');
    expect(second.session.state.status).not.toBe('active');
    expect(server.stats.refresh).toBe(1);
  });

  it('a hint that comes during a flight is not lost: when the flight fails, what is in the store is read', async () => {
    const store = memoryStore();
    const stuck = lone({ store, tokens: pair('a'), source: () => never, refreshTimeout: 20, refreshRetries: 0 });
    await stuck.token();
    const flight = codeOf(stuck.refresh());
    await settle();
    await store.replace(undefined);
    expect(await flight).toMatch(/^ERR_BEARER_/);
    await settle();
    expect(stuck.state).toEqual({ status: 'signed-out' });
  });

  it('closing one leaves the other at work', async () => {
    const { server, first, second } = await tabs();
    first.session.close();
    server.expire();
    expect((await second.api.get('/videos')).status).toBe(200);
  });

  it('one that hangs keeps the other waiting for no longer than the options say', async () => {
    const store = memoryStore();
    const options = { store, refreshTimeout: 30, refreshRetries: 0, backoff: { initial: 1, cap: 1 } };
    const stuck = lone({ ...options, tokens: pair('a'), source: () => never });
    await stuck.token();
    const other = lone({ ...options, source: async () => pair('b') });
    await other.token();
    const first = codeOf(stuck.refresh());
    await settle();
    expect(await other.refresh()).toMatchObject({ accessToken: 'at_b' });
    expect(await first).toMatch(/^ERR_BEARER_|fulfilled/);
    expect(await standing(store.exclusive(async () => 'free', { waitMs: 100 }))).toBe('fulfilled');
  });
});
