import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosError, type CreateAxiosDefaults } from 'axios';
import { adapters, cleanUp, failureOf, nextEvent, onAdapters, startRecordedClient } from '../support/kit.js';

type Transform = NonNullable<CreateAxiosDefaults['transformResponse']>;

const PAGE = '<title>Sign in</title>';
const CHALLENGE = { 'WWW-Authenticate': 'Bearer error="invalid_token"' };

// What apps write for the answers that they expect, which throws on any other.
const transforms: [string, Transform, unknown][] = [
  ['JSON.parse on a text', [(text: string) => JSON.parse(text)], 'method'],
  [
    'reading a field of a field',
    [(text: string) => JSON.parse(text), (body) => ({ method: body.method.toUpperCase(), size: body.query.size })],
    'method',
  ],
  [
    'axios’s own and then a field of a field',
    [
      ...[axios.defaults.transformResponse as never].flat(),
      (body: { method: string }) => ({ method: body.method.at(0) }),
    ],
    'method',
  ],
];

afterEach(cleanUp);

describe.each(adapters)(`a transformResponse that throws on the body of a 401 (${onAdapters}), over %s`, (adapter) => {
  describe.each(transforms)('%s', (_, transformResponse, field) => {
    it.each([
      ['', {}],
      [', and shouldRefresh is asked', { shouldRefresh: ({ status }: { status: number }) => status === 401 }],
    ])('does not keep the request from being refreshed and sent again%s', async (_how, options) => {
      const { api, server } = await startRecordedClient({ defaults: { adapter }, ...options });
      server.fault('/echo', { status: 401, headers: CHALLENGE, body: PAGE });
      const { status, data } = await api.post('/echo', { a: 1 }, { transformResponse });
      expect([status, server.stats.refresh]).toEqual([200, 1]);
      expect(data).toHaveProperty(String(field));
    });

    it.each([
      ['that survives', { times: Number.POSITIVE_INFINITY }, {}],
      ['of a request that is not sent again', { times: 1 }, { bearer: { replay: false } }],
      ['of a request that is left alone', { times: 1 }, { bearer: false as const }],
    ])('where the 401 is final, %s, the caller gets what bare axios gives', async (_how, times, config) => {
      const made = await startRecordedClient({ defaults: { adapter } });
      const bare = axios.create({ baseURL: made.server.url, adapter, transformResponse });
      made.server.fault('/echo', { status: 401, headers: CHALLENGE, body: PAGE }, { times: Number.POSITIVE_INFINITY });
      const expected = await failureOf(bare.get('/echo'));
      made.server.reset();
      made.server.fault('/echo', { status: 401, headers: CHALLENGE, body: PAGE }, times);
      const shown = ({ name, message, code, status, response }: Partial<AxiosError>) => ({
        name,
        message,
        code,
        status,
        data: response?.data,
      });
      expect(shown(await failureOf(made.api.get('/echo', { ...config, transformResponse })))).toEqual(shown(expected));
    });
  });

  it('with a refresh that fails: the caller is told of that, and not of the body', async () => {
    const [[, transformResponse] = ['', []]] = transforms;
    const { api, server } = await startRecordedClient({ defaults: { adapter } });
    server.revokeRefreshTokens();
    server.fault('/echo', { status: 401, headers: CHALLENGE, body: PAGE });
    expect(await failureOf(api.get('/echo', { transformResponse }))).toMatchObject({
      code: 'ERR_BEARER_REJECTED',
      response: { status: 401 },
    });
  });

  it('shouldRefresh gets the body as the server sent it, and the caller the one that came in the end', async () => {
    const bodies: unknown[] = [];
    const [[, transformResponse] = ['', []]] = transforms;
    const { api, server } = await startRecordedClient({
      defaults: { adapter },
      shouldRefresh: ({ status, data }) => {
        bodies.push(data);
        return status === 401;
      },
    });
    server.fault('/echo', { status: 401, headers: CHALLENGE, body: PAGE });
    const { data } = await api.get('/echo', { transformResponse });
    expect(bodies).toEqual([PAGE, data]);
    expect(data).toMatchObject({ method: 'GET' });
  });

  it('a transform that throws on the answer of the replay is the caller’s to know, as on bare axios', async () => {
    const gone = new Error('Not what was expected');
    const transformResponse = (text: string) => {
      if (text !== PAGE) throw gone;
    };
    const made = await startRecordedClient({ defaults: { adapter } });
    made.server.fault('/echo', { status: 401, headers: CHALLENGE, body: PAGE });
    const bare = axios.create({ baseURL: made.server.url, adapter, transformResponse });
    const expected = await failureOf(bare.get('/public'));
    const error = await failureOf(made.api.get('/echo', { transformResponse }));
    expect([error.message, error === (gone as never)]).toEqual([expected.message, expected === (gone as never)]);
    expect(made.server.stats.refresh).toBe(1);
  });
});

describe.each(adapters)(`a challenge that a new token does not meet (${onAdapters}), over %s`, (adapter) => {
  it.each([
    ['insufficient_scope', 'Bearer realm="a", error="insufficient_scope", scope="admin"'],
    ['insufficient_scope, unquoted', 'Bearer error=insufficient_scope'],
    [
      'insufficient_user_authentication',
      'Bearer error="insufficient_user_authentication", acr_values="loa2", max_age="5"',
    ],
    ['insufficient_user_authentication of DPoP', 'DPoP error="insufficient_user_authentication"'],
  ])('%s is handed on at once: neither refreshed nor sent again', async (_, challenge) => {
    const { api, server, sends } = await startRecordedClient({ defaults: { adapter } });
    server.fault('/echo', { status: 401, headers: { 'WWW-Authenticate': challenge } });
    const { response } = await failureOf(api.get('/echo'));
    expect([response?.status, response?.headers['www-authenticate']]).toEqual([401, challenge]);
    expect([server.stats.refresh, sends.length]).toEqual([0, 1]);
  });

  it.each([
    ['a description only', 'Bearer error="invalid_token", error_description="error=\\"insufficient_scope\\" or so"'],
    ['no challenge of ours', 'Basic realm="insufficient_scope"'],
  ])('%s is none: refreshed and sent again', async (_, challenge) => {
    const { api, server } = await startRecordedClient({ defaults: { adapter } });
    server.fault('/echo', { status: 401, headers: { 'WWW-Authenticate': challenge } });
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats.refresh).toBe(1);
  });

  it('holds back none of the requests that come next, as the token is good', async () => {
    const { api, server, session } = await startRecordedClient({ defaults: { adapter } });
    const replayed = nextEvent(session, 'replayed');
    await failureOf(api.get('/scope/401'));
    expect((await api.get('/echo')).status).toBe(200);
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    await replayed;
    expect(server.stats.refresh).toBe(1);
  });
});
