import { randomUUID } from 'node:crypto';
import axios from 'axios';
import { bearer, memoryStore, type RefreshFunction, type TokenResponse, type TokenSource } from 'axios-bearer';
import { refreshToken } from 'axios-bearer/oauth2';
import { record } from '../support/sessions.js';
import { BACKOFF, REFRESH_RETRIES } from './expected.js';
import type { Row } from './faults.js';
import { type Home, type Pair, startHome } from './home.js';

export type Adapter = 'http' | 'fetch';

/** What most apps write. */
const refresh: RefreshFunction = async ({ refreshToken }, { client }) =>
  (await client.post('/token', { refresh_token: refreshToken })).data;

const oauth2 = ({ url }: Home, clientSecret: string): TokenSource =>
  refreshToken({ tokenEndpoint: `${url}/token`, clientId: 'app', clientSecret });

/** Who refreshes, and what they hold. */
export interface Call {
  source: (home: Home, clientSecret: string) => RefreshFunction | TokenSource;
  tokens: (home: Home) => Partial<Pair>;
}

export const expired: Call = { source: () => refresh, tokens: ({ held }) => ({ ...held, expires_in: 0 }) };
/** Nobody has said when it ends: a 401 will. */
export const refused: Call = { ...expired, tokens: ({ held: { expires_in, ...held } }) => held };
export const refusedOAuth2: Call = { ...refused, source: oauth2 };
export const live: Call = { ...expired, tokens: ({ fresh }) => fresh };

/** Nothing comes of a refresh, or not soon. */
export const isSlow = ({ slow }: Row, adapter: Adapter) =>
  slow === 'always' || (slow !== undefined && adapter === 'http');
/** Where nothing comes it is used up; elsewhere it is there for a busy machine. */
export const refreshTimeout = (slow: boolean) => (slow ? 1_000 : 60_000);

/** For as long as `play` takes, a session and an instance that it guards, with servers of their own. */
export async function staged<T>(
  row: Row,
  adapter: Adapter,
  call: Call,
  play: (scene: Scene) => Promise<T>,
): Promise<T> {
  const home = await startHome();
  const scene = open(home, row, adapter, call);
  try {
    return await play(scene);
  } finally {
    scene.session.close();
    home.close();
  }
}

function open(home: Home, row: Row, adapter: Adapter, { source, tokens }: Call) {
  const secret = `cs_${randomUUID()}`;
  const api = axios.create({ baseURL: home.url, adapter });
  const store = memoryStore();
  const session = bearer(api, {
    source: source(home, secret),
    tokens: tokens(home) as TokenResponse,
    store,
    // A life that is misread would show as a timer that never rests.
    keepFresh: row.token.caller === 200,
    refreshTimeout: refreshTimeout(isSlow(row, adapter)),
    refreshRetries: REFRESH_RETRIES,
    backoff: BACKOFF,
  });
  return { home, api, store, session, events: record(session), secrets: [secret, btoa(`app:${secret}`)] };
}

export type Scene = ReturnType<typeof open>;
