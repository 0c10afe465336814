import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { bearer, type SessionOptions, type TokenSource } from 'axios-bearer';
import { clientCredentials, refreshToken } from 'axios-bearer/oauth2';
import { type AuthorizationServer, CONFIDENTIAL, startAuthorizationServer } from '../support/authorization-server.js';
import { cleanUp, closeAtEnd, codeOf, failureOf, installClock, startServer } from '../support/kit.js';

let server: AuthorizationServer;
beforeAll(async () => {
  server = await startAuthorizationServer({ ttl: 60 });
});
afterAll(() => server.close());
afterEach(async () => {
  server.intercept(undefined);
  await cleanUp();
});

const METADATA = '/.well-known/oauth-authorization-server';

/** A session at an API that is another server, so that a token request that goes astray is seen there. */
async function scene(source: TokenSource, options: Partial<SessionOptions> = {}) {
  const home = await startServer();
  const api = axios.create({ baseURL: home.url });
  const session = closeAtEnd(bearer(api, { source, backoff: { initial: 1, factor: 1, cap: 1 }, ...options }));
  return { home, session };
}

/** Signed in with a refresh token that is good. */
async function signedIn(more: object, options: Partial<SessionOptions> = {}) {
  const tokens = { access_token: 'old', refresh_token: await server.login() };
  return scene(refreshToken({ ...CONFIDENTIAL, ...more }), { tokens, ...options });
}

/** What the server is asked from now on, and how it answers if not by itself. */
function watch(
  answer: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean> = () => false,
) {
  const asked: string[] = [];
  server.intercept((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    return answer(request, response);
  });
  return asked;
}

async function bodyOf(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return new URLSearchParams(text);
}

describe('Metadata that could not be read', () => {
  const failures: [string, (request: IncomingMessage, response: ServerResponse) => unknown][] = [
    ['as the server was down', (_, response) => response.writeHead(503).end()],
    ['as the connection broke', (request) => request.socket.destroy()],
  ];

  it.each(failures)('is read again at the next attempt, and no token goes astray: %s', async (_, fail) => {
    const clock = installClock();
    const { home, session } = await signedIn({ issuer: server.issuer }, { refreshRetries: 0 });
    let failed = 0;
    const asked = watch((request, response) => {
      if (request.url !== METADATA || failed > 0) return false;
      failed++;
      fail(request, response);
      return true;
    });
    const { code, retryAfter } = await failureOf(session.refresh());
    expect(code).toBe('ERR_BEARER_UNAVAILABLE');
    await clock.advance(retryAfter);
    await session.refresh();
    expect(asked).toEqual([`GET ${METADATA}`, `GET ${METADATA}`, 'POST /token']);
    expect(home.log).toEqual([]);
  });

  it.each<[string, number, string]>([
    ['404', 404, ''],
    ['400, as Cognito does', 400, '{"message":"Bad Request"}'],
    ['401', 401, ''],
    ['403, as bot protection does', 403, '<h1>Forbidden</h1>'],
    ['200 and a page, as a single-page app does', 200, '<!doctype html>'],
    ['200 and nothing', 200, 'null'],
  ])('is read at OpenID Connect’s place, if the first answers %s (RFC 8414 §5)', async (_, status, body) => {
    const { session } = await signedIn({ issuer: server.issuer }, { refreshRetries: 0 });
    const asked = watch((request, response) => {
      if (request.url !== METADATA) return false;
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
      return true;
    });
    await session.refresh();
    expect(asked).toEqual([`GET ${METADATA}`, 'GET /.well-known/openid-configuration', 'POST /token']);
  });

  it.each([408, 425, 429])('is read again at the next attempt, if the answer is %i', async (status) => {
    const { session } = await signedIn({ issuer: server.issuer }, { refreshRetries: 0 });
    const asked = watch((request, response) => {
      if (request.url !== METADATA) return false;
      response.writeHead(status).end();
      return true;
    });
    expect((await failureOf(session.refresh())).code).toBe('ERR_BEARER_UNAVAILABLE');
    expect(asked).toEqual([`GET ${METADATA}`]);
  });

  it('names the issuer that the metadata is of (RFC 8414 §3.3)', async () => {
    const { session } = await signedIn({ issuer: `${server.issuer}/tenant` }, { refreshRetries: 0 });
    watch((request, response) => {
      if (!request.url?.includes('/.well-known/')) return false;
      response.end(JSON.stringify({ issuer: server.issuer, token_endpoint: `${server.issuer}/token` }));
      return true;
    });
    const { message } = await failureOf(session.refresh());
    expect(message).toContain(`The metadata of ${server.issuer}/tenant is of another issuer, ${server.issuer}:`);
  });

  it('is of the same issuer with a slash after its host, and without (RFC 3986 §6.2.3)', async () => {
    const { session } = await signedIn({ issuer: `${server.issuer}/` }, { refreshRetries: 0 });
    expect((await session.refresh()).accessToken).toBeTruthy();
  });

  it('is read again by the retries of the same refresh', async () => {
    const { home, session } = await signedIn({ issuer: server.issuer });
    let failed = 0;
    const asked = watch((request, response) => {
      if (request.url !== METADATA || failed++ > 1) return false;
      response.writeHead(503).end();
      return true;
    });
    await session.refresh();
    expect(asked).toEqual([...Array(3).fill(`GET ${METADATA}`), 'POST /token']);
    expect(home.log).toEqual([]);
  });

  it('is read again by signOut(), which revokes at the right place', async () => {
    const { home, session } = await signedIn({ issuer: server.issuer }, { refreshRetries: 0 });
    let failed = 0;
    const asked = watch((request, response) => {
      if (request.url !== METADATA || failed++ > 0) return false;
      response.writeHead(503).end();
      return true;
    });
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
    await session.signOut();
    expect(asked).toEqual([`GET ${METADATA}`, `GET ${METADATA}`, 'POST /token/revocation']);
    expect(home.log).toEqual([]);
  });
});

describe('An endpoint that was given', () => {
  it.each([
    ['the token endpoint', { tokenEndpoint: '/mine' }, ['POST /mine', 'POST /token/revocation']],
    ['the revocation endpoint', { revocationEndpoint: '/mine/revocation' }, ['POST /token', 'POST /mine/revocation']],
    [
      'each of them',
      { tokenEndpoint: '/mine', revocationEndpoint: '/mine/revocation' },
      ['POST /mine', 'POST /mine/revocation'],
    ],
  ])('goes before the metadata’s: %s', async (_, given, expected) => {
    const urls = Object.fromEntries(Object.entries(given).map(([name, path]) => [name, server.issuer + path]));
    const { session } = await signedIn({ issuer: server.issuer, ...urls });
    const asked = watch((request) => {
      request.url = request.url?.replace('/mine', '/token');
      return false;
    });
    const { accessToken } = await session.refresh();
    await session.signOut();
    expect(asked.filter((line) => line.startsWith('POST'))).toEqual(expected);
    expect(await server.isActive(accessToken)).toBe(false);
  });
});

describe('What is revoked', () => {
  /** The bodies that the revocation endpoint was sent. */
  function revocations() {
    const bodies: Record<string, string>[] = [];
    watch(async (request, response) => {
      if (request.url !== '/token/revocation') return false;
      const { token, token_type_hint } = Object.fromEntries(await bodyOf(request));
      bodies.push({ token: String(token), token_type_hint: String(token_type_hint) });
      response.writeHead(200).end();
      return true;
    });
    return bodies;
  }
  const endpoints = () => ({ tokenEndpoint: server.tokenEndpoint, revocationEndpoint: server.revocationEndpoint });

  it('is called a refresh token where there is one', async () => {
    const { session } = await signedIn(endpoints());
    const { refreshToken } = await session.refresh();
    const bodies = revocations();
    await session.signOut();
    expect(bodies).toEqual([{ token: refreshToken, token_type_hint: 'refresh_token' }]);
  });

  it.each(['handed in', 'obtained'])('is called an access token where there is nothing else: %s', async (how) => {
    const client = { ...CONFIDENTIAL, ...endpoints() };
    const { session } =
      how === 'obtained' ? await scene(clientCredentials(client)) : await scene(refreshToken(client), { tokens: 'at' });
    const token = await session.token();
    const bodies = revocations();
    await session.signOut();
    expect(bodies).toEqual([{ token, token_type_hint: 'access_token' }]);
  });

  it('is at each sign-out the token of its own sign-in', async () => {
    const { session } = await scene(refreshToken({ ...CONFIDENTIAL, ...endpoints() }));
    const bodies = revocations();
    for (const name of ['a', 'b']) {
      await session.signIn({ access_token: `at_${name}`, refresh_token: `rt_${name}` });
      await session.signOut();
    }
    expect(bodies.map(({ token }) => token)).toEqual(['rt_a', 'rt_b']);
  });
});

it('Sessions that share a source share its metadata and nothing else', async () => {
  const source = refreshToken({ ...CONFIDENTIAL, issuer: server.issuer });
  const tokens = async () => ({ access_token: 'old', refresh_token: await server.login() });
  const before = server.revoked;
  const [ada, bob] = [await scene(source, { tokens: await tokens() }), await scene(source, { tokens: await tokens() })];
  const asked = watch();
  const [one, other] = await Promise.all([ada.session.refresh(), bob.session.refresh()]);
  expect(one.accessToken).not.toBe(other.accessToken);
  expect(asked.filter((line) => line === 'POST /token')).toHaveLength(2);
  asked.length = 0;
  await Promise.all([ada.session.refresh(), bob.session.refresh()]);
  expect(asked).toEqual(['POST /token', 'POST /token']);
  expect(server.revoked).toBe(before);
});
