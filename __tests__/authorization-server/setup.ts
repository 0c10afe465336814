import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import axios, { type AxiosInstance } from 'axios';
import { createSession, type InstallOptions, type Session, type SessionOptions } from 'axios-bearer';
import { refreshToken } from 'axios-bearer/oauth2';
import {
  type AuthorizationServer,
  PUBLIC,
  type ServerOptions,
  startAuthorizationServer,
} from '../support/authorization-server.js';
import { cleanUp, closeSessionAtEnd, deferred } from '../support/kit.js';

export type Options = Partial<SessionOptions> & InstallOptions;

/**
 * For one test file: a server, and its judgement at the end of each test. It rotates refresh tokens, and takes the whole
 * grant back when one is presented twice.
 */
export function setUpAuthorizationServer(options?: ServerOptions) {
  let server: AuthorizationServer;
  let before = 0;
  let allowed = 0;
  beforeAll(async () => {
    server = await startAuthorizationServer(options);
  });
  afterAll(() => server.close());
  afterEach(async () => {
    server.intercept(undefined);
    server.forgive(false);
    await cleanUp();
    const revoked = server.revoked - before - allowed;
    [before, allowed] = [server.revoked, 0];
    // In no test was a refresh token presented twice.
    expect(revoked).toBe(0);
  });

  const source = (revocationEndpoint?: string) =>
    refreshToken({ tokenEndpoint: server.tokenEndpoint, revocationEndpoint, ...PUBLIC });
  const tokens = async (accountId = 'ada') => ({
    access_token: 'expired',
    refresh_token: await server.login(PUBLIC.clientId, accountId),
  });
  const signedIn = async (more: Partial<SessionOptions> = {}): Promise<Session> =>
    closeSessionAtEnd(createSession({ source: source(), tokens: await tokens(), backoff: { initial: 5 }, ...more }));
  const instanceOf = (session: Session, more?: InstallOptions): AxiosInstance => {
    const api = axios.create({ baseURL: server.issuer });
    session.install(api, more);
    return api;
  };

  const holdTokenEndpoint = () => {
    const [arrived, release] = [deferred(), deferred()];
    server.intercept(async ({ url }) => {
      if (url !== '/token') return false;
      arrived.resolve();
      await release.promise;
      return false;
    });
    return { arrived: arrived.promise, release: () => release.resolve() };
  };

  const holdTokenAnswer = () => {
    const [served, release] = [deferred(), deferred()];
    server.intercept(({ url }, response) => {
      if (url !== '/token') return false;
      const end = response.end.bind(response) as (...args: unknown[]) => void;
      const endLater = (...args: unknown[]) => {
        served.resolve();
        void release.promise.then(() => end(...args));
        return response;
      };
      Object.assign(response, { end: endLater });
      return false;
    });
    return { served: served.promise, release: () => release.resolve() };
  };

  return {
    get server() {
      return server;
    },
    /** Grants that are taken back for a good reason: a sign-out, or a limit that the test names. */
    allow: (revocations: number) => {
      allowed += revocations;
    },
    source,
    /** Of a login: the access token is over, the refresh token good for once. */
    tokens,
    signedIn,
    instanceOf,
    /** What is asked of the token endpoint from now on waits for `release()`; `arrived`: the first has come. */
    holdTokenEndpoint,
    /** From now on the token endpoint serves, and its answers wait for `release()`; `served`: the first one is there. */
    holdTokenAnswer,
  };
}

/** The outcome of a request: the owner that the resource names, or the error's code. */
export const ownerOf = (request: Promise<{ data: { owner?: string } }>): Promise<string | undefined> =>
  request.then(
    ({ data }) => data.owner,
    (error) => error.code ?? String(error),
  );

/** Bursts without a pause over all instances, until the work is done. @returns what each request came to */
export async function underLoad(apis: AxiosInstance[], work: () => Promise<void>): Promise<(string | undefined)[]> {
  let done = false;
  const outcomes: (string | undefined)[] = [];
  const client = async (api: AxiosInstance) => {
    while (!done) outcomes.push(await ownerOf(api.get('/resource')));
  };
  const clients = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => client(apis[n % apis.length] as AxiosInstance));
  await work().finally(() => {
    done = true;
  });
  await Promise.all(clients);
  return outcomes;
}

/** A refresh that is over. */
export const refreshed = (session: Session) =>
  new Promise<void>((resolve) => {
    const off = session.on('refreshed', () => {
      off();
      resolve();
    });
  });
