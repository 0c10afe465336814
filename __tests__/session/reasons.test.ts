import { afterEach, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { bearer, type SourceContext, type TokenSource } from 'axios-bearer';
import {
  cleanUp,
  clientOf,
  closeAtEnd,
  deferred,
  failureOf,
  installClock,
  nextEvent,
  startClient,
  startServer,
  startSession,
  tokenPair,
} from '../support/kit.js';

type Why = Pick<SourceContext, 'reason' | 'challenge'>;

/** A source that says why it was asked. */
function telling(answer: () => unknown = () => tokenPair('new')) {
  const why: Why[] = [];
  const tell = async (ctx: SourceContext) => {
    why.push('challenge' in ctx ? { reason: ctx.reason, challenge: ctx.challenge as string } : { reason: ctx.reason });
    return answer() as never;
  };
  const refresh: TokenSource['refresh'] = (_, ctx) => tell(ctx);
  return { why, refresh, obtain: tell };
}

const DUE = tokenPair('due', { expires_in: 0 });

afterEach(cleanUp);

describe('the source is told why it is asked', () => {
  it('first: there is no token yet', async () => {
    const { why, obtain } = telling();
    const { api } = await startClient({ source: { obtain }, tokens: undefined });
    await api.get('/public');
    expect(why).toEqual([{ reason: 'first' }]);
  });

  it('first: token() asks for one', async () => {
    const { why, obtain } = telling();
    await startSession({ source: { obtain } }).token();
    expect(why).toEqual([{ reason: 'first' }]);
  });

  it('expiry: the token is over when a request comes', async () => {
    const { why, refresh } = telling();
    const { api } = await startClient({ source: { refresh }, tokens: DUE });
    await api.get('/public');
    expect(why).toEqual([{ reason: 'expiry' }]);
  });

  it('expiry: the token is near its end, and serves meanwhile', async () => {
    const clock = installClock();
    const { why, refresh } = telling();
    const session = startSession({ source: refresh, tokens: tokenPair('old') });
    await session.token();
    const refreshed = nextEvent(session, 'refreshed');
    await clock.advance(3_400_000);
    expect(await session.token()).toBe('at_old');
    await refreshed;
    expect(why).toEqual([{ reason: 'expiry' }]);
  });

  it('expiry: a request asks for a longer life than is left', async () => {
    const clock = installClock();
    const { why, refresh } = telling();
    const session = startSession({ source: refresh, tokens: tokenPair('old') });
    await session.token();
    await clock.advance(1_800_000);
    await session.token({ minValidity: 3_000_000 });
    expect(why).toEqual([{ reason: 'expiry' }]);
  });

  it('expiry: the timer of keepFresh', async () => {
    const clock = installClock();
    const { why, refresh } = telling();
    const session = startSession({ source: refresh, tokens: tokenPair('old'), keepFresh: true });
    await session.token();
    const refreshed = nextEvent(session, 'refreshed');
    await clock.advance(3_500_000);
    await refreshed;
    expect(why).toEqual([{ reason: 'expiry' }]);
  });

  it('refused: a request met a 401, whose challenge is handed in as the server sent it', async () => {
    const server = await startServer();
    const { why, refresh } = telling(() => server.issue());
    const { api } = clientOf(server, { source: { refresh } });
    const challenge = 'Bearer realm="a", error="invalid_token", acr_values="loa2", scope="read write"';
    server.fault('/echo', { status: 401, headers: { 'WWW-Authenticate': challenge } });
    await api.get('/echo');
    expect(why).toEqual([{ reason: 'refused', challenge }]);
  });

  it('refused, with no challenge where the server sent none', async () => {
    const server = await startServer();
    const { why, refresh } = telling(() => server.issue());
    const { api } = clientOf(server, { source: { refresh } });
    server.fault('/echo', { status: 401 });
    await api.get('/echo');
    expect(why).toEqual([{ reason: 'refused' }]);
  });

  it('refused: a request whose connection was reset, with no challenge', async () => {
    const server = await startServer();
    const { why, refresh } = telling(() => server.issue());
    const { api } = clientOf(server, { source: { refresh }, shouldRefreshOnError: () => true });
    server.fault('/echo', 'reset');
    await api.get('/echo');
    expect(why).toEqual([{ reason: 'refused' }]);
  });

  it('refused: the challenge is that of the 401 that began it, and the next refresh has none of it', async () => {
    const server = await startServer();
    const { why, refresh } = telling(() => server.issue());
    const { api, session } = clientOf(server, { source: { refresh } });
    server.fault('/echo', { status: 401, headers: { 'WWW-Authenticate': 'Bearer realm="first"' } });
    server.fault('/echo', { status: 401, headers: { 'WWW-Authenticate': 'Bearer realm="second"' } });
    await Promise.all([api.get('/echo'), api.get('/echo')]);
    await session.refresh();
    expect(why).toHaveLength(2);
    expect(why[0]).toMatchObject({ reason: 'refused', challenge: expect.stringMatching(/realm="(first|second)"/) });
    expect(why[1]).toEqual({ reason: 'asked' });
  });

  it('refused: a request of a session in cookies', async () => {
    const { why, refresh } = telling(() => ({}));
    const { server, api } = await startClient({ source: { refresh }, tokens: undefined, header: false });
    server.fault('/public', { status: 401, headers: { 'WWW-Authenticate': 'Cookie realm="a"' } });
    await api.get('/public');
    expect(why).toEqual([{ reason: 'refused', challenge: 'Cookie realm="a"' }]);
  });

  it('expiry: tokens that were handed to signIn() are over already', async () => {
    const { why, refresh } = telling();
    const { api, session } = await startClient({ source: { refresh }, tokens: undefined });
    await session.signIn(DUE);
    await api.get('/public');
    expect(why).toEqual([{ reason: 'expiry' }]);
  });

  it('asked: by session.refresh()', async () => {
    const { why, refresh } = telling();
    await startSession({ source: { refresh }, tokens: tokenPair('old') }).refresh();
    expect(why).toEqual([{ reason: 'asked' }]);
  });

  it('signIn: by session.signIn()', async () => {
    const { why, obtain, refresh } = telling();
    await startSession({ source: { obtain } }).signIn();
    await startSession({ source: { refresh } }).signIn();
    expect(why).toEqual([{ reason: 'signIn' }, { reason: 'signIn' }]);
  });

  it('signIn: a person is asked', async () => {
    const { why, obtain } = telling();
    await startSession({ source: { obtain, interactive: true } }).signIn();
    expect(why).toEqual([{ reason: 'signIn' }]);
  });

  it('on each attempt of one refresh: the reason stays', async () => {
    let fails = true;
    const server = await startServer();
    const { why, refresh } = telling(() => {
      if (!fails) return server.issue();
      fails = false;
      throw new Error('The network is gone');
    });
    const { api } = clientOf(server, { source: { refresh }, backoff: { initial: 1, factor: 1, cap: 5 } });
    server.fault('/echo', { status: 401, headers: { 'WWW-Authenticate': 'Bearer realm="a"' } });
    await api.get('/echo');
    expect(why).toEqual([
      { reason: 'refused', challenge: 'Bearer realm="a"' },
      { reason: 'refused', challenge: 'Bearer realm="a"' },
    ]);
  });

  it('obtain() after a refresh that was refused for good: why the refresh was begun', async () => {
    const { why, obtain } = telling();
    const refused = Object.assign(new Error('invalid_grant'), { status: 400, error: 'invalid_grant' });
    const refresh = async () => {
      throw refused;
    };
    await startSession({ source: { refresh, obtain }, tokens: tokenPair('old') }).refresh();
    expect(why).toEqual([{ reason: 'asked' }]);
  });

  it('expiry, though session.refresh() joins: the one who began it says why', async () => {
    const gate = deferred<unknown>();
    const begun = deferred();
    const { why, refresh } = telling(() => {
      begun.resolve();
      return gate.promise;
    });
    const { api, session } = await startClient({ source: { refresh }, tokens: DUE });
    const request = api.get('/public');
    await begun.promise;
    const joined = session.refresh();
    gate.resolve(tokenPair('new'));
    await Promise.all([request, joined]);
    expect(why).toEqual([{ reason: 'expiry' }]);
  });

  it('L20 the challenge is in no event and no error, whatever a server has put there', async () => {
    const secret = 'challenge-with-a-secret';
    const { refresh } = telling(() => {
      throw Object.assign(new Error('refused'), { status: 400 });
    });
    const server = await startServer();
    const api = axios.create({ baseURL: server.url });
    const session = closeAtEnd(bearer(api, { source: { refresh }, tokens: server.issue() }));
    const failed = nextEvent(session, 'refreshFailed');
    server.fault('/echo', { status: 401, headers: { 'WWW-Authenticate': `Bearer realm="${secret}"` } });
    const error = await failureOf(api.get('/echo'));
    expect(error.code).toBe('ERR_BEARER_REJECTED');
    expect(`${error.message}${JSON.stringify(error.cause)}${JSON.stringify(await failed)}`).not.toContain(secret);
  });
});
