import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AxiosInstance } from 'axios';
import { type ApiVideo, startApiVideo } from 'axios-bearer/testing';
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

describe('a hold', () => {
  it('keeps requests waiting until release, and then holds nobody', async () => {
    const hold = server.hold('/echo*');
    const held = Promise.all([1, 2, 3].map((i) => api.get(`/echo/${i}`)));
    await hold.arrived(3);
    await hold.arrived(2);
    expect([hold.waiting, server.stats.inFlight]).toEqual([3, 3]);
    expect((await api.get('/videos')).status).toBe(200);
    hold.release();
    expect((await held).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await api.get('/echo')).status).toBe(200);
    expect([hold.waiting, server.stats.maxInFlight]).toEqual([0, 4]);
  });

  it('judges a request when it is let in: one that waits through an expiry is refused', async () => {
    const hold = server.hold('/echo');
    const late = api.get('/echo');
    await hold.arrived(1);
    server.expire();
    server.fault('/videos', { status: 500 });
    hold.release();
    expect((await late).status).toBe(401);
  });

  it('forgets a request whose client gave up, and does not do its work', async () => {
    const hold = server.hold('/videos');
    const abort = new AbortController();
    const given = codeOf(api.post('/videos', { title: 'never' }, { signal: abort.signal }));
    const kept = api.get('/videos');
    await hold.arrived(2);
    const closed = new Promise<void>((resolve) => {
      const watch = setInterval(() => hold.waiting === 1 && resolve(clearInterval(watch)), 1);
    });
    abort.abort();
    await closed;
    hold.release();
    expect(await given).toBe('ERR_CANCELED');
    expect((await kept).data.pagination.itemsTotal).toBe(0);
  });

  it('is passed one after the other when several match', async () => {
    const [first, second] = [server.hold('/echo'), server.hold(({ method }) => method === 'GET')];
    const held = api.get('/echo');
    await first.arrived(1);
    expect(second.waiting).toBe(0);
    first.release();
    await second.arrived(1);
    second.release();
    expect((await held).status).toBe(200);
  });

  it('ends with reset()', async () => {
    const hold = server.hold('*');
    const held = api.get('/echo');
    await hold.arrived(1);
    server.reset();
    expect((await held).status).toBe(200);
  });
});
