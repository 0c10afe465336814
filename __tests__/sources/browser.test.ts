import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, expect, it } from '@jest/globals';
import { Window } from 'happy-dom';

const window = new Window({ url: 'http://127.0.0.1/' });
const here = globalThis as { XMLHttpRequest?: unknown };
// Axios looks for it once, when it is loaded.
here.XMLHttpRequest = window.XMLHttpRequest;
const { default: axios } = await import('axios');
const { createSession } = await import('axios-bearer');

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
afterAll(async () => {
  delete here.XMLHttpRequest;
  await window.happyDOM.close();
});

/** A server that every page may talk to. */
async function listen(answer: RequestListener): Promise<string> {
  const server = createServer((req, res) => {
    res.setHeader('access-control-allow-origin', req.headers.origin ?? '*');
    res.setHeader('access-control-allow-headers', 'authorization, content-type');
    if (req.method === 'OPTIONS') res.writeHead(204).end();
    else answer(req, res);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const hasFetch = Number(axios.VERSION.split('.')[1]) >= 7;

/** What comes of a refresh over this adapter when the token endpoint redirects, and the visits to where it leads. */
async function redirected(adapter: string) {
  const visits: unknown[] = [];
  const elsewhere = await listen((req, res) => {
    visits.push(req.url);
    res.setHeader('content-type', 'application/json').end(JSON.stringify({ access_token: 'elsewhere' }));
  });
  const home = await listen((_, res) => res.writeHead(307, { location: `${elsewhere}/moved` }).end());
  const api = axios.create({ baseURL: home, adapter: [adapter, 'http'] });
  const session = createSession({
    refreshRetries: 0,
    tokens: { access_token: 'old', refresh_token: 'secret' },
    source: async ({ refreshToken }, { client }) => (await client.post('/auth/refresh', { refreshToken })).data,
  });
  session.install(api);
  const outcome = await session.refresh().then(
    ({ accessToken }) => accessToken,
    ({ code }) => code,
  );
  return { outcome, visits };
}

it('the token request stays with the app’s own adapter: XMLHttpRequest, which follows redirects by itself', async () => {
  expect(await redirected('xhr')).toEqual({ outcome: 'elsewhere', visits: ['/moved'] });
});

it(`L19 over fetch it follows none${hasFetch ? '' : ` (left out: axios ${axios.VERSION} has no fetch adapter)`}`, async () => {
  if (hasFetch) expect(await redirected('fetch')).toEqual({ outcome: 'ERR_BEARER_UNAVAILABLE', visits: [] });
});
