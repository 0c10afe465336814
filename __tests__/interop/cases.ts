import type { AxiosInstance } from 'axios';
import type { SessionOptions, TokenSource } from 'axios-bearer';
import type { ApiVideo } from 'axios-bearer/testing';
import { ALWAYS } from '../support/kit.js';

/** What a session meets. */
export interface Situation {
  name: string;
  requests: number;
  /** Lets it come about, and tells what the session is to be made with. */
  arrange(server: ApiVideo): Partial<SessionOptions>;
  /** What the same app would have without us: a token that never ends, or one that nobody renews. */
  like: 'live' | 'dead';
  /** What the server has seen of us in the end. */
  costs: { apiKey?: number; refresh: number; ok?: number; unauthorized?: number };
}

export const situations: Situation[] = [
  {
    name: 'the first token is still to be had',
    requests: 4,
    arrange: ({ apiKey }) => ({ tokens: undefined, source: { ...source, obtain: obtainWith(apiKey) } }),
    like: 'live',
    costs: { apiKey: 1, refresh: 0, ok: 4, unauthorized: 0 },
  },
  {
    name: 'the token is fresh',
    requests: 4,
    arrange: () => ({ source }),
    like: 'live',
    costs: { refresh: 0, ok: 4, unauthorized: 0 },
  },
  {
    name: 'the token is refused',
    requests: 20,
    arrange: expired,
    like: 'live',
    costs: { refresh: 1, ok: 20 },
  },
  {
    name: 'every token is refused',
    requests: 2,
    arrange: (server) => {
      server.fault('/echo/*', { status: 401 }, ALWAYS);
      return expired(server);
    },
    like: 'dead',
    // The GET is sent 5 times, the POST twice.
    costs: { refresh: 2, unauthorized: 7 },
  },
  {
    name: 'the refresh is refused for good',
    requests: 4,
    arrange: (server) => {
      const options = expired(server);
      server.revokeRefreshTokens();
      return options;
    },
    like: 'dead',
    costs: { refresh: 1, unauthorized: 4 },
  },
  {
    name: 'the refresh fails for now',
    requests: 4,
    arrange: (server) => {
      server.fault('/auth/refresh', { status: 503 }, ALWAYS);
      // Who comes late gets the same, and asks nobody.
      return { ...expired(server), backoff: { initial: 30_000, cap: 30_000 } };
    },
    like: 'dead',
    costs: { refresh: 1, unauthorized: 4 },
  },
];

function expired(server: ApiVideo): Partial<SessionOptions> {
  const tokens = server.issue();
  server.expire();
  return { tokens, source };
}

/** Transforms that a neighbour adds to the instance's defaults are those of `ctx.client` too; here they would count. */
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
