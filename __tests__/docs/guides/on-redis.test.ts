import * as crypto from 'node:crypto';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { AxiosInstance } from 'axios';
import type { TokenResponse } from 'axios-bearer';
import type { SessionPool } from 'axios-bearer/session-pool';
import * as ioredis from 'ioredis';
import * as react from 'react';
import * as jsxRuntime from 'react/jsx-runtime';
import { prerenderToNodeStream } from 'react-dom/static';
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
    const hosts = {
      [API]: server.resource,
      [`${LOGIN}/revoke`]: server.revocationEndpoint,
      [LOGIN]: server.issuer,
    };
    /** One instance of the app. */
    const open = () => {
      const clients: ioredis.Redis[] = [];
      class Redis extends ioredis.Redis {
        constructor(url: string, options: { lazyConnect?: boolean } = {}) {
          super(url, options);
          clients.push(this);
        }
      }
      atEnd(() => clients.map((client) => client.disconnect()));
      return openGuide(page, hosts, { ioredis: { Redis }, ...modules });
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

  describe('Next.js', () => {
    /** Two instances of the app, and the browser of a visitor. */
    async function startNext() {
      const jar = new Map<string, { value: string; maxAge: number }>();
      const cookies = async () => ({
        get: (name: string) => jar.get(name),
        set: (name: string, value: string, { maxAge }: { maxAge: number }) => void jar.set(name, { value, maxAge }),
        delete: (name: string) => void jar.delete(name),
      });
      const { server, open } = await start('docs/guides/nextjs.md', {
        'next/headers': { cookies },
        'node:crypto': crypto,
        'server-only': {},
        react,
        'react/jsx-runtime': jsxRuntime,
      });
      const instances = await Promise.all(
        [open(), open()].map(async (run) => {
          // Both are in this process.
          const globals = { globalThis: {} };
          const sessions = await run('app/sessions', globals);
          const again = await run('app/sessions', globals);
          const route = await run('app/videos/route');
          const page = (await run('app/page')) as { default: react.FunctionComponent };
          const render = async () => text((await prerenderToNodeStream(react.createElement(page.default))).prelude);
          const app = { ...sessions, again, ...(await run('app/login')), ...route, render };
          return app as unknown as {
            api: AxiosInstance;
            pool: SessionPool;
            redis: ioredis.Redis;
            again: { pool: SessionPool; redis: ioredis.Redis };
            signIn(tokens: TokenResponse): Promise<void>;
            signOut(): Promise<void>;
            GET(): Promise<Response>;
            render(): Promise<string>;
          };
        }),
      );
      const [one, other] = instances as [(typeof instances)[0], (typeof instances)[0]];
      return { server, jar, one, other };
    }

    it('two instances that serve one visitor refresh once, for handlers and pages; a sign-out holds on both', async () => {
      const { server, jar, one, other } = await startNext();
      expect((await one.GET()).status).toBe(401);
      expect(await one.render()).toContain('Sign in first');
      await one.signIn(await tokensOf(server, 'ada'));
      const [pages, answers] = await Promise.all([
        Promise.all([one.render(), other.render()]),
        Promise.all([one.GET(), other.GET(), one.GET(), other.GET()]),
      ]);
      expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual(Array(4).fill({ owner: 'ada' }));
      expect(pages).toEqual(Array(2).fill(expect.stringMatching(/owner.*ada/)));
      expect([server.asked, server.revoked]).toEqual([1, 0]);

      const before = new Map(jar);
      await other.signOut();
      expect([jar.size, server.revoked]).toEqual([0, 1]);
      jar.set('session', before.get('session')!);
      for (const { GET, render } of [one, other]) {
        expect((await GET()).status).toBe(401);
        expect(await render()).toContain('Sign in again');
      }
    });

    it('sessions.ts connects when it is first needed, and once, however often it is evaluated', async () => {
      const { one } = await startNext();
      expect(one.redis.status).toBe('wait');
      expect(one.again).toMatchObject({ redis: one.redis, pool: one.pool });
    });

    it('a row ends with its cookie, after a refresh and a sign-out too, be it of a stranger', async () => {
      const { server, jar, one, other } = await startNext();
      await one.signIn(await tokensOf(server, 'ada'));
      const { value: id, maxAge } = jar.get('session')!;
      const ttl = () => one.redis.ttl(`session:${id}`);
      expect(await ttl()).toBe(maxAge);
      await one.redis.expire(`session:${id}`, maxAge - 60);
      expect((await other.GET()).status).toBe(200);
      expect(server.asked).toBe(1);
      expect(await ttl()).toBeLessThanOrEqual(maxAge - 60);
      await (await one.pool.get(id)).signOut();
      expect(await ttl()).toBeLessThanOrEqual(maxAge - 60);

      jar.set('session', { value: 'stranger', maxAge });
      expect((await one.GET()).status).toBe(401);
      await one.signOut();
      expect(await one.redis.ttl('session:stranger')).toBe(maxAge);
    });

    it('a request that names no session stays here', async () => {
      const { server, one } = await startNext();
      expect(await one.api.get('/videos').catch(codeOf)).toBe('ERR_BEARER_SIGNED_OUT');
      expect(server.refused).toBe(0);
    });

    it('an error that Next would log has no session id, and no token', async () => {
      const { server, jar, one, other } = await startNext();
      const refresh_token = await server.login(PUBLIC.clientId);
      await one.signIn({ access_token: 'over', refresh_token });
      const { value: id } = jar.get('session')!;
      // As ioredis has it, with the command and all that it was given.
      const failure = await other.redis.eval('no script', 1, `session:${id}`).catch((error) => error);
      expect(inspect(failure, { depth: 9 })).toContain(id);
      jest.spyOn(other.redis, 'eval').mockRejectedValue(failure);
      const error = await other.GET().catch((error) => error);
      expect(error).toMatchObject({ code: 'ERR_BEARER_STORE', config: { url: '/videos' } });
      for (const secret of [id, refresh_token]) expect(inspect(error, { depth: 9 })).not.toContain(secret);
    });
  });
});
