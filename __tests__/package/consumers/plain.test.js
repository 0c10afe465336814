const axios = require('axios');
const { bearer } = require('axios-bearer');
const { apiVideo } = require('axios-bearer/api-video');
const { startApiVideo } = require('axios-bearer/testing');

test('a request survives its expired token', async () => {
  const server = await startApiVideo();
  const api = axios.create({ baseURL: server.url });
  bearer(api, { source: apiVideo({ apiKey: server.apiKey, baseURL: server.url }) });
  await api.get('/videos');
  server.expire();
  expect((await api.get('/videos')).status).toBe(200);
  expect(server.stats).toMatchObject({ apiKey: 1, refresh: 1 });
  await server.close();
});
