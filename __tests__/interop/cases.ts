import type { AxiosInstance } from 'axios';
import type { SessionOptions, TokenSource } from 'axios-bearer';
import type { ApiVideo } from 'axios-bearer/testing';
import { ALWAYS } from '../support/kit.js';

/** A state of the session, or of its server, in which a plugin's handlers are observed. */
export interface Case {
  name: string;
  requests: number;
  /** Prepares the server, and returns the options of the session. */
  arrange(server: ApiVideo): Partial<SessionOptions>;
  /** What the same app does without axios-bearer: with a token that never ends, or with one that is never renewed. */
  sameAs: 'live' | 'dead';
  /** The counters of the server at the end. */
  costs: { apiKey?: number; refresh: number; ok?: number; unauthorized?: number };
}

export const cases: Case[] = [
  {
    name: 'the first token is still to be had',
    requests: 4,
    arrange: ({ apiKey }) => ({ tokens: undefined, source: { ...source, obtain: obtainWith(apiKey) } }),
    sameAs: 'live',
    costs: { apiKey: 1, refresh: 0, ok: 4, unauthorized: 0 },
  },
  {
    name: 'the token is fresh',
    requests: 4,
    arrange: () => ({ source }),
    sameAs: 'live',
    costs: { refresh: 0, ok: 4, unauthorized: 0 },
  },
  {
    name: 'the token is refused',
    requests: 20,
    arrange: expired,
    sameAs: 'live',
    costs: { refresh: 1, ok: 20 },
  },
  {
    name: 'every token is refused',
    requests: 2,
    arrange: (server) => {
      server.fault('/echo/*', { status: 401 }, ALWAYS);
      return expired(server);
    },
    sameAs: 'dead',
    // The GET is sent 5 times, the POST twice.
    costs: { refresh: 2, unauthorized: 7 },
  },
  {
    name: 'the refresh is refused for good',
    requests: 4,
    arrange: (server) => {
      const options = expired(server);
      server.revokeRefreshTokens();
      answerTogether(server, 4);
      return options;
    },
    sameAs: 'dead',
    costs: { refresh: 1, unauthorized: 4 },
  },
  {
    name: 'the refresh fails for now',
    requests: 4,
    arrange: (server) => {
      server.fault('/auth/refresh', { status: 503 }, ALWAYS);
      answerTogether(server, 4);
      // A later request gets the same error, without another refresh.
      return { ...expired(server), backoff: { initial: 30_000, cap: 30_000 } };
    },
    sameAs: 'dead',
    costs: { refresh: 1, unauthorized: 4 },
  },
];

/** One that is sent only after the refresh has failed gets no 401 of its own: a plugin may keep requests back for a moment. */
function answerTogether(server: ApiVideo, requests: number): void {
  const door = server.hold('/echo/*');
  void door.arrived(requests).then(() => door.release());
}

function expired(server: ApiVideo): Partial<SessionOptions> {
  const tokens = server.issue();
  server.expire();
  return { tokens, source };
}

/** Transforms that a plugin adds to the instance's defaults are those of `ctx.client` too; here they would count. */
const asIs = { transformRequest: (body: unknown) => body, headers: { 'Content-Type': 'application/json' } };

async function ask(client: AxiosInstance, path: string, body: object) {
  return (await client.post(path, JSON.stringify(body), asIs)).data;
}

const source: TokenSource = {
  refresh: ({ refreshToken }, { client }) => ask(client, '/auth/refresh', { refreshToken }),
  needsRefreshToken: true,
};

function obtainWith(apiKey: string): TokenSource['obtain'] {
  return ({ client }) => ask(client, '/auth/api-key', { apiKey });
}
