import { setTimeout as sleep } from 'node:timers/promises';
import axios, { type AxiosError, type AxiosInstance, type AxiosResponse } from 'axios';
import type { BearerError, Token } from 'axios-bearer';
import { type Adapter, type Call, type Client, isSlow, live, refreshTimeout, withClient } from './client.js';
import { BACKOFF } from './expected.js';
import type { Row } from './faults.js';
import { CONNECTION, POOL, pathsTo, printed } from './secrets.js';
import type { Servers } from './servers.js';

/** How a request ended. */
async function end(request: Promise<AxiosResponse>) {
  const began = performance.now();
  const ended = await request.then(
    ({ status, data }) => ({ status, data, code: undefined, message: undefined, error: undefined }),
    (error: BearerError) => {
      const { code, message, response } = error;
      return { status: response?.status, data: response?.data, code, message, error };
    },
  );
  return { ...ended, took: performance.now() - began };
}

/** Where a secret shows, in all that a request and its session have told. */
function leaks({ servers, session, events, secrets }: Client, error: AxiosError | undefined): string[] {
  const told = { error, printed: printed(error), events, state: session.state };
  // The refresh call may have had the same connection, and there the client authenticates in its head.
  return [...pathsTo(servers.canaries, told), ...pathsTo(secrets, told, [...POOL, ...CONNECTION])];
}

/** The token has ended, and the token endpoint plays the fault for as long as it is asked. */
export const atTokenEndpoint = (row: Row, adapter: Adapter, call: Call) =>
  withClient(row, adapter, call, (client) => askedFor(client, row, isSlow(row, adapter)));

async function askedFor(client: Client, row: Row, slow: boolean) {
  const { servers, api, session, store, events } = client;
  servers.break('/token', row.fault);
  const { error, status, code, took } = await end(api.get('/videos'));
  const calls = servers.at('/token');
  const token = (await store.read())?.token;
  const { expiresAt = Number.NaN } = session.state as { expiresAt?: number };
  const outcome = {
    caller: code ?? status,
    response: error?.response?.status,
    status: (error?.cause as AxiosError | undefined)?.status,
    retryAfter: error?.retryAfter,
    attempts: events.filter(([name]) => name === 'refreshFailed' || name === 'refreshed').length,
    asked: calls.length,
    pauses: calls.slice(1).map(({ at }, i) => at - calls[i]!.at),
    session: standing(session.state.status, token),
    holds: token && namedIn(token.accessToken, servers.held.access_token),
    signedOut: events.filter(([name]) => name === 'signedOut').length,
    life: (expiresAt - Date.now()) / 1000,
    polluted: 'polluted' in Object(token),
    leaks: leaks(client, error),
    took,
  };
  const later = await whenWell(client, error, slow);
  return { ...outcome, ...later, abroad: servers.abroad.length };
}

function standing(status: string, token: Token | undefined): string {
  if (status === 'active' && token) return 'kept';
  if (status === 'refreshing' && token) return 'waited for';
  return status === 'failed' && !token ? 'over' : `${status} ${token ? 'with' : 'without'} a token`;
}

/** The token endpoint is well again, and nobody has signed in. */
async function whenWell({ servers, api, session, store }: Client, error: BearerError | undefined, slow: boolean) {
  const asked = servers.at('/token').length;
  servers.mend();
  const { retryAfter = 0 } = error ?? {};
  if (retryAfter <= BACKOFF.cap) await sleep(retryAfter + 1);
  // Too long for a test. What was kept is handed in again, which lifts the hold-off.
  else await session.signIn({ ...(await store.read())?.token, expiresAt: 0 } as never);
  let { status } = await end(api.get('/videos'));
  // On a busy machine a good answer misses so short a deadline too.
  for (let tries = 0; slow && status !== 200 && tries < 9; tries += 1) {
    await sleep(BACKOFF.cap);
    ({ status } = await end(api.get('/videos')));
  }
  const askedLater = servers.at('/token').length - asked;
  if (!error) await session.refresh().catch(() => {});
  const { text } = servers.at('/token').at(-1)!;
  return { later: status, askedLater, next: namedIn(text, servers.held.refresh_token) };
}

function namedIn(text: string, old: string): 'the old one' | 'the new one' {
  return text.includes(old) ? 'the old one' : 'the new one';
}

/** The token lives, and the resource plays the fault: for us, and for an axios that knows a token by heart. */
export const atResource = (row: Row, adapter: Adapter) =>
  withClient(row, adapter, live, (client) => sentTo(client, row, adapter));

async function sentTo(client: Client, row: Row, adapter: Adapter) {
  const { servers, api, session, events } = client;
  const bare = axios.create({ baseURL: servers.url, adapter, headers: { Authorization: 'Bearer known-by-heart' } });
  const { error: plain, ...without } = await atFault(bare, servers, row);
  const { error, ...outcome } = await atFault(api, servers, row);
  const got = {
    outcome,
    without,
    refreshes: servers.at('/token').length,
    // The first tells that the store had a token.
    told: events.slice(1).map(([name]) => name),
    state: session.state.status,
    leaks: [...leaks(client, error), ...pathsTo(servers.canaries, { abroad: servers.abroad })],
    // What the search finds without axios-bearer.
    leaksWithout: plain && pathsTo(['known-by-heart'], { error: plain, printed: printed(plain) }),
  };
  servers.mend();
  return { ...got, later: (await end(api.get('/videos'))).status };
}

async function atFault(instance: AxiosInstance, servers: Servers, row: Row) {
  const before = servers.at('/videos').length;
  servers.break('/videos', row.fault, row.mended ? 1 : undefined);
  const patience = row.slow === 'always' ? { signal: AbortSignal.timeout(refreshTimeout(true)) } : {};
  const { took, ...ended } = await end(instance.get('/videos', patience));
  return { ...ended, sends: servers.at('/videos').length - before };
}

export type AtTokenEndpoint = Awaited<ReturnType<typeof atTokenEndpoint>>;
export type AtResource = Awaited<ReturnType<typeof atResource>>;
