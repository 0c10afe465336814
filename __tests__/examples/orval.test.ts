import { afterEach, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { bearer } from 'axios-bearer';
import { api } from '../../examples/orval/custom-instance.js';
import { createVideo, listVideos } from '../../examples/orval/videos.js';
import { cleanUp, closeAtEnd, failureOf, refreshing, startServer } from '../support/kit.js';
import { printed } from './printed.js';

afterEach(cleanUp);

async function signedIn() {
  const server = await startServer();
  api.defaults.baseURL = server.url;
  closeAtEnd(bearer(api, { tokens: server.issue(), source: refreshing }));
  return server;
}

describe(`orval's custom instance on axios ${axios.VERSION}`, () => {
  it('does what the example prints', async () => {
    const { lines, server } = await printed(() => import('../../examples/orval/index.js'));
    expect(lines).toEqual([
      'created vi1',
      'token expired: 1 refresh, 20 of 20 answered',
      'and with `bearer: false`, like any option of axios: 401',
    ]);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0, ok: 21, unauthorized: 21 });
  });

  it('resolves to the body alone, also after a replay', async () => {
    const server = await signedIn();
    server.expire();
    expect(await createVideo({ title: 'A film' })).toMatchObject({ title: 'A film' });
    expect(server.log.map(({ path, status }) => `${path} ${status}`)).toEqual([
      '/videos 401',
      '/auth/refresh 200',
      '/videos 201',
    ]);
  });

  it('L17 drops a call whose signal is aborted while it waits, as a query library does; the refresh goes on', async () => {
    const server = await signedIn();
    server.expire();
    const refresh = server.hold('/auth/refresh');
    const query = new AbortController();
    const dropped = failureOf(listVideos({}, { signal: query.signal }));
    await refresh.arrived(1);
    query.abort();
    expect(await dropped).toMatchObject({ code: 'ERR_CANCELED' });
    refresh.release();
    expect((await listVideos()).data).toEqual([]);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });
});
