import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosStatic } from 'axios';
import { bearer, type InstallOptions, replayable } from 'axios-bearer';
import type { Echo } from 'axios-bearer/testing';
import { cleanUp, closeAtEnd, copies, failureOf, hits, refreshing, startServer } from '../support/kit.js';

const OWN = { headers: { 'X-Own': 'one' } };

afterEach(cleanUp);

async function instanceOf(copy: AxiosStatic, how: string, options: InstallOptions = {}) {
  const server = await startServer();
  const tokens = { ...server.issue(), ...(how === 'held' && { expires_in: 0 }) };
  const api = copy.create({ baseURL: server.url });
  closeAtEnd(bearer(api, { tokens, source: refreshing, ...options }));
  if (how === 'replayed') server.expire();
  return { api, server };
}

describe.each(copies)(`on axios ${axios.VERSION}, an instance of another copy, %s from CommonJS`, (_, copy) => {
  it.each([
    ['sent at once', 0, 0],
    ['held', 0, 1],
    ['replayed', 1, 1],
  ])('L15 loses no header of a request that is %s, nor of its answer', async (how, unauthorized, refresh) => {
    const { api, server } = await instanceOf(copy, how);
    const { data, headers } = await api.post<Echo>('/echo', { text: 'Zoë' }, OWN);
    expect(data).toMatchObject({ headers: { 'x-own': 'one', 'content-type': 'application/json' } });
    expect(headers['content-type']).toBe('application/json');
    expect(server.stats).toMatchObject({ unauthorized, refresh, ok: 1 });
  });

  it('is sent by its own adapters, though beforeSend puts a plain object in the place of the headers', async () => {
    const { api } = await instanceOf(copy, 'replayed', {
      beforeSend: (config) => {
        config.headers = { ...config.headers } as never;
      },
    });
    const { data } = await api.get<Echo>('/echo', OWN);
    expect(data.headers).toMatchObject({ 'x-own': 'one', 'user-agent': `axios/${copy.VERSION}` });
  });

  it.each(['sent at once', 'held', 'replayed'])('is sent as the app’s interceptors leave it when %s', async (how) => {
    const { api, server } = await instanceOf(copy, how);
    Object.assign(api.defaults, { params: { debug: 1 }, auth: { username: 'u', password: 'p' }, timeout: 1 });
    api.interceptors.request.use((config) => {
      delete config.params;
      delete config.auth;
      delete config.timeout;
      config.adapter = 'http';
      config.transitional = null as never;
      config.data = replayable(() => Readable.from(['made'])) as never;
      return config;
    });
    const { data } = await api.post<Echo>('/echo', 'given', OWN);
    expect(data).toMatchObject({ query: {}, text: 'made' });
    expect(server.stats.ok).toBe(1);
  });

  it.each(['held', 'replayed'])('L15 loses no header of an error after a request was %s', async (how) => {
    const { api } = await instanceOf(copy, how);
    await expect(api.get('/videos/none', OWN)).rejects.toMatchObject({
      config: OWN,
      response: { status: 404, headers: { 'content-type': 'application/problem+json' } },
    });
  });
});

// From 1.12 on a config may name its own fetch.
const withOwnFetch = copies.filter(([version]) => Number(version.split('.')[1]) >= 12);

it.each(withOwnFetch)(
  'L19 a 401 of another origin, to which fetch of axios %s was redirected, starts no refresh',
  async (_, copy) => {
    const { api, server } = await instanceOf(copy, 'sent at once');
    const abroad = await startServer();
    server.fault('/echo', { redirect: `${abroad.url}/always-401` });
    const error = await failureOf(api.get('/echo', { adapter: 'fetch' }));
    expect([error.response.status, server.stats.refresh, hits(abroad, '/always-401')]).toEqual([401, 0, 1]);
  },
);
