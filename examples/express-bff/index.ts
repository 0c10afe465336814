import assert from 'node:assert/strict';
import { startApiVideo } from 'axios-bearer/testing';
import { browser } from '../shared/browser.js';
import { listen } from '../shared/listen.js';
import { bff } from './bff.js';

const server = await startApiVideo();
const app = await listen(bff(server.url));
const ada = browser(app.url);

console.log('at first:', await ada.visit('/api/videos'));
console.log('signed in:', await ada.visit('/login', { apiKey: server.apiKey }));
console.log('what the browser holds:', ...ada.cookies.keys());

await ada.visit('/api/videos', { title: 'Lighthouse' });
server.expire();
const { data } = JSON.parse(await ada.visit('/api/videos'));
console.log('the token had expired:', data[0].title);
assert.equal(server.stats.refresh, 1);

console.log('signed out:', await ada.visit('/logout', {}), '·', await ada.visit('/api/videos'));

await app.close();
await server.close();
