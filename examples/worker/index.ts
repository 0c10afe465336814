import assert from 'node:assert/strict';
import axios from 'axios';
import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { startApiVideo } from 'axios-bearer/testing';
import { poll } from './worker.js';

const server = await startApiVideo({ expiresIn: 2 }); // seconds; at api.video it is an hour
const { stats } = server;
const api = axios.create({ baseURL: server.url });
const session = bearer(api, {
  source: apiVideo({ apiKey: server.apiKey, baseURL: server.url }),
  keepFresh: true,
  leeway: 1_000, // half of the life, here; the default is made for hours
  backoff: { initial: 50 },
});

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
const seenEnough = setInterval(() => stats.ok >= 2 && stats.refresh >= 3 && stop.abort(), 100);
let waited = 0;
session.on('waiting', () => ++waited);
session.on('signedIn', () => console.log('token 1, by the API key'));
session.on('refreshFailed', ({ error }) => console.log(`${error.cause?.message}; it will be tried again`));
session.on('refreshed', ({ generation }) => {
  console.log(`token ${generation}, by the timer`);
  if (generation === 2) server.fault('/auth/refresh', { status: 503 });
});
await poll(api, 2_200, stop.signal); // less often than its tokens live
clearInterval(seenEnough);

console.log(
  `polls: ${stats.ok}; answered with 401: ${stats.unauthorized}; had to wait for a token: ${waited}, the first one`,
);
assert.deepEqual([stats.unauthorized, waited], [0, 1]);
session.close();
await server.close();
