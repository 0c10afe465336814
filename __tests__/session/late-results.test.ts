import { afterEach, expect, it } from '@jest/globals';
import { memoryStore, type TokenResponse } from 'axios-bearer';
import { clockInHand, closeAll, codeOf, deferred, lone, pair, settle, storeWith } from '../support/sessions.js';

afterEach(closeAll);

it.each([
  ['given', true],
  ['its own', false],
])('L21 what a refresh of Ada’s brings late is nothing of Bob’s, who has signed in (store: %s)', async (_, isGiven) => {
  const late = deferred<TokenResponse>();
  const presented: (string | undefined)[] = [];
  const session = lone({
    ...(isGiven && { store: memoryStore() }),
    tokens: pair('ada'),
    source: async ({ refreshToken }) => {
      presented.push(refreshToken);
      return refreshToken === 'rt_ada' ? late.promise : pair('bob2');
    },
  });
  await session.token();
  const refresh = codeOf(session.refresh());
  await settle();
  await session.signIn(pair('bob'));
  late.resolve(pair('ada2'));
  await refresh;
  await settle();
  expect(await session.token()).toBe('at_bob');
  expect((await session.refresh()).accessToken).toBe('at_bob2');
  expect(presented).toEqual(['rt_ada', 'rt_bob']);
});

it('L10 finds a sign-in elsewhere at a request, without hints', async () => {
  const clock = clockInHand();
  const store = storeWith({ subscribe: undefined });
  const here = lone({ store, tokens: pair('a') });
  await here.token();
  const there = lone({ store });
  await there.token();
  await here.signOut();
  await there.signIn(pair('b'));
  await clock.advance(60_000);
  expect(await here.token()).toBe('at_b');
});
