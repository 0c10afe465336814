import { afterEach, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { memoryStore } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import {
  anotherInstance,
  cleanUp,
  clientOf,
  failureOf,
  HOUR,
  installClock,
  instantAt,
  MINUTE,
  roundTrip,
  startServer,
  statusOrError,
  times,
  watchEvent,
} from '../support/kit.js';

afterEach(cleanUp);

describe('one flight per session', () => {
  it('L1 refreshes once for 100 concurrent requests whose token expired on the server', async () => {
    const server = await startServer();
    const { api } = clientOf(server);
    server.expire();
    const answers = await Promise.all(times(100, (i) => statusOrError(api.get(`/echo/${i}`))));
    expect(new Set(answers)).toEqual(new Set([200]));
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0, ok: 100 });
  });

  it('L1 refreshes once for 100 requests whose token expired by the clock, and sends none of them with the old one', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { tokens: { ...server.issue(), expires_in: 0 } });
    await Promise.all(times(100, (i) => api.get(`/echo/${i}`)));
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0, ok: 100, unauthorized: 0 });
  });

  it('L1 claims the flight in the very tick that asks for it: whoever asks next joins', async () => {
    const server = await startServer();
    const { session } = clientOf(server);
    const begun = watchEvent(session, 'refreshing');
    const both = [session.refresh(), session.refresh()];
    expect(session.state.status).toBe('refreshing');
    await Promise.all(both);
    expect(begun.all).toHaveLength(1);
  });

  it.each(['the default store', 'a store of one’s own that turns out to be empty'])(
    'L1 obtains a first token once for 50 requests, token() and refresh() together, with %s',
    async (which) => {
      const server = await startServer();
      const source = apiVideo({ apiKey: server.apiKey, baseURL: server.url });
      const store = which === 'the default store' ? undefined : memoryStore();
      const { api, session } = clientOf(server, { source, tokens: undefined, store });
      const hold = server.hold('/auth/api-key');
      const asked = [...times(50, (i) => api.get(`/echo/${i}`)), session.token(), session.refresh()];
      const all = Promise.all(asked);
      await Promise.race([hold.arrived(1), all]);
      await roundTrip(server, 1);
      hold.release();
      await all;
      expect(server.stats).toMatchObject({ apiKey: 1, refresh: 0, ok: 51, unauthorized: 0 }); // 1 is the round trip's
    },
  );

  it('L1 asks once when signIn() is called twice at once: the refresh cookie they look for may be spent only once', async () => {
    const server = await startServer();
    const source = instantAt(server);
    const { api, session } = clientOf(server, { source, tokens: undefined });
    await Promise.all([session.signIn(), session.signIn(), api.get('/echo'), session.refresh()]);
    expect(source.calls).toBe(1);
    expect(server.stats).toMatchObject({ ok: 1, unauthorized: 0 });
  });

  it.each(['the timer', 'a request inside the leeway', 'a 401', 'refresh()', 'token({ minValidity })'] as const)(
    'L1 lets the timer, requests inside the leeway, late 401s, refresh() and token() share the flight that %s began',
    async (starter) => {
      const clock = installClock();
      // The server's clock stands still, so that only expire() ends a token there. The deadline must outlast the timer.
      const server = await startServer({ now: () => 0 });
      const limits = { keepFresh: true, leeway: 10 * MINUTE, refreshTimeout: 100 * HOUR };
      const { api, session } = clientOf(server, limits);
      const refreshing = watchEvent(session, 'refreshing');
      const before = await session.token();
      const late = server.hold('/echo/late*');
      const lateOnes = times(3, (i) => api.get(`/echo/late/${i}`));
      await late.arrived(3);
      const hold = server.hold('/auth/refresh');

      const begin = {
        'the timer': () => clock.advance(50 * MINUTE),
        'a request inside the leeway': async () => {
          clock.jump(52 * MINUTE);
          await api.get('/echo/leeway');
        },
        'a 401': () => {
          server.expire();
          return [api.get('/echo/refused')];
        },
        'refresh()': () => [session.refresh()],
        'token({ minValidity })': () => {
          clock.jump(15 * MINUTE);
          return [session.token({ minValidity: 50 * MINUTE })];
        },
      };
      const begun = begin[starter]();
      await hold.arrived(1);
      expect(refreshing.all).toHaveLength(1);

      const waiting = watchEvent(session, 'waiting');
      server.expire();
      late.release();
      await waiting.count(3);
      clock.jump(15 * MINUTE);
      const asked = [session.refresh(), session.refresh(), session.token({ minValidity: 50 * MINUTE })];
      const requests = times(3, (i) => api.get(`/echo/new/${i}`));
      await clock.advance(50 * MINUTE); // the timer of the old token is over by then
      await roundTrip(server);
      hold.release();

      const tokens = await Promise.all(asked);
      await Promise.all([begun, ...lateOnes, ...requests].flat());
      expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
      expect(refreshing.all).toHaveLength(1);
      const after = await session.token();
      expect(after).not.toBe(before);
      expect(new Set(tokens.map((token) => (typeof token === 'string' ? token : token.accessToken)))).toEqual(
        new Set([after]),
      );
    },
  );

  it('L1 shares one flight among many instances of one session', async () => {
    const server = await startServer();
    const client = clientOf(server);
    const instances = [client.api, ...times(4, () => anotherInstance(client))];
    server.expire();
    await Promise.all(instances.flatMap((api) => times(10, (i) => api.get(`/echo/${i}`))));
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0, ok: 50 });
  });

  it.each(['before the store was read', 'afterwards'])(
    'L1 claims the flight in the tick that asks for it, %s, with a source that answers in that very tick',
    async (when) => {
      const server = await startServer();
      const source = instantAt(server);
      const client = clientOf(server, { source, tokens: { ...server.issue(), expires_in: 0 } });
      const other = anotherInstance(client);
      const { api, session } = client;
      if (when === 'afterwards') {
        await session.refresh();
        source.calls = 0;
        server.expire();
      }
      const asked = [session.refresh(), session.refresh(), api.get('/echo'), other.get('/echo'), session.refresh()];
      await Promise.all(asked);
      expect(source.calls).toBe(1);
      expect(server.stats.unauthorized).toBeLessThanOrEqual(when === 'afterwards' ? 2 : 0);
    },
  );

  it('L1 lets a listener that asks for a token join the flight it was told of', async () => {
    const server = await startServer();
    const source = instantAt(server);
    const { api, session } = clientOf(server, { source });
    await session.token();
    const joined: Promise<unknown>[] = [];
    session.on('refreshing', () => {
      if (joined.length < 2) joined.push(session.refresh(), session.refresh());
    });
    session.on('waiting', () => void joined.push(session.refresh()));
    server.expire();
    await api.get('/echo');
    await Promise.all(joined);
    expect(joined).toHaveLength(3);
    expect(source.calls).toBe(1);
  });

  it('L1 does not let a listener of the news start the next flight by asking for a token', async () => {
    const server = await startServer();
    const source = instantAt(server);
    const { api, session } = clientOf(server, { source });
    const joined: Promise<unknown>[] = [];
    session.on('refreshed', () => void joined.push(session.token(), api.get('/echo')));
    const off = session.subscribe(() => void joined.push(session.token()));
    server.expire();
    await Promise.all(times(5, (i) => api.get(`/echo/${i}`)));
    off();
    await Promise.all(joined);
    expect(source.calls).toBe(1);
  });

  it('L1 begins a new flight for who asks after the last one ended', async () => {
    const server = await startServer();
    const { session } = clientOf(server);
    const first = await session.refresh();
    const second = await session.refresh();
    expect(second.accessToken).not.toBe(first.accessToken);
    expect(server.stats).toMatchObject({ refresh: 2, reuse: 0 });
  });
});

it('L1 keeps one flight per session apart from another session’s', async () => {
  const server = await startServer();
  const [a, b] = [clientOf(server), clientOf(server)];
  server.expire();
  await Promise.all([a.api.get('/echo'), b.api.get('/echo')]);
  expect(server.stats).toMatchObject({ refresh: 2, reuse: 0, ok: 2 });
  expect(axios.isAxiosError(await failureOf(axios.get(`${server.url}/echo`)))).toBe(true);
});
