import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { AxiosInstance, AxiosRequestConfig } from 'axios';
import { type ApiVideo, startApiVideo } from 'axios-bearer/testing';
import MockAdapter from 'axios-mock-adapter';
import { failureOf, times } from '../support/kit.js';
import { type ClientOptions, clientWith, closeSessions, installed, type Variant, variants } from './client.js';

let server: ApiVideo;
beforeAll(async () => {
  server = await startApiVideo();
});
afterEach(() => {
  closeSessions();
  server.reset();
});
afterAll(() => server.close());

type MockOptions = ConstructorParameters<typeof MockAdapter>[1];

function mocked(variant: Variant, options: ClientOptions = {}, mockOptions: MockOptions = {}) {
  const mocks: MockAdapter[] = [];
  const install = (api: AxiosInstance) => mocks.push(new MockAdapter(api, mockOptions));
  const house = clientWith(server, variant, install, { tokens: 'old', source: async () => 'new', ...options });
  return { ...house, mock: mocks[0]! };
}

const bears = (token: string, { headers }: AxiosRequestConfig) => headers?.Authorization === `Bearer ${token}`;

describe.each(variants)(`axios-mock-adapter (CommonJS only), ${installed}`, (variant) => {
  it('answers 401 once and then 200: the caller gets the 200', async () => {
    const { api, mock } = mocked(variant);
    mock.onAny('/me').replyOnce(401).onAny('/me').reply(200, { name: 'Ada' });
    expect((await api.post('/me', { a: 1 })).data).toEqual({ name: 'Ada' });
    expect(mock.history).toHaveLength(2);
  });

  it('answers by the token that it sees, to 20 at once, with one refresh between', async () => {
    let refreshes = 0;
    const source = async () => `new-${++refreshes}`;
    const { api, mock } = mocked(variant, { source });
    mock.onGet('/me').reply((config) => [bears('new-1', config) ? 200 : 401]);
    const answers = await Promise.all(times(20, () => api.get('/me')));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    expect([refreshes, mock.history.get.length]).toEqual([1, 40]);
  });

  it('has both sends of a replayed request in its history, as one config, which bears the new token', async () => {
    const { api, mock } = mocked(variant);
    mock.onPost('/me').replyOnce(401).onPost('/me').reply(200);
    await api.post('/me', { a: 1 });
    const [first, second] = mock.history.post;
    expect(first).toBe(second);
    expect([bears('new', second!), second!.data]).toEqual([true, '{"a":1}']);
  });

  it('answers the refresh as well, where that goes through ctx.client', async () => {
    const { api, mock } = mocked(variant, {
      source: async (_, { client }) => (await client.post('/auth/refresh')).data,
    });
    mock.onPost('/auth/refresh').reply(200, { access_token: 'new', expires_in: 3600 });
    mock.onGet('/me').reply((config) => [bears('new', config) ? 200 : 401]);
    expect((await api.get('/me')).status).toBe(200);
    expect(mock.history.map(({ url }) => url)).toEqual(['/me', '/auth/refresh', '/me']);
  });

  it('hands on its 401, its network error and its timeout, without a token in the history of what failed', async () => {
    const { api, mock } = mocked(variant);
    mock.onGet('/401').reply(401).onGet('/broken').networkError().onGet('/slow').timeout();
    expect((await failureOf(api.get('/401'))).response?.status).toBe(401);
    expect((await failureOf(api.get('/broken'))).message).toBe('Network Error');
    expect((await failureOf(api.get('/slow'))).code).toBe('ECONNABORTED');
    // A source that comes back with the same token is asked once more, after two pauses.
    expect(mock.history.map(({ url }) => url)).toEqual([...times(4, () => '/401'), '/broken', '/slow']);
    expect(mock.history.some(({ headers }) => 'Authorization' in headers!)).toBe(false);
  });

  it('passes through to the server, and the replay too', async () => {
    const { api, session, mock } = mocked(variant, {
      source: async ({ refreshToken }, { client }) => (await client.post('/auth/refresh', { refreshToken })).data,
    });
    mock.onGet('/mocked').reply(200).onAny().passThrough();
    await session.signIn(server.issue());
    server.expire();
    expect((await api.post('/echo', { a: 1 })).data.text).toBe('{"a":1}');
    expect((await api.get('/mocked')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 1, ok: 1 });
  });

  it('answers 404 after resetHandlers() and nothing after restore(), as it does without us', async () => {
    const { api, session, mock } = mocked(variant);
    await session.signIn(server.issue());
    mock.onGet('/videos').reply(200, 'mocked');
    expect((await api.get('/videos')).data).toBe('mocked');
    mock.resetHandlers();
    expect((await failureOf(api.get('/videos'))).response?.status).toBe(404);
    mock.restore();
    expect((await api.get('/videos')).data.data).toEqual([]);
    expect(server.stats).toMatchObject({ requests: 1, ok: 1 });
  });

  it('replays a request where it was first sent, though restore() came between', async () => {
    const { api, session, mock } = mocked(variant, {
      source: async () => {
        mock.restore();
        return 'new';
      },
    });
    mock.onGet('/videos').replyOnce(401).onGet('/videos').reply(200, 'mocked');
    expect((await api.get('/videos')).data).toBe('mocked');
    await session.signIn(server.issue());
    expect((await api.get('/videos')).data.data).toEqual([]);
  });
});
