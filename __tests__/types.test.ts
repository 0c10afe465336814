import { describe, it } from '@jest/globals';
import axios, {
  type AxiosError,
  type AxiosInstance,
  type AxiosResponse,
  type CreateAxiosDefaults,
  type InternalAxiosRequestConfig,
} from 'axios';
import {
  type BearerError,
  type BearerErrorCode,
  type BearerEvent,
  type BearerEvents,
  type BearerRequestOptions,
  bearer,
  createSession,
  type InstallOptions,
  isBearerError,
  type KeyValueStorage,
  type Lock,
  type LockOptions,
  memoryStore,
  type RefreshFunction,
  type Replayable,
  replayable,
  type Session,
  type SessionOptions,
  type SessionResolver,
  type SessionState,
  type SourceContext,
  type StoreEntry,
  staticToken,
  storageStore,
  type Token,
  type TokenRequest,
  type TokenResponse,
  type TokenSource,
  type TokenStore,
} from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { clientCredentials, refreshToken } from 'axios-bearer/oauth2';
import { type ApiVideo, type Clock, fakeClock, startApiVideo } from 'axios-bearer/testing';
import 'axios-bearer/use';
import axiosRetry from 'axios-retry';
import { expectTypeOf } from 'expect-type';
import { useSyncExternalStore } from 'react';

// The compiler judges here (`npm run types`); running it shows no more than that it runs.
const api = axios.create({ baseURL: 'https://api.example.com' });
const source = staticToken('token');
const session = createSession({ source });

/** For the compiler's eyes only. */
const typed = (_: () => unknown) => {};

describe('bearer()', () => {
  it('returns the session where it makes one, and the way to uninstall where it is given one', () => {
    expectTypeOf(bearer(api, { source })).toEqualTypeOf<Session>();
    expectTypeOf(bearer(api, { source, keepFresh: true, origins: '*' })).toEqualTypeOf<Session>();
    expectTypeOf(bearer(api, { session })).toEqualTypeOf<() => void>();
    expectTypeOf(bearer(api, { session, maxReplays: 1 })).toEqualTypeOf<() => void>();
    expectTypeOf(bearer(api, { session: () => undefined })).toEqualTypeOf<() => void>();
    expectTypeOf(session.install(api, { maxReplays: 1 })).toEqualTypeOf<() => void>();
    expectTypeOf(createSession).parameters.toEqualTypeOf<[SessionOptions]>();
  });

  it('takes a source or a session, not neither, not both', () => {
    // @ts-expect-error
    typed(() => bearer(api, {}));
    // @ts-expect-error
    typed(() => bearer(api, { leeway: 1 }));
    // @ts-expect-error
    typed(() => bearer(api, { source, session }));
    // @ts-expect-error
    typed(() => bearer({}, { source }));
    // @ts-expect-error Options of a session belong to where it is made.
    typed(() => bearer(api, { session, keepFresh: true }));
    // @ts-expect-error
    typed(() => createSession({ source, origins: '*' }));
  });

  it('takes an instance of any copy of axios, old ones too', () => {
    type CommonJs = import('axios', { with: { 'resolution-mode': 'require' }}).AxiosInstance;
    type Oldest = import('axios-1.6.8').AxiosInstance;
    const any = [] as (CommonJs | Oldest)[];
    typed(() => any.map((instance) => bearer(instance, { source })));
    typed(() => any.map((instance) => bearer(instance, { session })));
    typed(() => any.map((instance) => session.install(instance)));
    expectTypeOf<CommonJs>().not.toEqualTypeOf<AxiosInstance>();
  });

  it('asks a resolver with the config that interceptors get', () => {
    bearer(api, {
      session: (config) => {
        expectTypeOf(config).toEqualTypeOf<InternalAxiosRequestConfig>();
        return config.headers.get('X-Tenant') === 'ada' ? session : undefined;
      },
    });
    expectTypeOf<SessionResolver>().returns.toEqualTypeOf<Session | undefined | Promise<Session | undefined>>();
    // @ts-expect-error
    typed(() => bearer(api, { session: () => 'ada' }));
  });
});

describe('axios.use', () => {
  it('returns what the plugin returns, and knows its options', () => {
    typed(() => {
      expectTypeOf(axios.use(bearer, { source, origins: '*' })).toEqualTypeOf<Session>();
      expectTypeOf(axios.use(bearer, { session, origins: '*' })).toEqualTypeOf<() => void>();
      expectTypeOf(axios.use(axiosRetry, { retries: 3 })).toEqualTypeOf<ReturnType<typeof axiosRetry>>();
      expectTypeOf(axios.create().use(axiosRetry)).toEqualTypeOf<ReturnType<typeof axiosRetry>>();
    });
    // @ts-expect-error
    typed(() => axios.use(bearer));
    // @ts-expect-error
    typed(() => axios.use(bearer, { source, leeway: 'soon' }));
    // @ts-expect-error
    typed(() => axios.use(axiosRetry, { retries: 'three' }));
  });
});

describe('config.bearer', () => {
  it('is known to every way of sending a request', () => {
    const config = { bearer: { session, minValidity: 60_000, replay: false } };
    typed(() => [api.get('/', config), api.delete('/', config), api.head('/', config), api.options('/', config)]);
    typed(() => [api.post('/', {}, config), api.put('/', {}, config), api.patch('/', {}, config)]);
    typed(() => [api.postForm('/', {}, config), api.putForm('/', {}, config), api.patchForm('/', {}, config)]);
    typed(() => [api.request(config), api(config), api('/', config), axios(config), axios.get('/', config)]);
    expectTypeOf<NonNullable<CreateAxiosDefaults['bearer']>>().toEqualTypeOf<false | BearerRequestOptions>();
  });

  it('is false or options, wherever it is given', () => {
    typed(() => [api.get('/', { bearer: false }), api.post('/', {}, { bearer: {} }), api({ bearer: false })]);
    // @ts-expect-error
    typed(() => api.get('/', { bearer: true }));
    // @ts-expect-error
    typed(() => api.post('/', {}, { bearer: { minValidity: '1 min' } }));
    // @ts-expect-error
    typed(() => api.request({ bearer: { replays: 1 } }));
    // @ts-expect-error
    typed(() => api({ bearer: { replay: 'no' } }));
    // @ts-expect-error
    typed(() => api('/', { bearer: { session: {} } }));
  });

  it('is there for other interceptors to read', () => {
    api.interceptors.request.use((config) => {
      expectTypeOf(config.bearer).toEqualTypeOf<false | BearerRequestOptions | undefined>();
      return config;
    });
  });

  it('goes with bodies that are made anew', () => {
    expectTypeOf(replayable(() => 'body')).toEqualTypeOf<Replayable>();
    replayable(async () => new Uint8Array());
    // @ts-expect-error
    typed(() => replayable('body'));
  });
});

describe('the options', () => {
  it('of an instance take what they say and nothing else', () => {
    expectTypeOf<InstallOptions['header']>().toEqualTypeOf<string | false | undefined>();
    expectTypeOf<InstallOptions['whenSignedOut']>().toEqualTypeOf<'send' | 'reject' | undefined>();
    type Origins = '*' | string | string[];
    expectTypeOf<InstallOptions['origins']>().toEqualTypeOf<
      Origins | ((config: InternalAxiosRequestConfig) => Origins) | undefined
    >();
    // @ts-expect-error
    typed(() => session.install(api, { header: true }));
    // @ts-expect-error
    typed(() => session.install(api, { whenSignedOut: 'throw' }));
    // @ts-expect-error
    typed(() => session.install(api, { origins: /example/ }));
    // @ts-expect-error
    typed(() => session.install(api, { maxReplay: 1 }));
  });

  it('of an instance infer what their functions are called with', () => {
    session.install(api, {
      skip: (config) => {
        expectTypeOf(config).toEqualTypeOf<InternalAxiosRequestConfig>();
        return config.url === '/login';
      },
      shouldRefresh: async (response) => {
        expectTypeOf(response).toEqualTypeOf<AxiosResponse>();
        return response.status === 401;
      },
    });
    // @ts-expect-error
    typed(() => session.install(api, { skip: () => 'no' }));
    // @ts-expect-error
    typed(() => session.install(api, { shouldRefresh: () => 401 }));
  });

  it('of a session take parts of what has parts', () => {
    createSession({ source, backoff: { cap: 1_000 }, refreshWindow: { limit: 3 } });
    createSession({
      source,
      identity: (token) => {
        expectTypeOf(token).toEqualTypeOf<Token>();
        return token.scope ?? '';
      },
    });
    // @ts-expect-error
    typed(() => createSession({ source, backoff: { maximum: 1 } }));
    // @ts-expect-error
    typed(() => createSession({ source, identity: () => 1 }));
    // @ts-expect-error
    typed(() => createSession({ source, keepFresh: 'yes' }));
  });
});

describe('a source', () => {
  it('is a plain function whose arguments are inferred', () => {
    createSession({
      source: async (token, ctx) => {
        expectTypeOf(token).toEqualTypeOf<Partial<Token>>();
        expectTypeOf(ctx).toEqualTypeOf<SourceContext>();
        return token.refreshToken;
      },
    });
    expectTypeOf<RefreshFunction>().returns.toEqualTypeOf<Promise<TokenResponse>>();
    expectTypeOf<SourceContext>().toEqualTypeOf<{
      signal: AbortSignal;
      attempt: number;
      client: AxiosInstance;
      reason?: 'first' | 'expiry' | 'refused' | 'asked' | 'signIn';
      challenge?: string;
    }>();
  });

  it('answers as RFC 6749 has it, in camelCase, with a bare token, or with nothing', () => {
    expectTypeOf<{ access_token: string; token_type: string; expires_in: number }>().toExtend<TokenResponse>();
    expectTypeOf<{ accessToken: string; refreshToken: null; expiresIn: string }>().toExtend<TokenResponse>();
    expectTypeOf<{ accessToken: string; expiresAt: Date }>().toExtend<TokenResponse>();
    expectTypeOf<Token>().toExtend<TokenResponse>();
    expectTypeOf<string | null | undefined>().toExtend<TokenResponse>();
    createSession({ source: async () => {} });
    createSession({ source: async (_, { client }) => (await client.post('/auth/refresh')).data });
    // @ts-expect-error
    typed(() => createSession({ source: async () => 42 }));
    // @ts-expect-error
    typed(() => createSession({ source: async () => ({ token: 'a' }) }));
    // @ts-expect-error
    typed(() => createSession({ source: async () => ({ access_token: 'a', expires_in: true }) }));
    // @ts-expect-error A source answers with a promise.
    typed(() => createSession({ source: () => 'token' }));
  });

  it('is an object where a function is not enough', () => {
    const whole: Required<TokenSource> = {
      needsRefreshToken: true,
      tokens: { access_token: 'a' },
      secrets: ['s'],
      interactive: false,
      origins: ['https://api.example.com'],
      refresh: async ({ refreshToken }) => refreshToken,
      obtain: async ({ signal, attempt }) => `${signal.aborted}${attempt}`,
      revoke: async ({ accessToken }) => void accessToken,
      isRejected: (error) => {
        expectTypeOf(error).toEqualTypeOf<unknown>();
        return false;
      },
      authorize: (config) => {
        expectTypeOf(config).toEqualTypeOf<InternalAxiosRequestConfig>();
        return false;
      },
    };
    createSession({ source: whole });
    createSession({ source: { obtain: async () => 'token' } });
    expectTypeOf(staticToken).toEqualTypeOf<(token: string) => TokenSource>();
    expectTypeOf(apiVideo).returns.toEqualTypeOf<TokenSource>();
    // @ts-expect-error
    typed(() => createSession({ source: { fetch: async () => 'token' } }));
    // @ts-expect-error
    typed(() => createSession({ source: { ...source, needsRefreshToken: 'yes' } }));
    expectTypeOf(refreshToken).returns.toEqualTypeOf<TokenSource>();
    expectTypeOf(clientCredentials).returns.toEqualTypeOf<TokenSource>();
    // @ts-expect-error
    typed(() => apiVideo({ key: 'k' }));
    // @ts-expect-error
    typed(() => clientCredentials({ issuer: 'https://id.example.com', encoding: 'xml' }));
    // @ts-expect-error
    typed(() => refreshToken({ clientId: 'app', clientAuth: 'secret' }));
  });
});

describe('a store', () => {
  it('is made of anything with getItem and setItem, sync or async, or as expo-secure-store names them', () => {
    expectTypeOf(memoryStore).toEqualTypeOf<() => TokenStore>();
    expectTypeOf(storageStore).returns.toEqualTypeOf<TokenStore>();
    expectTypeOf<Storage>().toExtend<KeyValueStorage>();
    expectTypeOf<{
      getItem(key: string): Promise<string | null>;
      setItem(key: string, value: string): Promise<void>;
      removeItem(key: string): Promise<void>;
    }>().toExtend<KeyValueStorage>();
    expectTypeOf<{
      getItem(key: string): string | null;
      setItem(key: string, value: string): void;
    }>().toExtend<KeyValueStorage>();
    expectTypeOf<{
      getItemAsync(key: string): Promise<string | null>;
      setItemAsync(key: string, value: string): Promise<void>;
    }>().toExtend<KeyValueStorage>();
    // @ts-expect-error
    typed(() => storageStore({ getItem: () => null, removeItem: () => {} }));
    // @ts-expect-error
    typed(() => storageStore({ getItem: () => 1, setItem: () => {}, removeItem: () => {} }));
  });

  it('of one’s own brings its lock, and hints if it can', () => {
    const { subscribe: _, ...silent } = memoryStore();
    createSession({ source, store: silent });
    expectTypeOf<TokenStore['read']>().returns.toEqualTypeOf<Promise<StoreEntry | undefined>>();
    expectTypeOf<TokenStore['write']>().toEqualTypeOf<(next: StoreEntry) => Promise<StoreEntry>>();
    expectTypeOf<Lock>().toEqualTypeOf<{ isHeld?(): boolean; readonly signal: AbortSignal }>();
    expectTypeOf<LockOptions>().toEqualTypeOf<{ waitMs: number; holdMs: number; signal?: AbortSignal }>();
    typed(() =>
      expectTypeOf(
        memoryStore().withLock(async ({ signal }) => signal.aborted, { waitMs: 1, holdMs: 1 }),
      ).toEqualTypeOf<Promise<boolean>>(),
    );
    // @ts-expect-error
    typed(() => createSession({ source, store: { read: async () => undefined, write: async (next) => next } }));
    // @ts-expect-error
    typed(() => memoryStore().withLock(async () => {}, { waitMs: 1 }));
  });
});

describe('a session', () => {
  it('has these members', () => {
    expectTypeOf<Session['token']>().toEqualTypeOf<(request?: TokenRequest) => Promise<string>>();
    expectTypeOf<Session['refresh']>().toEqualTypeOf<() => Promise<Token>>();
    expectTypeOf<Session['signIn']>().toEqualTypeOf<(tokens?: TokenResponse) => Promise<Token>>();
    expectTypeOf<Session['signOut']>().toEqualTypeOf<() => Promise<void>>();
    expectTypeOf<Session['update']>().toEqualTypeOf<(tokens: TokenResponse) => Promise<Token>>();
    expectTypeOf<Session['close']>().toEqualTypeOf<() => Promise<void>>();
    expectTypeOf<Session['state']>().toEqualTypeOf<SessionState>();
    typed(() => expectTypeOf(createSession({ source })).toEqualTypeOf<Session>());
    // @ts-expect-error
    typed(() => session.token({ minValidity: '1 min' }));
    // @ts-expect-error
    typed(() => session.signIn({ token: 'a' }));
  });

  it('fits React’s useSyncExternalStore as it is', () => {
    typed(() =>
      expectTypeOf(useSyncExternalStore(session.subscribe, session.getSnapshot)).toEqualTypeOf<SessionState>(),
    );
  });

  it('tells its state as a union that narrows', () => {
    const told = (state: SessionState) => {
      switch (state.status) {
        case 'failed':
          // @ts-expect-error
          state.status = 'failed';
          return expectTypeOf(state.error).toEqualTypeOf<BearerError>();
        case 'active':
          expectTypeOf(state.generation).toEqualTypeOf<number>();
          // @ts-expect-error
          state.status = 'active';
          return expectTypeOf(state.expiresAt).toEqualTypeOf<number | undefined>();
        case 'refreshing':
          // @ts-expect-error
          state.status = 'refreshing';
          return expectTypeOf(state.generation).toEqualTypeOf<number | undefined>();
        default:
          return expectTypeOf(state).toEqualTypeOf<{ readonly status: 'signed-out' }>();
      }
    };
    told(session.state);
  });

  it('can be read, not written', () => {
    typed(() => {
      // @ts-expect-error
      session.state = { status: 'signed-out' };
      // @ts-expect-error
      session.subscribe = () => () => {};
      // @ts-expect-error
      session.getSnapshot = () => session.state;
      // @ts-expect-error
      session.state.status = 'active';
    });
    type Frozen<T> = { readonly [Key in keyof T]: T[Key] };
    expectTypeOf<Token>().toEqualTypeOf<Frozen<Token>>();
    expectTypeOf<StoreEntry>().toEqualTypeOf<Frozen<StoreEntry>>();
    expectTypeOf<ApiVideo>()
      .pick<'url' | 'stats' | 'log'>()
      .toEqualTypeOf<Frozen<Pick<ApiVideo, 'url' | 'stats' | 'log'>>>();
  });
});

describe('events', () => {
  it('have these payloads, and no token in them', () => {
    type About<Facts = unknown> = { method: string; url: string } & Facts;
    expectTypeOf<BearerEvent>().toEqualTypeOf<keyof BearerEvents>();
    expectTypeOf<BearerEvents['signedIn']>().toEqualTypeOf<{ generation: number }>();
    expectTypeOf<BearerEvents['tokensIgnored']>().toEqualTypeOf<{ reason: 'stored' | 'signedOut' }>();
    expectTypeOf<BearerEvents['refreshing']>().toEqualTypeOf<{ generation: number }>();
    expectTypeOf<BearerEvents['refreshed']>().toEqualTypeOf<{
      generation: number;
      expiresAt?: number;
      adopted: boolean;
    }>();
    expectTypeOf<BearerEvents['refreshFailed']>().toEqualTypeOf<{ error: BearerError; retryAfter?: number }>();
    expectTypeOf<BearerEvents['waiting']>().branded.toEqualTypeOf<About<{ after: 'held' | '401' }>>();
    expectTypeOf<BearerEvents['replayed']>().branded.toEqualTypeOf<About<{ generation: number; replay: number }>>();
    expectTypeOf<BearerEvents['skipped']>().branded.toEqualTypeOf<
      About<{ reason: 'off' | 'skip' | 'origin' | 'own-authorization' | 'signed-out' | 'source' }>
    >();
    expectTypeOf<BearerEvents['breakerOpen']>().toEqualTypeOf<{ retryAfter: number }>();
    expectTypeOf<BearerEvents['signedOut']>().toEqualTypeOf<{
      reason: 'signOut' | 'rejected' | 'elsewhere' | 'closed';
    }>();
  });

  it('are inferred by name in session.on', () => {
    const off = session.on('refreshFailed', (payload) => {
      expectTypeOf(payload).toEqualTypeOf<BearerEvents['refreshFailed']>();
    });
    expectTypeOf(off).toEqualTypeOf<() => void>();
    session.on('replayed', ({ replay }) => expectTypeOf(replay).toEqualTypeOf<number>());
    session.on('signedOut', async () => {});
    // @ts-expect-error
    typed(() => session.on('refresh', () => {}));
    // @ts-expect-error
    typed(() => session.on('refreshed', ({ accessToken }) => accessToken));
    // @ts-expect-error
    typed(() => session.on('signedOut', ({ reason }) => reason === 'expired'));
  });
});

describe('errors', () => {
  const unknownError: unknown = undefined;

  it('are AxiosErrors with a code of ours, once isBearerError says so', () => {
    typed(() => {
      // @ts-expect-error Not before.
      unknownError.code;
      if (!isBearerError(unknownError)) return expectTypeOf(unknownError).toEqualTypeOf<unknown>();
      expectTypeOf(unknownError).toEqualTypeOf<BearerError>();
      expectTypeOf(unknownError).toExtend<AxiosError>();
      expectTypeOf(unknownError.retryAfter).toEqualTypeOf<number | undefined>();
      expectTypeOf(unknownError.cause).toEqualTypeOf<Error | undefined>();
      expectTypeOf(unknownError.response?.status).toEqualTypeOf<number | undefined>();
      // @ts-expect-error There is no such code.
      return unknownError.code === 'ERR_BEARER_EXPIRED';
    });
  });

  it('have codes that can be told apart to the last', () => {
    const advice = (code: BearerErrorCode): string => {
      switch (code) {
        case 'ERR_BEARER_SIGNED_OUT':
        case 'ERR_BEARER_REJECTED':
          return 'sign in';
        case 'ERR_BEARER_UNAVAILABLE':
        case 'ERR_BEARER_STORE':
          return 'later';
        case 'ERR_BEARER_BODY':
        case 'ERR_BEARER_IDENTITY':
        case 'ERR_BEARER_TOKEN':
        case 'ERR_BEARER_CONFIG':
          return 'mend it';
        default:
          expectTypeOf(code).toBeNever();
          return code;
      }
    };
    advice('ERR_BEARER_BODY');
  });
});

describe('axios-bearer/testing', () => {
  it('takes faults that there are', () => {
    expectTypeOf(startApiVideo).returns.resolves.toEqualTypeOf<ApiVideo>();
    expectTypeOf(fakeClock).toEqualTypeOf<() => Clock>();
    const scripted = (server: ApiVideo) => {
      expectTypeOf(server.fault('/auth/refresh', { status: 503 }, { times: 2 })).toEqualTypeOf<() => void>();
      server.fault(({ method }) => method === 'GET', 'reset');
      // @ts-expect-error
      server.fault('/videos', 'explode');
      // @ts-expect-error
      server.fault('/videos', { status: '503' });
    };
    typed(() => scripted);
  });
});
