import { afterEach, expect, it } from '@jest/globals';
import axios from 'axios';
import { bearer, type Session, storageStore } from 'axios-bearer';
import { cleanUp, installClock, MINUTE, refreshing, startServer } from '../support/kit.js';
import { readReadme, runBlock } from '../support/readme.js';

afterEach(cleanUp);

it('the block for React Native keeps the session, and refreshes what is due when the app comes to the foreground', async () => {
  const clock = installClock();
  const server = await startServer();
  const items = new Map<string, string>();
  const SecureStore = {
    getItemAsync: async (key: string) => items.get(key) ?? null,
    setItemAsync: async (key: string, value: string) => void items.set(key, value),
  };
  const listeners: ((state: string) => void)[] = [];
  const AppState = { addEventListener: (_: 'change', listener: (state: string) => void) => listeners.push(listener) };
  const block = readReadme('docs/platforms.md').blocks[0]!;
  const modules = { 'expo-secure-store': SecureStore, 'react-native': { AppState } };
  const api = axios.create({ baseURL: server.url });
  const made = await runBlock(block, modules, { api, bearer, storageStore, refresh: refreshing });
  const session = made.session as Session;
  await session.signIn(server.issue());
  const before = [...items.values()].join();

  await clock.advance(58 * MINUTE);
  for (const listener of listeners) listener('background');
  expect(session.state.status).toBe('active');
  const refreshed = new Promise((resolve) => session.on('refreshed', resolve));
  for (const listener of listeners) listener('active');
  await refreshed;
  expect(server.stats.refresh).toBe(1);
  expect([...items.values()].join()).not.toBe(before);
  session.close();
});
