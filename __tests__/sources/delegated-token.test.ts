import { afterEach, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { cleanUp, closeAtEnd, startServer } from '../support/kit.js';

afterEach(cleanUp);

/** Uploads with a delegated token. `queries`: what each request came with, by its path. */
async function uploading(params?: URLSearchParams) {
  const server = await startServer();
  const api = axios.create({ baseURL: server.url, ...(params && { params }) });
  closeAtEnd(bearer(api, { source: apiVideo({ baseURL: server.url, delegatedToken: 'to_1' }) }));
  const queries: [path: string, query: unknown][] = [];
  server.fault(({ path, query }) => {
    queries.push([path, query]);
    return false;
  }, 'hang');
  server.fault('/upload', { status: 201 }, { times: 3 });
  return { api, queries };
}

describe('A delegated upload token', () => {
  it.each([
    ['an object', { part: '1' }],
    ['URLSearchParams', new URLSearchParams({ part: '1' })],
  ])('leaves the caller’s params as they are, upload after upload: %s', async (_, params) => {
    const { api, queries } = await uploading();
    for (let i = 0; i < 2; i += 1) await api.post('/upload', 'video', { params });
    expect(String(new URLSearchParams(params))).toBe('part=1');
    await api.get('/public', { params });
    expect(queries).toEqual([
      ['/upload', { part: '1', token: 'to_1' }],
      ['/upload', { part: '1', token: 'to_1' }],
      ['/public', { part: '1' }],
    ]);
  });

  it('L19 stays out of the requests that share the instance’s own params', async () => {
    const { api, queries } = await uploading(new URLSearchParams({ lang: 'en' }));
    const abroad = await startServer();
    const seen: unknown[] = [];
    abroad.fault(({ query }) => {
      seen.push(query);
      return false;
    }, 'hang');
    await api.post('/upload', 'video');
    await api.get('/public');
    await api.get(`${abroad.url}/public`);
    expect(queries).toEqual([
      ['/upload', { lang: 'en', token: 'to_1' }],
      ['/public', { lang: 'en' }],
    ]);
    expect(seen).toEqual([{ lang: 'en' }]);
  });
});
