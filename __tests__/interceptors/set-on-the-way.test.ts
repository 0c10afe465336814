import { afterEach, describe, expect, it } from '@jest/globals';
import type { AxiosInterceptorOptions } from 'axios';
import type { BearerRequestOptions, Session, SessionOptions } from 'axios-bearer';
import { createSession, replayable } from 'axios-bearer';
import type { Echo } from 'axios-bearer/testing';
import { cleanUp, clientOf, closeAtEnd, failureOf, refreshing, startServer } from '../support/kit.js';

afterEach(cleanUp);

type How = AxiosInterceptorOptions | undefined;

/** An instance with a token that is fresh for `minutes`, and an interceptor that sets `config.bearer`. */
async function setting(how: How, option: false | BearerRequestOptions, minutes = 60) {
  const server = await startServer();
  const { access_token: accessToken, refresh_token: refreshToken } = server.issue();
  const now = Date.now();
  const tokens = {
    accessToken,
    refreshToken,
    issuedAt: now - (60 - minutes) * 60_000,
    expiresAt: now + minutes * 60_000,
  };
  const { api } = clientOf(server, { tokens });
  api.interceptors.request.use((config) => Object.assign(config, { bearer: option }), null, how);
  return { api, server };
}

function another(options: Partial<SessionOptions>): Session {
  return closeAtEnd(createSession({ source: refreshing, ...options }));
}

describe.each<[string, How]>([
  ['another interceptor', undefined],
  ['a `synchronous` interceptor', { synchronous: true }],
])('config.bearer, set by %s', (_, how) => {
  it('sends no token with `false`', async () => {
    const { api, server } = await setting(how, false);
    await failureOf(api.get('/videos'));
    expect(server.log.map(({ generation }) => generation)).toEqual([undefined]);
  });

  it('refreshes first for `minValidity`', async () => {
    const { api, server } = await setting(how, { minValidity: 10 * 60_000 }, 9);
    await api.get('/videos');
    expect(server.log.map(({ path }) => path)).toEqual(['/auth/refresh', '/videos']);
  });

  it('hands on the 401 with `replay: false`', async () => {
    const { api, server } = await setting(how, { replay: false });
    server.expire();
    await failureOf(api.get('/videos'));
    expect(server.log.filter(({ path }) => path === '/videos')).toHaveLength(1);
  });

  it.each(['fresh', 'expired'])(
    'L21 sends the token of `session`, %s, and never of the installed session',
    async (state) => {
      const server = await startServer();
      const { api } = clientOf(server);
      const tokens = { ...server.issue(), ...(state === 'expired' && { expires_in: 0 }) };
      const bob = another({ tokens });
      api.interceptors.request.use((config) => Object.assign(config, { bearer: { session: bob } }), null, how);
      await api.get('/videos');
      const sent = server.log.filter(({ path }) => path === '/videos').map(({ generation }) => generation);
      expect(sent).toEqual([state === 'fresh' ? 2 : 3]);
    },
  );

  it.each(['sent at once', 'replayed'])('L16 a `replayable()` body that it puts there is made: %s', async (when) => {
    const { api, server } = await setting(how, {});
    let made = 0;
    const put = { data: replayable(() => `made ${++made}`) };
    api.interceptors.request.use((config) => Object.assign(config, put), null, how);
    if (when === 'replayed') server.expire();
    const { data } = await api.post<Echo>('/echo', 'as it was');
    const sends = when === 'replayed' ? 2 : 1;
    expect([data.text, made]).toEqual([`made ${sends}`, sends]);
    expect(server.stats).toMatchObject({ refresh: sends - 1, ok: 1 });
  });
});
