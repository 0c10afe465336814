import { configError } from '../../errors.js';
import { own } from '../../platform/own.js';
import { asRedis as ofIoRedis } from './ioredis.js';
import { asRedis as ofNodeRedis } from './node-redis.js';
import type { Redis } from './redis.js';

/** A `Redis` or `Cluster` of ioredis. @inline */
interface IoRedisClient {
  /** Called for each read and write of the row. */
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  /** Not called: it tells that this is ioredis. */
  evalsha: unknown;
}

/** What `createClient` or `createCluster` of node-redis (the package `redis`) makes. @inline */
interface NodeRedisClient {
  /** Called for each read and write of the row. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  /** Not called: it tells that this is node-redis. */
  evalSha: unknown;
}

/** A client of ioredis or of node-redis, for one server, Sentinel or Cluster. */
export type RedisClient = IoRedisClient | NodeRedisClient;

/** @throws ERR_BEARER_CONFIG if it is neither */
export function redisOf(client: RedisClient): Redis {
  const { eval: run, evalsha, evalSha } = own(client as Partial<IoRedisClient & NodeRedisClient>);
  if (typeof run === 'function' && typeof evalsha === 'function') return ofIoRedis(client as never);
  if (typeof run === 'function' && typeof evalSha === 'function') return ofNodeRedis(client as never);
  throw configError('client', 'a client of ioredis or of node-redis', client);
}
