import { afterEach, describe, expect, it } from '@jest/globals';
import type { ApiVideo } from 'axios-bearer/testing';
import {
  cleanUp,
  codeOf,
  failureOf,
  installClock,
  recordEvents,
  settle,
  startClient,
  stateOf,
} from '../support/kit.js';

afterEach(cleanUp);

const MINUTE = 60_000;

/** Four minutes before the end of an hour’s token; a refresh is under way behind the requests, and is held. */
async function refreshBehind(options: Parameters<typeof startClient>[0] = {}) {
  const clock = installClock();
  const made = await startClient({ refreshTimeout: 30 * MINUTE, ...options });
  const { server, api } = made;
  await clock.advance(56 * MINUTE);
  const refresh = server.hold('/auth/refresh');
  await api.get('/echo/first');
  await refresh.arrived(1);
  return { ...made, clock, refresh };
}

function sent({ log }: ApiVideo, path: string) {
  return log.filter((entry) => entry.path === path).map(({ generation }) => generation);
}

const LONG = { minValidity: 10 * MINUTE };

describe('While a refresh is under way behind the requests', () => {
  it('a request that asks for a longer life waits for it, and is not sent with the old token', async () => {
    const { server, api, refresh } = await refreshBehind();
    const upload = api.post('/echo/upload', 'long', { bearer: LONG });
    expect(await stateOf(upload)).toBe('pending');
    expect(sent(server, '/echo/upload')).toEqual([]);
    refresh.release();
    expect((await upload).status).toBe(200);
    expect(sent(server, '/echo/upload')).toEqual([2]);
    expect(server.stats.refresh).toBe(1);
  });

  it('token() that asks for a longer life waits for it too', async () => {
    const { session, refresh } = await refreshBehind();
    const old = await session.token();
    const token = session.token(LONG);
    expect(await stateOf(token)).toBe('pending');
    refresh.release();
    expect(await token).not.toBe(old);
  });

  it('L10 who asks for nothing goes with the live token at once, though others wait', async () => {
    const { server, api, session, refresh } = await refreshBehind();
    const waits = [session.refresh(), session.token(LONG), api.get('/echo/upload', { bearer: LONG })];
    await settle();
    for (let i = 0; i < 3; i += 1) expect((await api.get('/echo/plain')).status).toBe(200);
    expect(sent(server, '/echo/plain')).toEqual([1, 1, 1]);
    const old = await session.token();
    refresh.release();
    await Promise.all(waits);
    expect(await session.token()).not.toBe(old);
    expect(sent(server, '/echo/upload')).toEqual([2]);
  });

  it('L10 who asks for nothing goes with it, though a target that refuses every token has refused it again', async () => {
    const { server, session, api } = await startClient({ refreshTimeout: 30 * MINUTE, backoff: { initial: 1 } });
    await api.get('/echo/plain');
    await failureOf(api.get('/always-401'));
    await api.get('/echo/plain');
    const known = server.stats.refresh;
    await failureOf(api.get('/always-401'));
    expect(server.stats.refresh).toBe(known);
    const refresh = server.hold('/auth/refresh');
    const asked = session.refresh();
    await refresh.arrived(1);
    expect((await api.get('/echo/plain')).status).toBe(200);
    refresh.release();
    await asked;
  });

  it('L10 who asks for nothing waits once the old token is over', async () => {
    const { server, api, clock, refresh } = await refreshBehind();
    await clock.advance(5 * MINUTE);
    const waits = [api.get('/echo/late'), api.get('/echo/late')];
    expect(await Promise.all(waits.map(stateOf))).toEqual(['pending', 'pending']);
    refresh.release();
    await Promise.all(waits);
    expect(sent(server, '/echo/late')).toEqual([2, 2]);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 0 });
  });

  it('L10 who waits for a longer life goes with the live token when it fails, and nobody hears of it', async () => {
    const { server, api, session, refresh } = await refreshBehind({ refreshRetries: 0 });
    const seen = recordEvents(session);
    const waits = [api.get('/echo/upload', { bearer: LONG }), api.get('/echo/upload', { bearer: LONG })];
    await settle();
    server.fault('/auth/refresh', { status: 503 });
    refresh.release();
    expect((await Promise.all(waits)).map(({ status }) => status)).toEqual([200, 200]);
    expect(sent(server, '/echo/upload')).toEqual([1, 1]);
    expect(seen.map(([name]) => name)).toContain('refreshFailed');
  });

  it('L17 one that gives up leaves the others waiting, and the refresh goes on', async () => {
    const { server, api, session, refresh } = await refreshBehind();
    const aborter = new AbortController();
    const waits = [
      api.get('/echo/upload', { bearer: LONG, signal: aborter.signal }),
      session.token({ ...LONG, signal: aborter.signal }),
    ].map(codeOf);
    const upload = api.get('/echo/upload', { bearer: LONG });
    await settle();
    aborter.abort();
    expect((await Promise.all(waits)).map((code) => code !== 'fulfilled')).toEqual([true, true]);
    refresh.release();
    expect((await upload).status).toBe(200);
    expect(sent(server, '/echo/upload')).toEqual([2]);
    expect(server.stats.refresh).toBe(1);
  });
});
