import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AxiosInstance } from 'axios';
import { type ApiVideo, startApiVideo, type Video } from 'axios-bearer/testing';
import { clientOf } from './client.js';

let server: ApiVideo;
let api: AxiosInstance;
let now = 1_700_000_000_000;
beforeEach(async () => {
  server = await startApiVideo({ now: () => now });
  api = clientOf(server, server.issue().access_token);
});
afterEach(() => server.close());

const bytes = randomBytes(100_000);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const form = () => {
  const data = new FormData();
  data.append('note', 'no file');
  data.append('file', new Blob([bytes]), 'film.mp4');
  return data;
};

describe('videos', () => {
  it('are made, read, changed and deleted', async () => {
    const made = await api.post<Video>('/videos', { title: 'One', tags: ['a'], videoId: 'mine' });
    expect(made.status).toBe(201);
    const url = `/videos/${made.data.videoId}`;
    expect(made.data).toMatchObject({ title: 'One', tags: ['a'], source: { uri: `${url}/source` } });
    expect(made.data.videoId).not.toBe('mine');
    expect((await api.patch<Video>(url, { title: 'Two' })).data.title).toBe('Two');
    expect((await api.get<Video>(url)).data).toMatchObject({ title: 'Two', tags: ['a'] });
    expect((await api.delete(url)).status).toBe(204);
    expect((await api.get(url)).status).toBe(404);
  });

  it('are listed in pages', async () => {
    for (const title of ['A', 'B', 'C']) await api.post('/videos', { title });
    const { data } = await api.get('/videos', { params: { currentPage: 2, pageSize: 2 } });
    expect(data.data.map((video: Video) => video.title)).toEqual(['C']);
    expect(data.pagination).toEqual({ currentPage: 2, pageSize: 2, pagesTotal: 2, itemsTotal: 3, currentPageItems: 1 });
  });

  it('need a title and well-formed JSON', async () => {
    const headers = { 'Content-Type': 'application/json' };
    expect((await api.post('/videos', {})).status).toBe(400);
    expect((await api.post('/videos', '{"title":', { headers })).status).toBe(400);
    await api.post('/videos', { title: 'A' });
    expect((await api.patch('/videos/vi1', '{"title":', { headers })).status).toBe(400);
  });

  it('take their source as multipart, and tell what was received', async () => {
    await api.post('/videos', { title: 'A' });
    const { status, data } = await api.post<Video>('/videos/vi1/source', form());
    expect(status).toBe(201);
    expect(data.source).toEqual({ uri: '/videos/vi1/source', name: 'film.mp4', bytes: bytes.length, sha256 });
  });

  it('refuse a source that is no multipart, or holds no file', async () => {
    await api.post('/videos', { title: 'A' });
    const empty = new FormData();
    empty.append('note', 'no file');
    expect((await api.post('/videos/vi1/source', { file: 1 })).status).toBe(400);
    expect((await api.post('/videos/vi1/source', empty)).status).toBe(400);
  });
});

describe('delegated uploads', () => {
  const upload = (token: string) => clientOf(server).post<Video>('/upload', form(), { params: { token } });

  it('take an upload token in place of a Bearer token, for as long as it lives', async () => {
    const { data } = await api.post('/upload-tokens', { ttl: 60 });
    expect(data).toEqual({ token: expect.any(String), ttl: 60, expiresAt: new Date(now + 60_000).toISOString() });
    const { status, data: video } = await upload(data.token);
    expect(status).toBe(201);
    expect(video).toMatchObject({ title: 'film.mp4', source: { bytes: bytes.length, sha256 } });
    expect((await api.get(`/videos/${video.videoId}`)).status).toBe(200);
    now += 60_000;
    expect((await upload(data.token)).status).toBe(401);
  });

  it('never expire with a ttl of 0, the default', async () => {
    const { data } = await api.post('/upload-tokens');
    expect(data).toMatchObject({ ttl: 0, expiresAt: null });
    now += 1e12;
    expect((await upload(data.token)).status).toBe(201);
  });

  it('are refused without a live token, and tokens need a Bearer token and a sane ttl', async () => {
    expect((await upload('to_unknown')).status).toBe(401);
    expect((await clientOf(server).post('/upload-tokens', { ttl: 1 })).status).toBe(401);
    expect((await api.post('/upload-tokens', { ttl: 'soon' })).status).toBe(400);
  });
});
