import { Agent } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { type ApiVideo, startApiVideo } from 'axios-bearer/testing';

// Far more than there are sockets: most of them leave after the refresh. `npm run bench` has the storm of 10,000.
const REQUESTS = 3_000;

let server: ApiVideo;
// Both ends of each socket are in this process, and its file descriptors are limited.
const httpAgent = new Agent({ keepAlive: true, maxSockets: 500 });

afterEach(async () => {
  httpAgent.destroy();
  await server.close();
});

describe('a storm', () => {
  it('of 3,000 requests at once on an expired token: all succeed, with one refresh', async () => {
    server = await startApiVideo();
    const api = axios.create({ baseURL: server.url, httpAgent });
    // The refresh has its turn among all those requests, in this one process.
    const refreshTimeout = 300_000;
    const source = apiVideo({ baseURL: server.url });
    const session = bearer(api, { source, tokens: server.issue(), refreshTimeout });
    server.expire();

    const answers = await Promise.allSettled(
      Array.from({ length: REQUESTS }, (_, n) => api.get('/echo', { params: { n } })),
    );

    const mine = answers.filter(
      (answer, n) => answer.status === 'fulfilled' && answer.value.data.query.n === String(n),
    );
    expect(mine).toHaveLength(REQUESTS);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0, ok: REQUESTS });
    session.close();
  }, 600_000); // Some seconds on a calm machine. The counts judge, not the time.
});
