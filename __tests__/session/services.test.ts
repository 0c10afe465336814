import { afterEach, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { bearer, memoryStore, type SessionOptions, type TokenResponse, type TokenSource } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { clientCredentials } from 'axios-bearer/oauth2';
import {
  cleanUp,
  closeAtEnd,
  codeOf,
  failureOf,
  installClock,
  settle,
  startHttpServer,
  watchEvent,
} from '../support/kit.js';

const MINUTE = 60_000;
const CAP = 30_000;

afterEach(cleanUp);

/** A service: the token endpoint knows its secret or, while that is being rotated, does not. */
async function startService(options: Partial<SessionOptions> = {}, made?: (url: string) => TokenSource) {
  const clock = installClock();
  const answers = { knowsSecret: true, isLive: (_: string | undefined) => true, asked: [] as string[], made: 0 };
  const { url } = await startHttpServer((req, res) => {
    req.resume();
    const json = (status: number, body: object) =>
      res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    if (req.method === 'GET') return json(answers.isLive(req.headers.authorization) ? 200 : 401, {});
    answers.asked.push(req.url as string);
    if (!answers.knowsSecret) return json(401, { error: 'invalid_client' });
    answers.made += 1;
    return json(200, {
      access_token: `token${answers.made}`,
      refresh_token: `refresh${answers.made}`,
      expires_in: 3600,
    });
  });
  const source =
    made?.(url) ?? clientCredentials({ tokenEndpoint: `${url}/token`, clientId: 'service', clientSecret: 'x' });
  const api = axios.create({ baseURL: url });
  const session = closeAtEnd(bearer(api, { source, ...options }));
  const refused = watchEvent(session, 'refreshFailed');
  return { clock, api, session, answers, refused };
}

describe('a service that is refused, as its secret is being rotated', () => {
  it('asks again by itself for its first token, no sooner than backoff.cap', async () => {
    const { clock, api, session, answers, refused } = await startService();
    answers.knowsSecret = false;
    const error = await failureOf(api.get('/videos'));
    expect([error.code, error.retryAfter]).toEqual(['ERR_BEARER_REJECTED', CAP]);
    expect(error.message).toBe('The token request was refused: invalid_client (401). Sign in again');
    expect(session.state).toMatchObject({ status: 'failed', error: { code: 'ERR_BEARER_REJECTED' } });
    expect(refused.all).toMatchObject([{ retryAfter: CAP }]);
    answers.knowsSecret = true;
    await clock.advance(CAP - 1_000);
    expect(await codeOf(api.get('/videos'))).toBe('ERR_BEARER_REJECTED');
    expect(await codeOf(session.token())).toBe('ERR_BEARER_REJECTED');
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_REJECTED');
    expect(answers.asked).toHaveLength(1);
    await clock.advance(1_000);
    expect((await api.get('/videos')).status).toBe(200);
    expect([answers.asked.length, session.state.status]).toEqual([2, 'active']);
  });

  it('asks again after a 401, as the same user, with nothing stored or told meanwhile', async () => {
    const store = memoryStore();
    const { clock, api, session, answers } = await startService({ store });
    const ended = watchEvent(session, 'signedOut');
    await api.get('/videos');
    const { session: name } = (await store.read())!;
    Object.assign(answers, { knowsSecret: false, isLive: (header: string) => header !== 'Bearer token1' });
    expect(await failureOf(api.get('/videos'))).toMatchObject({
      code: 'ERR_BEARER_REJECTED',
      response: { status: 401 },
    });
    expect(session.state.status).toBe('failed');
    expect(await codeOf(api.get('/videos'))).toBe('ERR_BEARER_REJECTED');
    expect(answers.asked).toHaveLength(2);
    answers.knowsSecret = true;
    await clock.advance(CAP);
    expect((await api.get('/videos')).status).toBe(200);
    expect(await store.read()).toMatchObject({ session: name, token: { accessToken: 'token2' } });
    expect(ended.all).toEqual([]);
    const seen: string[] = [];
    session.subscribe(() => seen.push(session.state.status));
    answers.isLive = (header) => header === 'Bearer token3';
    await api.get('/videos');
    expect(seen).not.toContain('failed');
  });

  it('asks again when its token has ended', async () => {
    const { clock, api, session, answers } = await startService();
    await api.get('/videos');
    answers.knowsSecret = false;
    await clock.advance(61 * MINUTE);
    expect(await codeOf(api.get('/videos'))).toBe('ERR_BEARER_REJECTED');
    expect(session.state.status).toBe('failed');
    answers.knowsSecret = true;
    await clock.advance(CAP);
    expect((await api.get('/videos')).status).toBe(200);
    expect(answers.asked).toHaveLength(3);
  });

  it('asks again by the timer of keepFresh, while the token before goes on serving and after', async () => {
    const { clock, api, session, answers, refused } = await startService({ keepFresh: true });
    await api.get('/videos');
    answers.knowsSecret = false;
    await clock.advance(55 * MINUTE);
    await refused.count(1);
    expect((await api.get('/videos')).status).toBe(200);
    expect(session.state.status).toBe('active');
    for (let refusals = 2; refusals <= 12; refusals += 1) {
      await clock.advance(CAP);
      await refused.count(refusals);
    }
    while (session.state.status === 'refreshing') await settle();
    expect(session.state.status).toBe('failed');
    const refreshed = watchEvent(session, 'refreshed');
    answers.knowsSecret = true;
    await clock.advance(CAP);
    await refreshed.count(1);
    expect((await api.get('/videos')).status).toBe(200);
    expect(answers.asked).toHaveLength(14);
  });

  it('asks at once when signIn() says so, and never by itself after signOut()', async () => {
    const { clock, api, session, answers } = await startService();
    answers.knowsSecret = false;
    expect(await codeOf(session.signIn())).toBe('ERR_BEARER_REJECTED');
    expect(session.state.status).toBe('failed');
    answers.knowsSecret = true;
    await session.signIn();
    await session.signOut();
    answers.knowsSecret = false;
    expect(await codeOf(session.signIn())).toBe('ERR_BEARER_REJECTED');
    expect(session.state.status).toBe('signed-out');
    answers.knowsSecret = true;
    await clock.advance(CAP);
    answers.isLive = (header) => header === undefined;
    expect((await api.get('/videos')).status).toBe(200);
    expect(answers.asked).toHaveLength(3);
  });

  it('exchanges an api.video key again, after both tokens were refused, and presents no refresh token twice', async () => {
    const { clock, api, answers } = await startService({}, (baseURL) => apiVideo({ apiKey: 'key', baseURL }));
    await api.get('/videos');
    Object.assign(answers, { knowsSecret: false, isLive: (header: string) => header !== 'Bearer token1' });
    expect(await codeOf(api.get('/videos'))).toBe('ERR_BEARER_REJECTED');
    answers.knowsSecret = true;
    await clock.advance(CAP);
    expect((await api.get('/videos')).status).toBe(200);
    expect(answers.asked).toEqual(['/auth/api-key', '/auth/refresh', '/auth/api-key', '/auth/api-key']);
  });

  it('comes back after a restart too: a refusal is no sign-out', async () => {
    const store = memoryStore();
    const { api, session, answers } = await startService({ store });
    await api.get('/videos');
    Object.assign(answers, { knowsSecret: false, isLive: (header: string) => header !== 'Bearer token1' });
    expect(await codeOf(api.get('/videos'))).toBe('ERR_BEARER_REJECTED');
    await session.close();
    expect(session.state.status).toBe('signed-out');
    expect(await store.read()).toHaveProperty('token');
  });

  it('is not what a dialog is: a person is asked by signIn() only', async () => {
    let asked = 0;
    const obtain = async (): Promise<TokenResponse> => {
      asked += 1;
      throw Object.assign(new Error('closed'), { status: 401 });
    };
    const { clock, api, session } = await startService({}, () => ({ interactive: true, obtain }));
    expect(await codeOf(api.get('/videos'))).toBe('ERR_BEARER_REJECTED');
    await clock.advance(10 * CAP);
    expect(await codeOf(session.token())).toBe('ERR_BEARER_REJECTED');
    expect([asked, session.state.status]).toEqual([1, 'failed']);
  });
});
