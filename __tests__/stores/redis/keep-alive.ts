import { redisStore } from 'axios-bearer/redis';
import { clients } from '../../support/redis-clients.js';

/** A process that listens by one client, of which the app closes its own connection and forgets the session. */
const [kind, port] = process.argv.slice(2);
const client = await clients.find(({ name }) => name === kind)!.open({ host: '127.0.0.1', port: Number(port) });
const store = redisStore(client, { key: 'keep-alive' });
await new Promise<void>((resolve) => {
  store.subscribe!(resolve);
});
await store.withLock(async () => {}, { waitMs: 10_000, holdMs: 10_000 });
console.log('done');
if ('quit' in client) await client.quit();
