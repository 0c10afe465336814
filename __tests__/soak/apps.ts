import type { Agent } from 'node:http';
import axios, { type AxiosInstance } from 'axios';
import { memoryStore, type TokenSource } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { refreshToken } from 'axios-bearer/oauth2';
import { App, type AppOptions } from './app.js';
import { HARMLESS, ON_TOKENS } from './faults.js';
import type { Judge } from './judge.js';
import type { Random } from './random.js';
import { KINDS, OWNER_KINDS } from './requests.js';
import type { Watched } from './samples.js';
import type { Servers } from './server-process.js';
import { ADAPTERS, agent, Caller } from './traffic.js';

const CALLERS = 3;
const BACKOFF = { initial: 20, factor: 2, cap: 200 };
/** ms: what hangs costs a quiet moment no more than that, and no machine is so busy that a refresh takes as long by itself. */
const DEADLINE = 4_000;

export type Apps = Awaited<ReturnType<typeof startApps>>;

/** The apps that last as long as the run, with their instances and callers. */
export async function startApps(servers: Servers, judge: Judge, random: Random, watched: Watched) {
  const places = await servers.places();
  const video = () => apiVideo({ apiKey: places.apiKey, baseURL: places.video });
  const oidc = (revocationEndpoint?: string): TokenSource =>
    refreshToken({ tokenEndpoint: `${places.oidc}/token`, revocationEndpoint, clientId: 'my-app' });
  const newApp = (options: AppOptions) => new App({ backoff: BACKOFF, ...options }, judge, random.fork());

  const reliable = newApp({ name: 'reliable', source: video() });
  const faulty = newApp({
    name: 'faulty',
    source: video(),
    faults: ON_TOKENS,
    keepFresh: true,
    refreshTimeout: DEADLINE,
    refreshRetries: 2,
  });
  const store = memoryStore();
  const [one, other] = ['one of two', 'the other'].map((name) =>
    newApp({ name, source: oidc(), store, faults: HARMLESS }),
  ) as [App, App];
  const switching = newApp({ name: 'switching', source: oidc(places.revocation), faults: HARMLESS });
  const guest = newApp({ name: 'guest', source: video() });

  let logins = 0;
  const login = async () => {
    logins += 1;
    const owner = `user-${logins}`;
    return { owner, tokens: { access_token: 'expired', refresh_token: await servers.login(owner) } };
  };
  const { owner, tokens } = await login();
  await one.signIn(owner, tokens);
  other.log.owner = owner;

  const instance = (baseURL: string, adapter: string, httpAgent: Agent) =>
    axios.create({ baseURL, adapter: adapter as never, httpAgent });
  const lasting = (baseURL: string, adapter = 'http') => {
    const httpAgent = agent();
    watched.agents.push(httpAgent);
    return instance(baseURL, adapter, httpAgent);
  };
  const callerOf = (app: App, api: AxiosInstance) => new Caller(app, api, kindsOf(api), judge, random.fork(), watched);
  const kindsOf = ({ defaults: { baseURL, adapter } }: AxiosInstance) => {
    if (baseURL !== places.video) return OWNER_KINDS;
    return (adapter as unknown) === 'fetch' ? KINDS.filter(({ httpOnly }) => !httpOnly) : KINDS;
  };
  const served: [App, AxiosInstance][] = [
    ...[reliable, faulty].flatMap((app) =>
      ADAPTERS.map((each): [App, AxiosInstance] => [app, lasting(places.video, each)]),
    ),
    ...[one, other, switching].map((app): [App, AxiosInstance] => [app, lasting(places.oidc)]),
  ];
  for (const [app, api] of served) app.session.install(api);

  return {
    faulty,
    switching,
    guest,
    ofVideo: [reliable, faulty, guest],
    ofOidc: [one, other, switching],
    callers: served.flatMap(([app, api]) => Array.from({ length: CALLERS }, () => callerOf(app, api))),
    callerOf,
    login,
    /** Not guarded. */
    bare: lasting(places.video),
    /** A session that lives shortly, and an instance for it. */
    shortLived(httpAgent: Agent) {
      const app = newApp({ name: 'shortLived', source: video(), keepFresh: random.chance(0.5) });
      const api = instance(places.video, random.pick(ADAPTERS), httpAgent);
      app.session.install(api);
      return { app, api };
    },
  };
}
