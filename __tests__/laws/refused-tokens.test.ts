import { afterEach, describe, expect, it } from '@jest/globals';
import type { InstallOptions, SessionOptions, TokenResponse } from 'axios-bearer';
import { closeAll, codeOf, deferred, failureOf, next, record, refreshing, scene } from '../support/sessions.js';

afterEach(closeAll);

const SOON = { initial: 1, factor: 1, cap: 1 };
/** More than `refreshWindow` bears, by default. */
const ROUNDS = 7;

type Options = Partial<SessionOptions> & InstallOptions;

const isRefused = ({ status }: { status: number }) => status === 401;
const rules: [string, Options][] = [
  ['the default', {}],
  ['a rule of one’s own', { shouldRefresh: isRefused }],
  ['a rule that takes its time', { shouldRefresh: async (answer) => isRefused(answer) }],
];

describe.each(rules)('L7 Refreshes that helped, by %s', (_, options) => {
  it('L7 are never counted, however many rounds of expiry and refresh there are', async () => {
    const { server, api, session } = await scene({ backoff: SOON, ...options });
    const seen = record(session);
    for (let round = 1; round <= ROUNDS; round += 1) {
      server.expire();
      expect((await api.get('/videos')).status).toBe(200);
      expect((await api.get('/videos')).status).toBe(200);
    }
    expect(seen.map(([name]) => name)).not.toContain('breakerOpen');
    expect(server.stats).toMatchObject({ refresh: ROUNDS, unauthorized: ROUNDS });
  });

  it('L7 are never counted where the answer is a failure of another kind: the token was good', async () => {
    const { server, api, session } = await scene({ backoff: SOON, ...options });
    const seen = record(session);
    for (let round = 1; round <= ROUNDS; round += 1) {
      server.expire();
      expect((await failureOf(api.get('/videos/none'))).response.status).toBe(404);
    }
    expect(seen.map(([name]) => name)).not.toContain('breakerOpen');
    expect(server.stats).toMatchObject({ refresh: ROUNDS, unauthorized: ROUNDS });
  });

  it('L7 are never counted where they were asked for by hand, and a good answer came before the next 401', async () => {
    const { server, api, session } = await scene({ backoff: SOON, ...options });
    const seen = record(session);
    for (let round = 1; round <= ROUNDS; round += 1) {
      await session.refresh();
      expect((await api.get('/videos')).status).toBe(200);
      server.fault('/videos', { status: 401 });
      expect((await api.get('/videos')).status).toBe(200);
    }
    expect(seen.map(([name]) => name)).not.toContain('breakerOpen');
    expect(server.stats).toMatchObject({ refresh: 2 * ROUNDS, unauthorized: ROUNDS });
  });

  it('L7 are never counted where the caller lets every status through', async () => {
    const { server, api, session } = await scene({ backoff: SOON, ...options, axios: { validateStatus: null } });
    const seen = record(session);
    for (let round = 1; round <= ROUNDS; round += 1) {
      server.expire();
      expect((await api.get('/videos/none')).status).toBe(404);
    }
    expect(seen.map(([name]) => name)).not.toContain('breakerOpen');
    expect(server.stats.refresh).toBe(ROUNDS);
  });
});

describe.each(rules)('L7 Refreshes that do not help, by %s', (_, options) => {
  it('L7 are bounded, and then the 401 is handed on', async () => {
    const { server, api } = await scene({ backoff: SOON, ...options });
    for (let poll = 0; poll < 10; poll += 1) {
      expect((await failureOf(api.get('/always-401'))).response.status).toBe(401);
    }
    expect(server.stats.refresh).toBe(5);
  });

  it('L6 send one request at most twice more', async () => {
    const { server, api } = await scene({ backoff: SOON, maxReplays: 10, ...options });
    expect((await failureOf(api.get('/always-401'))).response.status).toBe(401);
    expect(server.stats).toMatchObject({ refresh: 2, unauthorized: 3 });
  });
});

it('L7 a rule that takes its time and finds fault with every answer gives the answer back, and the session is kept', async () => {
  const { server, api, session } = await scene({ backoff: SOON, shouldRefresh: async () => true });
  for (let poll = 0; poll < 10; poll += 1) expect((await api.get('/echo')).status).toBe(200);
  expect(server.stats.refresh).toBe(5);
  expect(session.state.status).toBe('active');
});

it('L24 a rule whose promise fails fails its request, with what it failed with, and blocks nobody', async () => {
  let broken = true;
  const shouldRefresh = async ({ status }: { status: number }) => {
    if (broken) throw new Error('no such rule');
    return status === 401;
  };
  const { server, api } = await scene({ shouldRefresh });
  await expect(api.get('/echo')).rejects.toThrow('no such rule');
  broken = false;
  server.expire();
  expect((await api.get('/echo')).status).toBe(200);
});

describe('L7 While the breaker is open', () => {
  /** Open for an hour, after one refresh that did not help. */
  async function opened(options: Options = {}) {
    const made = await scene({ backoff: SOON, refreshWindow: { limit: 1, interval: 3_600_000 }, ...options });
    const { server, api, session } = made;
    const open = next(session, 'breakerOpen');
    expect(await codeOf(api.get('/always-401'))).toBe('ERR_BAD_REQUEST');
    expect((await open).retryAfter).toBeGreaterThan(0);
    expect(server.stats.refresh).toBe(1);
    return made;
  }

  it('L7 a 401 waits all the same for a refresh that is under way, and is replayed', async () => {
    const { server, api, session } = await opened();
    const refresh = server.hold('/auth/refresh');
    const byHand = session.refresh();
    await refresh.arrived(1);
    server.fault('/echo/late', { status: 401 });
    const waits = next(session, 'waiting');
    const late = api.get('/echo/late');
    late.catch(() => {});
    await Promise.race([waits, late.catch(() => {})]);
    refresh.release();
    expect((await late).status).toBe(200);
    await byHand;
    expect(server.stats.refresh).toBe(2);
  });

  it('L7 a 401 waits all the same for a sign-in that is under way', async () => {
    const answer = deferred<TokenResponse>();
    const source = { refresh: refreshing, obtain: () => answer.promise };
    const { server, api, session } = await opened({ identity: () => 'ada', source });
    server.fault('/echo/late', { status: 401 });
    const door = server.hold('/echo/late');
    const late = api.get('/echo/late');
    late.catch(() => {});
    await door.arrived(1);
    const signIn = session.signIn();
    const waits = next(session, 'waiting');
    door.release();
    await Promise.race([waits, late.catch(() => {})]);
    answer.resolve(server.issue());
    await signIn;
    expect((await late).status).toBe(200);
    expect(server.stats.refresh).toBe(1);
  });

  it('L7 it is told again when it opens again, and says how long each time', async () => {
    const { api, session } = await opened({ refreshWindow: { limit: 1, interval: 50 } });
    const told: number[] = [];
    session.on('breakerOpen', ({ retryAfter }) => told.push(retryAfter));
    while (told.length < 2) expect(await codeOf(api.get('/always-401'))).toBe('ERR_BAD_REQUEST');
    expect(told.every((ms) => ms > 0 && ms <= 50)).toBe(true);
  });
});
