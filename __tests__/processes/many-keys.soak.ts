import { loadavg } from 'node:os';
import { afterEach, expect, it } from '@jest/globals';
import { createSession, type Session, type TokenStore } from 'axios-bearer';
import { postgresStore } from 'axios-bearer/postgres';
import { redisStore } from 'axios-bearer/redis';
import { Redis } from 'ioredis';
import pLimit from 'p-limit';
import { Pool } from 'pg';
import { startPostgres } from '../support/engines/postgres.js';
import { startRedis } from '../support/engines/redis.js';
import { atEnd, cleanUp, closeAtEnd } from '../support/kit.js';

const KEYS = 10_000;
const AT_ONCE = 100;
const CONNECTIONS = 10;

afterEach(cleanUp);

/** Sessions of one process, each refreshed once. What the token endpoint takes does not count: it answers at once. */
async function measure(name: string, storeOf: (key: string) => TokenStore): Promise<void> {
  let tokens = 0;
  const newTokens = () => ({ access_token: `at_${tokens}`, refresh_token: `rt_${tokens++}`, expires_in: 3_600 });
  const limit = pLimit(AT_ONCE);
  // Each reads its entry when it is made: all at once would be more than a pool of connections bears.
  const signIn = async (_: unknown, i: number): Promise<Session> => {
    const store = storeOf(`user ${i}`);
    const session = closeAtEnd(createSession({ store, source: async () => newTokens() }));
    await session.signIn(newTokens());
    return session;
  };
  const sessions = await limit.map(Array.from({ length: KEYS }), signIn);
  const took: number[] = [];
  const from = performance.now();
  await limit.map(sessions, async (session) => {
    const begun = performance.now();
    await session.refresh();
    took.push(performance.now() - begun);
  });
  const seconds = (performance.now() - from) / 1_000;
  took.sort((a, b) => a - b);
  const ms = (share: number) => Math.round(took[Math.floor(share * took.length)]!);
  const load = loadavg()[0]!.toFixed(1);
  const rate = Math.round(KEYS / seconds);
  console.log(`${name}: ${rate} refreshes/s, p50 ${ms(0.5)} ms, p99 ${ms(0.99)} ms, load ${load}`);
  expect(tokens).toBe(2 * KEYS);
}

it('10,000 sessions on one Redis, each write on the disk', async () => {
  const server = await startRedis();
  atEnd(() => server.end());
  const client = new Redis(server.port, server.host);
  atEnd(() => client.disconnect());
  await measure('redisStore', (key) => redisStore(client, { key }));
  const list = String(await client.call('CLIENT', 'LIST'));
  console.log(`redisStore: ${list.trim().split('\n').length} connections`);
}, 900_000);

it('10,000 sessions on one PostgreSQL, each write on the disk', async () => {
  const server = await startPostgres({ isDurable: true });
  atEnd(() => server.end());
  const pool = new Pool({ ...server.config, max: CONNECTIONS });
  atEnd(() => pool.end());
  await measure('postgresStore', (key) => postgresStore(pool, { key, createTable: true }));
  const { rows } = await pool.query(`select from pg_stat_activity where backend_type = 'client backend'`);
  console.log(`postgresStore: ${rows.length} connections`);
}, 900_000);
