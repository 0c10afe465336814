import { afterEach, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { bearer, memoryStore, type SessionOptions, type TokenSource } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { refreshToken } from 'axios-bearer/oauth2';
import { cleanUp, closeAtEnd, codeOf, failureOf, QUICK, startHttpServer, watchEvent } from '../support/kit.js';

afterEach(cleanUp);

const OVER = { accessToken: 'old', refreshToken: 'r0', issuedAt: 1, expiresAt: 2 };
const UNKNOWN = { accessToken: 'old', refreshToken: 'r0' };
const LIVE = { ...UNKNOWN, issuedAt: Date.now() - 300_000, expiresAt: Date.now() + 60_000 };

type Options = Partial<SessionOptions> & { made?: (url: string) => TokenSource; obtains?: number };

/** A token endpoint that answers with these statuses, one after the other, the last one for ever; 200: a token. */
async function startEndpoint(statuses: number[], { made, obtains = 400, ...options }: Options = {}) {
  const asked: string[] = [];
  const { url } = await startHttpServer((req, res) => {
    req.resume();
    const json = (status: number, body: object) =>
      res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    if (req.method === 'GET') return json(req.headers.authorization === 'Bearer new' ? 200 : 401, {});
    asked.push(req.url as string);
    const next = statuses.length > 1 ? (statuses.shift() as number) : (statuses[0] as number);
    const status = req.url === '/auth/api-key' ? obtains : next;
    return json(
      status,
      status === 200 ? { access_token: 'new', refresh_token: 'r1' } : { message: 'no, in words of ours' },
    );
  });
  const source = made?.(url) ?? refreshToken({ tokenEndpoint: `${url}/token`, clientId: 'app' });
  const api = axios.create({ baseURL: url });
  const session = closeAtEnd(bearer(api, { source, tokens: OVER, backoff: QUICK, ...options }));
  return { url, api, session, asked };
}

describe('the same 4xx to every attempt of a refresh', () => {
  it.each([400, 401, 403, 404, 422])('ends a session whose access token is over: %i', async (status) => {
    const store = memoryStore();
    const { api, session, asked } = await startEndpoint([status], { store });
    const [refused, ended] = [watchEvent(session, 'refreshFailed'), watchEvent(session, 'signedOut')];
    const error = await failureOf(api.get('/videos'));
    expect(error).toMatchObject({ code: 'ERR_BEARER_REJECTED', cause: { status } });
    expect(error.message).toMatch(/^The token request was refused: .* Sign in again$/);
    expect([session.state.status, ended.all, (await store.read())?.token]).toEqual([
      'failed',
      [{ reason: 'rejected' }],
      undefined,
    ]);
    expect(refused.all.map(({ error: { code } }) => code)).toEqual([
      'ERR_BEARER_UNAVAILABLE',
      'ERR_BEARER_UNAVAILABLE',
      'ERR_BEARER_UNAVAILABLE',
      'ERR_BEARER_REJECTED',
    ]);
    await codeOf(session.token());
    expect(asked).toHaveLength(4);
  });

  it('ends one whose access token a 401 has refused', async () => {
    const { api, session, asked } = await startEndpoint([400], { tokens: UNKNOWN, refreshRetries: 1 });
    expect(await failureOf(api.get('/videos'))).toMatchObject({
      code: 'ERR_BEARER_REJECTED',
      response: { status: 401 },
    });
    expect([session.state.status, asked.length]).toEqual(['failed', 2]);
  });

  it('ends none whose access token is good: there is one attempt, and the token goes on', async () => {
    const { session, asked } = await startEndpoint([400], { tokens: LIVE });
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
    expect([session.state.status, await session.token(), asked.length]).toEqual(['active', 'old', 1]);
  });

  it.each([
    ['a good answer comes at last', [400, 400, 400, 200], 'fulfilled', 4],
    ['they are not all the same', [400, 404, 400, 400], 'ERR_BEARER_UNAVAILABLE', 2],
    ['one of them was about the moment', [400, 503, 400, 400], 'ERR_BEARER_UNAVAILABLE', 3],
    ['it says that this may pass', [429], 'ERR_BEARER_UNAVAILABLE', 4],
    ['it says that it took too long', [408], 'ERR_BEARER_UNAVAILABLE', 4],
  ] as const)('ends none if %s', async (_, statuses, code, calls) => {
    const { session, asked } = await startEndpoint([...statuses]);
    expect(await codeOf(session.token())).toBe(code);
    expect([session.state.status, asked.length]).toEqual(['active', calls]);
  });

  it('ends none by a single attempt', async () => {
    const { session, asked } = await startEndpoint([400], { refreshRetries: 0 });
    for (let i = 0; i < 3; i += 1) {
      expect(await codeOf(session.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
      await new Promise((resolve) => setTimeout(resolve, 2 * QUICK.cap));
    }
    expect([session.state.status, asked.length]).toEqual(['active', 3]);
  });

  it('ends one after an outage too, in which each refresh has one attempt', async () => {
    const { session, asked } = await startEndpoint([503, 503, 503, 503, 400]);
    expect(await codeOf(session.token())).toBe('ERR_BEARER_UNAVAILABLE');
    await new Promise((resolve) => setTimeout(resolve, 2 * QUICK.cap));
    expect(await codeOf(session.token())).toBe('ERR_BEARER_REJECTED');
    expect(asked).toHaveLength(6);
  });

  it('has an API key exchanged, where there is one', async () => {
    const made = (baseURL: string) => apiVideo({ apiKey: 'key', baseURL });
    const { api, asked } = await startEndpoint([404], { made, obtains: 200, refreshRetries: 1 });
    expect((await api.get('/videos')).status).toBe(200);
    expect(asked).toEqual(['/auth/refresh', '/auth/refresh', '/auth/api-key']);
  });

  it('means nothing to isRejected: that alone decides then', async () => {
    const isRejected = () => false;
    for (const made of [
      (url: string) => refreshToken({ tokenEndpoint: `${url}/token`, clientId: 'app', isRejected }),
      (baseURL: string) => apiVideo({ baseURL, isRejected }),
    ]) {
      const { session, asked } = await startEndpoint([400], { made });
      expect(await codeOf(session.token())).toBe('ERR_BEARER_UNAVAILABLE');
      expect([session.state.status, asked.length]).toEqual(['active', 1]);
    }
  });

  it('means nothing of a function of the app’s: 404 is one attempt, and the session is kept', async () => {
    const made = (url: string): TokenSource => ({
      refresh: async (_, { client }) => (await client.post(`${url}/token`)).data,
    });
    const { session, asked } = await startEndpoint([404], { made });
    expect(await codeOf(session.token())).toBe('ERR_BEARER_UNAVAILABLE');
    expect([session.state.status, asked.length]).toEqual(['active', 1]);
  });
});
