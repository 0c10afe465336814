import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios from 'axios';
import { bearer, memoryStore, type TokenResponse } from 'axios-bearer';
import { ALWAYS, cleanUp, closeSessionAtEnd, installClock, startServer } from '../support/kit.js';

afterEach(cleanUp);

/** A cookie session; its refreshes answer with these, one after the other. */
async function startCookieSession(answers: TokenResponse[], options: object = {}) {
  const server = await startServer();
  const api = axios.create({ baseURL: server.url });
  const source = jest.fn(async () => answers.shift());
  const session = closeSessionAtEnd(bearer(api, { header: false, source, ...options }));
  /** The next request meets a 401. */
  const expire = () => server.fault('/public', { status: 401 });
  return { server, api, session, source, expire };
}

describe('A cookie session', () => {
  it.each(['OK', 'Token refreshed', ''])('takes a text that the refresh answered for no token: %p', async (text) => {
    const { api, source, expire } = await startCookieSession([text, text, text]);
    for (let i = 0; i < 3; i++) {
      expire();
      expect((await api.get('/public')).status).toBe(200);
    }
    expect(source).toHaveBeenCalledTimes(3);
  });

  it.each(['its own store', 'a store of the app'])('is active from the start: %s', async (which) => {
    const store = which === 'its own store' ? {} : { store: memoryStore() };
    const { session, source } = await startCookieSession(['OK'], store);
    await session.refresh();
    expect([session.state.status, source.mock.calls.length]).toEqual(['active', 1]);
  });

  it('knows when its token ends, if the refresh says so', async () => {
    const clock = installClock();
    const { api, source, session, expire } = await startCookieSession([{ expires_in: 3600 }, { expires_in: 3600 }], {
      keepFresh: true,
    });
    expire();
    await api.get('/public');
    expect(session.state).toMatchObject({ expiresAt: expect.any(Number) });
    await clock.advance(3_600_000);
    expect(source.mock.calls.length).toBeGreaterThan(1);
  });

  it('has beforeSend called before each send: the refresh may have renewed a CSRF cookie', async () => {
    let csrf = 0;
    const { server, api } = await startCookieSession([undefined], {
      beforeSend: (config: { headers: { set(name: string, value: string): void } }) =>
        config.headers.set('x-csrf', String(++csrf)),
    });
    server.fault(({ headers }) => headers['x-csrf'] !== '2', { status: 401 }, ALWAYS);
    expect((await api.post('/public', {})).status).toBe(200);
    expect(csrf).toBe(2);
  });
});
