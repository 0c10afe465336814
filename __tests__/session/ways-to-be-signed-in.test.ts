import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosInstance } from 'axios';
import { bearer, memoryStore, type Session, type SessionOptions, type Token, type TokenSource } from 'axios-bearer';
import type { ApiVideo } from 'axios-bearer/testing';
import {
  cleanUp,
  closeAtEnd,
  codeOf,
  deferred,
  installClock,
  nextEvent,
  settle,
  startServer,
  startSession,
} from '../support/kit.js';

afterEach(cleanUp);

const MINUTE = 60_000;

interface Scene {
  server: ApiVideo;
  api: AxiosInstance;
  session: Session;
  /** What the source was asked, and which tokens it was told to revoke. */
  asked: string[];
  revoked: string[];
}

type Options = Partial<SessionOptions>;

/** A session with a source that can do everything, and what makes it signed in still to come. */
async function blank(options: Options = {}, source: Partial<TokenSource> = {}): Promise<Scene> {
  const server = await startServer();
  const api = axios.create({ baseURL: server.url });
  const asked: string[] = [];
  const revoked: string[] = [];
  const session = closeAtEnd(
    bearer(api, {
      backoff: { initial: 1, factor: 1, cap: 1 },
      ...options,
      source: {
        refresh: async ({ refreshToken }, { client }) => {
          asked.push('refresh');
          return (await client.post('/auth/refresh', { refreshToken })).data;
        },
        obtain: async ({ client }) => {
          asked.push('obtain');
          return (await client.post('/auth/api-key', { apiKey: server.apiKey })).data;
        },
        revoke: async ({ accessToken }) => void revoked.push(accessToken),
        ...source,
      },
    }),
  );
  return { server, api, session, asked, revoked };
}

/** Each is given what the session is made of, and signs in somebody with the server's first token. */
const ways: [string, (options: Options, source?: Partial<TokenSource>) => Promise<Scene>][] = [
  [
    'with tokens handed in',
    async (options, source) => {
      const scene = await blank(options, source);
      await scene.session.signIn(scene.server.issue());
      return scene;
    },
  ],
  [
    'by the first request',
    async (options, source) => {
      const scene = await blank(options, source);
      await scene.api.get('/echo/first');
      return scene;
    },
  ],
  [
    'by signIn() alone',
    async (options, source) => {
      const scene = await blank(options, source);
      await scene.session.signIn();
      return scene;
    },
  ],
  [
    'by what the store holds',
    async (options, source) => {
      const store = memoryStore();
      const server = await startServer();
      const before = startSession({ store, tokens: server.issue() });
      await before.token();
      before.close();
      const scene = await blank({ ...options, store }, source);
      await scene.session.token();
      // Its tokens are of the server that issued them.
      scene.api.defaults.baseURL = server.url;
      return { ...scene, server };
    },
  ],
  [
    'by another holder of the store',
    async (options, source) => {
      const store = memoryStore();
      const scene = await blank({ ...options, store }, { ...source, obtain: undefined as never });
      await codeOf(scene.session.token());
      await startSession({ store }).signIn(scene.server.issue());
      await settle();
      expect(scene.session.state.status).toBe('active');
      return scene;
    },
  ],
];

describe.each(ways)('Who is signed in %s', (how, signedIn) => {
  /** As above, with nothing counted yet. */
  async function begin(options: Options = {}, source?: Partial<TokenSource>) {
    const scene = await signedIn(options, source);
    scene.server.reset();
    scene.asked.length = 0;
    scene.revoked.length = 0;
    return scene;
  }

  it('has a 401 mended by one refresh, and all who wait replayed', async () => {
    const { server, api, asked } = await begin();
    server.expire();
    const answers = await Promise.all(Array.from({ length: 10 }, () => api.get('/videos')));
    expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(asked).toEqual(['refresh']);
    expect(server.stats.reuse).toBe(0);
  });

  it('is kept fresh by the timer', async () => {
    const clock = installClock();
    const { server, asked, session } = await begin({ keepFresh: true, refreshTimeout: 60 * MINUTE });
    await clock.advance(54 * MINUTE);
    expect(asked).toEqual([]);
    const refreshed = nextEvent(session, 'refreshed');
    await clock.advance(2 * MINUTE);
    await refreshed;
    expect(asked).toEqual(['refresh']);
    expect(server.stats.reuse).toBe(0);
  });

  it('L10 goes on with a live token while no other is to be had', async () => {
    const clock = installClock();
    const { server, api } = await begin({ refreshRetries: 0 });
    server.fault('/auth/*', { status: 503 }, { times: Number.POSITIVE_INFINITY });
    await clock.advance(56 * MINUTE);
    for (let i = 0; i < 3; i += 1) expect((await api.get('/echo')).status).toBe(200);
  });

  it('L22 is signed out for good by signOut(): a late 401 is handed on, and nobody is asked', async () => {
    const { server, api, session, asked, revoked } = await begin();
    const token = await session.token();
    const door = server.hold('/echo/late');
    const late = codeOf(api.get('/echo/late'));
    await door.arrived(1);
    await session.signOut();
    server.expire();
    door.release();
    expect(await late).toBe('ERR_BAD_REQUEST');
    expect((await api.get('/public')).data).toEqual({ authorization: false });
    expect([asked, revoked]).toEqual([[], [token]]);
    expect(session.state).toEqual({ status: 'signed-out' });
  });

  it('L22 is not brought back by a refresh that was under way at signOut()', async () => {
    const revoked: string[] = [];
    const late = deferred();
    const revoke = async ({ accessToken }: Token) => {
      if (revoked.push(accessToken) === 2) late.resolve();
    };
    const { server, api, session, asked } = await begin({}, { revoke });
    const token = await session.token();
    server.expire();
    const refresh = server.hold('/auth/refresh');
    const request = codeOf(api.get('/echo/waits'));
    await refresh.arrived(1);
    await session.signOut();
    expect(await request).toBe('ERR_BEARER_SIGNED_OUT');
    refresh.release();
    await late.promise;
    expect(revoked[0]).toBe(token);
    expect(session.state).toEqual({ status: 'signed-out' });
    expect(asked).toEqual(['refresh']);
  });

  it('L21 gives nothing of Bob’s, who signs in, to a request of before', async () => {
    const { server, api, session } = await begin();
    const door = server.hold('/echo/before');
    const request = codeOf(api.get('/echo/before'));
    await door.arrived(1);
    server.expire();
    await session.signIn(server.issue());
    door.release();
    expect(await request).toBe('ERR_BEARER_IDENTITY');
    expect(server.log.filter(({ path }) => path === '/echo/before')).toHaveLength(1);
  });

  it('L3 has a dead refresh token presented once, and then a token obtained, where one can be', async () => {
    const { server, api, asked } = await begin();
    server.expire();
    server.revokeRefreshTokens();
    const answers = await Promise.all(Array.from({ length: 5 }, () => codeOf(api.get('/videos'))));
    const canObtain = how !== 'by another holder of the store';
    expect(answers.filter((code) => code === 'fulfilled')).toHaveLength(canObtain ? 5 : 0);
    expect(asked).toEqual(canObtain ? ['refresh', 'obtain'] : ['refresh']);
  });

  it('L23 is left without a timer by close()', async () => {
    const clock = installClock();
    const { session, asked } = await begin({ keepFresh: true });
    session.close();
    await clock.advance(300 * MINUTE);
    expect(asked).toEqual([]);
    expect(await codeOf(session.token())).toBe('ERR_BEARER_SIGNED_OUT');
  });
});
