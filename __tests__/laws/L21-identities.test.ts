import { afterEach, describe, expect, it } from '@jest/globals';
import { memoryStore, type TokenResponse, type TokenStore } from 'axios-bearer';
import {
  cleanUp,
  clientOf,
  codeOf,
  deferred,
  failureOf,
  oneOnTheWireOneInTheGate,
  settle,
  type startClient,
  startServer,
  startSession,
  storeWith,
  tokenPair,
} from '../support/kit.js';

afterEach(cleanUp);

describe('L21: no token of one identity on a request of another', () => {
  /** Ada signed in with generation 1; Bob’s tokens are generation 2 of the server’s. */
  async function adaAndBob(options: Parameters<typeof startClient>[0] = {}) {
    const server = await startServer();
    const [ada, bob] = [server.issue(), server.issue()];
    const { api, session } = clientOf(server, { ...options, tokens: ada });
    const sent = (path: string) =>
      server.log.filter((entry) => entry.path === path).map(({ generation }) => generation);
    return { server, api, session, bob, sent };
  }

  it('L21 rejects a request that waited for Ada’s refresh when Bob signs in, and does not send it', async () => {
    const { server, api, session, bob, sent } = await adaAndBob();
    const refresh = server.hold('/auth/refresh');
    server.fault('/echo/ada', { status: 401 });
    const request = failureOf(api.get('/echo/ada'));
    await refresh.arrived(1);
    await session.signIn(bob);
    refresh.release();
    const error = await request;
    expect(error).toMatchObject({
      code: 'ERR_BEARER_IDENTITY',
      response: { status: 401 },
      config: { url: '/echo/ada' },
    });
    expect(sent('/echo/ada')).toEqual([1]);
  });

  it('L21 rejects one that was held before its first send, without sending it at all', async () => {
    const { server, api, session, bob, sent } = await adaAndBob();
    await session.signIn({ ...server.issue(), expires_in: 0 });
    const refresh = server.hold('/auth/refresh');
    const request = codeOf(api.get('/echo/ada'));
    await refresh.arrived(1);
    await session.signIn(bob);
    expect(await request).toBe('ERR_BEARER_IDENTITY');
    expect(sent('/echo/ada')).toEqual([]);
  });

  it('L21 rejects token() and refresh() of Ada’s rather than give them Bob’s', async () => {
    const { server, session, bob } = await adaAndBob();
    await session.signIn({ ...server.issue(), expires_in: 0 });
    const refresh = server.hold('/auth/refresh');
    const waits = [codeOf(session.token()), codeOf(session.refresh())];
    await refresh.arrived(1);
    await session.signIn(bob);
    expect(await Promise.all(waits)).toEqual(['ERR_BEARER_IDENTITY', 'ERR_BEARER_IDENTITY']);
  });

  it('L21 rejects one that waits in the gate, after the refresh and before its replay', async () => {
    const { server, api, session, bob, sent } = await adaAndBob({ replayConcurrency: 1 });
    const { first, second, replays } = await oneOnTheWireOneInTheGate(server, api);
    await session.signIn(bob);
    replays.release();
    await first;
    expect(await second).toBe('ERR_BEARER_IDENTITY');
    expect(sent('/echo/second')).toEqual([1]);
  });

  it('L21 rejects one that was held and waits in the gate for its first send', async () => {
    const { server, api, session, bob, sent } = await adaAndBob({ replayConcurrency: 1 });
    await session.signIn({ ...server.issue(), expires_in: 0 });
    const held = server.hold('/echo*');
    const first = codeOf(api.get('/echo/first'));
    const second = codeOf(api.get('/echo/second'));
    await held.arrived(1);
    await settle();
    expect(held.waiting).toBe(1);
    await session.signIn(bob);
    held.release();
    await first;
    expect(await second).toBe('ERR_BEARER_IDENTITY');
    expect(sent('/echo/second')).toEqual([]);
  });

  it('L21 rejects one whose 401 comes after Bob has signed in, and leaves Bob’s session alone', async () => {
    const { server, api, session, bob, sent } = await adaAndBob();
    const door = server.hold('/echo/ada');
    server.fault('/echo/ada', { status: 401 });
    const request = failureOf(api.get('/echo/ada'));
    await door.arrived(1);
    await session.signIn(bob);
    const { state } = session;
    door.release();
    expect(await request).toMatchObject({ code: 'ERR_BEARER_IDENTITY', response: { status: 401 } });
    expect(sent('/echo/ada')).toEqual([1]);
    expect(session.state).toBe(state);
    expect(server.stats.refresh).toBe(0);
  });

  it('L21 does the same when Bob signs in on another holder of the store', async () => {
    const store = memoryStore();
    const { server, api, session, bob, sent } = await adaAndBob({ store });
    await session.token();
    const refresh = server.hold('/auth/refresh');
    server.fault('/echo/ada', { status: 401 });
    const request = codeOf(api.get('/echo/ada'));
    await refresh.arrived(1);
    const elsewhere = startSession({ store });
    await elsewhere.signIn(bob);
    refresh.release();
    expect(await request).toBe('ERR_BEARER_IDENTITY');
    expect(sent('/echo/ada')).toEqual([1]);
    expect(await session.token()).toBe(bob.access_token);
  });

  it('L21 never commits Ada’s late refresh over Bob’s tokens', async () => {
    const store = memoryStore();
    const answer = deferred<TokenResponse>();
    const { session, bob } = await adaAndBob({ store, source: () => answer.promise });
    await session.token();
    const refresh = codeOf(session.refresh());
    await settle();
    await session.signIn(bob);
    answer.resolve(tokenPair('ada-late'));
    await settle();
    expect(await refresh).toBe('ERR_BEARER_IDENTITY');
    expect(await session.token()).toBe(bob.access_token);
    expect(await store.read()).toMatchObject({ token: { accessToken: bob.access_token } });
  });

  it('L21 lets the later of two sign-ins stay, also in a store whose writes overtake each other', async () => {
    const inner = memoryStore();
    const slow = deferred();
    const write: TokenStore['write'] = async (next) => {
      if (next.token?.accessToken === 'at_ada') await slow.promise;
      return inner.write(next);
    };
    const session = startSession({
      store: storeWith({ subscribe: undefined, write }, inner),
      source: async () => tokenPair('new'),
    });
    await codeOf(session.token());
    const ada = codeOf(session.signIn(tokenPair('ada')));
    await settle();
    const bob = session.signIn(tokenPair('bob'));
    await settle();
    slow.resolve();
    expect((await bob).accessToken).toBe('at_bob');
    expect(await ada).toBe('ERR_BEARER_IDENTITY');
    expect(await session.token()).toBe('at_bob');
    expect(await inner.read()).toMatchObject({ token: { accessToken: 'at_bob' } });
    expect((await session.refresh()).accessToken).toBe('at_new');
  });

  it('L21 sends a config of Ada’s answer, sent again by the app, with Bob’s token', async () => {
    const { server, api, session, bob, sent } = await adaAndBob();
    const { config } = await api.get('/echo/again');
    server.fault('/echo/again', { status: 500 });
    const failed = await failureOf(api.get('/echo/again'));
    await session.signIn(bob);
    await api.request(config);
    await api.request(failed.config);
    expect(sent('/echo/again')).toEqual([1, 1, 2, 2]);
  });

  it('L21 lets a request live through a new sign-in of the same identity, and sends it with the new token', async () => {
    const { server, api, session, bob, sent } = await adaAndBob({ identity: () => 'ada' });
    const refresh = server.hold('/auth/refresh');
    server.fault('/echo/ada', { status: 401 });
    const request = api.get('/echo/ada');
    await refresh.arrived(1);
    await session.signIn(bob);
    expect((await request).status).toBe(200);
    expect(sent('/echo/ada')).toEqual([1, 2]);
    refresh.release();
  });

  it('L21 keeps two sessions on two instances apart in a storm', async () => {
    const server = await startServer();
    const users = await Promise.all(['ada', 'bob'].map(() => clientOf(server)));
    server.expire();
    const names = ['ada', 'bob'];
    await Promise.all(Array.from({ length: 40 }, (_, i) => users[i % 2]!.api.get(`/echo/${names[i % 2]}`)));
    const [ada, bob] = names.map((name) => {
      const entries = server.log.filter(({ path }) => path === `/echo/${name}`);
      return [...new Set(entries.map(({ generation }) => generation))];
    });
    expect([ada!.length, bob!.length]).toEqual([2, 2]);
    expect(ada!.filter((generation) => bob!.includes(generation))).toEqual([]);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });
});
