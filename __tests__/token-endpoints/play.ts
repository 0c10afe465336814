import { setTimeout as sleep } from 'node:timers/promises';
import axios, { type AxiosInstance } from 'axios';
import { type BearerError, bearer, memoryStore, type Session, type SessionOptions, staticToken } from 'axios-bearer';
import { type ApiVideoOptions, apiVideo } from 'axios-bearer/api-video';
import { clientCredentials, refreshToken } from 'axios-bearer/oauth2';
import { closeAtEnd } from '../support/kit.js';
import { runBlock } from '../support/readme.js';
import { APP, startEndpoint } from './endpoint.js';
import type { Service, Situation } from './service.js';

/** So short that a test need not wait. */
const BACKOFF = { initial: 1, factor: 1, cap: 30 };
const HOUR = 3_600_000;
const SECONDS_LEFT = 20_000;
const FIRST = { access: 'access-0', refresh: 'refresh-0' };

/** The code that a user writes, run against a server that plays the service. */
async function start(service: Service, live = false) {
  const { url, state } = await startEndpoint(service, live ? FIRST : { ...FIRST, access: 'nobody has it' });
  const api = axios.create({ baseURL: url });
  const store = memoryStore();
  const install = (instance: AxiosInstance, options: SessionOptions) =>
    bearer(instance, { ...options, store, backoff: BACKOFF });
  const code = service.code.replace('bearer(api', 'const session = bearer(api').replaceAll(/https:\/\/[\w.-]+/g, url);
  const issuedAt = Date.now() - HOUR;
  const expiresAt = live ? Date.now() + SECONDS_LEFT : issuedAt;
  const saved = { accessToken: FIRST.access, refreshToken: FIRST.refresh, issuedAt, expiresAt };
  const globals = {
    ...APP,
    api,
    saved,
    bearer: install,
    apiVideo: (options: ApiVideoOptions) => apiVideo({ ...options, baseURL: url }),
    clientCredentials,
    refreshToken,
    staticToken,
  };
  const { session } = await runBlock({ name: service.name, lang: 'ts', code, line: 0 }, {}, globals);
  return { api, store, state, session: closeAtEnd(session as Session) };
}

/** What a caller gets. */
function outcomeOf(request: Promise<{ status: number }>): Promise<{ caller: string | number; retryAfter: number }> {
  return request.then(
    ({ status }) => ({ caller: status, retryAfter: 0 }),
    ({ code, response, retryAfter = 0 }: BearerError) => ({
      caller: code.startsWith('ERR_BEARER') ? code : (response?.status ?? code),
      retryAfter,
    }),
  );
}

/** All is well: a request, then one more refresh. */
export async function playWell(service: Service) {
  const { api, session, state } = await start(service);
  const { caller } = await outcomeOf(api.get('/things'));
  const { asked } = state;
  await session.refresh();
  const again = await outcomeOf(api.get('/things'));
  const { expiresAt } = session.state as { expiresAt?: number };
  return { caller, asked, again: again.caller, wrong: state.wrong, expiresAt };
}

/** A service has a token, and then it is over. */
async function endFirst(api: AxiosInstance, state: { access: string; asked: number }): Promise<void> {
  await api.get('/things');
  Object.assign(state, { access: 'nobody has it', asked: 0 });
}

/** The endpoint answers so for a while; then it is well again. */
export async function playIn(service: Service, { reply, live }: Situation) {
  const { api, session, store, state } = await start(service, live);
  if (service.path && !service.code.includes('saved')) await endFirst(api, state);
  state.reply = reply;
  const { caller, retryAfter } = await outcomeOf(api.get('/things'));
  while (session.state.status === 'refreshing') await sleep(1);
  const { asked } = state;
  const { status } = session.state;
  const { token } = (await store.read()) ?? {};
  state.reply = undefined;
  // Too long for a test. What was kept is handed in again, which lifts the hold-off.
  if (retryAfter > BACKOFF.cap) await session.signIn({ ...token, expiresAt: 0 } as never);
  await sleep(BACKOFF.cap + 5);
  const later = await outcomeOf(api.get('/things'));
  const wasAsked = state.asked > asked;
  const isOver = status === 'failed' && !wasAsked && later.caller !== 200;
  const isKept = status === 'active' && (later.caller === 200 || !service.path);
  const asksAgain = status === 'failed' && wasAsked && later.caller === 200;
  const standing = isOver ? 'over' : isKept ? 'kept' : asksAgain ? 'asks again' : `${status}, then ${later.caller}`;
  return { caller, asked, session: standing, wrong: state.wrong };
}
