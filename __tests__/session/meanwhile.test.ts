import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { memoryStore, type TokenResponse } from 'axios-bearer';
import {
  cleanUp,
  codeOf,
  deferred,
  installClock,
  nextEvent,
  recordEvents,
  settle,
  startClient,
  startSession,
  stateOf,
  storeWith,
  tokenPair,
} from '../support/kit.js';
import { signedOut, stored } from '../support/stores.js';

afterEach(cleanUp);

const SLOW = { refreshRetries: 1, backoff: { initial: 20_000, factor: 1, cap: 20_000 } };
const expired = (name: string) => tokenPair(name, { expires_in: 0 });

describe('a token that a listener asks for', () => {
  it('is a new one, when the stored one that it is told of has expired', async () => {
    const store = memoryStore();
    await store.write(stored('s', 1, { expiresAt: 1 }));
    const source = jest.fn(async () => tokenPair('b'));
    const session = startSession({ store, source });
    const asked = deferred<Promise<string>>();
    session.on('signedIn', () => asked.resolve(session.token() as never));
    session.token().catch(() => {});
    expect(await asked.promise).toBe('at_b');
    expect(source).toHaveBeenCalledTimes(1);
  });
});

describe('while the backoff is slept through', () => {
  it('update() lets the waiting go on', async () => {
    installClock();
    const session = startSession({ tokens: expired('a'), source: () => Promise.reject(new Error('down')), ...SLOW });
    const failed = nextEvent(session, 'refreshFailed');
    const waiting = session.token();
    await failed;
    await session.update(tokenPair('b'));
    expect(await stateOf(waiting)).toBe('fulfilled');
    expect(await waiting).toBe('at_b');
  });

  it('a token of another holder is found at its hint', async () => {
    installClock();
    const store = memoryStore();
    await store.write(stored('s', 1, { expiresAt: 1 }));
    const session = startSession({ store, source: () => Promise.reject(new Error('down')), ...SLOW });
    const failed = nextEvent(session, 'refreshFailed');
    const waiting = session.token();
    await failed;
    await store.write(stored('s', 9));
    expect(await stateOf(waiting)).toBe('fulfilled');
    expect(await waiting).toBe('at_s9');
  });
});

describe('a sign-in that fails', () => {
  it('leaves a request that was refused with what the refresh before it has brought', async () => {
    const answers = [deferred<TokenResponse>(), deferred<TokenResponse>()] as const;
    let asked = 0;
    const source = {
      refresh: () => (answers[asked++] as (typeof answers)[0]).promise,
      obtain: () => (answers[asked++] as (typeof answers)[0]).promise,
    };
    const { server, api, session } = await startClient({ source });
    const fresh = server.issue();
    server.expire();
    const renewed = server.issue();
    const answer = api.get('/videos');
    answer.catch(() => {});
    await nextEvent(session, 'waiting');
    await settle();
    const signIn = codeOf(session.signIn());
    answers[0].resolve(renewed);
    await settle();
    answers[1].reject(Object.assign(new Error('no'), { response: { status: 400, data: { error: 'invalid_client' } } }));
    expect(await signIn).toBe('ERR_BEARER_REJECTED');
    expect((await answer).status).toBe(200);
    expect(fresh).toBeDefined();
  });
});

it('close() during the first read ignores no tokens', async () => {
  const reading = deferred();
  const inner = memoryStore();
  const store = storeWith({ read: () => reading.promise.then(() => inner.read()) }, inner);
  await inner.write(signedOut('s', 1));
  const session = startSession({ store, tokens: tokenPair('a') });
  const seen = recordEvents(session);
  const token = codeOf(session.token());
  session.close();
  reading.resolve();
  await token;
  await settle();
  expect(seen.map(([name]) => name)).not.toContain('tokensIgnored');
});

describe('isRejected', () => {
  it.each([undefined, null, '', '<!doctype html>', {}, []])(
    'is not asked for an answer that says nothing: %p',
    async (answer) => {
      const isRejected = jest.fn(() => true);
      const source = { refresh: async () => answer as TokenResponse, isRejected };
      const session = startSession({ tokens: tokenPair('a'), source, refreshRetries: 0 });
      expect(await codeOf(session.refresh())).toBe('ERR_BEARER_TOKEN');
      expect(isRejected).not.toHaveBeenCalled();
    },
  );

  it('is asked once for an answer that says why it has no token', async () => {
    const isRejected = jest.fn((answer: unknown) => (answer as { reason?: string }).reason === 'gone');
    const source = { refresh: async () => ({ ok: false, reason: 'gone' }) as never, isRejected };
    const session = startSession({ tokens: tokenPair('a'), source, refreshRetries: 0 });
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_REJECTED');
    expect(isRejected).toHaveBeenCalledTimes(1);
  });
});
