import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type InstallOptions, replayable, type SessionOptions, type TokenResponse } from 'axios-bearer';
import {
  ALWAYS,
  type Client,
  cleanUp,
  codeOf,
  deferred,
  failureOf,
  installClock,
  MINUTE,
  nextEvent,
  QUICK,
  recordEvents,
  refreshing,
  replayHeldAt,
  rules,
  startClient,
} from '../../support/kit.js';

afterEach(cleanUp);

type Options = Partial<SessionOptions> & InstallOptions;

/** More than `refreshWindow` bears, by default. */
const ROUNDS = 7;

describe.each(rules)('L7 Refreshes that helped, by %s', (_, options) => {
  it('L7 are never counted, however many rounds of expiry and refresh there are', async () => {
    const { server, api, session } = await startClient({ backoff: QUICK, ...options });
    const seen = recordEvents(session);
    for (let round = 1; round <= ROUNDS; round += 1) {
      server.expire();
      expect((await api.get('/videos')).status).toBe(200);
      expect((await api.get('/videos')).status).toBe(200);
    }
    expect(seen.map(([name]) => name)).not.toContain('breakerOpen');
    expect(server.stats).toMatchObject({ refresh: ROUNDS, unauthorized: ROUNDS });
  });

  it('L7 are never counted where the answer is a failure of another kind: the token was good', async () => {
    const { server, api, session } = await startClient({ backoff: QUICK, ...options });
    const seen = recordEvents(session);
    for (let round = 1; round <= ROUNDS; round += 1) {
      server.expire();
      expect((await failureOf(api.get('/videos/none'))).response.status).toBe(404);
    }
    expect(seen.map(([name]) => name)).not.toContain('breakerOpen');
    expect(server.stats).toMatchObject({ refresh: ROUNDS, unauthorized: ROUNDS });
  });

  it('L7 are never counted where they were asked for by hand, and a good answer came before the next 401', async () => {
    const { server, api, session } = await startClient({ backoff: QUICK, ...options });
    const seen = recordEvents(session);
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
    const { server, api, session } = await startClient({
      backoff: QUICK,
      ...options,
      defaults: { validateStatus: null },
    });
    const seen = recordEvents(session);
    for (let round = 1; round <= ROUNDS; round += 1) {
      server.expire();
      expect((await api.get('/videos/none')).status).toBe(404);
    }
    expect(seen.map(([name]) => name)).not.toContain('breakerOpen');
    expect(server.stats.refresh).toBe(ROUNDS);
  });
});

describe.each(rules)('L7 Refreshes that do not help, by %s', (_, options) => {
  it('L7 are two for one target, however often it is polled, and then the 401 is handed on', async () => {
    const { server, api } = await startClient({ backoff: QUICK, ...options });
    for (let poll = 0; poll < 10; poll += 1) {
      expect((await failureOf(api.get('/always-401'))).response.status).toBe(401);
    }
    expect(server.stats.refresh).toBe(2);
  });

  it('L7 are bounded over all targets, and then the 401 is handed on', async () => {
    const { server, api } = await startClient({ backoff: QUICK, ...options });
    server.fault('/echo/*', { status: 401 }, ALWAYS);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
      expect((await failureOf(api.get(`/echo/${name}`))).response.status).toBe(401);
    }
    expect(server.stats.refresh).toBe(5);
  });
});

describe('L7 A target that refuses each new token, beside another one that accepts them all,', () => {
  const refused = '/echo/refused';
  const failing = (thrown: string) => () => {
    throw new Error(thrown);
  };
  const fails = async (request: Promise<unknown>) => void (await failureOf(request));
  const ends: [string, Options, (client: Client) => Promise<void>][] = [
    ['are not to be sent again', {}, ({ api }) => fails(api.get(refused, { bearer: { replay: false } }))],
    ['are never replayed', { maxReplays: 0 }, ({ api }) => fails(api.get(refused))],
    ['have a body that can be sent once', {}, ({ api }) => fails(api.post(refused, Readable.from(['once'])))],
    [
      'are given up before their replay',
      {},
      async ({ api, session }) => {
        const given = new AbortController();
        const stop = session.on('replayed', () => given.abort());
        await fails(api.get(refused, { signal: given.signal }));
        stop();
      },
    ],
    [
      'can’t be prepared for their replay',
      { beforeSend: (_, { replay }) => (replay ? failing('no proof')() : undefined) },
      ({ api }) => fails(api.get(refused)),
    ],
    [
      'have a body that can’t be made anew',
      {},
      ({ api }) => {
        const bodies = [() => 'first', failing('no second one')];
        return fails(
          api.post(
            refused,
            replayable(() => bodies.shift()?.()),
          ),
        );
      },
    ],
    [
      'come to no answer, and may have been done',
      { shouldRefreshOnError: () => true },
      async (client) => {
        client.server.fault('/echo/dropped', 'reset');
        await fails(client.api.post('/echo/dropped', {}));
      },
    ],
  ];
  it.each(ends)('L7 starts one refresh, however often it is polled by requests that %s', async (_, options, poll) => {
    const client = await startClient({ backoff: QUICK, ...options });
    client.server.fault(refused, { status: 401 }, ALWAYS);
    for (let i = 0; i < 8; i += 1) {
      await poll(client);
      expect((await client.api.get('/echo/good')).status).toBe(200);
    }
    expect(client.server.stats.refresh).toBe(1);
  });

  it('L7 starts one refresh also where the source hands out the same token again', async () => {
    let asked = 0;
    const { server, api } = await startClient({ tokens: undefined, source: { obtain: async () => obtained() } });
    const same = server.issue();
    const obtained = () => {
      asked += 1;
      return same;
    };
    server.fault(refused, { status: 401 }, ALWAYS);
    for (let i = 0; i < 8; i += 1) {
      await fails(api.get(refused, { bearer: { replay: false } }));
      expect((await api.get('/echo/good')).status).toBe(200);
    }
    expect(asked).toBe(1 + 1);
  });

  it('L7 is asked again after a pause, as it may hear of the new token later', async () => {
    const { server, api } = await startClient({ backoff: QUICK });
    server.fault(refused, { status: 401 }, { times: 2 });
    await fails(api.get(refused, { bearer: { replay: false } }));
    expect((await api.get('/echo/good')).status).toBe(200);
    expect((await api.get(refused)).status).toBe(200);
    expect(server.stats.refresh).toBe(1);
  });

  it('L7 is forgotten when it accepts a token: the end of that one is none of its doing', async () => {
    const { server, api } = await startClient({ backoff: QUICK });
    for (let i = 1; i <= 3; i += 1) {
      server.expire();
      await fails(api.get('/echo/own', { bearer: { replay: false } }));
      expect((await api.get('/echo/good')).status).toBe(200);
      expect((await api.get('/echo/own')).status).toBe(200);
      expect(server.stats.refresh).toBe(i);
    }
  });
});

it('L7 a request whose timeout would end its pause gets the server’s 401, and not a timeout of its own', async () => {
  const { server, api, session } = await startClient({ backoff: { initial: 60_000, cap: 60_000 } });
  const refreshed = recordEvents(session);
  expect((await failureOf(api.get('/always-401', { timeout: 30_000 }))).response.status).toBe(401);
  expect(refreshed.filter(([name]) => name === 'refreshed')).toHaveLength(2);
  expect(server.stats).toMatchObject({ refresh: 2, unauthorized: 3 });
});

it('L7 a rule that takes its time and finds fault with every answer gives the answer back, and the session is kept', async () => {
  const { server, api, session } = await startClient({ backoff: QUICK, shouldRefresh: async () => true });
  for (let poll = 0; poll < 10; poll += 1) expect((await api.get('/echo')).status).toBe(200);
  expect(server.stats.refresh).toBe(2);
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) expect((await api.get(`/echo/${name}`)).status).toBe(200);
  expect(server.stats.refresh).toBe(5);
  expect(session.state.status).toBe('active');
});

describe('L7 While the breaker is open', () => {
  /** Open for an hour, after one refresh that did not help. */
  async function opened(options: Options = {}) {
    const made = await startClient({ backoff: QUICK, refreshWindow: { limit: 1, interval: 3_600_000 }, ...options });
    const { server, api, session } = made;
    const open = nextEvent(session, 'breakerOpen');
    expect(await codeOf(api.get('/always-401'))).toBe('ERR_BAD_REQUEST');
    expect((await open).retryAfter).toBeGreaterThan(0);
    expect(server.stats.refresh).toBe(1);
    return made;
  }

  it('L7 a 401 waits all the same for a refresh that is under way, and is replayed', async () => {
    const clock = installClock();
    const { server, api, session } = await opened();
    const refresh = server.hold('/auth/refresh');
    // Inside the leeway of an hour's token: it is refreshed behind the request.
    await clock.advance(56 * MINUTE);
    await api.get('/echo');
    await refresh.arrived(1);
    server.fault('/echo/late', { status: 401 });
    const waits = nextEvent(session, 'waiting');
    const late = api.get('/echo/late');
    late.catch(() => {});
    await Promise.race([waits, late.catch(() => {})]);
    refresh.release();
    expect((await late).status).toBe(200);
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
    const waits = nextEvent(session, 'waiting');
    door.release();
    await Promise.race([waits, late.catch(() => {})]);
    answer.resolve(server.issue());
    await signIn;
    expect((await late).status).toBe(200);
    expect(server.stats.refresh).toBe(1);
  });

  it('L7 a 401 of a target that had accepted a token starts a refresh all the same, and of another one does not', async () => {
    const { server, api } = await opened();
    expect((await api.get('/echo/known')).status).toBe(200);
    server.expire();
    expect(await codeOf(api.get('/echo/unknown'))).toBe('ERR_BAD_REQUEST');
    expect(server.stats.refresh).toBe(1);
    expect((await api.get('/echo/known')).status).toBe(200);
    expect(server.stats.refresh).toBe(2);
    expect((await api.get('/echo/unknown')).status).toBe(200);
  });

  it('L7 a target that had accepted a token starts one refresh per interval, whether it helps or not', async () => {
    const { server, api } = await opened();
    expect((await api.get('/echo/known')).status).toBe(200);
    for (const end of ['fulfilled', 'ERR_BAD_REQUEST']) {
      server.expire();
      expect(await codeOf(api.get('/echo/known'))).toBe(end);
    }
    expect(server.stats.refresh).toBe(2);
  });

  it('L7 it is told again when it opens again, and says how long each time', async () => {
    const { api, session } = await opened({ refreshWindow: { limit: 1, interval: 50 } });
    const told: number[] = [];
    session.on('breakerOpen', ({ retryAfter }) => told.push(retryAfter));
    while (told.length < 2) expect(await codeOf(api.get('/always-401'))).toBe('ERR_BAD_REQUEST');
    expect(told.every((ms) => ms > 0 && Math.floor(ms) <= 50)).toBe(true); // A sum of fractions of a ms is not exact.
  });
});

it('L7 a token that is refused when another one is in use already says nothing of its target', async () => {
  const { server, api } = await startClient({ backoff: QUICK, maxReplays: 1 });
  server.expire();
  const { failure, door } = await replayHeldAt('/echo/slow', server, api);
  expect((await api.get('/echo/other')).status).toBe(200);
  server.expire();
  expect((await api.get('/echo/other')).status).toBe(200);
  // It is judged now: its token was good when it was sent.
  door.release();
  expect((await failure).response.status).toBe(401);
  server.expire();
  expect((await api.get('/echo/slow')).status).toBe(200);
  expect(server.stats.refresh).toBe(3);
});
