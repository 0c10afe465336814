import { Redis } from 'ioredis';
import { createClient } from 'redis';
import type { RedisServer } from './engines/redis.js';

type NodeRedis = ReturnType<typeof newNodeRedis>;

/** A client that a test has opened, of whichever package. */
export type Client = Redis | NodeRedis;

export interface Clients {
  readonly name: string;
  /** With the settings that the package has by itself. */
  open(server: Pick<RedisServer, 'host' | 'port'>): Promise<Client>;
}

function newNodeRedis(host: string, port: number) {
  return createClient({ socket: { host, port } });
}

/** Clients of each package. What becomes of their connections is no news to a test. */
export const clients: Clients[] = [
  {
    name: 'ioredis',
    async open({ host, port }) {
      const client = new Redis({ host, port, lazyConnect: true });
      client.on('error', () => {});
      await client.connect();
      return client;
    },
  },
  {
    name: 'node-redis',
    async open({ host, port }) {
      const client = newNodeRedis(host, port);
      client.on('error', () => {});
      await client.connect();
      return client;
    },
  },
];

/** Ends a client, whatever state it is in. */
export function endClient(client: Client): void {
  if ('destroy' in client && client.isOpen) client.destroy();
  if ('disconnect' in client && !('destroy' in client)) client.disconnect();
}

/** A command of any name. */
export async function send(client: Client, ...words: string[]): Promise<unknown> {
  const [name = '', ...args] = words;
  return 'call' in client ? client.call(name, ...args) : client.sendCommand(words);
}
