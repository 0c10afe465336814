import { afterEach, describe, expect, it } from '@jest/globals';
import { AxiosError } from 'axios';
import { cleanUp, codeOf, installClock, startClient } from '../support/kit.js';

afterEach(cleanUp);

const manners: [string, () => boolean | Promise<boolean>][] = [
  ['at once', () => undefined as never],
  ['after a while', async () => undefined as never],
];

describe.each(manners)('a predicate that says nothing %s: the default counts', (_, says) => {
  it('shouldRefresh', async () => {
    const { server, api } = await startClient({ shouldRefresh: says });
    expect((await api.get('/echo')).status).toBe(200);
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 1 });
  });

  it('shouldRefreshOnError', async () => {
    const adapter = () => Promise.reject(new AxiosError('no CORS headers', AxiosError.ERR_NETWORK));
    const { server, api } = await startClient({ defaults: { adapter }, shouldRefreshOnError: says });
    expect(await codeOf(api.get('/echo'))).toBe(AxiosError.ERR_NETWORK);
    expect(server.stats.refresh).toBe(0);
  });
});

const rules = [
  ['the default rule', {}],
  ['a rule of one’s own', { shouldRefresh: ({ status }: { status: number }) => status === 401 }],
] as const;

describe.each(rules)('an answer that may be given before the token is looked at, by %s', (_, options) => {
  it.each([429, 500, 502, 503])('L10 proves no token that was refused: %i', async (status) => {
    const clock = installClock();
    const { server, api, session } = await startClient({ ...options, refreshRetries: 0 });
    server.fault('/echo/odd', { status: 401 });
    server.fault('/auth/refresh', { status: 503 });
    expect(await codeOf(api.get('/echo/odd'))).toBe('ERR_BEARER_UNAVAILABLE');
    server.fault('/echo/busy', { status });
    await codeOf(api.get('/echo/busy'));
    await clock.advance(3_000);
    server.revokeRefreshTokens();
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_REJECTED');
    expect(session.state.status).toBe('failed');
  });

  it.each([429, 503])(
    'L6 leaves a new token unproven: the one before serves while that is refused, %i',
    async (status) => {
      const { server, api, session } = await startClient({ ...options, backoff: { initial: 1, factor: 1, cap: 1 } });
      await session.refresh();
      server.fault('/echo/busy', { status });
      await codeOf(api.get('/echo/busy'));
      server.fault('/echo/odd', { status: 401 });
      expect((await api.get('/echo/odd')).status).toBe(200);
      expect(server.stats.refresh).toBe(1);
    },
  );

  it('a 404 or a 403 was not: the token is proven', async () => {
    const { server, api, session } = await startClient({ ...options, backoff: { initial: 1, factor: 1, cap: 1 } });
    await session.refresh();
    server.fault('/echo/none', { status: 404 });
    await codeOf(api.get('/echo/none'));
    server.fault('/echo/odd', { status: 401 });
    expect((await api.get('/echo/odd')).status).toBe(200);
    expect(server.stats.refresh).toBe(2);
  });
});
