import { afterEach, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { bearer, createSession, type Session } from 'axios-bearer';
import { cleanUp, closeAtEnd, codeOf, deferred, failureOf, refreshing, settle, startServer } from '../support/kit.js';

afterEach(cleanUp);

describe('A choice among sessions that takes its time', () => {
  it('is waited for: the request is given its token, refreshed and replayed like any other', async () => {
    const server = await startServer();
    const session = closeAtEnd(createSession({ source: refreshing, tokens: server.issue() }));
    const api = axios.create({ baseURL: server.url });
    bearer(api, { session: async () => session });
    server.expire();
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 1, ok: 1 });
  });

  it('may be that nobody is signed in', async () => {
    const server = await startServer();
    const api = axios.create({ baseURL: server.url });
    bearer(api, { session: async () => undefined });
    expect((await api.get('/public')).data).toEqual({ authorization: false });
  });

  it('rejects who must not go out without a token, where nobody is signed in', async () => {
    const server = await startServer();
    const api = axios.create({ baseURL: server.url });
    bearer(api, { session: async () => undefined, whenSignedOut: 'reject' });
    const error = await failureOf(api.get('/public'));
    expect(error).toMatchObject({ code: 'ERR_BEARER_SIGNED_OUT', message: 'No session serves this request' });
    expect(server.log).toHaveLength(0);
  });

  it('that fails fails the request, which is not sent', async () => {
    const server = await startServer();
    const api = axios.create({ baseURL: server.url });
    bearer(api, { session: () => Promise.reject(new Error('no cookies here')) });
    await expect(api.get('/public')).rejects.toThrow('no cookies here');
    expect(server.log).toHaveLength(0);
  });

  it('L17 an abort and a timeout end the waiting for it at once', async () => {
    const server = await startServer();
    const api = axios.create({ baseURL: server.url });
    bearer(api, { session: () => deferred<Session>().promise });
    const aborter = new AbortController();
    const aborted = codeOf(api.get('/public', { signal: aborter.signal }));
    aborter.abort();
    expect(await aborted).toBe('ERR_CANCELED');
    expect(await codeOf(api.get('/public', { timeout: 5 }))).toBe('ECONNABORTED');
    expect(server.log).toHaveLength(0);
  });

  it('L23 that fails while some other source asks is nobody’s unhandled rejection', async () => {
    const server = await startServer();
    const other = axios.create({ baseURL: server.url });
    bearer(other, { session: () => Promise.reject(new Error('no cookies here')) });
    const source = () => other.post('/auth/refresh', {}).catch(() => undefined) as Promise<undefined>;
    const session = closeAtEnd(createSession({ source, tokens: server.issue(), refreshRetries: 0 }));
    // An unhandled rejection fails the test by itself.
    await expect(session.refresh()).rejects.toMatchObject({ code: 'ERR_BEARER_TOKEN' });
    await settle();
  });
});
