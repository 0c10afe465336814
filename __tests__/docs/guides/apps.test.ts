import { afterEach, describe, expect, it } from '@jest/globals';
import { fakeClock } from 'axios-bearer/testing';
import { atEnd, cleanUp, nextEvent, startServer } from '../../support/kit.js';
import { API, type Own, openGuide } from './open.js';

afterEach(cleanUp);

describe('React Native', () => {
  it('keeps the session in secure storage, and refreshes what is over in the foreground', async () => {
    const server = await startServer();
    const items = new Map<string, string>();
    const SecureStore = {
      getItemAsync: async (key: string) => items.get(key) ?? null,
      setItemAsync: async (key: string, value: string) => void items.set(key, value),
    };
    const listeners: ((state: string) => void)[] = [];
    const AppState = { addEventListener: (_: 'change', listener: (state: string) => void) => listeners.push(listener) };
    const start = async () => {
      const modules = { 'expo-secure-store': SecureStore, 'react-native': { AppState } };
      const hosts = { [API]: server.url, '/auth/login': '/auth/api-key', '{ email, password }': '{ apiKey: email }' };
      const run = openGuide('docs/guides/react-native.md', hosts, modules);
      return (await run('session')) as unknown as Own & { login(email: string): Promise<void> };
    };
    const first = await start();
    await first.login(server.apiKey);
    const { api, session } = await start();
    expect((await api.get('/videos')).status).toBe(200);

    const clock = fakeClock();
    atEnd(() => clock.restore());
    await clock.advance(2 * 3_600_000);
    const refreshed = nextEvent(session, 'refreshed');
    for (const listener of listeners.slice(1)) listener('active');
    await refreshed;
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });
});

describe('Coming from an interceptor of your own', () => {
  it('needs the refresh call alone', async () => {
    const server = await startServer();
    const run = openGuide('docs/guides/coming-from.md', { [API]: server.url });
    const { api, session } = (await run('api')) as unknown as Own;
    await session.signIn(server.issue());
    server.expire();
    expect((await api.get('/videos')).status).toBe(200);
  });
});

describe('A login form and a refresh cookie', () => {
  it('nothing is refreshed before the first signIn()', async () => {
    const server = await startServer();
    const run = openGuide('docs/guides/spa-refresh-cookie.md', { [API]: server.url });
    const { api } = (await run('session')) as unknown as Own;
    await expect(api.get('/videos')).rejects.toMatchObject({ response: { status: 401 } });
    expect(server.log.map(({ path }) => path)).toEqual(['/videos']);
  });
});

describe('Several tabs', () => {
  it('the page shows the login, the app after it, and the login again at the end', async () => {
    const server = await startServer();
    const shown: string[] = [];
    const views = { showApp: () => shown.push('app'), showLogin: () => shown.push('login') };
    const hosts = { [API]: server.url, '/auth/login': '/auth/api-key', '{ email, password }': '{ apiKey: email }' };
    const run = openGuide('docs/guides/several-tabs.md', hosts, { './views.js': views });
    const { api, session } = (await run('session')) as unknown as Own;
    const { login, logout } = (await run('page')) as { login(email: string): Promise<void>; logout(): Promise<void> };
    await session.token().catch(() => {});
    expect(shown).toEqual(['login']);
    await login(server.apiKey);
    server.expire();
    expect((await api.get('/videos')).status).toBe(200);
    await logout();
    expect(shown).toEqual(['login', 'app', 'login']);
  });
});
