import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { redisStore } from 'axios-bearer/redis';
import { storeCases } from 'axios-bearer/testing';
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import { run } from '../../support/engines/program.js';
import { onRedis, type RedisServer, startRedis } from '../../support/engines/redis.js';
import { deferred } from '../../support/kit.js';
import { stored } from '../../support/stores.js';

const NODES = 3;
const settings = { 'cluster-enabled': 'yes', 'cluster-node-timeout': '5000' };

interface Opened {
  readonly client: Cluster | ReturnType<typeof newNodeCluster>;
  end(): void;
}

function newNodeCluster({ host, port }: RedisServer) {
  return createCluster({ rootNodes: [{ socket: { host, port } }] });
}

const CLIENTS: [string, (server: RedisServer) => Promise<Opened>][] = [
  [
    'ioredis',
    async ({ host, port }) => {
      const client = new Cluster([{ host, port }], { lazyConnect: true });
      client.on('error', () => {});
      await client.connect();
      return { client, end: () => client.disconnect() };
    },
  ],
  [
    'node-redis',
    async (server) => {
      const client = newNodeCluster(server);
      client.on('error', () => {});
      await client.connect();
      return { client, end: () => client.destroy() };
    },
  ],
];

onRedis(() => {
  let nodes: RedisServer[] = [];

  beforeAll(async () => {
    nodes = await Promise.all(Array.from({ length: NODES }, () => startRedis(settings)));
    const places = nodes.map(({ host, port }) => `${host}:${port}`);
    await run('redis-cli', ['--cluster', 'create', ...places, '--cluster-yes']);
    const isReady = async ({ host, port }: RedisServer) => {
      const { stdout } = await run('redis-cli', ['-h', host, '-p', `${port}`, 'cluster', 'info']);
      return stdout.includes('cluster_state:ok');
    };
    for (const node of nodes) while (!(await isReady(node)));
  }, 120_000);
  afterAll(() => Promise.all(nodes.map((node) => node.end())));

  describe.each(CLIENTS)('in a Cluster of three nodes, by %s', (name, open) => {
    const all: Opened[] = [];
    const newStore = async (key: string) => {
      const opened = await open(nodes[all.length % NODES]!);
      all.push(opened);
      return redisStore(opened.client, { key: `${name} ${key}`, leaseMs: 5_000 });
    };
    afterAll(() => {
      for (const { end } of all) end();
    });

    // The lock is lost by another holder's write, as on one server: see redis.test.ts.
    for (const { name: title, run: judge } of storeCases(newStore)) it(title, judge, 120_000);

    it('hears of keys on every node, by whichever node it listens', async () => {
      const opened = await open(nodes[0]!);
      all.push(opened);
      for (let i = 0; i < 12; i++) {
        const key = `${name} heard ${i}`;
        const store = redisStore(opened.client, { key });
        let told = deferred();
        const stop = store.subscribe!(() => told.resolve());
        await told.promise;
        told = deferred();
        await (await newStore(`heard ${i}`)).write(stored('a'));
        await told.promise;
        expect((await store.read())?.session).toBe('a');
        stop();
      }
    }, 120_000);
  });
});
