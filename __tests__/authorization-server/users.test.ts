import { describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { type BearerError, createSession, memoryStore } from 'axios-bearer';
import { PUBLIC } from '../support/authorization-server.js';
import { closeSessionAtEnd, failureOf, settle } from '../support/kit.js';
import { ownerOf, refreshed, setUpAuthorizationServer, underLoad } from './setup.js';

const setup = setUpAuthorizationServer({ ttl: 60 });
const { allow, signedIn, source, tokens, instanceOf } = setup;

/** RFC 7009, by somebody else: the user in another window, an administrator. */
async function revokeElsewhere(token: string): Promise<void> {
  await axios.post(setup.server.revocationEndpoint, new URLSearchParams({ token, client_id: PUBLIC.clientId }));
}

/** Its tokens as they rest. */
async function sessionInStore() {
  const store = memoryStore();
  const session = await signedIn({ store, source: source(setup.server.revocationEndpoint) });
  await session.refresh();
  return { store, session, token: (await store.read())?.token };
}

const othersThan = (outcomes: (string | undefined)[], allowed: RegExp) =>
  outcomes.filter((outcome) => !allowed.test(outcome ?? ''));

describe('Revocation', () => {
  it('L1 of the access token alone, under load: one refresh, and nobody notices', async () => {
    const { server } = setup;
    const { session } = await sessionInStore();
    const before = server.asked;
    const outcomes = await underLoad([instanceOf(session), instanceOf(session)], async () => {
      const next = refreshed(session);
      await server.expire();
      await next;
    });
    expect(new Set(outcomes)).toEqual(new Set(['ada']));
    expect(server.asked - before).toBe(1);
  });

  // This server takes the whole family for either (RFC 7009 §2.1), and calls it a grant's end for the first.
  it.each([
    ['refreshToken', 1],
    ['accessToken', 0],
  ] as const)(
    'L8 of the whole grant, by its %s, under load: the session ends, the server is asked once, and never again',
    async (kind, revocations) => {
      const { server } = setup;
      const { store, session, token } = await sessionInStore();
      const before = server.asked;
      const over = new Promise<void>((resolve) => void session.on('signedOut', () => resolve()));
      const outcomes = await underLoad([instanceOf(session), instanceOf(session)], async () => {
        await revokeElsewhere(token?.[kind] as string);
        await over;
        await settle();
      });
      allow(revocations);
      expect(othersThan(outcomes, /^(ada|ERR_BEARER_REJECTED|ERR_BAD_REQUEST)$/)).toEqual([]);
      expect(outcomes).toContain('ERR_BEARER_REJECTED');
      expect(server.asked - before).toBe(1);
      expect([session.state.status, (await store.read())?.token]).toEqual(['failed', undefined]);
    },
  );

  it('ends the session, and a new login begins another', async () => {
    const session = await signedIn();
    const api = instanceOf(session);
    await api.get('/resource');
    await setup.server.takeBack('ada');
    const failure = (await failureOf(api.get('/resource'))) as BearerError;
    expect([failure.code, failure.cause]).toMatchObject(['ERR_BEARER_REJECTED', { error: 'invalid_grant' }]);
    await session.signIn(await tokens());
    expect((await api.get('/resource')).data).toEqual({ owner: 'ada' });
  });
});

describe('A sign-out', () => {
  it('L22 in the middle of a refresh: nobody comes back, and no token is left alive', async () => {
    const session = await signedIn({ source: source(setup.server.revocationEndpoint) });
    const api = instanceOf(session);
    const { arrived, release } = setup.holdTokenEndpoint();
    const waiting = failureOf(api.get('/resource'));
    await arrived;
    const over = session.signOut();
    expect((await waiting).code).toBe('ERR_BEARER_SIGNED_OUT');
    release();
    await over;
    allow(1);
    await settle();
    expect(session.state.status).toBe('signed-out');
    expect((await failureOf(api.get('/resource'))).response?.status).toBe(401);
  });

  it('L22 of two instances and another holder of the store, under load: all stop, and nobody asks for a token again', async () => {
    const { server } = setup;
    const { store, session, token } = await sessionInStore();
    const other = closeSessionAtEnd(createSession({ source: source(), store, backoff: { initial: 5 } }));
    const apis = [instanceOf(session), instanceOf(session), instanceOf(other)];
    const before = server.asked;
    const outcomes = await underLoad(apis, async () => {
      await session.signOut();
      for (const api of apis) expect(await ownerOf(api.get('/resource'))).toBe('ERR_BAD_REQUEST');
    });
    allow(1);
    expect(othersThan(outcomes, /^(ada|ERR_BEARER_SIGNED_OUT|ERR_BAD_REQUEST)$/)).toEqual([]);
    expect(server.asked - before).toBe(0);
    expect([session, other].map(({ state }) => state.status)).toEqual(['signed-out', 'signed-out']);
    expect([(await store.read())?.token, await server.isActive(token?.accessToken as string)]).toEqual([
      undefined,
      false,
    ]);
  });

  it('L22 while another holder refreshes: what it brings is committed nowhere', async () => {
    const { store, session } = await sessionInStore();
    const other = closeSessionAtEnd(createSession({ source: source(), store, backoff: { initial: 5 } }));
    const [api, otherApi] = [instanceOf(session), instanceOf(other)];
    expect(await ownerOf(otherApi.get('/resource'))).toBe('ada');
    const { arrived, release } = setup.holdTokenEndpoint();
    await setup.server.expire();
    const waiting = ownerOf(otherApi.get('/resource'));
    await arrived;
    await session.signOut();
    allow(1);
    release();
    // Its refresh token is revoked by now: the server refuses it.
    expect(await waiting).toMatch(/^ERR_BEARER_/);
    expect(await store.read()).not.toHaveProperty('token');
    for (const each of [api, otherApi]) expect(await ownerOf(each.get('/resource'))).toBe('ERR_BAD_REQUEST');
  });
});

describe('A change of user', () => {
  it('L21 in the middle: what waited is not sent in the other one’s name', async () => {
    const session = await signedIn();
    const api = instanceOf(session);
    const waiting = failureOf(api.get('/resource'));
    const bob = await tokens('bob');
    await session.signIn(bob);
    expect((await waiting).code).toBe('ERR_BEARER_IDENTITY');
    expect((await api.get('/resource')).data).toEqual({ owner: 'bob' });
  });

  it('L21 while a refresh is on the wire, under load: whoever asked as ada hears of ada or is turned away, whoever asks later is bob', async () => {
    const session = await signedIn();
    const api = instanceOf(session);
    await api.get('/resource');
    const bob = await tokens('bob');
    const later: (string | undefined)[] = [];
    const outcomes = await underLoad([api, instanceOf(session)], async () => {
      for (let answer = 0; answer < 5; answer++) await api.get('/resource');
      const { arrived, release } = setup.holdTokenEndpoint();
      await setup.server.expire();
      await arrived;
      const signedInAsBob = session.signIn(bob);
      const asked = Array.from({ length: 5 }, () => ownerOf(api.get('/resource')));
      release();
      await signedInAsBob;
      later.push(...(await Promise.all(asked)), await ownerOf(api.get('/resource')));
    });
    expect(new Set(later)).toEqual(new Set(['bob']));
    expect(othersThan(outcomes, /^(ada|bob|ERR_BEARER_IDENTITY)$/)).toEqual([]);
    expect(outcomes).toContain('ERR_BEARER_IDENTITY');
  });

  it('L3 L21 to and fro under load: each one’s refresh token is good to the end', async () => {
    const session = await signedIn();
    const api = instanceOf(session);
    await api.get('/resource');
    const outcomes = await underLoad([api, instanceOf(session)], async () => {
      for (const name of ['bob', 'ada', 'cyd', 'ada']) {
        await session.signIn(await tokens(name));
        expect(await ownerOf(api.get('/resource'))).toBe(name);
        await setup.server.expire();
        expect(await ownerOf(api.get('/resource'))).toBe(name);
      }
    });
    expect(othersThan(outcomes, /^(ada|bob|cyd|ERR_BEARER_IDENTITY)$/)).toEqual([]);
  });
});
