import { afterEach, expect, it } from '@jest/globals';
import axios, { type AxiosInstance } from 'axios';
import * as core from 'axios-bearer';
import * as entry from 'axios-bearer/axios-auth-refresh';
import type { ApiVideo } from 'axios-bearer/testing';
import { atEnd, cleanUp, startServer } from '../support/kit.js';
import { membersOf, namesOf, readReadme, rowsOf, runBlock, type Values } from '../support/readme.js';
import { failing } from './axios-auth-refresh.cases.js';
import { wire } from './axios-auth-refresh.setup.js';

const page = readReadme('docs/migrate-from-axios-auth-refresh.md');

afterEach(cleanUp);

/** The page's host is this server. */
function axiosAt({ url }: ApiVideo): AxiosInstance {
  const http = axios.getAdapter('http');
  const adapter = (config: Parameters<typeof http>[0]) => {
    const here = (there?: string) => there?.replace('https://api.example.com', url);
    return http({ ...config, url: here(config.url), baseURL: here(config.baseURL) });
  };
  return Object.assign(axios.create({ adapter }), { create: (given: object) => axios.create({ adapter, ...given }) });
}

async function run(name: string, server: ApiVideo, localStorage: object): Promise<Values> {
  const block = page.blocks.find((one) => one.name === name);
  if (!block) throw new Error(`The page has no block "${name}"`);
  const modules = {
    axios: { default: axiosAt(server) },
    'axios-bearer': core,
    'axios-bearer/axios-auth-refresh': entry,
  };
  return runBlock(block, modules, { localStorage, email: 'ada@example.com', password: 'lovelace' });
}

function storage(items: Record<string, string>) {
  const map = new Map(Object.entries(items));
  return {
    getItem: (key: string) => map.get(key) ?? null,
    setItem: (key: string, value: string) => void map.set(key, value),
    removeItem: (key: string) => void map.delete(key),
  };
}

it('all of it is run here', () => {
  expect(page.blocks.map(({ name }) => name)).toEqual(['The one line', 'The second step']);
});

it('the app that has changed one line lives through an expired token', async () => {
  const server = await startServer();
  const { access_token: token, refresh_token: refresh } = server.issue();
  server.expire();
  const items = storage({ token, refresh });
  await run('The one line', server, items);
  expect(wire(server)).toEqual(['GET /videos 401', 'POST /auth/refresh 200', 'GET /videos 200', 'GET /public 200']);
  expect(items.getItem('token')).not.toBe(token);
});

it('the second step signs in, sends and signs out', async () => {
  const server = await startServer();
  const tokens = server.issue();
  server.expire();
  server.fault('/login', { json: tokens });
  const { session } = (await run('The second step', server, storage({}))) as { session: core.Session };
  atEnd(() => session.close());
  expect(wire(server)).toEqual(['POST /login 200', 'GET /videos 401', 'POST /auth/refresh 200', 'GET /videos 200']);
  expect(session.state).toEqual({ status: 'signed-out' });
});

it('each row of what changes is a test that runs through both, and no such test is left out', () => {
  const rows = rowsOf(page, 'What changes').map(([when]) => when);
  expect(rows).toEqual(failing.map(({ when }) => when.replace(/^L\d+ /, '')));
});

it('the way to our own interface is told for every option', () => {
  const options = ['AxiosAuthRefreshOptions', 'AxiosAuthRefreshRequestConfig'].flatMap((name) =>
    membersOf('lib/compat/axios-auth-refresh/options.ts', name),
  );
  expect(options.length).toBeGreaterThan(7);
  expect(namesOf(rowsOf(page, 'The second step'))).toEqual(expect.arrayContaining(options));
});
