import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import axios from 'axios';
import { startApiVideo } from 'axios-bearer/testing';
import { build } from 'esbuild';
import { must, recovers } from './judge.js';
import { type Platform, RECOVERS } from './platform.js';

// The newest that runs on Node 20.
const MINIFLARE = 'miniflare@4.20251125.0';
// ms. The worker's refreshTimeout is 500; a token request that may have spent its token may take four times that.
const PAST_ITS_END = 2_100;

export const workerd: Platform = {
  id: 'workerd',
  isPlain: false,
  async run(workshop, report) {
    const project = await workshop.project('workerd', 'workerd', [MINIFLARE]);
    await build({
      entryPoints: [join(project.folder, 'worker.mjs')],
      outfile: join(project.folder, 'worker.bundle.mjs'),
      bundle: true,
      format: 'esm',
      conditions: ['workerd', 'worker', 'browser'],
      logLevel: 'error',
    });
    const name = `workerd ${await project.version('workerd')}`;
    let url = '';
    await report(name, 'starts with a session of the module that has `keepFresh`', async () => {
      url = (await project.serve(process.execPath, ['serve.mjs'])).trim();
    });
    await report(name, `a session for each request: ${RECOVERS}`, () =>
      recovers(async (given) => JSON.stringify((await axios.post(`${url}recover`, given)).data)),
    );
    await report(
      name,
      'a session of the module: a refresh begun by a request that is over is not joined for ever',
      () => outlives(url),
    );
  },
};

async function outlives(url: string): Promise<void> {
  const server = await startApiVideo();
  try {
    const ask = async (path: string, data?: unknown) =>
      (await axios({ url: url + path, data, method: data ? 'POST' : 'GET', timeout: 30_000 })).data;
    await ask('sign-in', { baseURL: server.url, tokens: server.issue() });
    server.fault('/auth/refresh', 'hang');
    await ask('behind');
    must(server.stats.refresh === 1, 'the refresh behind the request was not sent');
    server.expire();
    await setTimeout(PAST_ITS_END);
    const status = await ask('videos');
    must(status === 200, `a later request ended with ${status}`);
  } finally {
    await server.close();
  }
}
