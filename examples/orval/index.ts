/** Functions as orval makes them, signed in by their custom instance: `npx tsx examples/orval/index.ts` */
import assert from 'node:assert/strict';
import { bearer } from 'axios-bearer';
import { startApiVideo } from 'axios-bearer/testing';
import { api } from './custom-instance.js';
import { createVideo, listVideos } from './videos.js';

export const server = await startApiVideo();

try {
  api.defaults.baseURL = server.url;
  const session = bearer(api, {
    tokens: server.issue(), // what a login answered
    source: async ({ refreshToken }, { client }) => (await client.post('/auth/refresh', { refreshToken })).data,
  });

  const { videoId } = await createVideo({ title: 'A film' });
  console.log(`created ${videoId}`);

  server.expire();
  const pages = await Promise.all(Array.from({ length: 20 }, () => listVideos({ pageSize: 5 })));
  console.log(`token expired: ${server.stats.refresh} refresh, ${pages.length} of 20 answered`);
  assert.equal(server.stats.refresh, 1);

  const refused = await listVideos({}, { bearer: false }).catch(({ response }) => response.status);
  console.log(`and with \`bearer: false\`, like any option of axios: ${refused}`);
  assert.equal(refused, 401);
  session.close();
} finally {
  await server.close();
}
