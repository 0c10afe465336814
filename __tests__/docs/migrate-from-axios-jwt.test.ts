import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosInstance } from 'axios';
import * as core from 'axios-bearer';
import { memoryStorage, ours, peer } from '../compat/axios-jwt.setup.js';
import { type JwtServer, startJwtServer } from '../support/jwt.js';
import { atEnd, cleanUp, closeAtEnd } from '../support/kit.js';
import { type Block, readReadme, runBlock, type Values } from '../support/readme.js';
import { filesBelow, rowsOf, sectionOf } from './markdown.js';

const PAGE = 'docs/migrate-from-axios-jwt.md';
const blocks = readReadme(PAGE).blocks;
const block = (name: string) => blocks.find((one) => one.name === name) as Block;

afterEach(cleanUp);

describe('From axios-jwt: the code on the page', () => {
  it('changes one line', () => {
    const lines = ['Before', 'After'].map((name) => block(name).code.split('\n').slice(1));
    const changed = lines[0]?.filter((line, i) => line !== lines[1]?.[i]);
    expect([lines[0]?.length, changed]).toEqual([
      lines[1]?.length,
      [expect.stringMatching(/^import .* 'axios-jwt';$/)],
    ]);
  });
});

describe('From axios-jwt: what the page says', () => {
  let server: JwtServer;

  beforeEach(async () => {
    server = closeAtEnd(await startJwtServer());
  });

  type App = { api: AxiosInstance; login(email: string): Promise<void>; isLoggedIn(): Promise<boolean> };
  /** The app of that block, over this browser's storage. Its routes are those of our server. */
  const start = async (name: string, storage: ours.StorageType) => {
    const modules = { axios: { default: axios }, 'axios-jwt': peer, 'axios-bearer/axios-jwt': ours };
    const code = block(name)
      .code.replace('/auth/refresh`, { refreshToken }', '/refresh`, { token: refreshToken }')
      .replace('{ email, password }', '{ user: email }');
    (name === 'Before' ? peer : ours).applyStorage(storage);
    return (await runBlock({ ...block(name), code }, modules, { baseURL: server.url })) as Values & App;
  };

  it('who was signed in before the change is so after it, and after going back', async () => {
    const storage = memoryStorage();
    await (await start('Before', storage)).login('ada');
    for (const name of ['After', 'Before', 'After']) {
      const { api, isLoggedIn } = await start(name, storage);
      storage.put({ ...storage.tokens, accessToken: '' });
      expect([name, await isLoggedIn(), (await api.get('/videos')).data.user]).toEqual([name, true, 'ada']);
    }
    expect([server.refreshes, server.reused]).toEqual([3, 0]);
  });

  it('the second step signs in whom axios-jwt had signed in, once', async () => {
    const items = new Map([['auth-tokens-production', JSON.stringify(server.issue('ada'))]]);
    const localStorage = {
      getItem: (key: string) => items.get(key) ?? null,
      setItem: (key: string, value: string) => void items.set(key, value),
      removeItem: (key: string) => void items.delete(key),
    };
    const modules = { axios: { default: axios }, 'axios-bearer': core };
    const load = async () => {
      const app = await runBlock(block('The second step'), modules, { baseURL: server.url, localStorage });
      const { api, session } = app as { api: AxiosInstance; session: core.Session };
      atEnd(() => session.close());
      return { user: (await api.get('/videos')).data.user, session };
    };
    const first = await load();
    await first.session.signIn(server.issue('bob'));
    expect([first.user, (await load()).user]).toEqual(['ada', 'bob']);
    expect([...items.keys()]).toEqual(['session']);
  });

  it('names each row that is measured, and no other', () => {
    const names = rowsOf(sectionOf(PAGE, 'What changes')).map(([name]) => name);
    const test = readFileSync('__tests__/compat/axios-jwt-failures.test.ts', 'utf8');
    expect(names).toEqual([...test.matchAll(/^ {4}name: '(.*)',$/gm)].map(([, name]) => name));
  });

  it('is about the version that is installed', () => {
    const { version } = JSON.parse(readFileSync('node_modules/axios-jwt/package.json', 'utf8'));
    expect(readFileSync(PAGE, 'utf8')).toContain(`axios-jwt ${version}`);
    expect(filesBelow('docs')).toContain(PAGE);
  });
});

describe('axios-jwt’s own README', () => {
  const README = 'node_modules/axios-jwt/README.md';
  const theirs = readReadme(README).blocks.map((one) => ({
    ...one,
    code: one.code.replaceAll("'axios-jwt'", "'axios-bearer/axios-jwt'"),
  }));
  it('does what it says: the JavaScript of its last part, run', async () => {
    const server = closeAtEnd(await startJwtServer());
    const storage = memoryStorage();
    ours.applyStorage(storage);
    const code = theirs
      .find(({ lang }) => lang === 'javascript')
      ?.code.replace('https://api.example.com', server.url)
      .replaceAll('/auth/login', '/login')
      .replace('/auth/refresh_token`, { refresh }', '/refresh`, { token: refresh }')
      .replace(/^axiosInstance\.get.*$/m, '');
    const modules = { axios: { default: axios }, 'axios-bearer/axios-jwt': ours };
    const app = await runBlock({ name: 'README', lang: 'js', line: 1, code: code as string }, modules, {});
    const { axiosInstance, login, logout } = app as Values & {
      axiosInstance: AxiosInstance;
      login(who: object): Promise<void>;
      logout(): Promise<void>;
    };
    await login({ user: 'ada' });
    server.expire();
    expect((await axiosInstance.get('/videos')).data).toEqual({ user: 'ada' });
    await logout();
    expect((await axiosInstance.get('/public')).data).toEqual({ bearer: false });
  });
});
