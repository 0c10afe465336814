import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosInstance } from 'axios';
import {
  addInterceptors,
  cleanUp,
  failureOf,
  MINUTE,
  outcomeOf,
  startRecordedClient,
  type TokenAnswer,
} from '../support/kit.js';

afterEach(cleanUp);

/** All that an error says, its causes included. */
function said(error: unknown): string {
  let text = '';
  for (let each = error as Error | undefined; each; each = each.cause as Error | undefined) text += `${each.message}\n`;
  return text;
}

describe('L18 the refresh call', () => {
  it('L18 goes through ctx.client: same defaults, no interceptor, no Authorization', async () => {
    const { api, server, sends } = await startRecordedClient({
      defaults: { headers: { Authorization: 'Bearer stale', 'X-App': 'yes' }, params: { lang: 'en' } },
    });
    const seen = addInterceptors(api);
    server.expire();
    await api.get('/echo');
    const refresh = sends.find(({ path }) => path === '/auth/refresh')!;
    expect(refresh.headers['x-app']).toBe('yes');
    expect(refresh.query.lang).toBe('en');
    expect(refresh.headers.authorization).toBeUndefined();
    expect(seen.requests).toBe(1);
  });

  it('L18 ctx.client reads JSON and judges statuses for itself, whatever the instance does with its answers', async () => {
    const defaults = { validateStatus: () => true, responseType: 'arraybuffer' } as const;
    const { api, server } = await startRecordedClient({ defaults });
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    server.expire();
    server.revokeRefreshTokens();
    expect((await failureOf(api.get('/echo'))).code).toBe('ERR_BEARER_REJECTED');
  });

  it('L18 ctx.client takes the baseURL and headers that the instance was given later', async () => {
    const { api, server, sends } = await startRecordedClient();
    api.defaults.headers.common['X-Later'] = 'yes';
    server.expire();
    await api.get('/echo');
    expect(sends.find(({ path }) => path === '/auth/refresh')!.headers['x-later']).toBe('yes');
  });

  for (const tokens of [undefined, 'expired'] as const) {
    const situation = tokens ? 'an expired token' : 'a 401';
    it(`L18 recognises the guarded instance in the source’s synchronous part, after ${situation}`, async () => {
      let guarded: AxiosInstance | undefined;
      const { api, server, authorizations } = await startRecordedClient({
        tokens,
        source: ({ refreshToken }) =>
          guarded!.post<TokenAnswer>('/auth/refresh', { refreshToken }).then(({ data }) => data),
      });
      guarded = api;
      server.expire();
      const ends = await Promise.all([1, 2, 3].map((n) => outcomeOf(api.get(`/echo/${n}`))));
      expect(ends).toEqual([200, 200, 200]);
      expect(server.stats.refresh).toBe(1);
      expect(authorizations('/auth/refresh')).toEqual([undefined]);
    });

    it(`L18 does so too where interceptors of the app unwrap answers, after ${situation}`, async () => {
      let guarded: AxiosInstance | undefined;
      const { api, server } = await startRecordedClient({
        tokens,
        before: (bare) => void bare.interceptors.response.use((response) => response.data),
        source: ({ refreshToken }) => guarded!.post('/auth/refresh', { refreshToken }) as Promise<never>,
      });
      guarded = api;
      api.interceptors.request.use(async (config) => config);
      server.expire();
      expect(await api.get('/echo')).toMatchObject({ path: '/echo' });
    });

    it(`L18 never hangs when the source uses the guarded instance later, after ${situation}`, async () => {
      let guarded: AxiosInstance | undefined;
      const { api, server } = await startRecordedClient({
        tokens,
        refreshTimeout: 100,
        source: async ({ refreshToken }) => {
          await null;
          return (await guarded!.post<TokenAnswer>('/auth/refresh', { refreshToken })).data;
        },
      });
      guarded = api;
      server.expire();
      const end = await api.get('/echo').catch((error) => error);
      expect(server.stats.refresh).toBeLessThanOrEqual(1);
      // With a token that looks good it goes through as any other request does, and all is well.
      if (tokens === undefined && end.status === 200) return;
      expect(end.code).toBe('ERR_BEARER_UNAVAILABLE');
      expect(said(end)).toMatch(/ctx\.client/);
    });

    it(`L18 never recurses when the refresh call itself is answered 401, after ${situation}`, async () => {
      let guarded: AxiosInstance | undefined;
      let calls = 0;
      const { api, server } = await startRecordedClient({
        tokens,
        refreshTimeout: MINUTE,
        source: ({ refreshToken }) => {
          calls += 1;
          return guarded!.post<TokenAnswer>('/auth/refresh', { refreshToken }).then(({ data }) => data);
        },
      });
      guarded = api;
      server.expire();
      server.fault('/auth/refresh', { status: 401 });
      const error = await failureOf(api.get('/echo'));
      expect(error.code).toBe('ERR_BEARER_REJECTED');
      expect([calls, server.stats.refresh]).toEqual([1, 1]);
    });

    it(`L18 never recurses when a later call to the guarded instance is answered 401, after ${situation}`, async () => {
      let guarded: AxiosInstance | undefined;
      let calls = 0;
      const { api, server } = await startRecordedClient({
        tokens,
        refreshTimeout: 100,
        source: async () => {
          calls += 1;
          await null;
          return (await guarded!.get('/always-401')).data;
        },
      });
      guarded = api;
      server.expire();
      await failureOf(api.get('/echo'));
      expect(calls).toBe(1);
    });
  }

  it('L18 recognises the guarded instance in obtain() too, for a first token', async () => {
    let guarded: AxiosInstance | undefined;
    const { api, server } = await startRecordedClient({
      tokens: 'none',
      source: {
        obtain: () => guarded!.post<TokenAnswer>('/auth/api-key', { apiKey: server.apiKey }).then(({ data }) => data),
      },
    });
    guarded = api;
    expect((await Promise.all([api.get('/echo/1'), api.get('/echo/2')])).map(({ status }) => status)).toEqual([
      200, 200,
    ]);
    expect(server.stats.apiKey).toBe(1);
  });

  it('L18 recognises any instance that the session guards', async () => {
    let other: AxiosInstance | undefined;
    const { api, server, session } = await startRecordedClient({
      source: ({ refreshToken }) =>
        other!.post<TokenAnswer>('/auth/refresh', { refreshToken }).then(({ data }) => data),
    });
    other = axios.create({ baseURL: server.url });
    session.install(other);
    server.expire();
    const ends = await Promise.all([api.get('/echo/1'), other.get('/echo/2')]);
    expect(ends.map(({ status }) => status)).toEqual([200, 200]);
    expect(server.stats.refresh).toBe(1);
  });

  it('L18 leaves an instance that another session guards to that session', async () => {
    const other = await startRecordedClient();
    const { api, server } = await startRecordedClient({
      source: () => other.api.get('/echo').then(() => server.issue()),
    });
    server.expire();
    expect(await outcomeOf(api.get('/echo'))).toBe(200);
    expect(other.authorizations('/echo')).toEqual([`Bearer ${other.secrets[0]}`]);
    other.server.expire();
    server.expire();
    expect(await outcomeOf(api.get('/echo'))).toBe(200);
    expect(other.server.stats.refresh).toBe(1);
  });

  it('L18 attends again to what the guarded instance sends once the flight is over', async () => {
    let guarded: AxiosInstance | undefined;
    const { api, server } = await startRecordedClient({
      source: ({ refreshToken }) =>
        guarded!.post<TokenAnswer>('/auth/refresh', { refreshToken }).then(({ data }) => data),
    });
    guarded = api;
    for (let round = 1; round <= 2; round += 1) {
      server.expire();
      expect(await outcomeOf(api.get('/echo'))).toBe(200);
      expect(server.stats.refresh).toBe(round);
    }
  });

  it('L18 never hangs on a source that throws in its synchronous part after using the guarded instance', async () => {
    let guarded: AxiosInstance | undefined;
    const { api, server } = await startRecordedClient({
      refreshTimeout: 100,
      source: () => {
        guarded!.get('/public').catch(() => {});
        throw new Error('broken source');
      },
    });
    guarded = api;
    server.expire();
    expect((await failureOf(api.get('/echo'))).code).toMatch(/^ERR_BEARER_/);
    expect(await outcomeOf(api.get('/public'))).toBe(200);
  });
});
