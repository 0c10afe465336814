/** api.video's own client, kept signed in with a Bearer token: `npx tsx examples/api-video-client/index.ts` */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import ApiVideoClient from '@api.video/nodejs-client';
import type { AxiosStatic } from 'axios';
import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { fakeClock, startApiVideo } from 'axios-bearer/testing';

export const server = await startApiVideo();
const { apiKey, url: baseURL } = server;
const clock = fakeClock();
const film = fileURLToPath(import.meta.url);

try {
  // The axios that the client requires; `import axios` is another.
  const require = createRequire(import.meta.url);
  const axios: AxiosStatic = createRequire(require.resolve('@api.video/nodejs-client'))('axios');

  const session = bearer(axios, { source: apiVideo({ apiKey, baseURL }) });
  // No `apiKey` here: with one the client writes an Authorization of its own, and that would stay.
  const client = new ApiVideoClient({ baseUri: baseURL });

  const { videoId } = await client.videos.create({ title: 'A film' });
  console.log(`created ${videoId}, signed in with the API key`);

  await clock.advance(3_600_000);
  await client.videos.upload(videoId, film);
  console.log(`an hour later: ${server.stats.refresh} refresh, then the upload`);
  assert.equal(server.stats.refresh, 1);

  server.expire();
  const lists = await Promise.all(Array.from({ length: 20 }, () => client.videos.list()));
  console.log(`token revoked: ${server.stats.refresh - 1} refresh, ${lists.length} of 20 lists answered`);
  assert.equal(server.stats.refresh, 2);

  const { token = '' } = await client.uploadTokens.createToken({ ttl: 60 });
  await session.signOut();
  const delegated = await client.videos.uploadWithUploadToken(token, film);
  console.log(`signed out: a delegated token uploads ${delegated.videoId}`);
  session.close();
} finally {
  clock.restore();
  await server.close();
}
