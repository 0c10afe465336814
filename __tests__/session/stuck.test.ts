import { afterEach, describe, expect, it } from '@jest/globals';
import { memoryStore, type RefreshFunction, type SessionOptions } from 'axios-bearer';
import { cleanUp, codeOf, installClock, never, recordEvents, settle, startClient } from '../support/kit.js';

afterEach(cleanUp);

const refreshTimeout = 1_000;

/**
 * As workerd has it: the timers and promises of a request stand still once the request is over. Here it is the first
 * request, within the leeway, that has begun a refresh behind it.
 */
async function stuckRefresh(options: Partial<SessionOptions> = {}) {
  const clock = installClock();
  let calls = 0;
  const source: RefreshFunction = async ({ refreshToken }, { client }) => {
    calls += 1;
    return calls === 1 ? never : (await client.post('/auth/refresh', { refreshToken })).data;
  };
  const made = await startClient({ refreshTimeout, refreshRetries: 0, source, ...options });
  await made.session.token();
  await clock.advance(56 * 60_000);
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (() => ({})) as unknown as typeof setTimeout;
  await made.session.token();
  await settle();
  globalThis.setTimeout = setTimeout;
  made.server.expire();
  return { ...made, clock, calls: () => calls };
}

const stores = [
  ['its own store', () => ({}), 4],
  ['a store that sessions share', () => ({ store: memoryStore() }), 7],
] as const;

describe.each(stores)(
  'a refresh that stands still since the request is over that began it, with %s',
  (_, more, holds) => {
    it('is not joined past its end: another one is begun, and ends', async () => {
      const { api, clock, server, calls } = await stuckRefresh(more());
      await clock.advance(holds * refreshTimeout + 1);
      const request = api.get('/echo');
      await settle();
      await clock.advance(100); // In which one that only stood still could go on.
      expect((await request).status).toBe(200);
      expect([server.stats.refresh, calls()]).toEqual([1, 2]);
    });

    it('is waited for until its end, as its answer may be on the way, and those that wait have a bound (L3, L24)', async () => {
      const { api, clock, calls } = await stuckRefresh(more());
      const request = codeOf(api.get('/echo'));
      await settle();
      await clock.advance(refreshTimeout);
      expect(await request).toBe('ERR_BEARER_UNAVAILABLE');
      expect(calls()).toBe(1);
    });
  },
);

describe('where a platform forbids timers until there is a request', () => {
  it.each([
    ['keepFresh', () => ({ keepFresh: true })],
    ['a store', () => ({ store: memoryStore() })],
    ['a store and keepFresh', () => ({ store: memoryStore(), keepFresh: true })],
  ])('a session can be made, and serves: with %s', async (_, more) => {
    const { setTimeout } = globalThis;
    globalThis.setTimeout = (() => {
      throw new Error('Disallowed operation called within global scope');
    }) as unknown as typeof setTimeout;
    const starting = startClient(more());
    const { api, server, session } = await starting.finally(() => {
      globalThis.setTimeout = setTimeout;
    });
    const seen = recordEvents(session);
    expect((await api.get('/echo')).status).toBe(200);
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats.refresh).toBe(1);
    expect(seen.map(([name]) => name)).not.toContain('refreshFailed');
  });
});
