/** An hour passes on the clock, and the token of an api.video-like server with it. Prints what the server counted. */
module.exports = async function anHourLater({ axios, bearer, apiVideo, startApiVideo, fakeClock }) {
  const clock = fakeClock();
  const server = await startApiVideo();
  const api = axios.create({ baseURL: server.url });
  bearer(api, { source: apiVideo({ apiKey: server.apiKey, baseURL: server.url }) });
  await api.get('/videos');
  await clock.advance(3_600_000);
  await Promise.all([api.get('/videos'), api.get('/videos')]);
  server.expire();
  await Promise.all([api.get('/videos'), api.get('/videos')]);
  const { apiKey, refresh, ok, unauthorized } = server.stats;
  console.log(JSON.stringify({ apiKey, refresh, ok, unauthorized }));
  await server.close();
  clock.restore();
};
