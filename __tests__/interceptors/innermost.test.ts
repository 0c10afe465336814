import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import axios, {
  type AxiosInstance,
  type AxiosInterceptorManager,
  type AxiosStatic,
  type InternalAxiosRequestConfig,
} from 'axios';
import { createSession, type Session } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { type ApiVideo, startApiVideo } from 'axios-bearer/testing';
import {
  assertManager,
  type Handler,
  innermost,
  isLastAddedFirst,
  othersFor,
} from '../../lib/interceptors/innermost.js';
import { copies } from '../support/kit.js';

let server: ApiVideo;
let api: AxiosInstance;
let session: Session;

beforeEach(async () => {
  server = await startApiVideo();
  api = axios.create({ baseURL: server.url });
  session = createSession({ source: apiVideo({ baseURL: server.url }), tokens: server.issue() });
});

afterEach(async () => {
  session.close();
  await server.close();
});

describe('a registration next to the wire', () => {
  it.each(['request', 'response'] as const)(
    'is whole again when only the %s interceptors were cleared',
    async (side) => {
      session.install(api);
      api.interceptors[side].clear();
      session.install(api);
      server.expire();
      expect((await api.get('/videos')).status).toBe(200);
      expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 1 });
    },
  );

  it.each(['request', 'response'] as const)('takes nobody else’s when it is left after %s.clear()', async (side) => {
    const uninstall = session.install(api);
    api.interceptors[side].clear();
    let seen = 0;
    const interceptors = api.interceptors[side] as AxiosInterceptorManager<unknown>;
    interceptors.use((passing) => {
      seen++;
      return passing;
    });
    uninstall();
    await api.get('/public');
    expect(seen).toBe(1);
  });
});

describe.each(copies)('a registration on axios %s whose place among the handlers is another one now', (_, copy) => {
  it.each([
    ['moved', (handlers: unknown[]) => handlers.filter(Boolean)],
    ['copied', (handlers: unknown[]) => [...handlers]],
    ['gone', () => []],
  ])('leaves, and takes nobody else’s: %s', (_, change) => {
    const { request } = copy.create().interceptors;
    const handlers = () => (request as unknown as { handlers: (Handler | null)[] }).handlers;
    const first = request.use((config) => config);
    const { leave, handler } = innermost(request, () => request.use((config) => config));
    request.use((config) => config);
    request.eject(first);
    Object.assign(request, { handlers: change(handlers()) });
    const others = handlers().filter((each) => each && each !== handler);
    leave();
    expect(handlers().filter(Boolean)).toEqual(others);
  });
});

describe('the walk', () => {
  function manager() {
    const instance = axios.create();
    const { request } = instance.interceptors;
    const registration = innermost(request, () => request.use(null as never, null as never));
    const walk = (visited: (handler: Handler) => void = () => {}) => {
      const seen: unknown[] = [];
      (request as unknown as { forEach(visit: (handler: Handler) => void): void }).forEach((handler) => {
        seen.push(
          handler === registration.handler ? (registration.isFirstVisit ? 'first' : 'last') : handler.fulfilled,
        );
        visited(handler);
      });
      return seen;
    };
    return { request, registration, walk };
  }

  it('meets us before the others, and after them if we were asked in it', () => {
    const { request, registration, walk } = manager();
    const [a, b] = [<T>(config: T) => config, <T>(config: T) => config];
    request.use(a);
    request.use(b);
    expect(walk()).toEqual(['first', a, b]);
    const asked = () => {
      registration.wantsSecondVisit = true;
    };
    expect(walk(asked)).toEqual(['first', a, b, 'last']);
    expect(walk()).toEqual(['first', a, b]);
  });

  it('tells each visit which one it is, and forgets who asked in the walk before', () => {
    const { request } = axios.create().interceptors;
    const met: boolean[][] = [];
    const registration = innermost(request, () => request.use(null as never));
    (request as unknown as { forEach(visit: () => void): void }).forEach(() => {
      met.push([registration.isFirstVisit, registration.wantsSecondVisit]);
      registration.wantsSecondVisit = true;
    });
    expect(met).toEqual([
      [true, false],
      [false, false],
    ]);
  });

  it('passes us by once we were ejected or cleared, or the handlers are somebody else’s', () => {
    for (const lose of [
      ({ request }: ReturnType<typeof manager>) => request.clear(),
      ({ request }: ReturnType<typeof manager>) => Object.assign(request, { handlers: [] }),
    ]) {
      const scene = manager();
      expect(scene.registration.isRegistered()).toBe(true);
      lose(scene);
      expect(scene.registration.isRegistered()).toBe(false);
      expect(scene.walk()).toEqual([]);
    }
    const { request, registration } = manager();
    Object.assign(request, { handlers: { includes: () => true } });
    expect(registration.isRegistered()).toBe(false);
  });

  it('tells those of others from ours', () => {
    const { request } = axios.create().interceptors;
    const theirs = <T>(config: T) => config;
    request.use(theirs);
    expect(othersFor({} as never, request).map(({ fulfilled }) => fulfilled)).toEqual([theirs]);
    innermost(request, () => request.use(null as never));
    innermost(request, () => request.use(null as never));
    // Older axios leaves a hole where one was ejected.
    (request as unknown as { handlers: unknown[] }).handlers.push(null);
    expect(othersFor({} as never, request).map(({ fulfilled }) => fulfilled)).toEqual([theirs]);
  });

  it('goes on through a method of somebody else’s, which is back when the last of ours has left', () => {
    const { request } = axios.create().interceptors;
    const { forEach } = request as unknown as { forEach(visit: unknown): void };
    let walks = 0;
    const theirs = (visit: unknown) => {
      walks++;
      forEach.call(request, visit);
    };
    Object.assign(request, { forEach: theirs });
    const registration = innermost(request, () => request.use(null as never));
    request.use(null as never);
    (request as unknown as { forEach(visit: unknown): void }).forEach(() => {});
    expect(walks).toBe(1);
    registration.leave();
    expect((request as unknown as { forEach: unknown }).forEach).toBe(theirs);
  });

  it('is whole again when the last of ours has left', () => {
    const { request, registration } = manager();
    const other = innermost(request, () => request.use(null as never));
    registration.leave();
    expect(Object.hasOwn(request, 'forEach')).toBe(true);
    other.leave();
    expect(Object.hasOwn(request, 'forEach')).toBe(false);
  });

  it('is left alone where somebody has put a wrapper around it', () => {
    const { request, registration } = manager();
    const theirs = () => {};
    Object.assign(request, { forEach: theirs });
    registration.leave();
    expect((request as unknown as { forEach: unknown }).forEach).toBe(theirs);
  });
});

describe('an interceptor manager', () => {
  it('is one of axios’s own', () => {
    expect(() => assertManager(axios.create().interceptors.request)).not.toThrow();
  });

  const whole = () => ({ handlers: [], forEach() {}, use() {}, eject() {} });
  it.each([
    undefined,
    null,
    {},
    { ...whole(), handlers: {} },
    { ...whole(), forEach: undefined },
    { ...whole(), use: undefined },
    { ...whole(), eject: undefined },
  ])('is not %j, as a mock of axios has', (mock) => {
    expect(() => assertManager(mock)).toThrow(expect.objectContaining({ code: 'ERR_BEARER_CONFIG' }));
  });
});

describe('the order of request interceptors', () => {
  it.each<[string, AxiosStatic]>([...copies, ['that is ours', axios]])(
    'is what axios %s makes of the config',
    async (_, copy) => {
      const knows = 'legacyInterceptorReqResOrdering' in copy.defaults.transitional!;
      // Older ones refuse what they do not know.
      const ways = knows ? [true, false, undefined].map((way) => ({ legacyInterceptorReqResOrdering: way })) : [];
      for (const transitional of [undefined, {}, { clarifyTimeoutError: true }, ...ways]) {
        const ran: string[] = [];
        const instance = copy.create({ transitional, adapter: async () => ({}) as never } as never);
        const add = (name: string, config: InternalAxiosRequestConfig) => {
          ran.push(name, isLastAddedFirst(config) ? 'b' : 'a');
          return config;
        };
        for (const name of ['a', 'b']) instance.interceptors.request.use((config) => add(name, config));
        await instance.get('/');
        expect(ran[0]).toBe(ran[1]);
      }
    },
  );

  it('is the usual one where an interceptor has taken the setting away', () => {
    expect(isLastAddedFirst({} as never)).toBe(true);
  });
});
