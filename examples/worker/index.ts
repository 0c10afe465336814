import assert from 'node:assert/strict';
import axios from 'axios';
import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { startApiVideo } from 'axios-bearer/testing';
import { poll } from './worker.js';

const server = await startApiVideo({ expiresIn: 1.5 }); // seconds; at api.video it is an hour
const { stats } = server;
const api = axios.create({ baseURL: server.url });
const session = bearer(api, {
  source: apiVideo({ apiKey: server.apiKey, baseURL: server.url }),
  keepFresh: true,
  leeway: 750, // half of the life, here; the default is made for hours
});

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
session.on('signedIn', () => console.log('token 1, by the API key'));
session.on('refreshed', ({ generation }) => {
  console.log(`token ${generation}, after ${stats.ok} polls; answered with 401: ${stats.unauthorized}`);
  if (generation === 2) server.fault('/auth/refresh', { status: 503 });
  if (generation === 4) stop.abort();
});
session.on('refreshFailed', ({ error, retryAfter = 0 }) =>
  console.log(`${error.cause?.message}; next attempt in ${Math.round(retryAfter)} ms`),
);
await poll(api, 20, stop.signal);

assert.deepEqual([stats.unauthorized, stats.apiKey, stats.refresh], [0, 1, 4]);
session.close();
await server.close();
