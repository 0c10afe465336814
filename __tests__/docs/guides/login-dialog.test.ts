import type { IncomingMessage, ServerResponse } from 'node:http';
import { json, text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { fakeClock } from 'axios-bearer/testing';
import { atEnd, cleanUp, deferred, nextEvent, startHttpServer } from '../../support/kit.js';
import { API, codeOf, type Own, openGuide, reply } from './open.js';

afterEach(cleanUp);

describe('A dialog asks for the login', () => {
  /** Each login is of the user who is named; `bad` is nobody. */
  async function start(answers: (string | undefined)[]) {
    const state = { valid: '', n: 0, refreshes: 0, down: false, posted: [] as unknown[] };
    const grant = (response: ServerResponse, user: string) => {
      state.valid = `${user}-${++state.n}`;
      reply(response, 200, { access_token: state.valid, refresh_token: `r${state.n}`, expires_in: 3600, user });
    };
    const listen = async (request: IncomingMessage, response: ServerResponse) => {
      if (request.url === '/auth/refresh') {
        state.refreshes += 1;
        return reply(response, state.down ? 503 : 401, {});
      }
      if (request.url === '/auth/login') {
        const { email } = (await json(request)) as { email: string };
        return email === 'bad' ? reply(response, 401, {}) : grant(response, email);
      }
      const body = await text(request);
      if (request.headers.authorization !== `Bearer ${state.valid}`) return reply(response, 401, {});
      if (body) state.posted.push(JSON.parse(body));
      return reply(response, 200, { bearer: state.valid });
    };
    const { url } = await startHttpServer(listen);
    const notes: string[] = [];
    const opened = deferred();
    const close = deferred();
    const askLogin = async (note: string) => {
      notes.push(note);
      opened.resolve();
      await close.promise;
      const email = answers.shift();
      return email && { email, password: 'x' };
    };
    const run = openGuide('docs/guides/login-dialog.md', { [API]: url }, { './dialog.js': { askLogin } });
    const own = (await run('session')) as unknown as Own;
    /** Somebody was signed in, and their tokens are dead. */
    const endAda = async () => {
      await own.session.signIn({ access_token: 'dead', refresh_token: 'dead', expires_in: 3600, user: 'ada' } as never);
    };
    return { ...own, state, notes, opened, close, endAda };
  }

  it('opens once for all, stays open after a wrong password, and then all requests go on', async () => {
    const { api, state, notes, close, endAda } = await start(['bad', 'ada']);
    await endAda();
    close.resolve();
    const answers = await Promise.all([api.get('/a'), api.post('/b', { typed: 'long' }), api.get('/c')]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(notes).toEqual(['', 'That was wrong. Try again.']);
    expect(state).toMatchObject({ refreshes: 1, posted: [{ typed: 'long' }] });
  });

  it('opens for the first request, where nobody was signed in', async () => {
    const { api, state, notes, close } = await start(['ada']);
    close.resolve();
    expect((await api.get('/a')).status).toBe(200);
    expect([notes.length, state.refreshes]).toEqual([1, 0]);
  });

  it('dismissed, it ends the session, and opens again by signIn() alone', async () => {
    const { api, session, notes, close, endAda } = await start([undefined, 'ada']);
    await endAda();
    close.resolve();
    const signedOut = nextEvent(session, 'signedOut');
    const failed = [api.get('/a').catch(codeOf), api.get('/b').catch(codeOf)];
    expect(await Promise.all(failed)).toEqual(['ERR_BEARER_REJECTED', 'ERR_BEARER_REJECTED']);
    expect(await signedOut).toEqual({ reason: 'rejected' });
    await api.get('/a').catch(() => {});
    expect(notes).toHaveLength(1);
    await session.signIn();
    expect([(await api.get('/a')).status, notes.length]).toEqual([200, 2]);
    await session.signOut();
    await api.get('/a').catch(() => {});
    expect(notes).toHaveLength(2);
  });

  it('does not open because the server is down', async () => {
    const { api, session, state, notes, endAda } = await start([]);
    state.down = true;
    await endAda();
    const failed = nextEvent(session, 'refreshFailed');
    const aborter = new AbortController();
    const request = api.get('/a', { signal: aborter.signal }).catch(codeOf);
    expect((await failed).error.code).toBe('ERR_BEARER_UNAVAILABLE');
    aborter.abort();
    expect([await request, notes]).toEqual(['ERR_CANCELED', []]);
  });

  it('keeps requests of one person from being sent in the name of another', async () => {
    const { api, close, endAda } = await start(['bob']);
    await endAda();
    close.resolve();
    expect(await api.get('/a').catch(codeOf)).toBe('ERR_BEARER_IDENTITY');
    expect((await api.get('/a')).data).toEqual({ bearer: 'bob-1' });
  });

  it('an error without a name is no refusal: it opens again after a short backoff', async () => {
    const { api, session, notes, close, endAda } = await start([]);
    await endAda();
    const clock = fakeClock();
    atEnd(() => clock.restore());
    const failed = nextEvent(session, 'refreshFailed');
    close.reject(new Error('no such element'));
    expect(await api.get('/a').catch(codeOf)).toBe('ERR_BEARER_UNAVAILABLE');
    const { retryAfter = 0 } = await failed;
    await clock.advance(retryAfter);
    expect(await api.get('/a').catch(codeOf)).toBe('ERR_BEARER_UNAVAILABLE');
    expect([notes.length, retryAfter < 1_000]).toEqual([2, true]);
  });

  it('is open for as long as it takes, but for the `timeout` of a request', async () => {
    const { api, opened, close, endAda } = await start(['ada']);
    await endAda();
    const clock = fakeClock();
    atEnd(() => clock.restore());
    const patient = api.get('/a');
    const hurried = api.get('/b', { timeout: 10_000 }).catch(codeOf);
    await opened.promise;
    await clock.advance(3_600_000);
    expect(await hurried).toBe('ECONNABORTED');
    close.resolve();
    expect((await patient).status).toBe(200);
  });
});
