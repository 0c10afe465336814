import cluster from 'node:cluster';
import { once } from 'node:events';
import { afterEach, expect, it } from '@jest/globals';
import { atEnd, cleanUp, times } from '../support/kit.js';
import { newFolder } from './new-folder.js';

afterEach(cleanUp);

it('L13 workers of node:cluster that contend for the lock of a folder have it one after the other, and none waits for ever', async () => {
  const exec = new URL('./cluster-worker.ts', import.meta.url).pathname;
  cluster.setupPrimary({ exec, execArgv: ['--import', 'tsx'], silent: true });
  const FOLDER = await newFolder();
  const workers = times(4, () => cluster.fork({ FOLDER, NODE_OPTIONS: '' }));
  atEnd(() => void workers.map((worker) => worker.process.kill()));
  const outcomes = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]));
  expect(outcomes).toEqual(times(4, () => ({ had: 100, failed: 0 })));
});
