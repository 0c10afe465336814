import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { memoryStore, storageStore, type TokenResponse } from 'axios-bearer';
import {
  cleanUp,
  clientOf,
  codeOf,
  deferred,
  HOUR,
  installClock,
  MINUTE,
  settle,
  startClient,
  startServer,
  startSession,
  tokenPair,
  watchEvent,
} from '../support/kit.js';

afterEach(cleanUp);

const items = new Map<string, string>();
const storage = {
  getItem: (key: string) => items.get(key) ?? null,
  setItem: (key: string, value: string) => items.set(key, value),
};

describe('A token endpoint that answers with the same access token and a new end', () => {
  afterEach(() => items.clear());

  const same = (more: object = {}) => ({ access_token: 'same', expires_in: 3600, ...more });

  it.each([
    ['with no store', undefined, {}],
    ['with a memory store', memoryStore(), {}],
    ['with a storage store', storageStore(storage), {}],
    ['the refresh token rotates', undefined, { refresh_token: 'rt_next' }],
  ])('L12 is asked once: %s', async (_, store, answer) => {
    const clock = installClock();
    const source = jest.fn(async () => same(answer));
    const session = startSession({ store, source, tokens: same({ refresh_token: 'rt' }) });
    await session.token();
    await clock.advance(HOUR - MINUTE / 2);
    for (let i = 0; i < 3; i++) {
      await session.token();
      await settle();
    }
    expect(source).toHaveBeenCalledTimes(1);
    expect((session.state as { expiresAt: number }).expiresAt).toBeGreaterThan(Date.now() + HOUR - MINUTE);
  });

  it('L12 is asked once a life by the timer', async () => {
    const clock = installClock();
    const source = jest.fn(async () => same());
    startSession({ source, tokens: same({ refresh_token: 'rt' }), keepFresh: true });
    for (let minutes = 0; minutes < 3 * 60; minutes++) await clock.advance(MINUTE);
    expect(source.mock.calls.length).toBeLessThanOrEqual(4);
    expect(source.mock.calls.length).toBeGreaterThanOrEqual(2);
  });
});

it('L1 a refresh that goes on to obtain, as its refresh token was refused, is joined', async () => {
  const server = await startServer();
  const answers = [deferred<TokenResponse>(), deferred<TokenResponse>()];
  const obtain = jest.fn(() => (answers.shift() as (typeof answers)[0]).promise);
  const refresh = jest.fn(() =>
    Promise.reject(Object.assign(new Error('no'), { response: { status: 400, data: {} } })),
  );
  const [first, second] = answers as [(typeof answers)[0], (typeof answers)[0]];
  const { access_token, refresh_token } = server.issue();
  // Its end is not known: by our clock it is live.
  const tokens = { access_token, refresh_token };
  const { api, session } = clientOf(server, { tokens, source: { refresh, obtain }, backoff: { initial: 300 } });
  const begun = watchEvent(session, 'refreshing');
  server.expire();
  const early = api.get('/videos');
  while (obtain.mock.calls.length < 1) await settle();
  first.reject(Object.assign(new Error('busy'), { response: { status: 503, data: {} } }));
  await settle();
  const late = api.get('/videos');
  while (obtain.mock.calls.length < 2) await settle();
  second.resolve(server.issue());
  expect([(await early).status, (await late).status]).toEqual([200, 200]);
  expect([refresh.mock.calls.length, obtain.mock.calls.length, begun.all.length]).toEqual([1, 2, 1]);
});

it('the timer of keepFresh goes on after an outage, though it rings a moment before the hold-off is over', async () => {
  const clock = installClock();
  let down = true;
  const source = jest.fn(async () => {
    if (down) throw Object.assign(new Error('busy'), { response: { status: 503, data: {} } });
    return tokenPair('b');
  });
  const session = startSession({
    source,
    tokens: tokenPair('a'),
    keepFresh: true,
    leeway: MINUTE,
    refreshRetries: 0,
    backoff: { initial: 5_000 },
  });
  // Timers are of whole milliseconds, clocks of fractions.
  const real = performance.now.bind(performance);
  const now = jest.spyOn(performance, 'now').mockImplementation(() => real() + 0.5);
  await clock.advance(HOUR - MINUTE + 1_000);
  now.mockRestore();
  expect(source).toHaveBeenCalledTimes(1);
  down = false;
  await clock.advance(MINUTE / 2);
  expect(source).toHaveBeenCalledTimes(2);
  expect(await session.token()).toBe('at_b');
});

it('L10 a token that update() brought is refreshed like any other, when the store has hinted at its own write', async () => {
  const { server, api, session } = await startClient({ store: memoryStore() });
  await session.token();
  const { access_token } = server.issue();
  await session.update({ access_token });
  server.expire();
  expect((await api.get('/videos')).status).toBe(200);
  expect(await codeOf(session.refresh())).toBe('fulfilled');
  expect(server.stats.refresh).toBe(2);
});
