import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type ApiVideo, startApiVideo } from 'axios-bearer/testing';
import rateLimit from 'axios-rate-limit';
import { atEnd, cleanUp, times } from '../support/kit.js';
import { clientWith, closeSessions, installed, type Variant, variants } from './client.js';

let server: ApiVideo;
beforeAll(async () => {
  server = await startApiVideo();
});
afterEach(async () => {
  closeSessions();
  await cleanUp();
  server.reset();
});
afterAll(() => server.close());

const A_MINUTE = 60_000;

/** Lets so many requests go now, and no other before the test is over, unless told otherwise. */
function limited(variant: Variant, maxRequests: number, perMilliseconds = A_MINUTE) {
  const limiter = rateLimit.getLimiter({ maxRequests, perMilliseconds });
  // Its timer would keep the process alive.
  atEnd(() => limiter.setRateLimitOptions({ maxRequests: 1_000, perMilliseconds: 1 }));
  return {
    limiter,
    ...clientWith(server, variant, (api) => limiter.enable(api)),
  };
}

describe.each(variants)(`axios-rate-limit (CommonJS only), ${installed}`, (variant) => {
  it('counts a request once: its replay and the refresh go past the limit', async () => {
    const { api, observed } = limited(variant, 1);
    server.expire();
    expect((await api.get('/videos')).status).toBe(200);
    expect(observed.requests).toBe(1);
    expect(server.log.map(({ path, status }) => `${path} ${status}`)).toEqual([
      '/videos 401',
      '/auth/refresh 200',
      '/videos 200',
    ]);
  });

  it('lets 20 go in a window of 20: they cost 41 hits where the token has expired', async () => {
    const { api } = limited(variant, 20);
    server.expire();
    const door = server.hold('/videos');
    const requests = times(20, () => api.get('/videos'));
    await door.arrived(20);
    door.release();
    await Promise.all(requests);
    expect(server.stats).toMatchObject({ requests: 41, refresh: 1, ok: 20 });
  });

  it('does not wait for itself where one request may go at a time', async () => {
    const { api } = limited(variant, 1, 2);
    server.expire();
    const answers = await Promise.all(times(5, () => api.get('/videos')));
    expect(answers.map(({ status }) => status)).toEqual(times(5, () => 200));
    expect(server.stats.refresh).toBe(1);
  });

  it('gives a request that queued for its turn the token of the moment at which it goes', async () => {
    const { api, session, limiter } = limited(variant, 1);
    await api.get('/videos');
    const queued = api.get('/videos');
    server.expire();
    await session.refresh();
    limiter.setRateLimitOptions({ maxRequests: 1, perMilliseconds: 1 });
    expect((await queued).status).toBe(200);
    expect(server.stats).toMatchObject({ unauthorized: 0, ok: 2 });
  });
});
