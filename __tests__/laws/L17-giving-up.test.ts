import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosRequestConfig, type InternalAxiosRequestConfig } from 'axios';
import { memoryStore, type TokenStore } from 'axios-bearer';
import { fakeClock } from 'axios-bearer/testing';
import { requestsOf } from '../../lib/session/session.js';
import {
  answerOf,
  atEnd,
  cleanUp,
  codeOf,
  deferred,
  failureOf,
  MINUTE,
  nextEvent,
  outcomeOf,
  QUICK,
  roundTrip,
  settle,
  startRecordedClient,
  storeWith,
  tokenPair,
  watchEvent,
} from '../support/kit.js';

afterEach(cleanUp);

interface Quitter {
  config: AxiosRequestConfig;
  quit: () => unknown;
  code: string;
}
/** Shorter than a place at the gate lasts (L9). */
const SHORT = 900;

/** @param patience ms, of a request on the wire: sockets keep real time */
const quitters: Record<string, (place?: 'wire' | 'gate', patience?: number) => Quitter> = {
  'its signal': () => {
    const abort = new AbortController();
    return { config: { signal: abort.signal }, quit: () => abort.abort(), code: 'ERR_CANCELED' };
  },
  'its cancelToken': () => {
    const { token, cancel } = axios.CancelToken.source();
    return { config: { cancelToken: token }, quit: () => cancel('enough'), code: 'ERR_CANCELED' };
  },
  'its timeout': (place, patience) => {
    const code = 'ECONNABORTED';
    if (place === 'wire') return { config: { timeout: patience! }, quit: () => {}, code };
    const clock = fakeClock();
    atEnd(() => clock.restore());
    const timeout = place === 'gate' ? SHORT : MINUTE;
    return { config: { timeout }, quit: () => clock.advance(timeout + 1), code };
  },
};

type Place = 'before their first send' | 'after a 401';
const after = (place: Place) => (place === 'after a 401' ? '401' : 'held');

/** One place at the gate, for requests that wait for a refresh, which is held. */
async function rigAtTheGate(place: Place) {
  const made = await startRecordedClient({
    replayConcurrency: 1,
    tokens: place === 'after a 401' ? undefined : 'expired',
  });
  const { api, server } = made;
  server.expire();
  const refresh = server.hold('/auth/refresh');
  /**
   * Sends /echo/1 and so on; the first one waits first. For a 401 the others are on their way by then, as one that starts
   * during the refresh would be held (L2).
   */
  const inOrder = async ([first, ...rest]: AxiosRequestConfig[]) => {
    const sendRest = () => rest.map((config, n) => outcomeOf(api.get(`/echo/${n + 2}`, config)));
    const late = server.hold(({ path }) => place === 'after a 401' && /^\/echo\/[2-9]$/.test(path));
    const early = place === 'after a 401' ? sendRest() : [];
    if (early.length > 0) await late.arrived(rest.length);
    const sent = outcomeOf(api.get('/echo/1', first));
    await refresh.arrived(1);
    late.release();
    return [sent, ...(early.length > 0 ? early : sendRest())];
  };
  return { ...made, refresh, inOrder };
}

describe('L17 giving up', () => {
  for (const [name, make] of Object.entries(quitters)) {
    for (const place of ['held before its first send', 'waiting after a 401'] as const) {
      it(`L17 ends a request at once by ${name} while ${place}, and the flight goes on for the others`, async () => {
        const { api, server, session, sends } = await startRecordedClient({
          tokens: place.startsWith('held') ? 'expired' : undefined,
          refreshTimeout: 2 * MINUTE,
        });
        server.expire();
        const hold = server.hold('/auth/refresh');
        const { config, quit, code } = make();
        const waiting = watchEvent(session, 'waiting').count(2);
        // The one that gives up began the flight.
        const first = failureOf(api.get('/echo/first', config));
        const second = api.get('/echo/second');
        await Promise.all([waiting, hold.arrived(1)]);
        const sent = sends.filter(({ path }) => path === '/echo/first').length;
        await quit();
        const error = await first;
        expect([error.code, axios.isCancel(error)]).toEqual([code, code === 'ERR_CANCELED']);
        expect(hold.waiting).toBe(1);
        hold.release();
        expect((await second).status).toBe(200);
        expect(server.stats.refresh).toBe(1);
        await api.get('/echo/third');
        expect(sends.filter(({ path }) => path === '/echo/first')).toHaveLength(sent);
        expect(server.stats.refresh).toBe(1);
      });
    }

    for (const place of ['before their first send', 'after a 401'] as const) {
      it(`L17 ends a request at once by ${name} while queued at the gate ${place}, and keeps no slot`, async () => {
        const { api, server, session, sends, refresh, inOrder } = await rigAtTheGate(place);
        const { config, quit, code } = make('gate');
        const waiting = watchEvent(session, 'waiting').count(4);
        const [first, quitting, ...others] = await inOrder([{}, config, {}, {}]);
        expect((await waiting).map(({ after }) => after)).toEqual(Array(4).fill(after(place)));
        const sent = sends.filter(({ path }) => path === '/echo/2').length;
        const gate = server.hold('/echo*');
        refresh.release();
        await gate.arrived(1);
        await quit();
        expect(await quitting).toBe(code);
        expect(gate.waiting).toBe(1);
        gate.release();
        expect(await Promise.all([first, ...others])).toEqual([200, 200, 200]);
        expect(sends.filter(({ path }) => path === '/echo/2')).toHaveLength(sent);
        server.expire();
        expect((await api.get('/echo/5')).status).toBe(200);
      });

      it(`L17 ends a request by ${name} on the wire after its turn at the gate ${place}, and frees its slot`, async () => {
        const { api, server, session, refresh, inOrder } = await rigAtTheGate(place);
        // Far longer than all that comes before its last send, however busy the machine is.
        const begun = performance.now();
        await api.get('/public', { bearer: false });
        const { config, quit, code } = make('wire', Math.max(600, Math.ceil(50 * (performance.now() - begun))));
        const waiting = watchEvent(session, 'waiting').count(2);
        const [quitting, other] = await inOrder([config, {}]);
        expect((await waiting).map(({ after }) => after)).toEqual(Array(2).fill(after(place)));
        const gate = server.hold('/echo/1');
        refresh.release();
        await gate.arrived(1);
        await quit();
        expect(await quitting).toBe(code);
        expect(await other).toBe(200);
        gate.release();
      });
    }
  }

  it('L17 says what a bare instance would say', async () => {
    const { api, server } = await startRecordedClient({ tokens: 'expired' });
    const bare = axios.create({ baseURL: server.url });
    server.hold('/auth/refresh');
    server.hold('/public');
    const transitional = { clarifyTimeoutError: true };
    for (const config of [
      { timeout: 30 },
      { timeout: 30, timeoutErrorMessage: 'slow' },
      { timeout: 30, transitional },
    ]) {
      const [ours, theirs] = await Promise.all([api, bare].map((each) => failureOf(each.get('/public', config))));
      expect([ours!.message, ours!.code]).toEqual([theirs!.message, theirs!.code]);
    }
    for (const quit of [
      () => axios.CancelToken.source(),
      () => {
        const abort = new AbortController();
        return { token: undefined, signal: abort.signal, cancel: () => abort.abort() };
      },
    ]) {
      const ends = [api, bare].map((each) => {
        const { token: cancelToken, signal, cancel } = { signal: undefined, ...quit() };
        const end = failureOf(each.get('/public', { cancelToken, signal }));
        setImmediate(() => cancel('enough'));
        return end;
      });
      const [ours, theirs] = await Promise.all(ends);
      expect([ours!.message, ours!.code, ours!.name]).toEqual([theirs!.message, theirs!.code, theirs!.name]);
    }
  });

  it('L17 ends a request at once while shouldRefresh is still thinking', async () => {
    const abort = new AbortController();
    const { api, server } = await startRecordedClient({
      shouldRefresh: () => {
        setImmediate(() => abort.abort());
        return new Promise(() => {});
      },
    });
    server.expire();
    expect((await failureOf(api.get('/echo', { signal: abort.signal }))).code).toBe('ERR_CANCELED');
  });

  it('L17 keeps the token of a refresh even when all that waited for it have gone', async () => {
    const { api, server, session, secrets } = await startRecordedClient();
    server.expire();
    const hold = server.hold('/auth/refresh');
    const abort = new AbortController();
    const waiting = watchEvent(session, 'waiting').count(3);
    const ends = [1, 2, 3].map((n) => failureOf(api.get(`/echo/${n}`, { signal: abort.signal })));
    await Promise.all([waiting, hold.arrived(1)]);
    abort.abort();
    expect((await Promise.all(ends)).map(({ code }) => code)).toEqual(Array(3).fill('ERR_CANCELED'));
    const refreshed = nextEvent(session, 'refreshed');
    hold.release();
    await refreshed;
    expect(await session.token()).toBe(secrets[2]);
    await api.get('/echo');
    expect(server.stats.refresh).toBe(1);
  });

  it('L17 never sends a request whose signal is aborted already, and starts nothing that others must wait for', async () => {
    const { api, server, sends } = await startRecordedClient({ tokens: 'expired' });
    const hold = server.hold('/auth/refresh');
    const error = await failureOf(api.get('/echo/gone', { signal: AbortSignal.abort() }));
    expect(axios.isCancel(error)).toBe(true);
    hold.release();
    expect((await api.get('/echo/next')).status).toBe(200);
    expect(sends.some(({ path }) => path === '/echo/gone')).toBe(false);
  });

  for (const event of ['waiting', 'refreshing', 'refreshed', 'replayed'] as const) {
    it(`L17 may be given up from within a listener of "${event}", and keeps no slot`, async () => {
      const { api, server, session } = await startRecordedClient({ replayConcurrency: 1 });
      const abort = new AbortController();
      server.expire();
      const off = session.on(event, () => {
        off();
        abort.abort();
      });
      expect((await failureOf(api.get('/echo/1', { signal: abort.signal }))).code).toBe('ERR_CANCELED');
      expect((await api.get('/echo/2')).status).toBe(200);
      server.expire();
      expect((await api.get('/echo/3')).status).toBe(200);
    });
  }

  it('L17 cancelling token() ends its wait and not the refresh', async () => {
    const { server, session, secrets } = await startRecordedClient({ tokens: 'expired' });
    const hold = server.hold('/auth/refresh');
    const abort = new AbortController();
    const first = failureOf(session.token({ signal: abort.signal }));
    const second = session.token();
    await hold.arrived(1);
    abort.abort();
    expect(await first).toBeDefined();
    expect(hold.waiting).toBe(1);
    hold.release();
    expect(await second).toBe(secrets[2]);
    expect(server.stats.refresh).toBe(1);
  });

  for (const [name, make] of Object.entries(quitters).slice(0, 2)) {
    it(`L17 heeds ${name} over an adapter that knows of none, at the first send and at the replay, like axios`, async () => {
      for (const at of [1, 2]) {
        const { config, quit } = make();
        let sends = 0;
        const adapter = async (sent: InternalAxiosRequestConfig) => {
          sends += 1;
          if (sends === at) await quit();
          return answerOf(sent, sent.headers.get('Authorization') === 'Bearer second' ? 200 : 401);
        };
        const { api } = await startRecordedClient({
          tokens: { access_token: 'first', refresh_token: 'r', expires_in: 3600 },
          source: async () => 'second',
          defaults: { adapter },
        });
        expect(axios.isCancel(await failureOf(api.get('/x', config)))).toBe(true);
        expect(sends).toBe(at);
      }
    });
  }

  it('L17 leaves no listener behind on a signal that serves many requests', async () => {
    const { api, server } = await startRecordedClient();
    const { signal } = new AbortController();
    server.expire();
    await Promise.all([1, 2, 3].map((n) => api.get(`/echo/${n}`, { signal })));
    await failureOf(api.get('/always-401', { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('L17 leaves the timeout alone that is not there: timeout 0 waits as long as it takes', async () => {
    const { api, server } = await startRecordedClient();
    server.expire();
    const hold = server.hold('/auth/refresh');
    const end = outcomeOf(api.get('/echo', { timeout: 0 }));
    await hold.arrived(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    hold.release();
    expect(await end).toBe(200);
  });
});

describe('giving up before the session knows of its token', () => {
  const quitter = () => {
    const { config, quit } = quitters['its signal']!();
    return { signal: config.signal as AbortSignal, quit };
  };

  it.each(['a request', 'token()'])('L17 %s has no refresh begun for it once the store is read', async (what) => {
    const read = deferred();
    const inner = memoryStore();
    const store = storeWith({ read: () => read.promise.then(inner.read) }, inner);
    const tokens = tokenPair('old', { expires_in: 0 });
    const { api, session, server } = await startRecordedClient({ store, tokens });
    const { signal, quit } = quitter();
    const left = codeOf(what === 'token()' ? session.token({ signal }) : api.get('/echo', { signal }));
    quit();
    await left;
    read.resolve();
    await roundTrip(server);
    expect(server.stats.refresh).toBe(0);
  });

  it('L17 a request has no refresh begun for it once a sign-in is over', async () => {
    const written = deferred();
    const inner = memoryStore();
    const store = storeWith({ write: (entry) => written.promise.then(() => inner.write(entry)) }, inner);
    const { api, session, server } = await startRecordedClient({ store, tokens: undefined });
    const signedIn = session.signIn(tokenPair('old', { expires_in: 0 }));
    await settle();
    const { signal, quit } = quitter();
    const left = codeOf(api.get('/echo', { signal }));
    quit();
    await left;
    written.resolve();
    await signedIn;
    await roundTrip(server);
    expect(server.stats.refresh).toBe(0);
  });

  it('L17 a request has no refresh begun for it once a sign-in is over that it met at the gate', async () => {
    const written = deferred();
    let isSlow = false;
    const inner = memoryStore();
    const write: TokenStore['write'] = async (entry) => {
      if (isSlow) await written.promise;
      return inner.write(entry);
    };
    const made = await startRecordedClient({
      replayConcurrency: 1,
      store: storeWith({ write }, inner),
      identity: () => 'the same',
      tokens: 'expired',
    });
    const { api, server, session } = made;
    const { signal, quit } = quitter();
    const waiting = watchEvent(session, 'waiting').count(2);
    const gate = server.hold('/echo*');
    const first = outcomeOf(api.get('/echo/1'));
    const quitting = codeOf(api.get('/echo/2', { signal }));
    await Promise.all([waiting, gate.arrived(1)]);
    isSlow = true;
    const signedIn = session.signIn({ ...server.issue(), expires_in: 0 });
    gate.release();
    expect(await first).toBe(200);
    await settle();
    quit();
    expect(await quitting).toBe('ERR_CANCELED');
    written.resolve();
    await signedIn;
    await roundTrip(server);
    expect(server.stats.refresh).toBe(1);
  });

  it('L17 a request does not wait, once the store is read, for the refresh that its 401 has made necessary', async () => {
    let broken = true;
    const read = deferred();
    const inner = memoryStore();
    const store = storeWith(
      {
        read: async () => {
          if (broken) throw new Error('Down');
          await read.promise;
          return inner.read();
        },
      },
      inner,
    );
    const { api, session, server } = await startRecordedClient({ store, backoff: QUICK });
    server.expire();
    const refresh = server.hold('/auth/refresh');
    const door = server.hold('/echo');
    const { signal, quit } = quitter();
    const left = codeOf(api.get('/echo', { signal }));
    await door.arrived(1);
    broken = false;
    door.release();
    await watchEvent(session, 'waiting').count(1);
    quit();
    await left;
    read.resolve();
    await refresh.arrived(1);
    expect(requestsOf(session)?.life.pending?.shared.waiting).toBe(0);
    refresh.release();
    expect((await api.get('/echo')).status).toBe(200);
  });
});
