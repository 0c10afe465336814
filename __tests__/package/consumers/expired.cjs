const { once } = require('node:events');
const { createServer } = require('node:http');

/**
 * A storm on an expired token, over real HTTP, whose first refresh meets a 503. `install(baseURL, options)` returns the
 * instance and the session; what came of it is printed as JSON, with the version of axios.
 */
module.exports = async function expired({ VERSION }, install) {
  const told = { axios: VERSION, refreshes: 0, unauthorized: 0, unavailable: 0 };
  const busy = new Set(['/flaky', '/refresh']);
  const server = createServer((request, response) => {
    const answer = (status, body) => {
      response.writeHead(status, { 'Content-Type': 'application/json', 'Retry-After': '0' }).end(body);
    };
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const signedIn = request.headers.authorization === 'Bearer fresh-1';
      if (busy.has(request.url) && (signedIn || request.url === '/refresh')) {
        busy.delete(request.url);
        told.unavailable += 1;
        return answer(503, '{}');
      }
      if (request.url === '/refresh') {
        told.refreshes += 1;
        return answer(200, JSON.stringify({ access_token: `fresh-${told.refreshes}`, expires_in: 3600 }));
      }
      if (!signedIn) {
        told.unauthorized += 1;
        return answer(401, '{}');
      }
      answer(200, body || '{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const [api, session] = install(`http://127.0.0.1:${server.address().port}`, {
    backoff: { initial: 1 },
    tokens: { accessToken: 'stale', refreshToken: 'refresh' },
    source: async ({ refreshToken }, { client }) => (await client.post('/refresh', { refreshToken })).data,
  });
  const answers = await Promise.all([
    api.get('/a'),
    api.get('/b'),
    api.post('/c', { once: 'only' }),
    api.get('/flaky').catch((e) => e.response),
  ]);
  console.log(
    JSON.stringify({
      statuses: answers.map((a) => a.status),
      body: answers[2].data,
      state: session.state.status,
      ...told,
    }),
  );
  server.close();
  server.closeIdleConnections();
};
