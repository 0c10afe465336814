import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AxiosInstance } from 'axios';
import { type ApiVideo, startApiVideo } from 'axios-bearer/testing';
import { clientOf } from './client.js';

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

describe('the log and the counters', () => {
  it('tell what came, in order of arrival, and with which generation of token', async () => {
    const start = await startApiVideo();
    const { access_token, refresh_token: refreshToken } = start.issue();
    start.expire();
    await clientOf(start, access_token).get('/echo?secret=1');
    const { data } = await clientOf(start).post('/auth/refresh', { refreshToken });
    await clientOf(start, data.access_token).get('/echo');
    const at = expect.any(Number);
    expect(start.log).toEqual([
      { at, method: 'GET', path: '/echo', status: 401, authorized: false, generation: 1 },
      { at, method: 'POST', path: '/auth/refresh', status: 200, authorized: false },
      { at, method: 'GET', path: '/echo', status: 200, authorized: true, generation: 2 },
    ]);
    expect(start.stats).toMatchObject({ requests: 3, refresh: 1, ok: 1, unauthorized: 1, reuse: 0, maxInFlight: 1 });
    await start.close();
  });

  it('hold no token and no query', async () => {
    const { refresh_token: refreshToken } = server.issue();
    await api.post('/auth/refresh?x=rt_canary', { refreshToken });
    await api.post('/auth/api-key', { apiKey: server.apiKey });
    expect(JSON.stringify([server.log, server.stats])).not.toMatch(/at_|rt_|canary|test-api-key/);
  });

  it('start anew with reset(), in the same objects, and tokens live on', async () => {
    const { stats, log } = server;
    server.fault('/echo', { status: 500 });
    await api.get('/videos');
    server.reset();
    expect(stats).toMatchObject({ requests: 0, ok: 0, maxInFlight: stats.inFlight });
    expect(log).toEqual([]);
    expect((await api.get('/echo')).status).toBe(200);
    expect([stats.requests, log.length]).toEqual([1, 1]);
  });

  it('keep up with a storm of 1,000 requests at once', async () => {
    const hold = server.hold('/echo');
    const storm = Promise.all(Array.from({ length: 1000 }, () => api.get('/echo')));
    await hold.arrived(1000);
    hold.release();
    await storm;
    expect(server.stats).toMatchObject({ requests: 1000, ok: 1000, maxInFlight: 1000 });
  });
});
