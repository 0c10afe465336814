import 'reflect-metadata';
import * as fs from 'node:fs';
import { createReadStream } from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import * as nestAxios from '@nestjs/axios';
import * as nestCommon from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AxiosError, AxiosInstance } from 'axios';
import type { Session } from 'axios-bearer';
import { type Echo, fakeClock } from 'axios-bearer/testing';
import FormData from 'form-data';
import * as rxjs from 'rxjs';
import { CONFIDENTIAL, startAuthorizationServer } from '../support/authorization-server.js';
import { atEnd, cleanUp, closeAtEnd, deferred, nextEvent, startHttpServer, startServer } from '../support/kit.js';
import { openGuide } from './guides.js';

const API = 'https://api.example.com';
const LOGIN = 'https://login.example.com';

afterEach(cleanUp);

interface Own {
  api: AxiosInstance;
  session: Session;
}

const codeOf = (error: AxiosError) => error.code;

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

/** Until the test is over. */
function setEnv(values: Record<string, string>): void {
  Object.assign(process.env, values);
  atEnd(() => {
    for (const name of Object.keys(values)) delete process.env[name];
  });
}

describe('A Node service with client credentials', () => {
  const PAGE = 'docs/guides/client-credentials.md';

  async function start(clientSecret = CONFIDENTIAL.clientSecret) {
    const server = closeAtEnd(await startAuthorizationServer({ ttl: 3600 }));
    setEnv({ CLIENT_ID: CONFIDENTIAL.clientId, CLIENT_SECRET: clientSecret });
    const run = openGuide(PAGE, { [API]: server.resource, [LOGIN]: server.issuer });
    const { api, session } = (await run('api')) as unknown as Own;
    return { server, run, api, session };
  }

  it('gets one token for all requests, and another one when that is refused', async () => {
    const { server, run, api } = await start();
    const printed: unknown[] = [];
    await run('report', { console: { log: (data: unknown) => printed.push(data) } });
    expect(printed).toEqual([{ owner: CONFIDENTIAL.clientId }]);
    await server.expire();
    const answers = await Promise.all(Array.from({ length: 5 }, () => api.get('/reports')));
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200));
    expect(server.asked).toBe(2);
  });

  it('says what the server answered to a wrong secret, and does not ask again at once', async () => {
    const { server, api } = await start('wrong');
    const error = await api.get('/reports').catch((error) => error);
    expect(error).toMatchObject({ code: 'ERR_BEARER_REJECTED', message: expect.stringContaining('invalid_client') });
    const { asked } = server;
    await expect(api.get('/reports')).rejects.toMatchObject({ code: 'ERR_BEARER_REJECTED' });
    expect(server.asked).toBe(asked);
  });
});

describe('NestJS', () => {
  it('signs the HttpService of all services in, and ends the session with the application', async () => {
    const server = closeAtEnd(await startAuthorizationServer({ ttl: 3600 }));
    setEnv({ CLIENT_ID: CONFIDENTIAL.clientId, CLIENT_SECRET: CONFIDENTIAL.clientSecret });
    const modules = { '@nestjs/axios': nestAxios, '@nestjs/common': nestCommon, rxjs };
    const run = openGuide('docs/guides/nestjs.md', { [API]: server.resource, [LOGIN]: server.issuer }, modules);
    const { Session } = await import('axios-bearer');
    await run('api.module');
    const { ReportsModule, ReportsService } = await run('reports');
    const app = await NestFactory.createApplicationContext(ReportsModule as never, { logger: false });
    const reports = app.get<{ list(): Promise<unknown> }>(ReportsService as never);
    await server.expire();
    const lists = await Promise.all(Array.from({ length: 5 }, () => reports.list()));
    expect(lists).toEqual(Array(5).fill({ owner: CONFIDENTIAL.clientId }));
    expect(server.asked).toBe(1);
    const signedOut = nextEvent(app.get(Session, { strict: false }), 'signedOut');
    await app.close();
    expect(await signedOut).toEqual({ reason: 'closed' });
  });
});

describe('A dialog asks for the login', () => {
  /** Each login is of the user who is named; `bad` is nobody. */
  async function start(answers: (string | undefined)[]) {
    const state = { valid: '', n: 0, refreshes: 0, down: false, posted: [] as unknown[] };
    const grant = (response: ServerResponse, user: string) => {
      state.valid = `${user}-${++state.n}`;
      reply(response, 200, { access_token: state.valid, refresh_token: `r${state.n}`, expires_in: 3600, user });
    };
    const listen = async (request: IncomingMessage, response: ServerResponse) => {
      if (request.url === '/auth/refresh') {
        state.refreshes += 1;
        return reply(response, state.down ? 503 : 401, {});
      }
      if (request.url === '/auth/login') {
        const { email } = (await json(request)) as { email: string };
        return email === 'bad' ? reply(response, 401, {}) : grant(response, email);
      }
      const body = await text(request);
      if (request.headers.authorization !== `Bearer ${state.valid}`) return reply(response, 401, {});
      if (body) state.posted.push(JSON.parse(body));
      return reply(response, 200, { bearer: state.valid });
    };
    const { url } = await startHttpServer(listen);
    const notes: string[] = [];
    const opened = deferred();
    const close = deferred();
    const askLogin = async (note: string) => {
      notes.push(note);
      opened.resolve();
      await close.promise;
      const email = answers.shift();
      return email && { email, password: 'x' };
    };
    const run = openGuide('docs/guides/login-dialog.md', { [API]: url }, { './dialog.js': { askLogin } });
    const own = (await run('session')) as unknown as Own;
    /** Somebody was signed in, and their tokens are dead. */
    const endAda = async () => {
      await own.session.signIn({ access_token: 'dead', refresh_token: 'dead', expires_in: 3600, user: 'ada' } as never);
    };
    return { ...own, state, notes, opened, close, endAda };
  }

  it('opens once for all, stays open after a wrong password, and then all requests go on', async () => {
    const { api, state, notes, close, endAda } = await start(['bad', 'ada']);
    await endAda();
    close.resolve();
    const answers = await Promise.all([api.get('/a'), api.post('/b', { typed: 'long' }), api.get('/c')]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(notes).toEqual(['', 'That was wrong. Try again.']);
    expect(state).toMatchObject({ refreshes: 1, posted: [{ typed: 'long' }] });
  });

  it('opens for the first request, where nobody was signed in', async () => {
    const { api, state, notes, close } = await start(['ada']);
    close.resolve();
    expect((await api.get('/a')).status).toBe(200);
    expect([notes.length, state.refreshes]).toEqual([1, 0]);
  });

  it('dismissed, it ends the session, and opens again by signIn() alone', async () => {
    const { api, session, notes, close, endAda } = await start([undefined, 'ada']);
    await endAda();
    close.resolve();
    const signedOut = nextEvent(session, 'signedOut');
    const failed = [api.get('/a').catch(codeOf), api.get('/b').catch(codeOf)];
    expect(await Promise.all(failed)).toEqual(['ERR_BEARER_REJECTED', 'ERR_BEARER_REJECTED']);
    expect(await signedOut).toEqual({ reason: 'rejected' });
    await api.get('/a').catch(() => {});
    expect(notes).toHaveLength(1);
    await session.signIn();
    expect([(await api.get('/a')).status, notes.length]).toEqual([200, 2]);
    await session.signOut();
    await api.get('/a').catch(() => {});
    expect(notes).toHaveLength(2);
  });

  it('does not open because the server is down', async () => {
    const { api, session, state, notes, endAda } = await start([]);
    state.down = true;
    await endAda();
    const failed = nextEvent(session, 'refreshFailed');
    const aborter = new AbortController();
    const request = api.get('/a', { signal: aborter.signal }).catch(codeOf);
    expect((await failed).error.code).toBe('ERR_BEARER_UNAVAILABLE');
    aborter.abort();
    expect([await request, notes]).toEqual(['ERR_CANCELED', []]);
  });

  it('keeps requests of one person from being sent in the name of another', async () => {
    const { api, close, endAda } = await start(['bob']);
    await endAda();
    close.resolve();
    expect(await api.get('/a').catch(codeOf)).toBe('ERR_BEARER_IDENTITY');
    expect((await api.get('/a')).data).toEqual({ bearer: 'bob-1' });
  });

  it('is open for as long as it takes, but for the `timeout` of a request', async () => {
    const { api, opened, close, endAda } = await start(['ada']);
    await endAda();
    const clock = fakeClock();
    atEnd(() => clock.restore());
    const patient = api.get('/a');
    const hurried = api.get('/b', { timeout: 10_000 }).catch(codeOf);
    await opened.promise;
    await clock.advance(3_600_000);
    expect(await hurried).toBe('ECONNABORTED');
    close.resolve();
    expect((await patient).status).toBe(200);
  });
});

describe('GraphQL', () => {
  async function start() {
    const state = { valid: 'at0', n: 0, operations: [] as string[] };
    const listen = async (request: IncomingMessage, response: ServerResponse) => {
      if (request.url === '/auth/refresh') {
        state.valid = `at${++state.n}`;
        return reply(response, 200, { access_token: state.valid, refresh_token: 'r', expires_in: 3600 });
      }
      const { query } = (await json(request)) as { query: string };
      state.operations.push(query);
      const isKnown = request.headers.authorization === `Bearer ${state.valid}`;
      if (!isKnown || query === '{ never }') {
        const errors = [{ message: 'Sign in', extensions: { code: 'UNAUTHENTICATED' } }];
        return reply(response, 200, { data: null, errors });
      }
      return reply(response, 200, { data: { me: { name: 'Ada' } } });
    };
    const { url } = await startHttpServer(listen);
    const run = openGuide('docs/guides/graphql.md', { [API]: url });
    const own = await run('graphql');
    const { session, graphql } = own as unknown as Own & { graphql(query: string): Promise<unknown> };
    await session.signIn({ access_token: 'at0', refresh_token: 'r', expires_in: 3600 });
    const revoke = () => {
      state.valid = 'revoked';
    };
    return { ...(own as unknown as Own), graphql, state, run, revoke };
  }

  it('refreshes once for all operations that say UNAUTHENTICATED, and sends them again', async () => {
    const { graphql, state, run, revoke } = await start();
    revoke();
    const printed: unknown[] = [];
    await Promise.all([
      run('me', { console: { log: (name: unknown) => printed.push(name) } }),
      graphql('mutation { like }'),
    ]);
    expect(printed).toEqual(['Ada']);
    expect([state.n, state.operations.length]).toEqual([1, 4]);
  });

  it('hands on the errors of the answer where a new token does not help', async () => {
    const { graphql, state } = await start();
    await expect(graphql('{ never }')).rejects.toThrow('Sign in');
    expect(state.n).toBe(1);
  });

  it('an operation that refuses every token keeps the others from a refresh, until one is accepted', async () => {
    const { graphql, state, revoke } = await start();
    await graphql('{ never }').catch(() => {});
    revoke();
    await expect(graphql('{ me }')).rejects.toThrow('Sign in');
    expect(state.n).toBe(1);
    state.valid = 'at1';
    await graphql('{ me }');
    revoke();
    await graphql('{ me }');
    expect(state.n).toBe(2);
  });

  it('sends a mutation once, if asked to, and refreshes all the same', async () => {
    const { api, session, state, revoke } = await start();
    revoke();
    const refreshed = nextEvent(session, 'refreshed');
    const { data } = await api.post('/graphql', { query: 'mutation { pay }' }, { bearer: { replay: false } });
    expect(data.errors).toHaveLength(1);
    await refreshed;
    expect(state.operations).toEqual(['mutation { pay }']);
  });
});

describe('Uploads', () => {
  const SIZE = 3_000_000;

  async function start() {
    const server = await startServer();
    const folder = await mkdtemp(join(tmpdir(), 'upload-'));
    atEnd(() => rm(folder, { recursive: true }));
    const path = join(folder, 'film.mp4');
    await writeFile(path, Buffer.alloc(SIZE, 'film'));
    const modules = { 'node:fs': fs, 'node:fs/promises': fsPromises, 'form-data': { default: FormData } };
    const run = openGuide('docs/guides/uploads.md', { [API]: server.url, '/files': '/echo/files' }, modules);
    const own = (await run('upload')) as unknown as Own & {
      upload(path: string, onProgress: (part: number) => void): Promise<{ data: Echo }>;
    };
    await own.session.signIn(server.issue());
    return { ...own, server, path, run };
  }

  it('a stream arrives whole after a 401, made anew, and its progress begins again', async () => {
    const { upload, server, path } = await start();
    const parts: number[] = [];
    server.expire();
    const { data } = await upload(path, (part) => parts.push(part));
    expect([data.length, server.stats.refresh]).toEqual([SIZE, 1]);
    expect(data.headers['content-length']).toBe(`${SIZE}`);
    expect(parts.at(-1)).toBe(1);
    expect(parts.some((part, i) => part < (parts[i - 1] ?? 0))).toBe(true);
  });

  it('a token that ends within ten minutes is refreshed first', async () => {
    const { upload, server, path } = await start();
    const clock = fakeClock();
    atEnd(() => clock.restore());
    await clock.advance(52 * 60_000);
    await upload(path, () => {});
    expect(server.log.map(({ path }) => path)).toEqual(['/auth/refresh', '/echo/files']);
  });

  it('a form of npm’s form-data is made anew, boundary and all', async () => {
    const { server, path, run } = await start();
    const { uploadForm } = (await run('form')) as { uploadForm(path: string): Promise<{ data: Echo }> };
    server.expire();
    const { data } = await uploadForm(path);
    const [, boundary] = /boundary=(.*)$/.exec(String(data.headers['content-type'])) ?? [];
    expect(data.text.startsWith(`--${boundary}\r\n`)).toBe(true);
    expect(data.length).toBeGreaterThan(SIZE);
  });

  it('a file of a page is sent again as it is', async () => {
    const { server, run } = await start();
    const { uploadFile } = (await run('page')) as {
      uploadFile(file: File, onProgress: (part: number) => void): Promise<{ data: Echo }>;
    };
    server.expire();
    const { data } = await uploadFile(new File([Buffer.alloc(SIZE)], 'film.mp4'), () => {});
    expect([data.length > SIZE, server.stats.refresh]).toEqual([true, 1]);
  });

  it.each<[string, () => unknown, number]>([
    ['JSON', () => ({ a: 'film' }), 12],
    ['a string', () => 'film', 4],
    ['Buffer', () => Buffer.from('film'), 4],
    ['URLSearchParams', () => new URLSearchParams({ a: 'film' }), 6],
    ['Blob', () => new Blob(['film']), 4],
    ['File', () => new File(['film'], 'film.mp4'), 4],
  ])('%s is sent again', async (_, body, length) => {
    const { api, server } = await start();
    server.expire();
    const { data } = await api.post<Echo>('/echo/files', body());
    expect([data.length, server.stats.refresh]).toEqual([length, 1]);
  });

  it('a bare stream fails, and the next call goes through', async () => {
    const { api, server, path } = await start();
    server.expire();
    const send = () => api.post('/echo/files', createReadStream(path)).catch(codeOf);
    expect(await send()).toBe('ERR_BEARER_BODY');
    expect(await send()).toMatchObject({ data: { length: SIZE } });
  });
});

describe('api.video', () => {
  const HOST = 'https://ws.api.video';

  it('uploads a video with nothing but the key', async () => {
    const server = await startServer();
    setEnv({ API_VIDEO_KEY: server.apiKey });
    const folder = await mkdtemp(join(tmpdir(), 'upload-'));
    atEnd(() => rm(folder, { recursive: true }));
    const path = join(folder, 'film.mp4');
    await writeFile(path, 'a film');
    const source = `apiVideo({ baseURL: '${server.url}', `;
    const modules = { 'node:fs': fs, 'form-data': { default: FormData } };
    const run = openGuide('docs/guides/api-video.md', { [HOST]: server.url, 'apiVideo({ ': source }, modules);
    const { api } = (await run('api')) as unknown as Own;
    const { uploadVideo } = (await run('videos')) as { uploadVideo(title: string, path: string): Promise<string> };
    await api.get('/videos');
    server.expire();
    expect(await uploadVideo('A film', path)).toBe('vi1');
    server.expire();
    server.revokeRefreshTokens();
    expect((await api.get('/videos')).data.data).toHaveLength(1);
    expect(server.stats).toMatchObject({ apiKey: 2, reuse: 0 });

    const { data } = await api.post('/upload-tokens', { ttl: 60 });
    const { uploadWith } = (await run('page')) as { uploadWith(token: string, file: File): Promise<unknown> };
    await uploadWith(data.token, new File(['a film'], 'film.mp4'));
    expect(server.log.at(-1)).toMatchObject({ path: '/upload', status: 201, authorized: false });
  });
});

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
