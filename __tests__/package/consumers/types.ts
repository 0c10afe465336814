import axios, { type AxiosError } from 'axios';
import {
  type BearerError,
  bearer,
  createSession,
  isBearerError,
  memoryStore,
  replayable,
  type Session,
  type SessionOptions,
  type SessionState,
  staticToken,
  type TokenStore,
} from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { browserStore } from 'axios-bearer/browser';
import { logEvents, mountTimeline } from 'axios-bearer/devtools';
import { fileStore } from 'axios-bearer/file';
import { postgresStore } from 'axios-bearer/postgres';
import { type SqliteDatabase, sqliteStore } from 'axios-bearer/sqlite';
import 'axios-bearer/use';
import { fakeClock, startApiVideo, storeCases } from 'axios-bearer/testing';
import axiosRetry from 'axios-retry';

const options: SessionOptions = {
  source: async ({ refreshToken }, { client, signal }) =>
    (await client.post('/refresh', { refreshToken }, { signal })).data,
  store: memoryStore(),
};

/** Every member of a session, and none that is not meant for the public. */
export const members: Record<keyof Session, true> = {
  close: true,
  getSnapshot: true,
  install: true,
  on: true,
  refresh: true,
  signIn: true,
  signOut: true,
  state: true,
  subscribe: true,
  token: true,
  update: true,
};

export async function consumer(): Promise<string> {
  const server = await startApiVideo();
  const clock = fakeClock();
  const api = axios.create({ baseURL: server.url });
  const session: Session = bearer(api, { source: apiVideo({ apiKey: server.apiKey }), origins: '*', keepFresh: true });
  const uninstall: () => void = bearer(api, { session: createSession({ source: staticToken('token') }) });
  uninstall();

  await api.get('/videos', { bearer: false });
  await api.post(
    '/videos',
    replayable(() => 'body'),
    { bearer: { minValidity: 60_000, session } },
  );
  // What may be missing may be `undefined`, with exactOptionalPropertyTypes too.
  const { env } = process;
  bearer(api, {
    source: apiVideo({ apiKey: env.KEY, baseURL: env.URL }),
    leeway: undefined,
    skip: ({ url }) => url?.startsWith('/x'),
  });
  await api.get('/videos', { bearer: env.ALONE ? false : undefined });
  // @ts-expect-error Only `false`, or options.
  await api.get('/videos', { bearer: true });
  // @ts-expect-error A source is required.
  bearer(api, { leeway: 1 });

  const off: () => void = session.on('refreshFailed', ({ error, retryAfter }) => [error.code, retryAfter]);
  off();
  const state: SessionState = session.state;
  if (state.status === 'failed') return state.error.code;

  const used: Session = axios.use(bearer, options);
  const uninstallUsed: () => void = axios.use(bearer, { session: used });
  const unwatch: (() => void)[] = [logEvents(used), mountTimeline(document.body, used, { instances: [axios] })];
  for (const stop of [uninstallUsed, ...unwatch]) stop();
  axios.use(axiosRetry, { retries: 3 });
  axios.create().use(axiosRetry);
  // @ts-expect-error The plugin's own options are checked.
  axios.use(bearer, { leeway: 'soon' });

  const query = async () => ({ rows: [] });
  const store: TokenStore = {
    ...browserStore('name'),
    ...postgresStore({ query }, { key: 'name' }),
    subscribe: () => () => {},
  };
  const openAt = (db: SqliteDatabase): TokenStore => sqliteStore(db, { key: 'ada' });
  for (const { run } of storeCases((name): TokenStore => fileStore(name), { oneHolder: true })) await run();
  try {
    return await createSession({ ...options, store }).token({ minValidity: clock.now() });
  } catch (error) {
    if (!isBearerError(error)) throw error;
    const known: BearerError = error;
    const axiosError: AxiosError = known;
    return `${openAt.name} ${known.code} ${axiosError.response?.status} ${used.state.status}`;
  }
}
