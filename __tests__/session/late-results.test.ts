import { afterEach, expect, it } from '@jest/globals';
import { memoryStore, type TokenResponse } from 'axios-bearer';
import { cleanUp, codeOf, deferred, installClock, settle, startSession, storeWith, tokenPair } from '../support/kit.js';

afterEach(cleanUp);

it.each([
  ['given', true],
  ['its own', false],
])('L21 what a refresh of Ada’s brings late is nothing of Bob’s, who has signed in (store: %s)', async (_, isGiven) => {
  const late = deferred<TokenResponse>();
  const presented: (string | undefined)[] = [];
  const session = startSession({
    ...(isGiven && { store: memoryStore() }),
    tokens: tokenPair('ada'),
    source: async ({ refreshToken }) => {
      presented.push(refreshToken);
      return refreshToken === 'rt_ada' ? late.promise : tokenPair('bob2');
    },
  });
  await session.token();
  const refresh = codeOf(session.refresh());
  await settle();
  await session.signIn(tokenPair('bob'));
  late.resolve(tokenPair('ada2'));
  await refresh;
  await settle();
  expect(await session.token()).toBe('at_bob');
  expect((await session.refresh()).accessToken).toBe('at_bob2');
  expect(presented).toEqual(['rt_ada', 'rt_bob']);
});

it('L10 finds a sign-in elsewhere at a request, without hints', async () => {
  const clock = installClock();
  const store = storeWith({ subscribe: undefined });
  const here = startSession({ store, tokens: tokenPair('a') });
  await here.token();
  const there = startSession({ store });
  await there.token();
  await here.signOut();
  await there.signIn(tokenPair('b'));
  await clock.advance(60_000);
  expect(await here.token()).toBe('at_b');
});
