import { randomUUID } from 'node:crypto';
import axios from 'axios';
import { bearer, memoryStore, type RefreshFunction, type TokenResponse, type TokenSource } from 'axios-bearer';
import { refreshToken } from 'axios-bearer/oauth2';
import { recordEvents } from '../support/kit.js';
import { BACKOFF, REFRESH_RETRIES } from './expected.js';
import type { Row } from './faults.js';
import { type Servers, startServers, type TokenPair } from './servers.js';

export type Adapter = 'http' | 'fetch';

/** The refresh function that most apps write. */
const refresh: RefreshFunction = async ({ refreshToken }, { client }) =>
  (await client.post('/token', { refresh_token: refreshToken })).data;

const oauth2 = ({ url }: Servers, clientSecret: string): TokenSource =>
  refreshToken({ tokenEndpoint: `${url}/token`, clientId: 'app', clientSecret });

/** The source of a session, and its tokens. */
export interface Call {
  source: (servers: Servers, clientSecret: string) => RefreshFunction | TokenSource;
  tokens: (servers: Servers) => Partial<TokenPair>;
}

export const expired: Call = { source: () => refresh, tokens: ({ held }) => ({ ...held, expires_in: 0 }) };
/** The end of the token is unknown: a 401 tells. */
export const refused: Call = { ...expired, tokens: ({ held: { expires_in, ...held } }) => held };
export const refusedOAuth2: Call = { ...refused, source: oauth2 };
export const live: Call = { ...expired, tokens: ({ fresh }) => fresh };

/** Nothing comes of a refresh, or not soon. */
export const isSlow = ({ slow }: Row, adapter: Adapter) =>
  slow === 'always' || (slow !== undefined && adapter === 'http');
/** Where nothing comes it is used up; elsewhere it is there for a busy machine. */
export const refreshTimeout = (slow: boolean) => (slow ? 1_000 : 60_000);

/** Calls `play` with a client and servers of its own, and closes them afterwards. */
export async function withClient<T>(
  row: Row,
  adapter: Adapter,
  call: Call,
  play: (client: Client) => Promise<T>,
): Promise<T> {
  const servers = await startServers();
  const client = startClient(servers, row, adapter, call);
  try {
    return await play(client);
  } finally {
    client.session.close();
    servers.close();
  }
}

function startClient(servers: Servers, row: Row, adapter: Adapter, { source, tokens }: Call) {
  const secret = `cs_${randomUUID()}`;
  const api = axios.create({ baseURL: servers.url, adapter });
  const store = memoryStore();
  const session = bearer(api, {
    source: source(servers, secret),
    tokens: tokens(servers) as TokenResponse,
    store,
    // A life that is misread would show as a timer that never rests.
    keepFresh: row.token.caller === 200,
    refreshTimeout: refreshTimeout(isSlow(row, adapter)),
    refreshRetries: REFRESH_RETRIES,
    backoff: BACKOFF,
  });
  return { servers, api, store, session, events: recordEvents(session), secrets: [secret, btoa(`app:${secret}`)] };
}

export type Client = ReturnType<typeof startClient>;
