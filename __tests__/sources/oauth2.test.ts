import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { type BearerError, bearer, type InstallOptions, type SessionOptions, type TokenSource } from 'axios-bearer';
import { clientCredentials, type OAuth2Options, refreshToken } from 'axios-bearer/oauth2';
import {
  type AuthorizationServer,
  CONFIDENTIAL,
  PUBLIC,
  startAuthorizationServer,
} from '../support/authorization-server.js';
import { cleanUp, closeAtEnd, failureOf } from '../support/kit.js';

let server: AuthorizationServer;
beforeAll(async () => {
  server = await startAuthorizationServer({ ttl: 60 });
});
afterAll(() => server.close());
afterEach(async () => {
  server.intercept(undefined);
  await cleanUp();
});

type Options = Partial<SessionOptions> & InstallOptions;

function scene(source: TokenSource, options: Options = {}) {
  const api = axios.create({ baseURL: server.issuer });
  const backoff = { initial: 1, factor: 1 };
  const session = closeAtEnd(bearer(api, { source, backoff, ...options }));
  return { api, session };
}

/** Signed in with a refresh token that is good, and an access token that is not. */
async function signedIn(client: OAuth2Options, options: Options = {}) {
  const saved = await server.login(client.clientId);
  return scene(refreshToken(client), { tokens: { access_token: 'expired', refresh_token: saved }, ...options });
}

/** What the next call to the token endpoint is answered, instead of what the server would say. */
function answer(
  status: number,
  body: string,
  headers: Record<string, string> = { 'Content-Type': 'application/json' },
) {
  server.intercept((request, response) => {
    if (request.url !== '/token') return false;
    response.writeHead(status, headers).end(body);
    return true;
  });
}

const confidential = () => ({ tokenEndpoint: server.tokenEndpoint, ...CONFIDENTIAL });

describe('a wrong option', () => {
  it.each<[string, unknown]>([
    ['clientId', 5],
    ['clientSecret', 5],
    ['tokenEndpoint', 5],
    ['tokenEndpoint', 'auth.example/token'],
    ['revocationEndpoint', 5],
    ['issuer', 5],
    ['scope', ['a']],
    ['params', 5],
    ['params', 'audience=x'],
    ['headers', 'x'],
    ['isRejected', 'x'],
  ])('is told at once, by name: %s, %j', (option, value) => {
    const options = { tokenEndpoint: 'https://auth.example/token', clientId: 'a', [option]: value } as never;
    for (const make of [refreshToken, clientCredentials]) {
      expect(() => make(options)).toThrow(
        expect.objectContaining({ code: 'ERR_BEARER_CONFIG', message: expect.stringContaining(`"${option}"`) }),
      );
    }
  });
});

describe('refreshToken()', () => {
  it('refreshes a rotating token, once for all that wait (RFC 6749 §6)', async () => {
    const { api } = await signedIn(confidential());
    const asked = server.asked;
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.get('/resource')));
    expect(answers.map(({ data }) => data)).toEqual(Array.from({ length: 20 }, () => ({ owner: 'ada' })));
    expect(server.asked - asked).toBe(1);
    await server.expire();
    await api.get('/resource');
    expect([server.asked - asked, server.revoked]).toEqual([2, 0]);
  });

  it('asks for nothing while nobody is signed in: it can make no first token', async () => {
    const { api, session } = scene(refreshToken(confidential()));
    const asked = server.asked;
    expect((await failureOf(api.get('/resource'))).response?.status).toBe(401);
    expect((await failureOf(session.refresh())).code).toBe('ERR_BEARER_SIGNED_OUT');
    expect(server.asked).toBe(asked);
  });

  it('asks for less than was granted, where scope says so', async () => {
    const { session } = await signedIn({ ...confidential(), scope: 'read' });
    expect(await session.refresh()).toMatchObject({ scope: 'read' });
  });

  it('ends the session when the grant is gone, and says so in the words of RFC 6749 §5.2', async () => {
    const { api, session } = await signedIn(confidential(), {
      tokens: { access_token: 'x', refresh_token: 'never-was' },
    });
    const failure = (await failureOf(api.get('/resource'))) as BearerError;
    expect(failure.code).toBe('ERR_BEARER_REJECTED');
    expect(failure.cause).toMatchObject({
      status: 400,
      error: 'invalid_grant',
      error_description: 'grant request is invalid',
    });
    expect(session.state.status).toBe('failed');
  });

  it('hands on error_uri too, and no token that the server quotes', async () => {
    const { session } = await signedIn(confidential(), {
      tokens: { access_token: 'at-quoted', refresh_token: 'rt-quoted' },
    });
    const error = { error: 'invalid_grant', error_description: 'rt-quoted is over', error_uri: 'https://as.example/1' };
    answer(400, JSON.stringify(error));
    expect((await failureOf(session.refresh())).cause).toMatchObject({
      error_description: '[token] is over',
      error_uri: 'https://as.example/1',
    });
  });

  it.each([
    ['a proxy’s 400', 400, '<h1>Bad Request</h1>'],
    ['a gateway’s 403', 403, ''],
    ['a 401 without an OAuth error', 401, '{"message":"no"}'],
    ['server_error', 400, '{"error":"server_error"}'],
    ['temporarily_unavailable', 400, '{"error":"temporarily_unavailable"}'],
    ['slow_down', 400, '{"error":"slow_down"}'],
    ['a 500 that quotes invalid_grant', 500, '{"error":"invalid_grant"}'],
  ])('L10 keeps the session on %s', async (_, status, body) => {
    const { session } = await signedIn(confidential(), { refreshRetries: 0 });
    answer(status, body);
    expect((await failureOf(session.refresh())).code).toBe('ERR_BEARER_UNAVAILABLE');
    server.intercept(undefined);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await session.refresh()).toMatchObject({ scope: 'offline_access read write' });
  });

  it('revokes the refresh token at signOut() (RFC 7009), and with it all that came of it', async () => {
    const { api, session } = await signedIn({ ...confidential(), revocationEndpoint: server.revocationEndpoint });
    await api.get('/resource');
    const accessToken = await session.token();
    expect(await server.isActive(accessToken)).toBe(true);
    await session.signOut();
    expect(await server.isActive(accessToken)).toBe(false);
  });

  it('signs out in peace where the server knows of no revocation', async () => {
    const { session } = await signedIn(confidential());
    const token = await session.token();
    await expect(session.signOut()).resolves.toBeUndefined();
    expect(token).toBe('expired');
  });
});

describe('clientCredentials()', () => {
  it('obtains a first token, and another when that one is over (RFC 6749 §4.4)', async () => {
    const { api } = scene(clientCredentials({ ...confidential(), scope: 'read' }));
    const asked = server.asked;
    expect((await api.get('/resource')).data).toEqual({ owner: 'service' });
    await server.expire();
    expect((await api.get('/resource')).data).toEqual({ owner: 'service' });
    expect(server.asked - asked).toBe(2);
  });

  it('revokes its access token at signOut()', async () => {
    const source = clientCredentials({ ...confidential(), revocationEndpoint: server.revocationEndpoint });
    const { api, session } = scene(source);
    await api.get('/resource');
    const token = await session.token();
    await session.signOut();
    const headers = { Authorization: `Bearer ${token}` };
    expect((await failureOf(axios.get(server.resource, { headers }))).response?.status).toBe(401);
  });
});

describe('clientAuth', () => {
  const poster = () => ({ ...confidential(), clientId: 'poster' });

  it.each<[string, () => OAuth2Options]>([
    ['client_secret_basic, the default with a secret, form-encoded first', confidential],
    ['client_secret_post', () => ({ ...poster(), clientAuth: 'post' })],
    ['none, the default without a secret', () => ({ tokenEndpoint: server.tokenEndpoint, ...PUBLIC })],
    [
      'a function, which may take its time',
      () => ({
        tokenEndpoint: server.tokenEndpoint,
        clientId: 'poster',
        clientAuth: async (body) => {
          await null;
          body.set('client_id', 'poster');
          body.set('client_secret', CONFIDENTIAL.clientSecret);
        },
      }),
    ],
  ])('authenticates by %s', async (_, options) => {
    const { api } = await signedIn(options());
    expect((await api.get('/resource')).status).toBe(200);
  });

  it('ends the session when the server does not know the client by that: no retry mends it', async () => {
    const { session } = await signedIn({ ...confidential(), clientSecret: 'wrong' });
    const failure = await failureOf(session.refresh());
    expect([failure.code, failure.cause]).toMatchObject(['ERR_BEARER_REJECTED', { error: 'invalid_client' }]);
  });

  it('L20 shows the secret in no error', async () => {
    const { api } = await signedIn(confidential(), { tokens: { access_token: 'x', refresh_token: 'never-was' } });
    const failure = await failureOf(api.get('/resource'));
    const shown = inspect(failure, { depth: 12, showHidden: true });
    expect(shown).not.toContain(CONFIDENTIAL.clientSecret);
    expect(shown).not.toContain('Basic ');
    expect(shown).not.toContain('never-was');
  });
});

describe('encoding', () => {
  it('json writes the parameters, and what clientAuth adds, as JSON', async () => {
    const asked: { type: string | undefined; text: string }[] = [];
    server.intercept((request, response) => {
      if (request.url !== '/token') return false;
      let text = '';
      request.on('data', (chunk) => (text += chunk));
      request.on('end', () => {
        asked.push({ type: request.headers['content-type'], text });
        response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"access_token":"new"}');
      });
      return true;
    });
    const client: OAuth2Options = {
      ...confidential(),
      clientAuth: 'post',
      encoding: 'json',
      params: { audience: 'a' },
    };
    const { session } = scene(refreshToken(client), { tokens: { refresh_token: 'r0' } });
    expect((await session.refresh()).accessToken).toBe('new');
    expect(asked.map(({ type, text }) => [type, JSON.parse(text)])).toEqual([
      [
        'application/json',
        {
          grant_type: 'refresh_token',
          refresh_token: 'r0',
          audience: 'a',
          client_id: CONFIDENTIAL.clientId,
          client_secret: CONFIDENTIAL.clientSecret,
        },
      ],
    ]);
  });
});

describe('readResponse', () => {
  const signIn = (readResponse: OAuth2Options['readResponse'], more: Partial<OAuth2Options> = {}) =>
    scene(clientCredentials({ ...confidential(), readResponse, ...more }), { refreshRetries: 0 }).session;

  it.each([
    [
      'names',
      '{"access":"a","refresh":"r"}',
      ({ access, refresh }) => ({ access_token: access, refresh_token: refresh }),
    ],
    ['deeper', '{"status":0,"body":{"access_token":"a","refresh_token":"r"}}', ({ body }) => body],
    ['a bare one', '{"data":"a"}', ({ data }) => data],
    ['one of two', '{"access_token":"b","id_token":"a"}', ({ id_token }) => ({ accessToken: id_token })],
  ] as [string, string, OAuth2Options['readResponse']][])('says where the tokens stand: %s', async (_, body, read) => {
    answer(200, body);
    const session = signIn(read);
    expect(await session.refresh()).toMatchObject({
      accessToken: 'a',
      ...(body.includes('"r"') && { refreshToken: 'r' }),
    });
  });

  it.each([
    ['finds none', ({ id_token }) => ({ access_token: id_token })],
    ['returns nothing', () => undefined],
    ['throws', ({ body }) => body.access_token],
  ] as [string, OAuth2Options['readResponse']][])(
    'that %s has the response refused, which isRejected sees',
    async (_, read) => {
      answer(200, '{"access_token":"not this one","why":"gone"}');
      expect((await failureOf(signIn(read).refresh())).code).toBe('ERR_BEARER_TOKEN');
      const seen: unknown[] = [];
      const isRejected = (response: unknown) => seen.push(response) > 0;
      expect((await failureOf(signIn(read, { isRejected }).refresh())).code).toBe('ERR_BEARER_REJECTED');
      expect(seen).toEqual([{ access_token: undefined, accessToken: undefined, why: 'gone' }]);
    },
  );
});

describe('issuer', () => {
  it('finds the endpoints by the server’s metadata, once', async () => {
    const asked: string[] = [];
    server.intercept(({ url }) => {
      asked.push(url as string);
      return false;
    });
    const { api, session } = await signedIn({ issuer: server.issuer, ...CONFIDENTIAL });
    await api.get('/resource');
    const token = await session.token();
    await session.refresh();
    await session.signOut();
    expect(await server.isActive(token)).toBe(false);
    expect(asked.filter((url) => url.includes('.well-known'))).toEqual(['/.well-known/oauth-authorization-server']);
  });

  it('looks where OpenID Connect has the metadata, too', async () => {
    server.intercept((request, response) => {
      if (request.url !== '/.well-known/oauth-authorization-server') return false;
      response.writeHead(404).end();
      return true;
    });
    const { api } = await signedIn({ issuer: server.issuer, ...CONFIDENTIAL });
    expect((await api.get('/resource')).status).toBe(200);
  });

  it('lets an endpoint that was given go first', async () => {
    const { api } = await signedIn({
      issuer: server.issuer,
      ...confidential(),
      tokenEndpoint: `${server.issuer}/mine`,
    });
    server.intercept((request) => {
      if (request.url === '/mine') request.url = '/token';
      return false;
    });
    expect((await api.get('/resource')).status).toBe(200);
  });

  it.each([
    [
      'of another issuer (RFC 8414 §3.3)',
      '{"issuer":"https://evil.example","token_endpoint":"https://evil.example/t"}',
    ],
    ['without a token endpoint', () => JSON.stringify({ issuer: server.issuer })],
  ])('believes no metadata %s', async (_, metadata) => {
    const saved = await server.login();
    let asked = 0;
    server.intercept((request, response) => {
      if (!request.url?.startsWith('/.well-known/')) return false;
      asked++;
      const body = typeof metadata === 'string' ? metadata : metadata();
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(body);
      return true;
    });
    const { session } = scene(refreshToken({ issuer: server.issuer, ...CONFIDENTIAL }), {
      refreshRetries: 0,
      tokens: { access_token: 'x', refresh_token: saved },
    });
    const before = server.asked;
    const failure = await failureOf(session.refresh());
    expect([failure.code, (failure.cause as Error).message]).toEqual([
      'ERR_BEARER_UNAVAILABLE',
      expect.stringContaining(`The metadata of ${server.issuer}`),
    ]);
    expect([asked, server.asked - before]).toEqual([1, 0]);
  });

  it('says what to do where there is no metadata', async () => {
    const source = clientCredentials({ issuer: `${server.issuer}/tenant/`, ...CONFIDENTIAL });
    const failure = await failureOf(scene(source, { refreshRetries: 0 }).session.signIn());
    expect((failure.cause as Error).message).toMatch(/tenant\/ publishes no metadata: give tokenEndpoint/);
  });
});

describe('ERR_BEARER_CONFIG', () => {
  it('is not for want of a clientId where clientAuth is a function: there are servers without clients', async () => {
    answer(200, '{"access_token":"new"}');
    const source = refreshToken({ tokenEndpoint: server.tokenEndpoint, clientAuth: () => {} });
    const { session } = scene(source, { tokens: { refresh_token: 'r0' } });
    expect((await session.refresh()).accessToken).toBe('new');
  });

  it.each<[string, Partial<OAuth2Options>]>([
    ['"tokenEndpoint"', { tokenEndpoint: undefined as never }],
    ['"clientId"', { clientId: '' }],
    ['"clientSecret"', { clientSecret: undefined as never, clientAuth: 'basic' }],
    ['"clientSecret"', { clientSecret: '', clientAuth: 'post' }],
    ['"clientAuth"', { clientAuth: 'private_key_jwt' as never }],
    ['"encoding"', { encoding: 'xml' as never }],
    ['"readResponse"', { readResponse: 'access' as never }],
  ])('names %s', (named, wrong) => {
    for (const make of [refreshToken, clientCredentials]) {
      expect(() => make({ ...confidential(), ...wrong })).toThrow(
        expect.objectContaining({ code: 'ERR_BEARER_CONFIG' }),
      );
      expect(() => make({ ...confidential(), ...wrong })).toThrow(named);
    }
  });
});
