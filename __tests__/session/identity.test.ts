import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios from 'axios';
import { bearer, memoryStore, type Token, type TokenSource } from 'axios-bearer';
import type { ApiVideo } from 'axios-bearer/testing';
import {
  cleanUp,
  clientOf,
  codeOf,
  deferred,
  failureOf,
  nextEvent,
  refreshing,
  settle,
  startServer,
  startSession,
  tokenPair,
} from '../support/kit.js';

afterEach(cleanUp);

/** The generations of the server's that `path` was asked with. */
function sent({ log }: ApiVideo, path: string) {
  return log.filter((entry) => entry.path === path).map(({ generation }) => generation);
}

/** Ada's tokens are the first of the server's, Bob's the second. */
async function adaAndBob() {
  const server = await startServer();
  const [ada, bob] = [server.issue(), server.issue()];
  const identity = ({ accessToken }: Token) => (accessToken === bob.access_token ? 'bob' : 'ada');
  return { server, ada, bob, identity };
}

describe('A refresh that brings another user’s token, as a cookie does that is theirs by now', () => {
  it('L21 gives it to no request that met a 401: it was sent as somebody else', async () => {
    const { server, ada, bob, identity } = await adaAndBob();
    const { api, session } = clientOf(server, { tokens: ada, identity, source: async () => bob });
    server.fault('/echo/ada', { status: 401 });
    expect(await failureOf(api.get('/echo/ada'))).toMatchObject({
      code: 'ERR_BEARER_IDENTITY',
      response: { status: 401 },
    });
    expect(sent(server, '/echo/ada')).toEqual([1]);
    expect(await session.token()).toBe(bob.access_token);
    await api.get('/echo/bob');
    expect(sent(server, '/echo/bob')).toEqual([2]);
  });

  it('L21 gives it to none that was held, nor to token() and refresh()', async () => {
    const { server, ada, bob, identity } = await adaAndBob();
    const { api, session } = clientOf(server, {
      tokens: { ...ada, expires_in: 0 },
      identity,
      source: async () => bob,
    });
    const waits = [api.get('/echo/ada'), session.token(), session.refresh()].map(codeOf);
    expect(await Promise.all(waits)).toEqual(Array(3).fill('ERR_BEARER_IDENTITY'));
    expect(sent(server, '/echo/ada')).toEqual([]);
    expect(await session.token()).toBe(bob.access_token);
  });

  it('L21 asks `identity` about each new token, not about those of sign-ins only', async () => {
    const identity = jest.fn((_: Token) => 'ada');
    const session = startSession({ tokens: tokenPair('1'), identity, source: async () => tokenPair('2') });
    await session.refresh();
    expect(identity.mock.lastCall?.[0]).toMatchObject({ accessToken: 'at_2' });
  });
});

describe('signIn() without tokens', () => {
  const sources: [string, (answer: () => Promise<object>) => Partial<TokenSource>][] = [
    ['obtain()', (answer) => ({ obtain: answer as never })],
    ['refresh({})', () => ({})],
  ];

  it.each(sources)('L21 by %s is somebody new to a request that is on its way', async (_, more) => {
    const { server, ada, bob } = await adaAndBob();
    const answer = async () => bob;
    const { api, session } = clientOf(server, { tokens: ada, source: { refresh: answer, ...more(answer) } });
    const door = server.hold('/echo/ada');
    server.fault('/echo/ada', { status: 401 });
    const request = failureOf(api.get('/echo/ada'));
    await door.arrived(1);
    await session.signIn();
    door.release();
    expect(await request).toMatchObject({ code: 'ERR_BEARER_IDENTITY', response: { status: 401 } });
    expect(sent(server, '/echo/ada')).toEqual([1]);
  });

  it('L21 is somebody new to those who wait for a refresh', async () => {
    const { server, ada, bob } = await adaAndBob();
    const { api, session } = clientOf(server, {
      tokens: ada,
      source: { refresh: refreshing, obtain: async () => bob },
    });
    const refresh = server.hold('/auth/refresh');
    server.fault('/echo/ada', { status: 401 });
    const waits = [api.get('/echo/ada'), session.refresh()].map(codeOf);
    await refresh.arrived(1);
    const signIn = session.signIn();
    refresh.release();
    expect((await signIn).accessToken).toBe(bob.access_token);
    expect(await Promise.all(waits)).toEqual(['ERR_BEARER_IDENTITY', 'ERR_BEARER_IDENTITY']);
    expect(sent(server, '/echo/ada')).toEqual([1]);
  });

  it('L21 is somebody new to a request whose 401 comes while the source is asked', async () => {
    const { server, ada, bob } = await adaAndBob();
    const answer = deferred<typeof bob>();
    const { api, session } = clientOf(server, { tokens: ada, source: { obtain: () => answer.promise } });
    const door = server.hold('/echo/ada');
    server.fault('/echo/ada', { status: 401 });
    const request = codeOf(api.get('/echo/ada'));
    await door.arrived(1);
    const signIn = session.signIn();
    const waits = nextEvent(session, 'waiting');
    door.release();
    expect(await waits).toMatchObject({ after: '401' });
    answer.resolve(bob);
    await signIn;
    expect(await request).toBe('ERR_BEARER_IDENTITY');
    expect(sent(server, '/echo/ada')).toEqual([1]);
  });

  it('L21 of the same `identity` lets those who wait live through it', async () => {
    const { server, ada, bob } = await adaAndBob();
    const { api, session } = clientOf(server, {
      tokens: ada,
      identity: () => 'ada',
      source: { refresh: refreshing, obtain: async () => bob },
    });
    const refresh = server.hold('/auth/refresh');
    server.fault('/echo/ada', { status: 401 });
    const request = api.get('/echo/ada');
    await refresh.arrived(1);
    const signIn = session.signIn();
    refresh.release();
    await signIn;
    expect((await request).status).toBe(200);
    expect(sent(server, '/echo/ada')).toEqual([1, 2]);
  });

  it('L21 goes before what a refresh brought meanwhile, which nobody revokes: it had been stored', async () => {
    const late = deferred<object>();
    const revoked: string[] = [];
    const session = startSession({
      tokens: tokenPair('ada'),
      source: {
        refresh: () => late.promise as never,
        obtain: async () => tokenPair('bob'),
        revoke: async ({ accessToken }) => void revoked.push(accessToken),
      },
    });
    const refresh = codeOf(session.refresh());
    await settle();
    const signIn = session.signIn();
    late.resolve(tokenPair('late'));
    expect((await signIn).accessToken).toBe('at_bob');
    expect(await refresh).toBe('ERR_BEARER_IDENTITY');
    await settle();
    expect(revoked).toEqual([]);
    expect(await session.token()).toBe('at_bob');
  });

  it('L3 that fails goes on with what a refresh brought meanwhile: the old token is spent', async () => {
    const late = deferred<object>();
    const presented: (string | undefined)[] = [];
    const session = startSession({
      tokens: tokenPair('ada'),
      backoff: { initial: 1, factor: 1 },
      source: {
        refresh: ({ refreshToken }) => {
          presented.push(refreshToken);
          return late.promise as never;
        },
        obtain: () => Promise.reject(Object.assign(new Error('no'), { response: { status: 400 } })),
      },
    });
    const refresh = codeOf(session.refresh());
    await settle();
    const signIn = codeOf(session.signIn());
    late.resolve(tokenPair('late'));
    expect([await signIn, await refresh]).toEqual(['ERR_BEARER_REJECTED', 'fulfilled']);
    expect(await session.token()).toBe('at_late');
    expect(presented).toEqual(['rt_ada']);
  });
});

describe('A late 401 of the user before', () => {
  /** Ada is signed in here. Bob signs in elsewhere, before that page has read the store: his token too is its first. */
  async function bobElsewhere(options: object = {}) {
    const { server, ada, bob } = await adaAndBob();
    const store = memoryStore();
    const { api, session } = clientOf(server, { store, tokens: ada, ...options });
    await session.token();
    const door = server.hold('/echo/ada');
    server.fault('/echo/ada', { status: 401 });
    const request = api.get('/echo/ada');
    request.catch(() => {});
    await door.arrived(1);
    const elsewhere = startSession({ store });
    const heard = nextEvent(session, 'signedIn');
    await elsewhere.signIn(bob);
    await heard;
    expect(await session.token()).toBe(bob.access_token);
    door.release();
    return { server, session, request, bob };
  }

  it('L2 starts no refresh of the new one, though it too is the first of its sign-in', async () => {
    const { server, session, request, bob } = await bobElsewhere();
    expect(await codeOf(request)).toBe('ERR_BEARER_IDENTITY');
    expect(server.stats.refresh).toBe(0);
    expect(await session.token()).toBe(bob.access_token);
    expect(sent(server, '/echo/ada')).toEqual([1]);
  });

  it('L2 is replayed with the new one, where both are the same person', async () => {
    const { server, request } = await bobElsewhere({ identity: () => 'ada' });
    expect((await request).status).toBe(200);
    expect(server.stats.refresh).toBe(0);
    expect(sent(server, '/echo/ada')).toEqual([1, 2]);
  });

  it('L2 starts no refresh when a sign-out came in between', async () => {
    const { server, ada, bob } = await adaAndBob();
    const { api, session } = clientOf(server, { tokens: ada });
    const door = server.hold('/echo/ada');
    server.fault('/echo/ada', { status: 401 });
    const request = codeOf(api.get('/echo/ada'));
    await door.arrived(1);
    await session.signOut();
    await session.signIn(bob);
    door.release();
    expect(await request).toBe('ERR_BEARER_IDENTITY');
    expect(server.stats.refresh).toBe(0);
    expect(sent(server, '/echo/ada')).toEqual([1]);
  });
});

describe('An `identity` that throws at a refresh', () => {
  it('L3 spends no token twice: the next refresh goes on with the new one', async () => {
    const presented: (string | undefined)[] = [];
    let broken = true;
    const session = startSession({
      tokens: tokenPair('1'),
      identity: ({ accessToken }) => {
        if (broken && accessToken === 'at_2') throw new Error('no such claim');
        return 'ada';
      },
      source: async ({ refreshToken }) => {
        presented.push(refreshToken);
        return tokenPair(String(presented.length + 1));
      },
    });
    expect(await codeOf(session.refresh())).not.toBe('fulfilled');
    broken = false;
    expect((await session.refresh()).accessToken).toBe('at_3');
    expect(presented).toEqual(['rt_1', 'rt_2']);
  });
});

describe('A config that has travelled as one user', () => {
  /** Whose request it is, a header says. */
  async function tenants() {
    const { server, ada, bob } = await adaAndBob();
    const sessions: Record<string, ReturnType<typeof startSession>> = {
      ada: startSession({ tokens: ada }),
      bob: startSession({ tokens: bob }),
    };
    const api = axios.create({ baseURL: server.url });
    bearer(api, { session: ({ headers }) => sessions[String(headers['X-Tenant'])] });
    return { server, api, sessions };
  }

  it.each(['ada', 'bob'])('L21 goes out as %s, where the function says so', async (who) => {
    const { server, api } = await tenants();
    const { config } = await api.get('/echo/again', { headers: { 'X-Tenant': 'ada' } });
    config.headers.set('X-Tenant', who);
    await api.request(config);
    expect(sent(server, '/echo/again')).toEqual([1, who === 'ada' ? 1 : 2]);
  });

  it('L21 goes out without a token where it is nobody’s now', async () => {
    const { api } = await tenants();
    const { config, data } = await api.get('/public', { headers: { 'X-Tenant': 'ada' } });
    expect(data).toEqual({ authorization: true });
    config.headers.set('X-Tenant', 'nobody');
    expect((await api.request(config)).data).toEqual({ authorization: false });
  });

  it('L22 goes out without a token once they have signed out', async () => {
    const { api, sessions } = await tenants();
    const { config } = await api.get('/public', { headers: { 'X-Tenant': 'ada' } });
    await sessions.ada?.signOut();
    expect((await api.request(config)).data).toEqual({ authorization: false });
  });

  it('L21 bears nothing of theirs on another instance, where the token goes in another header', async () => {
    const { server, ada, bob } = await adaAndBob();
    const first = clientOf(server, { tokens: ada, header: 'X-Token' });
    const second = clientOf(server, { tokens: bob });
    const came: unknown[] = [];
    server.fault(({ path, headers }) => {
      if (path === '/public') came.push([headers['x-token'], headers.authorization]);
      return false;
    }, 'hang');
    const { config } = await first.api.get('/public');
    await second.api.request(config);
    expect(came).toEqual([
      [`Bearer ${ada.access_token}`, undefined],
      [undefined, `Bearer ${bob.access_token}`],
    ]);
  });
});
