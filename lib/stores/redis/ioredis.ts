import type { Connection, Heard, Redis } from './redis.js';

interface Options {
  maxRetriesPerRequest?: number | null;
}

/** What is used of a `Redis` or `Cluster` of ioredis. */
interface Client {
  readonly status?: string;
  readonly options?: Options;
  readonly stream?: { unref?(): void };
  eval(script: string, numberOfKeys: number, ...args: string[]): Promise<unknown>;
  duplicate(options: object): Client;
  /** Of a `Cluster`. */
  nodes?(role: 'master'): Client[];
  connect(): Promise<void>;
  disconnect(): void;
  subscribe(...channels: string[]): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  on(event: string, listener: (channel: string) => void): unknown;
}

const ADVICE =
  'ioredis keeps commands for when it is connected again: to hear at once that it is not, set maxRetriesPerRequest to 1';

// It is connected again by another connection, as a cluster may have other nodes then.
const ONCE = { lazyConnect: true, retryStrategy: () => null, autoResubscribe: false, enableOfflineQueue: true };

export function asRedis(client: Client): Redis {
  return {
    run: (script, key, args) => client.eval(script, 1, key, ...args),
    state: () => {
      const { status, options } = client;
      const waits = status !== 'ready' && options?.maxRetriesPerRequest !== 1;
      return `status "${status}"${waits ? `. ${ADVICE}` : ''}`;
    },
    connect: (on) => connect(nodeOf(client), on),
  };
}

/** Any node of a cluster hears what is published at any other. */
function nodeOf(client: Client): Client {
  if (!client.nodes) return client;
  const nodes = client.nodes('master');
  const node = nodes[Math.floor(Math.random() * nodes.length)];
  if (!node) throw new Error('The cluster is not connected');
  return node;
}

async function connect(node: Client, on: Heard): Promise<Connection> {
  const connection = node.duplicate(ONCE);
  connection.on('error', () => {});
  connection.on('end', () => on.lost());
  connection.on('message', (channel) => on.message(channel));
  await connection.connect();
  connection.stream?.unref?.();
  return {
    subscribe: (channels) => connection.subscribe(...channels),
    unsubscribe: (channel) => connection.unsubscribe(channel),
    end: () => connection.disconnect(),
  };
}
