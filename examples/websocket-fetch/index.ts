import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createSession } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { startApiVideo } from 'axios-bearer/testing';
import { WebSocketServer } from 'ws';
import { listen } from '../shared/listen.js';
import { fetchWith, listenWith } from './client.js';

const server = await startApiVideo();
const session = createSession({ source: apiVideo({ apiKey: server.apiKey, baseURL: server.url }) });
const { url, server: http, close } = await listen(() => {});
const sockets = new WebSocketServer({ server: http });
sockets.on('connection', async (socket, { headers }) => {
  const Authorization = `Bearer ${headers['sec-websocket-protocol']?.split(',')[1]}`;
  const { ok } = await fetch(`${server.url}/videos`, { headers: { Authorization } });
  ok ? socket.send('welcome') : socket.close(4401);
});

const news = new EventEmitter();
const ended = listenWith(session, url.replace('http', 'ws'), (message) => news.emit('message', message));
console.log('the socket says:', ...(await once(news, 'message')));

server.expire();
for (const socket of sockets.clients) socket.close(4401);
const [{ status }, again] = await Promise.all([fetchWith(session, `${server.url}/videos`), once(news, 'message')]);
console.log('the token had expired; fetch is answered with', status, 'and the next socket says:', ...again);
assert.equal(server.stats.refresh, 1);

console.log('signed out; the socket is closed:', await session.signOut().then(() => ended));
await close();
await server.close();
