import axios, { type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';
import { bearer, memoryStore, type Session, type TokenResponse } from 'axios-bearer';
import { settle } from '../model/transport.js';
import { MINUTE, PageTime, quiet, SECOND } from './page-time.js';
import { type ExpiryFormat, TokenServer } from './token-server.js';

export interface Setup {
  keepFresh: boolean;
  telling: ExpiryFormat;
  /** Seconds. */
  life: number;
  /** ms there and back. */
  latency: number;
  /** ms that the page's clock is ahead of the server's from the start. */
  skew: number;
  /** Sessions that share the tokens, as tabs would. */
  tabs: number;
}

/** What becomes of the page, and for how many ms, or by how many. */
export interface Act {
  does: 'use' | 'idle' | 'hide' | 'sleep' | 'doze' | 'set';
  ms: number;
}

/** A token as the page knows it. */
interface Held {
  /** When the page had it, by the true clock and by its own. */
  elapsed: number;
  wall: number;
  /** Since then the page's timers were not to be relied on. */
  dimmed: boolean;
  /** Since then the page's clock was set ahead. */
  ahead: boolean;
}

// Between requests, in lives of a token; and how many come at once then.
const GAPS = [0.01, 0.3, 0.9, 0.05, 1.7, 0.5, 0.02, 3];
const BURSTS = [1, 3, 1, 8, 2];

/** A page, its user and its server, and what the law says of them all the time. */
export class Page {
  readonly time = new PageTime();
  readonly server: TokenServer;
  readonly sessions: Session[] = [];
  readonly broken: string[] = [];
  refreshes = 0;
  refused = 0;
  /** What disturbed the page's idea of time. */
  events = 0;
  /** ms in which the page was not asleep. */
  awake = 0;
  readonly #apis: AxiosInstance[] = [];
  readonly #held = new Map<string, Held>();
  #latest!: Held;
  #hidden = false;
  #underWay = 0;
  #turn = 0;

  constructor(readonly setup: Setup) {
    this.time.set(setup.skew);
    this.server = new TokenServer(this.time, setup.life, setup.telling);
  }

  /** From the login on. */
  async live(acts: Act[]): Promise<void> {
    const tokens = this.#receive(this.server.issue());
    this.#excuseLogin();
    const store = memoryStore();
    while (this.sessions.length < this.setup.tabs) await this.#open({ store, tokens });
    for (const act of acts) await this.#do(act);
  }

  /** ms after which a token is to be renewed. */
  get due(): number {
    const life = this.setup.life * 1_000;
    return this.setup.telling === 'nothing' ? life : life - Math.min(5 * MINUTE, life / 5);
  }

  close(): void {
    for (const session of this.sessions) session.close();
  }

  async #open(shared: { store: ReturnType<typeof memoryStore>; tokens: TokenResponse }): Promise<void> {
    const api = axios.create({ baseURL: 'https://api.example', adapter: (config) => this.#send(config) });
    const session = bearer(api, {
      ...shared,
      keepFresh: this.setup.keepFresh,
      source: async ({ refreshToken }, { client }) => {
        this.#judgeRefresh();
        return this.#receive((await client.post('/token', { refreshToken })).data);
      },
    });
    void this.#request(api);
    await this.time.pass(SECOND);
    session.on('waiting', () => this.#judgeWait());
    this.#apis.push(api);
    this.sessions.push(session);
  }

  async #do({ does, ms }: Act): Promise<void> {
    const awake = does === 'use' || does === 'idle' || does === 'hide';
    if (awake) this.awake += ms;
    else this.events += 1;
    if (does === 'use') return this.#use(ms);
    if (does === 'idle') return this.time.pass(ms);
    if (does === 'hide') return this.#hide(ms);
    // An answer that a page finds on waking is older than it can know.
    while (this.#isRefreshing) await this.time.pass(10);
    if (does === 'set') return this.#set(ms);
    this.#latest.dimmed = true;
    await this.time[does](ms);
  }

  get #isRefreshing(): boolean {
    return this.sessions.some(({ state }) => state.status === 'refreshing');
  }

  async #use(ms: number): Promise<void> {
    const end = this.time.elapsed + ms;
    while (this.time.elapsed < end) {
      const gap = (GAPS[this.#turn % GAPS.length] as number) * this.setup.life * 1_000;
      await this.time.pass(Math.min(gap, end - this.time.elapsed));
      const burst = BURSTS[this.#turn % BURSTS.length] as number;
      for (let i = 0; i < burst; i += 1) void this.#request(this.#apis[i % this.#apis.length] as AxiosInstance);
      this.#turn += 1;
      await quiet();
    }
    while (this.#underWay) await this.time.pass(100);
  }

  async #hide(ms: number): Promise<void> {
    this.time.hide();
    this.#hidden = true;
    this.#latest.dimmed ||= this.#tooSlow;
    await this.#use(ms);
    this.#hidden = false;
    this.time.show();
  }

  /** Timers that come once a minute can't keep such a token fresh. */
  get #tooSlow(): boolean {
    return this.#hidden && this.setup.life * 1_000 - this.due <= MINUTE;
  }

  #set(ms: number): void {
    this.#latest.ahead ||= ms > 0;
    this.time.set(ms);
  }

  async #request(api: AxiosInstance): Promise<void> {
    this.#underWay += 1;
    const outcome = await api.get('/videos').then(
      ({ status }) => status,
      (error) => error.response?.status ?? error.code,
    );
    this.#underWay -= 1;
    this.#check(outcome === 200, `a request of the user came to ${outcome}`);
  }

  async #send(config: InternalAxiosRequestConfig) {
    const { time, server, setup } = this;
    const token = String(config.headers.get('Authorization')).replace('Bearer ', '');
    const judge = config.url === '/token' ? undefined : this.#judgeOf(token);
    await time.travel(setup.latency / 2);
    const reply = judge ? server.resource(token) : server.refresh(JSON.parse(config.data).refreshToken);
    judge?.(reply.status === 401);
    await time.travel(setup.latency / 2);
    return settle(reply, config);
  }

  #receive(answer: ReturnType<TokenServer['issue']>): TokenResponse {
    this.#latest = { elapsed: this.time.elapsed, wall: Date.now(), dimmed: this.#tooSlow, ahead: false };
    this.#held.set(answer.access_token, this.#latest);
    return answer;
  }

  /** When a JWT that was handed in was issued is unknown: its end is read by the page's clock, right or wrong. */
  #excuseLogin(): void {
    const { telling, skew } = this.setup;
    if (telling !== 'a JWT') return;
    Object.assign(this.#latest, { wall: Date.now() - skew, ahead: skew > 0, dimmed: skew < 0 });
  }

  #check(holds: boolean, law: string): void {
    if (!holds) this.broken.push(`L12 ${law}, ${Math.round(this.time.elapsed / 1_000)} s after the start`);
  }

  /** As things are when a request leaves: may its token be refused? */
  #judgeOf(token: string): (refused: boolean) => void {
    const held = this.#held.get(token) ?? this.#latest;
    const { keepFresh, telling, life } = this.setup;
    const overdue = telling !== 'nothing' && Date.now() - held.wall >= life * 1_000;
    return (refused) => {
      if (!refused) return;
      this.refused += 1;
      this.#check(!overdue, 'a token was sent that was dead by the page’s own clock');
      this.#check(!keepFresh || held.dimmed || telling === 'nothing', 'a token was dead that the timer keeps fresh');
    };
  }

  #judgeRefresh(): void {
    this.refreshes += 1;
    const { elapsed, ahead } = this.#latest;
    this.#check(ahead || this.time.elapsed - elapsed >= this.due, 'a refresh came too early, for no reason');
    this.#check(this.setup.keepFresh || this.#underWay > 0, 'a refresh that nobody asked for');
  }

  #judgeWait(): void {
    const { dimmed, ahead } = this.#latest;
    const { keepFresh, telling } = this.setup;
    const excused = !keepFresh || telling === 'nothing' || dimmed || ahead;
    this.#check(excused, 'a request had to wait for what the timer was to have ready');
  }
}
