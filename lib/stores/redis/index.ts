/**
 * A token store in Redis: one session for several hosts.
 *
 * @module axios-bearer/redis
 */
import { configError } from '../../errors.js';
import { own } from '../../platform/own.js';
import { type LeaseOptions, leaseStore } from '../lease/index.js';
import type { TokenStore } from '../store.js';
import { type RedisClient, redisOf } from './client.js';
import { engineOf } from './engine.js';

export type { LeaseOptions } from '../lease/index.js';
export type { RedisClient } from './client.js';

/** Where in Redis a session rests. */
export interface RedisStoreOptions extends LeaseOptions {
  /** The one key, which nothing else may use: a hash. With more than one session each has a key of its own. */
  key: string;
}

/**
 * Call it for hosts that share one session and have a Redis already: all that name the same key hold one session, and spend
 * each refresh token once. The client is the app's own, of ioredis or of node-redis; with node-redis `connect()` it first.
 *
 * The lock is a lease beside the entry, under the same key, so that it works in a Cluster as on one server. Others are told
 * of a write by a channel that has the key's name: it is heard on one connection more, which all stores of a client share.
 *
 * Tokens rest there as plain text. The server must not evict the key, and should write its log before it answers
 * (`appendonly yes`, `appendfsync always`): what it forgets in a crash or a failover may be the only token there is.
 *
 * A server that is down is told of within 3 s, whatever the client does about it: the session's error is `ERR_BEARER_STORE`.
 *
 * @throws ERR_BEARER_CONFIG if it is no such client, or there is no key
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions): TokenStore {
  const redis = redisOf(client);
  const { key, leaseMs } = own(options);
  if (typeof key !== 'string' || !key) throw configError('key', 'a text that is not empty', key);
  return leaseStore(engineOf(client, redis, key), { leaseMs });
}
