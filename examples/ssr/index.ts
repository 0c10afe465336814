import assert from 'node:assert/strict';
import { startApiVideo } from 'axios-bearer/testing';
import { browser } from '../shared/browser.js';
import { page } from './page.js';

const server = await startApiVideo();
process.env.API_URL = server.url;
const [ada, bob] = [browser('https://app.example.com', page), browser('https://app.example.com', page)];

console.log('at first:', await ada.visit('/'));
for (const user of [ada, bob]) console.log('signed in:', await user.visit('/', { apiKey: server.apiKey }));

server.expire();
const pages = await Promise.all([ada.visit('/'), ada.visit('/'), bob.visit('/')]);
console.log('their tokens had expired:', pages.join(' · '));

server.expire();
server.revokeRefreshTokens();
console.log('the server ended the session:', await ada.visit('/'));

assert.deepEqual([server.stats.refresh, server.stats.reuse, ada.cookies.size], [3, 0, 0]);
await server.close();
