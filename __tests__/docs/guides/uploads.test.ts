import * as fs from 'node:fs';
import { createReadStream } from 'node:fs';
import * as fsPromises from 'node:fs/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Echo, fakeClock } from 'axios-bearer/testing';
import FormData from 'form-data';
import { atEnd, cleanUp, startServer, until } from '../../support/kit.js';
import { API, codeOf, newFile, type Own, openGuide, setEnv } from './open.js';

afterEach(cleanUp);

describe('Uploads', () => {
  const SIZE = 3_000_000;

  async function start() {
    const server = await startServer();
    const path = await newFile(SIZE);
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
    // The server has all of it, and may answer, a moment before axios tells of the last part.
    await until(() => parts.at(-1) === 1);
    // Within one send it only grows. Axios tells of it a few times a second, but always of the first part.
    expect(parts.some((part, i) => part <= (parts[i - 1] ?? 0))).toBe(true);
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
    const path = await newFile(6);
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
