import { afterEach, expect, it } from '@jest/globals';
import axios from 'axios';
import { bearer, createSession, memoryStore, type TokenStore } from 'axios-bearer';
import { sessionPool } from 'axios-bearer/session-pool';
import { atEnd, cleanUp, closeAtEnd, startServer, until } from '../support/kit.js';

afterEach(cleanUp);

const USERS = Number(process.env.IDENTITIES ?? 300);
const AT_ONCE = 100;

it.each([
  ['and a session for each', USERS],
  ['with sessions for a tenth of them, which come and go', USERS / 10],
])(
  'many identities on one instance, %s: one refresh each, and each its own token [L1, L3, L21]',
  async (_, max) => {
    const server = await startServer();
    const stores = new Map<string, TokenStore>();
    const owners = new Map<string, string>();
    const issue = (user: string, { access_token, ...more } = server.issue()) => {
      owners.set(`Bearer ${access_token}`, user);
      return { access_token, ...more };
    };
    const pool = closeAtEnd(
      sessionPool({
        max,
        create(user) {
          const isNew = !stores.has(user);
          const store = stores.get(user) ?? memoryStore();
          stores.set(user, store);
          return createSession({
            store,
            tokens: isNew ? issue(user) : undefined,
            source: async ({ refreshToken }, { client }) =>
              issue(user, (await client.post('/auth/refresh', { refreshToken })).data),
          });
        },
      }),
    );
    const api = axios.create({ baseURL: server.url });
    atEnd(bearer(api, { session: ({ headers }) => pool.get(String(headers['X-User'])) }));
    let strangers = 0;
    server.hold(({ path, headers }) => {
      if (path === '/videos' && owners.get(String(headers.authorization)) !== headers['x-user']) strangers++;
      return false;
    });

    const everybody = async (from: number) => {
      for (let user = from; user < USERS; user += AT_ONCE)
        await api.get('/videos', { headers: { 'X-User': `user ${user}` } });
    };
    const round = () => Promise.all(Array.from({ length: AT_ONCE }, (_, from) => everybody(from)));
    await round();
    server.expire();
    await round();
    await round();

    await until(() => pool.size <= max);
    expect(strangers).toBe(0);
    expect(server.stats).toMatchObject({ refresh: USERS, reuse: 0, ok: 3 * USERS, unauthorized: USERS });
  },
  600_000,
);
