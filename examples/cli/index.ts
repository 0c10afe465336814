import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSession } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { fileStore } from 'axios-bearer/file';
import { startApiVideo } from 'axios-bearer/testing';
import { buildTool, runs } from './runs.js';

const server = await startApiVideo();
const home = await mkdtemp(join(tmpdir(), 'tool-'));
const [tool, folder] = [join(home, 'tool.cjs'), join(home, 'session')];
await buildTool(tool);

const login = createSession({ store: fileStore(folder), source: apiVideo({ baseURL: server.url }) });
await login.signIn(server.issue());
console.log('logged in');

server.expire(); // every run finds a dead token
const printed = await runs(10, tool, folder, server.url);
console.log(`ten runs at once: ${[...new Set(printed)].join(', ')}`);
console.log(`refreshes: ${server.stats.refresh}; refresh tokens spent twice: ${server.stats.reuse}`);
assert.deepEqual(printed, Array(10).fill('0 videos'));
assert.deepEqual([server.stats.refresh, server.stats.reuse], [1, 0]);

await login.signOut();
const [after] = await runs(1, tool, folder, server.url);
console.log(`logged out, another run: ${after}`);
assert.equal(after, 'log in first');

await login.close();
await server.close();
await rm(home, { recursive: true });
