import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import { memoryStore } from 'axios-bearer';
import { cleanUp, failureOf, refreshing, startClient, startSession, tokenPair } from '../support/kit.js';

afterEach(cleanUp);

const ONCE = { refreshRetries: 0 };

/** Where nothing listens. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const messageOf = async (promise: Promise<unknown>): Promise<string> => (await failureOf(promise)).message;

it('ERR_BEARER_REJECTED says what the authorization server said, to the request that met it and to the next', async () => {
  const { server, api, session } = await startClient({ ...ONCE });
  server.expire();
  server.fault('/auth/refresh', { status: 400, body: { error: 'invalid_grant', error_description: 'Token revoked' } });
  const said = 'The token request was refused: invalid_grant, Token revoked (400). Sign in again';
  expect(await messageOf(api.get('/videos'))).toBe(said);
  expect(await messageOf(session.token())).toBe(said);
});

it.each<[object, string]>([
  [{ ok: false, error: 'ratelimited' }, '. It said: ratelimited'],
  [{ title: 'No more logins', detail: 'in this hour' }, '. It said: No more logins, in this hour'],
  [{ data: { access_token: 'a' }, status: 200, headers: {} }, ''],
  [{ code: '200', message: 'success' }, ''],
])('ERR_BEARER_TOKEN says what an answer without a token said, if it did: %j', async (answer, said) => {
  const session = startSession({
    tokens: tokenPair('a', { expires_in: 0 }),
    source: async () => answer as never,
    ...ONCE,
  });
  const error = await failureOf(session.token());
  expect(error).toMatchObject({ code: 'ERR_BEARER_TOKEN', message: expect.stringMatching(/got undefined/) });
  expect(error.message.split('got undefined')[1]).toBe(said);
  expect(error.cause !== undefined).toBe(said !== '');
});

it.each(['localhost', '127.0.0.1'])('ERR_BEARER_UNAVAILABLE says how the network failed: axios, %s', async (host) => {
  const url = `http://${host}:${await deadPort()}/token`;
  const session = startSession({
    tokens: tokenPair('a', { expires_in: 0 }),
    source: (_, { client }) => client.post(url),
    ...ONCE,
  });
  expect(await messageOf(session.token())).toMatch(
    /^No token could be had just now: .*ECONNREFUSED.* The session is kept$/,
  );
});

it('ERR_BEARER_UNAVAILABLE says how the network failed: fetch', async () => {
  const url = `http://127.0.0.1:${await deadPort()}/token`;
  const source = async () => (await fetch(url)).json();
  const session = startSession({ tokens: tokenPair('a', { expires_in: 0 }), source, ...ONCE });
  expect(await messageOf(session.token())).toMatch(/^No token could be had just now: fetch failed: .*ECONNREFUSED/);
});

it('ERR_BEARER_UNAVAILABLE says what a server answered that is down', async () => {
  const { server, session } = await startClient({ ...ONCE });
  server.fault('/auth/refresh', { status: 503, body: '<h1>Bad gateway</h1>' });
  expect(await messageOf(session.refresh())).toBe(
    'No token could be had just now: Request failed with status code 503. The session is kept',
  );
});

it('ERR_BEARER_STORE says how the store failed', async () => {
  const store = { ...memoryStore(), read: async () => Promise.reject(new Error('disk full')) };
  expect(await messageOf(startSession({ store, ...ONCE }).token())).toBe('The token store failed: disk full');
});

it('ERR_BEARER_SIGNED_OUT says by which way the session was signed out', async () => {
  const store = memoryStore();
  const [here, there] = [startSession({ store, source: refreshing }), startSession({ store, source: refreshing })];
  expect(await messageOf(here.token())).toBe('Nobody is signed in: call signIn()');
  await here.signIn(tokenPair('a'));
  await there.token();
  await here.signOut();
  expect(await messageOf(here.token())).toBe('The session was signed out by signOut(): call signIn()');
  expect(await messageOf(there.token())).toBe(
    'The session was signed out by another holder of the store: call signIn()',
  );
});

it.each<[string, unknown, string]>([
  [
    'Nest',
    { statusCode: 401, message: 'Refresh token expired', error: 'Unauthorized' },
    'Unauthorized, Refresh token expired (401)',
  ],
  ['Laravel', { message: 'It is blacklisted' }, 'It is blacklisted (401)'],
  ['problem details', { title: 'Unauthorized', detail: 'reuse' }, 'Unauthorized, reuse (401)'],
])('a refusal is told in the words of the back end: %s', async (_, data, told) => {
  const refused = Object.assign(new Error('Request failed'), { response: { status: 401, data } });
  const session = startSession({ tokens: tokenPair('a', { expires_in: 0 }), source: () => Promise.reject(refused) });
  expect((await failureOf(session.token())).message).toContain(told);
});
