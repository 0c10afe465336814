import * as crypto from 'node:crypto';
import { afterEach, expect, it } from '@jest/globals';
import type { AxiosInstance } from 'axios';
import type { TokenResponse } from 'axios-bearer';
import type { SessionPool } from 'axios-bearer/session-pool';
import * as ioredis from 'ioredis';
import { type AuthorizationServer, PUBLIC, startAuthorizationServer } from '../../support/authorization-server.js';
import { onRedis } from '../../support/engines/redis.js';
import { atEnd, cleanUp, closeAtEnd } from '../../support/kit.js';
import type { Values } from '../../support/readme.js';
import { API, codeOf, LOGIN, openGuide, setEnv } from './open.js';

afterEach(cleanUp);

/** Tokens of a login: the access token is over. */
async function tokensOf(server: AuthorizationServer, user: string): Promise<TokenResponse> {
  return { access_token: 'over', refresh_token: await server.login(PUBLIC.clientId, user) };
}

onRedis((redis) => {
  async function start(page: string, modules: Values = {}) {
    const server = closeAtEnd(await startAuthorizationServer({ ttl: 3600 }));
    setEnv({ REDIS_URL: redis().url });
    /** One instance of the app. */
    const open = () => {
      const clients: ioredis.Redis[] = [];
      class Redis extends ioredis.Redis {
        constructor(url: string) {
          super(url);
          clients.push(this);
        }
      }
      atEnd(() => clients.map((client) => client.disconnect()));
      return openGuide(page, { [API]: server.resource, [LOGIN]: server.issuer }, { ioredis: { Redis }, ...modules });
    };
    return { server, open };
  }

  it('Many tenants: a session for each, in each process, and one refresh', async () => {
    const { server, open } = await start('docs/guides/many-tenants.md');
    const processes = await Promise.all(
      [open(), open()].map(async (run) => {
        const { api, pool } = await run('api');
        const videos = await run('videos', { process: { once: () => {} } });
        return { api, pool, ...videos } as unknown as {
          api: AxiosInstance;
          pool: SessionPool;
          connect(tenant: string, tokens: TokenResponse): Promise<unknown>;
          videosOf(tenant: string): Promise<{ data: unknown }>;
          disconnect(tenant: string): Promise<void>;
        };
      }),
    );
    const [one, other] = processes as [(typeof processes)[0], (typeof processes)[0]];
    await one.connect('ada', await tokensOf(server, 'ada'));
    await one.connect('bob', await tokensOf(server, 'bob'));
    const all = ['ada', 'bob'].flatMap((tenant) => [one.videosOf(tenant), other.videosOf(tenant)]);
    expect((await Promise.all(all)).map(({ data }) => data)).toEqual(
      ['ada', 'ada', 'bob', 'bob'].map((owner) => ({ owner })),
    );
    expect([server.asked, server.revoked]).toEqual([2, 0]);
    expect(await one.api.get('/videos').catch(codeOf)).toBe('ERR_BEARER_CONFIG');

    await server.takeBack('ada');
    await server.expire();
    expect(await one.videosOf('ada').catch(codeOf)).toBe('ERR_BEARER_REJECTED');
    expect((await one.videosOf('bob')).data).toEqual({ owner: 'bob' });
    await other.disconnect('bob');
    expect(await other.videosOf('bob').catch(codeOf)).toBe('ERR_BEARER_SIGNED_OUT');
  });

  it('Next.js: two instances that serve one visitor refresh once, and the session id stays at home', async () => {
    const jar = new Map<string, string>();
    const cookies = async () => ({
      get: (name: string) => (jar.has(name) ? { value: jar.get(name) } : undefined),
      set: (name: string, value: string) => void jar.set(name, value),
      delete: (name: string) => void jar.delete(name),
    });
    const { server, open } = await start('docs/guides/nextjs.md', {
      'next/headers': { cookies },
      'node:crypto': crypto,
    });
    const seen: unknown[] = [];
    server.intercept((request) => {
      if (request.url === '/resource/videos') seen.push(request.headers['x-session']);
      return false;
    });
    const instances = await Promise.all(
      [open(), open()].map(async (run) => {
        await run('sessions');
        const login = await run('login');
        return { ...login, ...(await run('route')) } as unknown as {
          signIn(tokens: TokenResponse): Promise<void>;
          signOut(): Promise<void>;
          GET(): Promise<Response>;
        };
      }),
    );
    const [one, other] = instances as [(typeof instances)[0], (typeof instances)[0]];
    expect((await one.GET()).status).toBe(401);
    await one.signIn(await tokensOf(server, 'ada'));
    const answers = await Promise.all([one.GET(), other.GET(), one.GET(), other.GET()]);
    expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual(Array(4).fill({ owner: 'ada' }));
    expect([server.asked, server.revoked, new Set(seen)]).toEqual([1, 0, new Set([undefined])]);

    const before = new Map(jar);
    await other.signOut();
    expect(jar.size).toBe(0);
    jar.set('session', before.get('session')!);
    expect((await other.GET()).status).toBe(401);
  });
});
