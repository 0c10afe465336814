import { afterEach, describe, expect, it } from '@jest/globals';
import { memoryStore, type TokenResponse, type TokenStore } from 'axios-bearer';
import { cleanUp, deferred, settle, startSession, storeWith, tokenPair } from '../support/kit.js';

afterEach(cleanUp);

const refused = () => Object.assign(new Error('revoked'), { status: 400, error: 'invalid_grant' });

/** A refresh of a token that is past its end is under way; later ones bring token `c`. */
async function refreshing(store?: TokenStore) {
  const answer = deferred<TokenResponse>();
  const asked = deferred<void>();
  const presented: unknown[] = [];
  const session = startSession({
    tokens: tokenPair('a', { expires_in: 0 }),
    source: ({ refreshToken }) => {
      presented.push(refreshToken);
      asked.resolve();
      return presented.length === 1 ? answer.promise : Promise.resolve(tokenPair('c'));
    },
    refreshRetries: 0,
    ...(store && { store }),
  });
  const refresh = session.refresh();
  refresh.catch(() => {});
  await asked.promise;
  return { session, refresh, presented, answer };
}

describe('a token that the app hands in while a refresh is under way', () => {
  it('L10 is kept when the refresh is refused, and serves those that wait for it', async () => {
    const { session, refresh, presented, answer } = await refreshing();
    const update = session.update(tokenPair('b'));
    answer.reject(refused());
    expect([(await refresh).accessToken, (await update).accessToken]).toEqual(['at_b', 'at_b']);
    expect(session.state.status).toBe('active');
    expect((await session.refresh()).accessToken).toBe('at_c');
    expect(presented).toEqual(['rt_a', 'rt_b']);
  });

  it('L10 serves to its end when it came without a refresh token, and the one there is was refused', async () => {
    const { session, answer } = await refreshing();
    const update = session.update({ access_token: 'at_b', expires_in: 3_600 });
    answer.reject(refused());
    await update.catch(() => {});
    expect(await session.token()).toBe('at_b');
    expect(session.state.status).toBe('active');
  });

  it('L3 is stored above what the refresh has brought, though the store failed to keep that: its refresh token is the newest', async () => {
    const inner = memoryStore();
    let fails = true;
    const write: TokenStore['write'] = async (next) => {
      const isFirst = fails && next.token?.accessToken === 'at_made';
      if (isFirst) fails = false;
      return isFirst ? Promise.reject(new Error('The disk is full')) : inner.write(next);
    };
    const { session, refresh, presented, answer } = await refreshing(storeWith({ write }, inner));
    const update = session.update({ access_token: 'at_b', expires_in: 3_600 });
    answer.resolve(tokenPair('made'));
    await Promise.all([refresh, update]);
    expect((await inner.read())?.token).toMatchObject({ accessToken: 'at_b', refreshToken: 'rt_made' });
    await session.refresh();
    expect(presented).toEqual(['rt_a', 'rt_made']);
  });

  it('serves those that wait when the refresh fails', async () => {
    const { session, refresh, answer } = await refreshing();
    session.update(tokenPair('b')).catch(() => {});
    await settle();
    answer.reject(new Error('down'));
    expect((await refresh).accessToken).toBe('at_b');
  });
});

describe('two tokens that the app hands in, one after the other', () => {
  it('are in use in that order, and the last one stays', async () => {
    const session = startSession({ tokens: tokenPair('a'), source: async () => tokenPair('x') });
    const used: string[] = [];
    session.on('refreshed', () => session.token().then((token) => used.push(token)));
    await Promise.all([session.update({ access_token: 'at_b' }), session.update({ access_token: 'at_c' })]);
    expect(await session.token()).toBe('at_c');
    expect(used.slice(used.indexOf('at_c'))).not.toContain('at_b');
    expect((await session.refresh()).accessToken).toBe('at_x');
  });
});
