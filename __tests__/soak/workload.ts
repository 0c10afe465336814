import { setTimeout as sleep } from 'node:timers/promises';
import { bearer } from 'axios-bearer';
import type { App } from './app.js';
import type { Town } from './apps.js';
import type { Judge } from './judge.js';
import type { Random } from './random.js';
import type { Watched } from './samples.js';
import type { Servers } from './server-process.js';
import { agent } from './traffic.js';

/** ms; the longest pauses of who does something again and again. */
const PAUSE = { call: 50, newcomer: 60, visit: 100, signIn: 200, user: 400, expiry: 1_800, weather: 1_500 };
/** ms. So long is waited for a quiet moment. */
const REST = 5_000;

/** What goes on in the town, and what befalls it. */
export class Life {
  /** Accounts that signed out, or gave way to others: their grants may be revoked. */
  readonly left = new Set<string>();
  readonly #newcomers = new Set<App>();

  constructor(
    private readonly town: Town,
    private readonly servers: Servers,
    private readonly judge: Judge,
    private readonly random: Random,
    private readonly watched: Watched,
  ) {}

  /** For so many ms. Resolves when all that was begun is over. */
  async goesOn(ms: number): Promise<void> {
    const end = Date.now() + ms;
    const again = async (pause: number, act: () => Promise<void>) => {
      const random = this.random.fork();
      while (Date.now() < end) {
        await act();
        await sleep(random.between(0, pause));
      }
    };
    await Promise.all([
      ...this.town.callers.map((caller) => again(PAUSE.call, () => caller.act())),
      again(PAUSE.newcomer, () => this.#comeAndGo()),
      again(PAUSE.visit, () => this.#visit()),
      again(PAUSE.signIn, () => this.#signBackIn()),
      again(PAUSE.user, () => this.#changeUser()),
      again(PAUSE.expiry, () => this.#expire()),
      again(PAUSE.weather, () => this.#changeWeather()),
    ]);
  }

  /** Resolves when no refresh is under way behind the requests, or when there always is one. */
  async rests(): Promise<void> {
    const end = Date.now() + REST;
    const busy = () => this.#apps.some(({ session }) => session.state.status === 'refreshing');
    while (busy() && Date.now() < end) await sleep(5);
  }

  ends(): void {
    for (const app of this.#apps) app.close();
    for (const each of this.watched.agents) each.destroy();
  }

  get #apps(): App[] {
    return [...this.town.ofVideo, ...this.town.ofOidc];
  }

  /** Tokens end before their time. */
  async #expire(): Promise<void> {
    const { ofVideo, ofOidc } = this.town;
    const which = this.random.pick(['video', 'oidc'] as const);
    const struck = which === 'video' ? [...ofVideo, ...this.#newcomers] : ofOidc;
    for (const { diary } of struck) diary.note('expired');
    await this.servers.expire(which);
    for (const { diary } of struck) diary.note('expired');
  }

  async #changeWeather(): Promise<void> {
    this.town.stormy.storm = this.random.pick([0, 0.3, 1]);
    for (const app of this.town.ofOidc) app.storm = this.random.pick([0, 0, 0.3]);
  }

  /** Somebody else signs in, perhaps after a sign-out. */
  async #changeUser(): Promise<void> {
    const { people, login } = this.town;
    const { owner, tokens } = await login();
    if (people.diary.owner) this.left.add(people.diary.owner);
    if (this.random.chance(0.5)) {
      await people.signOut();
      await sleep(this.random.between(0, 50));
    }
    await this.judge.follow({ app: people, kind: 'signIn(tokens)' }, () => people.signIn(owner, tokens), Boolean);
  }

  /** After a sign-out, or where the token endpoint refused for good. */
  async #signBackIn(): Promise<void> {
    const { stormy } = this.town;
    if (this.random.chance(0.2)) await stormy.signOut();
    const { status } = stormy.session.state;
    if (status !== 'signed-out' && status !== 'failed') return;
    await this.judge.follow({ app: stormy, kind: 'signIn()' }, () => stormy.signIn(), Boolean);
  }

  /** A session is installed for a moment, as itself or as a choice per request. */
  async #visit(): Promise<void> {
    const { guest, bare, callerOf } = this.town;
    const choice = async () => guest.session;
    const leave = this.random.chance(0.5) ? guest.session.install(bare) : bearer(bare, { session: choice });
    const caller = callerOf(guest, bare);
    await Promise.all([caller.request(), caller.request()]);
    leave();
  }

  /** A session is made, used and closed, perhaps in the middle. */
  async #comeAndGo(): Promise<void> {
    const sockets = agent();
    const { app, api } = this.town.newcomer(sockets);
    this.#newcomers.add(app);
    const caller = this.town.callerOf(app, api);
    const requests = [caller.request(), caller.request(), caller.request()];
    if (this.random.chance(0.5)) await Promise.all(requests);
    else await sleep(this.random.between(0, 10));
    app.close();
    await Promise.all(requests);
    sockets.destroy();
    this.#newcomers.delete(app);
    this.watched.census.bury('sessions', app.session);
    this.watched.census.bury('instances', api);
  }
}
