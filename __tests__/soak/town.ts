import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import axios, { type AxiosInstance } from 'axios';
import { bearer, memoryStore, type TokenSource } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { refreshToken } from 'axios-bearer/oauth2';
import { App, type AppOptions } from './app.js';
import type { Census } from './census.js';
import { HARMLESS, ON_TOKENS } from './faults.js';
import type { Judge } from './judge.js';
import type { Servers } from './levers.js';
import type { Random } from './random.js';
import { KINDS, WHO } from './requests.js';
import type { Watched } from './samples.js';
import { ADAPTERS, agent, Caller, until } from './traffic.js';

const CALLERS = 3;
const PAUSE = 50;
const BACKOFF = { initial: 20, factor: 2, cap: 200 };
/** ms: what hangs costs a quiet moment no more than that. */
const DEADLINE = 1_500;
const REST = 5_000;

/** Everything that goes on: apps that live as long as the run, others that come and go, and what befalls them. */
export async function town(servers: Servers, judge: Judge, random: Random, watched: Watched, census: Census) {
  const places = await servers.places();
  /** Accounts whose tokens nobody needs any longer. */
  const left = new Set<string>();
  const video = () => apiVideo({ apiKey: places.apiKey, baseURL: places.video });
  const oidc = (revocationEndpoint?: string): TokenSource =>
    refreshToken({ tokenEndpoint: `${places.oidc}/token`, revocationEndpoint, clientId: 'my-app' });
  const found = (options: AppOptions) => new App({ backoff: BACKOFF, ...options }, judge, random.fork());
  const instance = (baseURL: string, adapter: string = 'http', httpAgent: Agent | undefined = keep(agent())) =>
    axios.create({ baseURL, adapter: adapter as never, ...(httpAgent && { httpAgent }) });
  function keep(made: Agent): Agent {
    watched.agents.push(made);
    return made;
  }

  let logins = 0;
  async function login() {
    logins += 1;
    const owner = `user-${logins}`;
    return { owner, tokens: { access_token: 'expired', refresh_token: await servers.login(owner) } };
  }

  const calm = found({ name: 'calm', source: video() });
  const stormy = found({
    name: 'stormy',
    source: video(),
    faults: ON_TOKENS,
    keepFresh: true,
    refreshTimeout: DEADLINE,
    refreshRetries: 2,
  });
  const store = memoryStore();
  const [one, other] = ['one of two', 'the other'].map((name) =>
    found({ name, source: oidc(), store, faults: HARMLESS }),
  ) as [App, App];
  const people = found({ name: 'people', source: oidc(places.revocation), faults: HARMLESS });
  const guest = found({ name: 'guest', source: video() });
  const apps = [calm, stormy, one, other, people, guest];
  const ofVideo = [calm, stormy, guest];

  const first = await login();
  await one.signIn(first.owner, first.tokens);
  other.diary.owner = first.owner;

  const served: [App, AxiosInstance][] = [
    ...ADAPTERS.flatMap((adapter): [App, AxiosInstance][] => [
      [calm, instance(places.video, adapter)],
      [stormy, instance(places.video, adapter)],
    ]),
    [one, instance(places.oidc)],
    [other, instance(places.oidc)],
    [people, instance(places.oidc)],
  ];
  for (const [app, api] of served) app.session.install(api);
  const kindsOf = ({ defaults: { baseURL, adapter } }: AxiosInstance) => {
    if (baseURL !== places.video) return WHO;
    return adapter === 'fetch' ? KINDS.filter(({ httpOnly }) => !httpOnly) : KINDS;
  };
  const callerOf = (app: App, api: AxiosInstance) => new Caller(app, api, kindsOf(api), judge, random.fork(), watched);
  const callers = served.flatMap(([app, api]) => Array.from({ length: CALLERS }, () => callerOf(app, api)));
  const bare = instance(places.video);

  /** Tokens end before their time. */
  async function expire(): Promise<void> {
    const which = random.pick(['video', 'oidc'] as const);
    const struck = which === 'video' ? [...ofVideo, ...young] : [one, other, people];
    for (const { diary } of struck) diary.note('expired');
    await servers.expire(which);
    for (const { diary } of struck) diary.note('expired');
    await sleep(300);
  }

  async function changeWeather(): Promise<void> {
    stormy.storm = random.pick([0, 0.3, 1]);
    for (const app of [one, other, people]) app.storm = random.pick([0, 0, 0.3]);
  }

  async function comeAndGo(): Promise<void> {
    const { owner, tokens } = await login();
    if (people.diary.owner) left.add(people.diary.owner);
    if (random.chance(0.5)) {
      await people.signOut();
      await sleep(random.between(0, 50));
    }
    await judge.follow({ app: people, kind: 'signIn(tokens)' }, () => people.signIn(owner, tokens), Boolean);
  }

  async function signBackIn(): Promise<void> {
    if (random.chance(0.2)) await stormy.signOut();
    const { status } = stormy.session.state;
    if (status !== 'signed-out' && status !== 'failed') return;
    await judge.follow({ app: stormy, kind: 'signIn()' }, () => stormy.signIn(), Boolean);
  }

  /** Installed for a moment only. */
  async function visit(): Promise<void> {
    const leave = random.chance(0.5)
      ? guest.session.install(bare)
      : bearer(bare, { session: async () => guest.session });
    const caller = callerOf(guest, bare);
    await Promise.all([caller.request(), caller.request()]);
    leave();
  }

  const young = new Set<App>();
  /** A session made, used and closed, perhaps in the middle. */
  async function liveShortly(): Promise<void> {
    const app = found({ name: 'young', source: video(), keepFresh: random.chance(0.5) });
    young.add(app);
    const ownAgent = agent();
    const api = instance(places.video, random.pick(ADAPTERS), ownAgent);
    app.session.install(api);
    const caller = callerOf(app, api);
    const requests = [caller.request(), caller.request(), caller.request()];
    if (random.chance(0.5)) await Promise.all(requests);
    else await sleep(random.between(0, 10));
    app.close();
    await Promise.all(requests);
    ownAgent.destroy();
    young.delete(app);
    census.bury('sessions', app.session);
    census.bury('instances', api);
  }

  return {
    left,
    /** Resolves when no refresh is under way behind the requests, or when there always is one. */
    async rest(): Promise<void> {
      const end = Date.now() + REST;
      const busy = () => apps.some(({ session }) => session.state.status === 'refreshing');
      while (busy() && Date.now() < end) await sleep(5);
    },
    /** Resolves when all that was begun is over. */
    async live(ms: number): Promise<void> {
      const end = Date.now() + ms;
      const doing = (pause: number, act: () => Promise<void>) => until(end, random.fork(), pause, act);
      await Promise.all([
        ...callers.map((caller) => doing(PAUSE, () => caller.act())),
        doing(1_500, expire),
        doing(1_500, changeWeather),
        doing(400, comeAndGo),
        doing(200, signBackIn),
        doing(100, visit),
        doing(60, liveShortly),
      ]);
    },
    close(): void {
      for (const app of apps) app.close();
      for (const made of watched.agents) made.destroy();
    },
  };
}
