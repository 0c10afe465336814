import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import axios from 'axios';
import * as imported from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';

// What `import` and `require` give are two copies. Each is handed what the other has made; prints what came of it.
const required = createRequire(import.meta.url)('axios-bearer');
const seen = [];
const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { authorization, 'x-app': app } = request.headers;
  seen.push({ url: request.url, authorization, app, body });
  const tokens = { access_token: 'fresh', refresh_token: 'next', expires_in: 3600 };
  const isRefused = request.url === '/videos' && authorization !== 'Bearer fresh';
  response.writeHead(isRefused ? 401 : 200, { 'Content-Type': 'application/json' }).end(JSON.stringify(tokens));
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');

const baseURL = `http://127.0.0.1:${server.address().port}`;
const api = axios.create({ baseURL, headers: { 'X-App': 'one' } });
const tokens = { access_token: 'stale', refresh_token: 'refresh' };
const session = required.createSession({ tokens, source: apiVideo({ baseURL }) });
imported.bearer(api, { session });
await api.post(
  '/videos',
  required.replayable(() => ({ made: 'anew' })),
);
console.log(JSON.stringify({ areTwo: required.bearer !== imported.bearer, seen }));
server.close();
server.closeIdleConnections();
