import { afterEach, describe, expect, it } from '@jest/globals';
import { memoryStore, type TokenResponse } from 'axios-bearer';
import { cleanUp, clientOf, codeOf, startClient, startServer, startSession, tokenPair } from '../support/kit.js';

afterEach(cleanUp);

describe('tokens that are handed in', () => {
  it.each<[string, TokenResponse]>([
    ['null', null],
    ["''", ''],
    ['{}', {}],
    ['fields of null', { access_token: null, refresh_token: null }],
  ])('may say that nobody is signed in: %s', async (_, tokens) => {
    const { server, api, session } = await startClient({ tokens });
    expect(session.state).toEqual({ status: 'signed-out' });
    expect((await api.get('/public')).status).toBe(200);
    await session.signIn(server.issue());
    expect((await api.get('/videos')).status).toBe(200);
  });

  it('may be a refresh token alone: the first request waits for the access token', async () => {
    const server = await startServer();
    const { refresh_token } = server.issue();
    const { api, session } = await clientOf(server, { tokens: { refresh_token } });
    const answers = await Promise.all([1, 2, 3].map(() => api.get('/videos')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 0 });
    expect(session.state.status).toBe('active');
  });

  it('may be a refresh token alone at signIn() too', async () => {
    const { server, api, session } = await startClient({ tokens: undefined });
    await session.signIn({ refresh_token: server.issue().refresh_token });
    expect((await api.get('/videos')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 0 });
  });

  it('a refresh token that is refused ends the session, as any other', async () => {
    const { session } = await startClient({ tokens: { refresh_token: 'unknown' } });
    expect(await codeOf(session.token())).toBe('ERR_BEARER_REJECTED');
    expect(session.state.status).toBe('failed');
  });
});

it('what else the server gave rests in the store, and is in no event and no state', async () => {
  const store = memoryStore();
  const session = startSession({ store, source: async () => tokenPair('b', { id_token: 'id_b' }) });
  await session.signIn(tokenPair('a', { id_token: 'id_a', instance_url: 'https://eu.example' }));
  const told: unknown[] = [];
  session.on('refreshed', (payload) => told.push(payload));
  expect((await session.refresh()).extra).toEqual({ id_token: 'id_b', instance_url: 'https://eu.example' });
  expect((await store.read())?.token?.extra).toEqual({ id_token: 'id_b', instance_url: 'https://eu.example' });
  expect(JSON.stringify([told, session.state])).not.toMatch(/id_b|eu\.example/);
});
