import type { Connection, Heard, Redis } from './redis.js';

interface Options {
  readonly disableOfflineQueue?: boolean;
  readonly socket?: object;
}

type Listener = (message: string, channel: string) => void;

/** What is used of a client, or a cluster, of node-redis. */
interface Client {
  readonly isOpen?: boolean;
  readonly isReady?: boolean;
  readonly options?: Options;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  duplicate?(options: object): Client;
  /** Of a cluster. */
  readonly masters?: object[];
  nodeClient?(node: object): Promise<Client>;
  connect(): Promise<unknown>;
  destroy?(): void;
  disconnect(): unknown;
  unref(): void;
  subscribe(channels: string[], listener: Listener): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  on(event: string, listener: () => void): unknown;
}

const NOT_OPEN = 'Call client.connect() first';
const WAITS =
  'node-redis keeps commands for when it is connected again: to hear at once that it is not, set disableOfflineQueue';

export function asRedis(client: Client): Redis {
  return {
    run: (script, key, args) => client.eval(script, { keys: [key], arguments: args }),
    state: () => {
      const { isOpen, isReady, options } = client;
      if (isOpen === false) return `not open. ${NOT_OPEN}`;
      if (isReady !== false) return 'connected';
      return `not connected${options?.disableOfflineQueue ? '' : `. ${WAITS}`}`;
    },
    ...(client.duplicate && { connect: async (on) => connect(await nodeOf(client), on) }),
  };
}

/** Any node of a cluster hears what is published at any other. */
async function nodeOf(client: Client): Promise<Client> {
  if (!client.masters || !client.nodeClient) return client;
  const node = client.masters[Math.floor(Math.random() * client.masters.length)];
  if (!node) throw new Error('The cluster is not connected');
  return client.nodeClient(node);
}

async function connect(node: Client, on: Heard): Promise<Connection> {
  // It is connected again by another connection, as a cluster may have other nodes then.
  const socket = { ...node.options?.socket, reconnectStrategy: false };
  const connection = node.duplicate!({ socket, disableOfflineQueue: false });
  connection.on('error', () => on.lost());
  connection.on('end', () => on.lost());
  await connection.connect();
  connection.unref();
  return {
    subscribe: (channels) => connection.subscribe(channels, (_, channel) => on.message(channel)),
    unsubscribe: (channel) => connection.unsubscribe(channel),
    end: () => void (connection.destroy ? connection.destroy() : connection.disconnect()),
  };
}
