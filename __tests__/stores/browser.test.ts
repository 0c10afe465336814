import { afterEach, expect, it, jest } from '@jest/globals';
import { createSession } from 'axios-bearer';
import { browserStore } from 'axios-bearer/browser';
import { cleanUp, closeSessionAtEnd, failureOf } from '../support/kit.js';
import { stored } from '../support/stores.js';

afterEach(cleanUp);
afterEach(() => void jest.restoreAllMocks());

// What it does in a page is in __tests__/browser.

it.each([[''], [null], [7], [{}]])('refuses what is no name: %p', async (name) => {
  const make = async () => browserStore(name as string);
  expect(await failureOf(make())).toMatchObject({
    code: 'ERR_BEARER_CONFIG',
    message: expect.stringMatching(/^axios-bearer: option "name" must be a text that is not empty; got /),
  });
});

it('L21 on a server, is a memory of its own at each call, whatever the name, and warns of nothing', async () => {
  const warned = jest.spyOn(console, 'warn');
  const [ada, bob] = [browserStore(), browserStore()];
  await ada.write(stored('ada'));
  expect(await bob.read()).toBeUndefined();
  const never = new Promise<never>(() => {});
  void ada.withLock(() => never, { waitMs: 1_000, holdMs: 1_000 });
  expect(await bob.withLock(async () => 'had', { waitMs: 1_000, holdMs: 1_000 })).toBe('had');
  expect(warned).not.toHaveBeenCalled();
});

it('L23 on a server, opens no channel, which would keep the process alive', async () => {
  const opened = jest.spyOn(globalThis, 'BroadcastChannel');
  const source = async () => ({ access_token: 'new', expires_in: 3_600 });
  const session = closeSessionAtEnd(createSession({ source, store: browserStore() }));
  await session.signIn({ access_token: 'at', refresh_token: 'rt', expires_in: 3_600 });
  expect(await session.refresh()).toMatchObject({ accessToken: 'new' });
  expect(opened).not.toHaveBeenCalled();
});
