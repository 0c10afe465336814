import { describe, expect, it } from '@jest/globals';
import { type BearerError, createSession, memoryStore } from 'axios-bearer';
import { clientCredentials, refreshToken } from 'axios-bearer/oauth2';
import { CONFIDENTIAL } from '../support/authorization-server.js';
import { closeSessionAtEnd, failureOf } from '../support/kit.js';
import { refreshed, setUpAuthorizationServer, underLoad } from './setup.js';

const setup = setUpAuthorizationServer({ ttl: 60 });
const { allow, signedIn, source, instanceOf } = setup;
const hasty = setUpAuthorizationServer({ ttl: 2 });

describe('A real authorization server, whose refresh tokens rotate', () => {
  it('L1 L3 is asked once for each of ten expiries under load, and nobody sees one', async () => {
    const { server } = setup;
    const session = await signedIn({ leeway: 0 });
    const api = instanceOf(session);
    const before = server.asked;
    const outcomes = await underLoad([api], async () => {
      await refreshed(session);
      for (let expiry = 0; expiry < 9; expiry++) {
        // Each token serves for a while: one that dies on its way is refused as a fresh one (L6).
        for (let answer = 0; answer < 5; answer++) await api.get('/resource');
        const next = refreshed(session);
        await server.expire();
        await next;
      }
    });
    expect(new Set(outcomes)).toEqual(new Set(['ada']));
    expect(server.asked - before).toBe(10);
  });

  it('L12 its own two seconds pass without a 401: the refresh is done behind the requests', async () => {
    const { server } = hasty;
    const session = await hasty.signedIn();
    const api = hasty.instanceOf(session);
    await api.get('/resource');
    const { refused } = server;
    const outcomes = await underLoad([api], async () => {
      for (let life = 0; life < 2; life++) await refreshed(session);
    });
    expect(new Set(outcomes)).toEqual(new Set(['ada']));
    expect(server.refused - refused).toBe(0);
  });

  it('L3 two instances of one session, and two sessions of one store, present each refresh token once', async () => {
    const { server } = setup;
    const store = memoryStore();
    const first = await signedIn({ store, leeway: 0 });
    await first.token();
    const second = closeSessionAtEnd(createSession({ source: source(), store, leeway: 0, backoff: { initial: 5 } }));
    const apis = [instanceOf(first), instanceOf(first), instanceOf(second)];
    const before = server.asked;
    for (let round = 0; round < 5; round++) {
      await server.expire();
      const answers = await Promise.all(apis.flatMap((api) => Array.from({ length: 10 }, () => api.get('/resource'))));
      expect(answers.every(({ data }) => data.owner === 'ada')).toBe(true);
    }
    expect(server.asked - before).toBe(5);
  });

  it.each(['basic', 'post'] as const)(
    'L1 L3 serves a confidential client too (client_secret_%s), one call for each expiry under load',
    async (clientAuth) => {
      const { server } = setup;
      const client = clientAuth === 'post' ? { ...CONFIDENTIAL, clientId: 'poster' } : CONFIDENTIAL;
      const tokens = { access_token: 'expired', refresh_token: await server.login(client.clientId) };
      const own = refreshToken({ tokenEndpoint: server.tokenEndpoint, ...client, clientAuth });
      const session = await signedIn({ source: own, tokens, leeway: 0 });
      expect(await expiries(session)).toEqual({ owners: ['ada'], asked: 4 });
    },
  );

  it('L1 serves a client of its own credentials, which has no refresh token: one call for each expiry under load', async () => {
    const own = clientCredentials({ tokenEndpoint: setup.server.tokenEndpoint, ...CONFIDENTIAL });
    const session = closeSessionAtEnd(createSession({ source: own, leeway: 0, backoff: { initial: 5 } }));
    expect(await expiries(session)).toEqual({ owners: ['service'], asked: 4 });
  });

  it('L3 asked for narrower scopes, still rotates the one refresh token of all', async () => {
    const { server } = setup;
    const narrow = refreshToken({ tokenEndpoint: server.tokenEndpoint, clientId: 'my-app', scope: 'read' });
    const store = memoryStore();
    const wide = await signedIn({ store, leeway: 0 });
    await wide.refresh();
    const other = closeSessionAtEnd(createSession({ source: narrow, store, leeway: 0 }));
    await server.expire();
    const both = await Promise.all([wide, other].map((session) => instanceOf(session).get('/resource')));
    expect(both.map(({ data }) => data.owner)).toEqual(['ada', 'ada']);
  });

  it('L10 L24 an answer that is cut off after the server has rotated: the spent token is tried again, as that loses nothing more', async () => {
    const { server } = setup;
    const session = await signedIn();
    server.cutNextAnswer();
    const failure = (await failureOf(instanceOf(session).get('/resource'))) as BearerError;
    expect([failure.code, failure.cause]).toMatchObject(['ERR_BEARER_REJECTED', { error: 'invalid_grant' }]);
    // The server takes the second try for a thief's: with no reuse interval nothing could have saved the grant.
    allow(1);
    expect(session.state.status).toBe('failed');
  });

  it('L10 L24 an answer that is cut off where the server has a reuse interval: the second try is answered, nobody notices', async () => {
    const { server } = setup;
    const session = await signedIn();
    const api = instanceOf(session);
    server.forgive(true);
    server.cutNextAnswer();
    const before = server.asked;
    expect((await api.get('/resource')).data).toEqual({ owner: 'ada' });
    server.forgive(false);
    await server.expire();
    expect((await api.get('/resource')).data).toEqual({ owner: 'ada' });
    expect(server.asked - before).toBe(3);
  });

  /** Three expiries under load, after the first token. */
  async function expiries(session: Awaited<ReturnType<typeof signedIn>>) {
    const { server } = setup;
    const api = instanceOf(session);
    const before = server.asked;
    await api.get('/resource');
    const outcomes = await underLoad([api], async () => {
      for (let expiry = 0; expiry < 3; expiry++) {
        for (let answer = 0; answer < 5; answer++) await api.get('/resource');
        const next = refreshed(session);
        await server.expire();
        await next;
      }
    });
    return { owners: [...new Set(outcomes)], asked: server.asked - before };
  }
});
