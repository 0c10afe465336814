import { setTimeout as sleep } from 'node:timers/promises';
import { bearer } from 'axios-bearer';
import type { App } from './app.js';
import type { Apps } from './apps.js';
import type { Judge } from './judge.js';
import type { Random } from './random.js';
import type { Watched } from './samples.js';
import type { Servers } from './server-process.js';
import { agent } from './traffic.js';

/** ms; the longest pause between two times that each thing is done. */
const PAUSE = { call: 50, shortLived: 60, visit: 100, signIn: 200, user: 400, expiry: 1_800, faultRate: 1_500 };
/** ms. So long is waited for a quiet moment. */
const REST = 5_000;

/** All that is done during the run: calls, sign-ins, installs, expiries, faults. */
export class Workload {
  /** Accounts that signed out, or gave way to others: their grants may be revoked. */
  readonly revocable = new Set<string>();
  readonly #shortLived = new Set<App>();

  constructor(
    private readonly apps: Apps,
    private readonly servers: Servers,
    private readonly judge: Judge,
    private readonly random: Random,
    private readonly watched: Watched,
  ) {}

  /** For so many ms. Resolves when all that was begun is over. */
  async run(ms: number): Promise<void> {
    const end = Date.now() + ms;
    const again = async (pause: number, act: () => Promise<void>) => {
      const random = this.random.fork();
      while (Date.now() < end) {
        await act();
        await sleep(random.between(0, pause));
      }
    };
    await Promise.all([
      ...this.apps.callers.map((caller) => again(PAUSE.call, () => caller.act())),
      again(PAUSE.shortLived, () => this.#useAndClose()),
      again(PAUSE.visit, () => this.#installForAMoment()),
      again(PAUSE.signIn, () => this.#signBackIn()),
      again(PAUSE.user, () => this.#changeUser()),
      again(PAUSE.expiry, () => this.#expire()),
      again(PAUSE.faultRate, () => this.#changeFaultRate()),
    ]);
  }

  /** Resolves when no refresh is under way behind the requests, or when there always is one. */
  async untilIdle(): Promise<void> {
    const end = Date.now() + REST;
    const busy = () => this.#apps.some(({ session }) => session.state.status === 'refreshing');
    while (busy() && Date.now() < end) await sleep(5);
  }

  close(): void {
    for (const app of this.#apps) app.close();
    for (const each of this.watched.agents) each.destroy();
  }

  get #apps(): App[] {
    return [...this.apps.ofVideo, ...this.apps.ofOidc];
  }

  /** Tokens end before their time. */
  async #expire(): Promise<void> {
    const { ofVideo, ofOidc } = this.apps;
    const which = this.random.pick(['video', 'oidc'] as const);
    const struck = which === 'video' ? [...ofVideo, ...this.#shortLived] : ofOidc;
    for (const { log } of struck) log.add('expired');
    await this.servers.expire(which);
    for (const { log } of struck) log.add('expired');
  }

  async #changeFaultRate(): Promise<void> {
    this.apps.faulty.faultRate = this.random.pick([0, 0.3, 1]);
    for (const app of this.apps.ofOidc) app.faultRate = this.random.pick([0, 0, 0.3]);
  }

  /** Another user signs in, sometimes after a sign-out. */
  async #changeUser(): Promise<void> {
    const { switching, login } = this.apps;
    const { owner, tokens } = await login();
    if (switching.log.owner) this.revocable.add(switching.log.owner);
    if (this.random.chance(0.5)) {
      await switching.signOut();
      await sleep(this.random.between(0, 50));
    }
    await this.judge.follow({ app: switching, kind: 'signIn(tokens)' }, () => switching.signIn(owner, tokens), Boolean);
  }

  /** After a sign-out, or where the token endpoint refused for good. */
  async #signBackIn(): Promise<void> {
    const { faulty } = this.apps;
    if (this.random.chance(0.2)) await faulty.signOut();
    const { status } = faulty.session.state;
    if (status !== 'signed-out' && status !== 'failed') return;
    await this.judge.follow({ app: faulty, kind: 'signIn()' }, () => faulty.signIn(), Boolean);
  }

  /** A session is installed for a moment, as itself or as a choice per request. */
  async #installForAMoment(): Promise<void> {
    const { guest, bare, callerOf } = this.apps;
    const choice = async () => guest.session;
    const leave = this.random.chance(0.5) ? guest.session.install(bare) : bearer(bare, { session: choice });
    const caller = callerOf(guest, bare);
    await Promise.all([caller.request(), caller.request()]);
    leave();
  }

  /** A session is made, used and closed, perhaps in the middle. */
  async #useAndClose(): Promise<void> {
    const sockets = agent();
    const { app, api } = this.apps.shortLived(sockets);
    this.#shortLived.add(app);
    const caller = this.apps.callerOf(app, api);
    const requests = [caller.request(), caller.request(), caller.request()];
    if (this.random.chance(0.5)) await Promise.all(requests);
    else await sleep(this.random.between(0, 10));
    app.close();
    await Promise.all(requests);
    sockets.destroy();
    this.#shortLived.delete(app);
    this.watched.leaks.expectCollected('sessions', app.session);
    this.watched.leaks.expectCollected('instances', api);
  }
}
