import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startApiVideo } from 'axios-bearer/testing';
import { serve } from '../shared/site.js';
import { click, enter, openTabs, read } from '../shared/tabs.js';

const { CHROMIUM = '/usr/bin/chromium' } = process.env;
if (existsSync(CHROMIUM)) await visit();
else console.log(`No Chromium at ${CHROMIUM}: install it, or say where it is, CHROMIUM=/path/to/chrome`);

async function visit(): Promise<void> {
  const server = await startApiVideo();
  const site = await serve(fileURLToPath(new URL('.', import.meta.url)), server.url);
  const { tabs, close } = await openTabs(CHROMIUM, 3, site.url);
  const [first, second] = tabs as [(typeof tabs)[0], (typeof tabs)[0]];
  console.log('three tabs:', await read(tabs, 'Welcome'));

  await enter(first, server.apiKey);
  await click(first, 'login');
  console.log('signed in, in one of them:', await read(tabs, 'Videos: 0'));

  await click(first, 'upload');
  await read([first], 'Videos: 1');
  server.expire();
  await Promise.all(tabs.map((tab) => click(tab, 'reload')));
  console.log('the token had expired:', await read(tabs, 'Videos: 1'));
  console.log(`refreshes: ${server.stats.refresh}; refresh tokens spent twice: ${server.stats.reuse}`);
  assert.deepEqual([server.stats.refresh, server.stats.reuse], [1, 0]);

  await click(second, 'logout');
  console.log('signed out, in another one:', await read(tabs, 'Welcome'));

  await close();
  await site.close();
  await server.close();
}
