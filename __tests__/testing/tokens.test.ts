import { afterEach, describe, expect, it } from '@jest/globals';
import { type ApiVideo, type ApiVideoOptions, startApiVideo, type TokenAnswer } from 'axios-bearer/testing';
import { clientOf } from './client.js';

let server: ApiVideo;
afterEach(() => server.close());

async function start(options?: ApiVideoOptions) {
  server = await startApiVideo(options);
  return clientOf(server);
}
const refresh = (refreshToken: string) => clientOf(server).post('/auth/refresh', { refreshToken });
const me = async (token: string) => (await clientOf(server, token).get('/echo')).status;

describe('the token endpoints', () => {
  it('answer an API key with tokens that open the API', async () => {
    const api = await start();
    const { status, data, headers } = await api.post<TokenAnswer>('/auth/api-key', { apiKey: server.apiKey });
    expect(status).toBe(200);
    expect(data).toEqual({
      token_type: 'Bearer',
      expires_in: 3600,
      access_token: expect.stringMatching(/^at_[\x21-\x7e]{32}$/),
      refresh_token: expect.stringMatching(/^rt_[\x21-\x7e]{32}$/),
    });
    expect(headers['cache-control']).toBe('no-store');
    expect(await me(data.access_token)).toBe(200);
    expect(server.stats).toMatchObject({ apiKey: 1, refresh: 0, ok: 1, unauthorized: 0 });
  });

  it('take any of the keys they were given, and answer a wrong one 400 with problem details', async () => {
    const api = await start({ apiKeys: ['first', 'second'] });
    expect(server.apiKey).toBe('first');
    expect((await api.post('/auth/api-key', { apiKey: 'second' })).status).toBe(200);
    const { status, data, headers } = await api.post('/auth/api-key', { apiKey: 'third' });
    expect(status).toBe(400);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(data).toEqual({
      type: expect.stringMatching(/^https:/),
      title: 'Bad Request',
      status: 400,
      detail: expect.any(String),
    });
  });

  it.each(['{"apiKey":', '[]', 'null', '{}', '{"apiKey":1}', ''])('answer the body %j with 400', async (body) => {
    const api = await start();
    const headers = { 'Content-Type': 'application/json' };
    expect((await api.post('/auth/api-key', body, { headers })).status).toBe(400);
    expect((await api.post('/auth/refresh', body, { headers })).status).toBe(400);
  });

  it('refuse to start without any API key', async () => {
    await start();
    await expect(startApiVideo({ apiKeys: [] })).rejects.toThrow('apiKeys');
  });

  it('rotate: a new pair at each refresh, while the old access token lives on', async () => {
    await start();
    const first = server.issue();
    const { status, data } = await refresh(first.refresh_token);
    expect(status).toBe(200);
    expect(data.refresh_token).not.toBe(first.refresh_token);
    expect([await me(first.access_token), await me(data.access_token)]).toEqual([200, 200]);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it('end the whole family when a spent refresh token comes again, and no other family', async () => {
    await start();
    const [first, stranger] = [server.issue(), server.issue()];
    const { data: second } = await refresh(first.refresh_token);
    expect((await refresh(first.refresh_token)).status).toBe(400);
    expect([await me(first.access_token), await me(second.access_token)]).toEqual([401, 401]);
    expect((await refresh(second.refresh_token)).data.detail).toContain('revoked');
    expect(await me(stranger.access_token)).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 3, reuse: 1 });
  });

  it('only refuse and count a spent refresh token when reuse detection is off', async () => {
    await start({ reuseDetection: false });
    const first = server.issue();
    const { data: second } = await refresh(first.refresh_token);
    expect((await refresh(first.refresh_token)).status).toBe(400);
    expect((await refresh(second.refresh_token)).status).toBe(200);
    expect(server.stats.reuse).toBe(1);
  });

  it('keep the refresh token for good when rotation is off', async () => {
    await start({ rotate: false });
    const { refresh_token } = server.issue();
    expect((await refresh(refresh_token)).data.refresh_token).toBe(refresh_token);
    expect((await refresh(refresh_token)).data.refresh_token).toBe(refresh_token);
    expect(server.stats.reuse).toBe(0);
  });

  it('refuse an unknown refresh token', async () => {
    await start();
    expect((await refresh('rt_unknown')).status).toBe(400);
  });
});

describe('the life of tokens', () => {
  it('is enforced by the server’s own clock', async () => {
    let now = 1_000_000;
    await start({ expiresIn: 60, now: () => now });
    const { access_token, expires_in } = server.issue();
    expect(expires_in).toBe(60);
    now += 59_999;
    expect(await me(access_token)).toBe(200);
    now += 1;
    expect(await me(access_token)).toBe(401);
    expect(server.log.map(({ at }) => at)).toEqual([1_059_999, 1_060_000]);
  });

  it('changes for tokens minted after setExpiresIn', async () => {
    await start();
    server.setExpiresIn(2);
    expect(server.issue().expires_in).toBe(2);
  });

  it('ends at will: expire() stops access tokens, not refresh tokens', async () => {
    await start();
    const { access_token, refresh_token } = server.issue();
    server.expire();
    expect(await me(access_token)).toBe(401);
    const { data } = await refresh(refresh_token);
    expect(await me(data.access_token)).toBe(200);
  });

  it('ends at will: revokeRefreshTokens() stops refresh tokens, not access tokens', async () => {
    await start();
    const { access_token, refresh_token } = server.issue();
    server.revokeRefreshTokens();
    expect(await me(access_token)).toBe(200);
    expect((await refresh(refresh_token)).status).toBe(400);
    expect((await refresh(server.issue().refresh_token)).status).toBe(200);
    expect(server.stats.reuse).toBe(0);
  });
});
