import { afterEach, describe, expect, it } from '@jest/globals';
import { memoryStore, type RefreshFunction, type TokenResponse } from 'axios-bearer';
import { cleanUp, clientOf, failureOf, SECOND, sameAs, sourceThatAnswers, startServer, times } from '../support/kit.js';

afterEach(cleanUp);

const ONE_TRY = { refreshRetries: 0, backoff: { initial: SECOND, factor: 1, cap: 2 * SECOND } };

describe('an answer without a new refresh token', () => {
  it.each([
    ['without the field', {}],
    ['null', { refresh_token: null }],
    ['empty', { refresh_token: '' }],
  ])('L11 keeps the old one (%s)', async (_, more) => {
    const server = await startServer({ rotate: false });
    const presented: unknown[] = [];
    const source: RefreshFunction = async ({ refreshToken }) => {
      presented.push(refreshToken);
      const { access_token, expires_in } = server.issue();
      return { access_token, expires_in, ...more };
    };
    const tokens = server.issue();
    const { api } = clientOf(server, { source, tokens });
    for (let i = 0; i < 3; i += 1) {
      server.expire();
      await api.get('/echo');
    }
    expect(presented).toEqual(times(3, () => tokens.refresh_token));
  });

  it('L11 keeps the old one when the answer is a bare token', async () => {
    const server = await startServer();
    const presented: unknown[] = [];
    const source: RefreshFunction = async ({ refreshToken }) => {
      presented.push(refreshToken);
      return server.issue().access_token;
    };
    const tokens = server.issue();
    const { api } = clientOf(server, { source, tokens });
    for (let i = 0; i < 2; i += 1) {
      server.expire();
      await api.get('/echo');
    }
    expect(presented).toEqual([tokens.refresh_token, tokens.refresh_token]);
  });

  it('L11 takes the new one when there is one, in either spelling', async () => {
    const server = await startServer();
    const presented: unknown[] = [];
    const source: RefreshFunction = async ({ refreshToken }) => {
      presented.push(refreshToken);
      const { access_token: accessToken } = server.issue();
      return presented.length === 1
        ? { accessToken, refreshToken: 'camel', expiresIn: 3600 }
        : { access_token: accessToken, refresh_token: 'snake' };
    };
    const tokens = server.issue();
    const { api } = clientOf(server, { source, tokens });
    for (let i = 0; i < 3; i += 1) {
      server.expire();
      await api.get('/echo');
    }
    expect(presented).toEqual([tokens.refresh_token, 'camel', 'snake']);
  });
});

const NO_TOKENS: [name: string, answer: unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['an empty string', ''],
  ['a page', '<!doctype html><title>Sign in</title>'],
  ['half a JSON text', '{"access_token":"at_ha'],
  ['a number', 42],
  ['true', true],
  ['false', false],
  ['an empty object', {}],
  ['an empty array', []],
  ['an array with a token in it', ['at_1']],
  ['an error object', { error: 'Bad Request' }],
  ['a nested token', { data: { access_token: 'at_1' } }],
  ['an access token of null', { access_token: null }],
  ['an empty access token', { access_token: '' }],
  ['a number for an access token', { access_token: 12345 }],
  ['an object for an access token', { access_token: { value: 'at_1' } }],
  ['an array for an access token', { access_token: ['at_1'] }],
  ['true for an access token', { access_token: true }],
  ['a token with a space', { access_token: 'at 1' }],
  ['a token with a space at its end', { access_token: 'at_1 ' }],
  ['a token with a line break', { access_token: 'at_1\r\nX-Evil: 1' }],
  ['a token with a line feed at its end', { access_token: 'at_1\n' }],
  ['a token with a tab', { access_token: 'at\t1' }],
  ['a token with a NUL', { access_token: 'at\0' }],
  ['a token with a DEL', { access_token: 'at\x7f' }],
  ['a token in Latin-1', { access_token: 'tökén' }],
  ['a token with an emoji', { access_token: 'at_🔑' }],
  ['a token with a zero-width space', { access_token: 'at_\u200b1' }],
  ['a bare token with a line break', 'at_1\nat_2'],
  ['a bare token in Latin-1', 'tökén'],
  ['a refresh token with a line break', { access_token: 'at_1', refresh_token: 'rt\r\n1' }],
  ['a refresh token that is a number', { access_token: 'at_1', refresh_token: 7 }],
  ['a refresh token that is an object', { access_token: 'at_1', refresh_token: {} }],
  ['a token in the prototype', JSON.parse('{"__proto__":{"access_token":"at_polluted"}}')],
];

describe('a malformed answer', () => {
  it.each(NO_TOKENS)('L11 is refused at the door, and the old tokens are kept: %s', async (_, answer) => {
    const store = memoryStore();
    const server = await startServer();
    const source = sourceThatAnswers(() => answer);
    const { api, session } = clientOf(server, { store, source, ...ONE_TRY });
    const before = await session.token();
    const kept = await store.read();
    server.expire();
    const error = await failureOf(api.get('/echo'));
    expect(error).toMatchObject({ code: 'ERR_BEARER_TOKEN', response: { status: 401 } });
    expect(error.message).not.toMatch(/at_1|at_polluted|rt\r|at_ha/);
    expect(await session.token()).toBe(before);
    expect(await store.read()).toEqual(sameAs(kept));
    expect(session.state.status).toBe('active');
    expect(({} as Record<string, unknown>).access_token).toBeUndefined();
  });

  it('L11 is refused for a first token too', async () => {
    const server = await startServer();
    for (const [, answer] of NO_TOKENS) {
      const source = { obtain: async () => answer as TokenResponse };
      const { api, session } = clientOf(server, { source, tokens: undefined, ...ONE_TRY });
      expect(await failureOf(api.get('/echo'))).toMatchObject({ code: 'ERR_BEARER_TOKEN' });
      expect(await failureOf(session.token())).toMatchObject({ code: 'ERR_BEARER_TOKEN' });
    }
    expect(server.stats.requests).toBe(0);
  });

  it('L11 is refused at sign-in too, and who was signed in stays so', async () => {
    const server = await startServer();
    const { api, session } = clientOf(server);
    const before = await session.token();
    for (const answer of NO_TOKENS.slice(1).map(([, answer]) => answer)) {
      expect(await failureOf(session.signIn(answer as TokenResponse))).toMatchObject({ code: 'ERR_BEARER_TOKEN' });
      expect(await session.token()).toBe(before);
    }
    expect((await api.get('/echo')).status).toBe(200);
  });

  it('L11 is tried again like any failure that may pass', async () => {
    const server = await startServer();
    const { api } = clientOf(server, { backoff: { initial: 1, cap: 5 } });
    server.fault('/auth/refresh', 'html');
    server.fault('/auth/refresh', 'truncated-json');
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 3, reuse: 0 });
  });

  it.each(['1|laravelSanctum', 'a.b-c_d~e+f/g==', '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~', 'x'.repeat(8000)])(
    'L11 is not what an unusual but visible token is: %.20s',
    async (token) => {
      const server = await startServer();
      const bare = /[&]/.test(token) ? [] : [token];
      for (const answer of [...bare, { access_token: token }, { accessToken: token, refreshToken: token }]) {
        const { session } = clientOf(server, { source: sourceThatAnswers(() => answer) });
        expect(await session.refresh()).toMatchObject({ accessToken: token });
      }
    },
  );
});
