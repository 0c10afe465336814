import { once } from 'node:events';
import { createServer } from 'node:http';
import axios from 'axios';
import { bearer } from 'axios-bearer';
import { mountTimeline } from 'axios-bearer/devtools';

// A page, and an API that redirects to another origin, where a 401 is none of the session's business.
const { Window } = await import(process.argv[2]);
const window = new Window();
for (const name of [
  'document',
  'CSSStyleSheet',
  'ResizeObserver',
  'getComputedStyle',
  'requestAnimationFrame',
  'cancelAnimationFrame',
])
  globalThis[name] = window[name];

async function listen(answer) {
  const server = createServer((_request, response) => answer(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${server.address().port}` };
}
const abroad = await listen((response) => response.writeHead(401).end());
const home = await listen((response) => response.writeHead(302, { location: abroad.url }).end());

let refreshes = 0;
const refresh = async () => `token-${++refreshes}`;
const api = axios.create({ baseURL: home.url, adapter: 'fetch' });
const session = bearer(api, { tokens: { access_token: 'first', refresh_token: 'refresh' }, source: refresh });
const unmount = mountTimeline(window.document.body, session, { instances: [api] });
const status = await api.get('/').catch((error) => error.response?.status ?? String(error));
unmount();
await session.close();
console.log(JSON.stringify({ status, refreshes, isGone: window.document.body.children.length === 0 }));
await window.happyDOM.close();
for (const { server } of [home, abroad]) server.close().closeAllConnections();
