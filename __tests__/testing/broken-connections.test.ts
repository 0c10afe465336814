import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosInstance } from 'axios';
import { type ApiVideo, type Fault, startApiVideo } from 'axios-bearer/testing';
import { clientOf, codeOf } from './client.js';

let server: ApiVideo;
let api: AxiosInstance;
beforeAll(async () => {
  server = await startApiVideo();
});
beforeEach(() => {
  server.reset();
  api = clientOf(server, server.issue().access_token);
});
afterAll(() => server.close());

const play = (fault: Fault) => {
  server.fault('/echo', fault);
  return api.get('/echo');
};

describe('connections that break', () => {
  it('before any answer', async () => {
    expect(await codeOf(play('reset'))).toBe('ECONNRESET');
    expect(server.log[0]).toMatchObject({ path: '/echo', status: 0, authorized: true, generation: expect.any(Number) });
  });

  it('after the headers', async () => {
    server.fault('/echo', 'reset-after-headers');
    const { status, data } = await api.get('/echo', { responseType: 'stream' });
    expect(status).toBe(200);
    await expect(data.toArray()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(server.stats.ok).toBe(0);
  });

  it('in the middle of the body', async () => {
    server.fault('/echo', 'cut-body');
    const { data, headers } = await api.get('/echo', { responseType: 'stream' });
    const received: Buffer[] = [];
    data.on('data', (chunk: Buffer) => received.push(chunk));
    await expect(new Promise((_, reject) => data.once('error', reject))).rejects.toBeDefined();
    const length = Buffer.concat(received).length;
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThan(Number(headers['content-length']));
  });

  it('never: it hangs until the client gives up, and close() ends it too', async () => {
    const own = await startApiVideo();
    own.fault('*', 'hang', { times: 2 });
    expect(await codeOf(axios.get(own.url, { timeout: 50 }))).toBe('ECONNABORTED');
    const hold = own.hold('/later');
    const hanging = codeOf(axios.get(`${own.url}/now`));
    const held = codeOf(axios.get(`${own.url}/later`));
    await hold.arrived(1);
    await Promise.all([own.close(), own.close()]);
    expect(await Promise.all([hanging, held])).toEqual(['ECONNRESET', 'ECONNRESET']);
  });

  it('after the work is done: the refresh token is spent and the answer lost', async () => {
    const { refresh_token: refreshToken } = server.issue();
    server.fault('/auth/refresh', 'lost');
    expect(await codeOf(api.post('/auth/refresh', { refreshToken }))).toBe('ECONNRESET');
    expect((await api.post('/auth/refresh', { refreshToken })).data.detail).toContain('spent');
    expect(server.stats.reuse).toBe(1);
  });
});

describe('answers that take their time', () => {
  it('come right, after a delay', async () => {
    const from = performance.now();
    const { status } = await play({ delay: 40 });
    expect(status).toBe(200);
    expect(performance.now() - from).toBeGreaterThanOrEqual(35);
  });

  it('come right, one byte at a time', async () => {
    server.fault('/echo', { drip: 1 });
    const { data } = await api.get('/echo', { responseType: 'stream' });
    const chunks: Buffer[] = await data.toArray();
    expect(chunks.length).toBeGreaterThan(10);
    expect(JSON.parse(Buffer.concat(chunks).toString())).toMatchObject({ path: '/echo' });
  });

  it('come late with latency, the work done at once', async () => {
    const own = await startApiVideo({ latency: 40, refreshLatency: 40 });
    const { access_token, refresh_token: refreshToken } = own.issue();
    const client = clientOf(own, access_token);
    const from = performance.now();
    const statuses = await Promise.all([client.get('/echo'), client.post('/auth/refresh', { refreshToken })]);
    expect(statuses.map(({ status }) => status)).toEqual([200, 200]);
    expect(performance.now() - from).toBeGreaterThanOrEqual(35);
    await own.close();
  });
});
