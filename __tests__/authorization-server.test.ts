import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { type BearerError, createSession, memoryStore, type Session, type SessionOptions } from 'axios-bearer';
import { refreshToken } from 'axios-bearer/oauth2';
import { type AuthorizationServer, PUBLIC, startAuthorizationServer } from './support/authorization-server.js';
import { closeAll, deferred, failureOf, keep, settle } from './support/sessions.js';

/*
 * The judge is oidc-provider: it rotates refresh tokens, and takes the whole grant back when one is presented twice.
 */
let server: AuthorizationServer;
beforeAll(async () => {
  server = await startAuthorizationServer({ ttl: 2 });
});
afterAll(() => server.close());
afterEach(async () => {
  server.intercept(undefined);
  await closeAll();
  // Whatever a test did: nobody presented a refresh token twice. Sign-outs that revoke are counted where they are made.
  expect(server.revoked - revocations).toBe(0);
});
let revocations = 0;

const source = (revocationEndpoint?: string) =>
  refreshToken({ tokenEndpoint: server.tokenEndpoint, revocationEndpoint, ...PUBLIC });

async function tokens(accountId = 'ada') {
  return { access_token: 'expired', refresh_token: await server.login(PUBLIC.clientId, accountId) };
}

async function signedIn(options: Partial<SessionOptions> = {}): Promise<Session> {
  return keep(createSession({ source: source(), tokens: await tokens(), backoff: { initial: 5 }, ...options }));
}

function instanceOf(session: Session) {
  const api = axios.create({ baseURL: server.issuer });
  session.install(api);
  return api;
}

/** Bursts without a pause, until the work is done. */
async function underLoad(api: ReturnType<typeof instanceOf>, work: () => Promise<void>): Promise<unknown[]> {
  let done = false;
  const outcomes: unknown[] = [];
  const client = async () => {
    while (!done) {
      outcomes.push(
        await api.get('/resource').then(
          ({ data }) => data.owner,
          (error) => error.code ?? error,
        ),
      );
    }
  };
  const clients = Array.from({ length: 8 }, client);
  await work();
  done = true;
  await Promise.all(clients);
  return outcomes;
}

/** A refresh that is over. */
const refreshed = (session: Session) => new Promise<void>((resolve) => void session.on('refreshed', () => resolve()));

describe('A real authorization server, whose refresh tokens rotate', () => {
  it('L1 L3 is asked once for each of ten expiries under load, and nobody sees one', async () => {
    const session = await signedIn({ leeway: 0 });
    const api = instanceOf(session);
    const before = server.asked;
    const outcomes = await underLoad(api, async () => {
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
    const session = await signedIn();
    const api = instanceOf(session);
    await api.get('/resource');
    const { refused } = server;
    const outcomes = await underLoad(api, async () => {
      for (let life = 0; life < 2; life++) await refreshed(session);
    });
    expect(new Set(outcomes)).toEqual(new Set(['ada']));
    expect(server.refused - refused).toBe(0);
  });

  it('L3 two instances of one session, and two sessions of one store, present each refresh token once', async () => {
    const store = memoryStore();
    const first = await signedIn({ store, leeway: 0 });
    await first.token();
    const second = keep(createSession({ source: source(), store, leeway: 0, backoff: { initial: 5 } }));
    const apis = [instanceOf(first), instanceOf(first), instanceOf(second)];
    const before = server.asked;
    for (let round = 0; round < 5; round++) {
      await server.expire();
      const answers = await Promise.all(apis.flatMap((api) => Array.from({ length: 10 }, () => api.get('/resource'))));
      expect(answers.every(({ data }) => data.owner === 'ada')).toBe(true);
    }
    expect(server.asked - before).toBe(5);
  });

  it('L22 a sign-out in the middle of a refresh: nobody comes back, and no token is left alive', async () => {
    const session = await signedIn({ source: source(server.revocationEndpoint) });
    const api = instanceOf(session);
    const [arrived, release] = [deferred(), deferred()];
    server.intercept(async ({ url }) => {
      if (url !== '/token') return false;
      arrived.resolve(undefined);
      await release.promise;
      return false;
    });
    const waiting = failureOf(api.get('/resource'));
    await arrived.promise;
    const over = session.signOut();
    expect((await waiting).code).toBe('ERR_BEARER_SIGNED_OUT');
    release.resolve(undefined);
    await over;
    revocations++;
    await settle();
    expect(session.state.status).toBe('signed-out');
    expect((await failureOf(api.get('/resource'))).response?.status).toBe(401);
  });

  it('L21 a change of user in the middle: what waited is not sent in the other one’s name', async () => {
    const session = await signedIn();
    const api = instanceOf(session);
    const waiting = failureOf(api.get('/resource'));
    const bob = await tokens('bob');
    await session.signIn(bob);
    expect((await waiting).code).toBe('ERR_BEARER_IDENTITY');
    expect((await api.get('/resource')).data).toEqual({ owner: 'bob' });
  });

  it('ends the session when the grant was taken back, and a new login begins another', async () => {
    const session = await signedIn();
    const api = instanceOf(session);
    await api.get('/resource');
    await server.takeBack('ada');
    const failure = (await failureOf(api.get('/resource'))) as BearerError;
    expect([failure.code, failure.cause]).toMatchObject(['ERR_BEARER_REJECTED', { error: 'invalid_grant' }]);
    await session.signIn(await tokens());
    expect((await api.get('/resource')).data).toEqual({ owner: 'ada' });
  });

  it('L10 L24 an answer that is cut off after the server has rotated: the spent token is tried again, as that loses nothing more', async () => {
    const session = await signedIn();
    const api = instanceOf(session);
    server.cutNextAnswer();
    const failure = (await failureOf(api.get('/resource'))) as BearerError;
    expect([failure.code, failure.cause]).toMatchObject(['ERR_BEARER_REJECTED', { error: 'invalid_grant' }]);
    // The server takes the second try for a thief's: with no reuse interval nothing could have saved the grant.
    revocations = server.revoked;
    expect(session.state.status).toBe('failed');
  });
});
