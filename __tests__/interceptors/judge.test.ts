import { afterEach, describe, expect, it } from '@jest/globals';
import { AxiosError } from 'axios';
import { closeAll, codeOf, scene } from '../support/sessions.js';

afterEach(closeAll);

const manners: [string, () => boolean | Promise<boolean>][] = [
  ['at once', () => undefined as never],
  ['after a while', async () => undefined as never],
];

describe.each(manners)('a predicate that says nothing %s: the default counts', (_, says) => {
  it('shouldRefresh', async () => {
    const { server, api } = await scene({ shouldRefresh: says });
    expect((await api.get('/echo')).status).toBe(200);
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 1 });
  });

  it('shouldRefreshOnError', async () => {
    const adapter = () => Promise.reject(new AxiosError('no CORS headers', AxiosError.ERR_NETWORK));
    const { server, api } = await scene({ axios: { adapter }, shouldRefreshOnError: says });
    expect(await codeOf(api.get('/echo'))).toBe(AxiosError.ERR_NETWORK);
    expect(server.stats.refresh).toBe(0);
  });
});
