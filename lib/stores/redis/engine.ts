import { withDeadline } from '../../platform/deadline.js';
import type { LeaseEngine } from '../lease/index.js';
import type { Redis } from './redis.js';
import { Subscriber } from './subscriber.js';

// ms. Whatever the client makes of a server that is down, it is told in time for another try.
const PATIENCE = 3_000;

// By a script, as a client may send a mere read to a replica, which lags behind.
const READ = "return redis.call('HMGET', KEYS[1], 'revision', 'value')";

// Whether a message may be published is no matter of the write.
const WRITE = `
local there = redis.call('HGET', KEYS[1], 'revision')
if (there or '') ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], 'revision', ARGV[1], 'value', ARGV[2])
redis.pcall('PUBLISH', ARGV[4], '')
return 1`;

/** One for each client. */
const subscribers = new WeakMap<object, Subscriber>();

/** The row is a hash; the channel of its hints has the same name. */
export function engineOf(client: object, redis: Redis, key: string): LeaseEngine {
  const run = (script: string, ...args: string[]) => answered(redis, key, () => redis.run(script, key, args));
  const { connect } = redis;
  return {
    async read() {
      const [revision, value] = (await run(READ)) as unknown[];
      return revision == null ? undefined : { revision: String(revision), value: String(value) };
    },
    write: async ({ revision, value }, expected = '') => Number(await run(WRITE, revision, value, expected, key)) === 1,
    ...(connect && {
      subscribe(changed) {
        const subscriber = subscribers.get(client) ?? new Subscriber(connect);
        subscribers.set(client, subscriber);
        return subscriber.listen(key, changed);
      },
    }),
  };
}

async function answered(redis: Redis, key: string, command: () => Promise<unknown>): Promise<unknown> {
  const late = () => new Error(`Redis did not answer within ${PATIENCE} ms; the client: ${redis.state()}`);
  try {
    return await withDeadline(command, { ms: PATIENCE, late });
  } catch (error) {
    throw explained(error as Error, key);
  }
}

function explained(error: Error, key: string): Error {
  if (!/WRONGTYPE/.test(String(error?.message))) return error;
  return new Error(`redisStore can't use the key ${key}: it holds something else. Name one that nothing else uses`, {
    cause: error,
  });
}
