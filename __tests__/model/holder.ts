import axios, { type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';
import { bearer, type Session, type SessionOptions, type TokenSource } from 'axios-bearer';
import { Call, type HolderFacts } from './call.js';
import type { Judge } from './judge.js';
import { BOUND, MAX_REPLAYS, OPTIONS } from './options.js';
import type { Reply, Server } from './server.js';
import type { Simulation } from './simulation.js';
import type { Family } from './tokens.js';
import { bearerOf, send, settle } from './transport.js';

export interface HolderOptions extends Pick<SessionOptions, 'keepFresh' | 'store'> {
  /** The refresh is answered in the same tick. */
  instant: boolean;
}

/** One `Session` on two instances, and what is known of it from outside. */
export class Holder implements HolderFacts {
  readonly session: Session;
  readonly apis: AxiosInstance[];
  readonly calls: Call[] = [];
  users: (string | undefined)[] = [undefined];
  pending = 0;
  asked = 0;
  signedIn = 0;
  ended = 0;
  refused = 0;
  closed = false;
  readonly looks: boolean;
  /** close() is done. */
  isIdle = false;
  out = false;
  /** That the session ended was told, or signOut() has resolved. What happened before may be told until then. */
  gone = false;
  failure: HolderFacts['failure'];
  failedUntil = Number.NEGATIVE_INFINITY;
  flights = 0;
  /** Whose tokens it has had. */
  readonly families = new Set<Family>();
  readonly disowned = new Set<Family>();
  /** Token requests on their way, by when they began. */
  readonly asking: number[] = [];
  refreshing = false;
  /** The generation that the latest flight began with. */
  #from = 0;

  constructor(
    readonly name: string,
    { instant, ...options }: HolderOptions,
    readonly server: Server,
    readonly simulation: Simulation,
    readonly judge: Judge,
  ) {
    this.looks = options.store !== undefined;
    const instance = () =>
      axios.create({ baseURL: 'https://api.test', adapter: (config) => this.#travel(config, instant) });
    this.apis = [instance(), instance()];
    const source: TokenSource = {
      needsRefreshToken: true,
      refresh: ({ refreshToken }, { client }) => this.#refresh(refreshToken, client),
      revoke: async ({ refreshToken }) => {
        await simulation.delay('revoke');
        server.revoke(refreshToken);
      },
    };
    this.session = bearer(this.apis[0]!, { ...OPTIONS, ...options, source, maxReplays: MAX_REPLAYS });
    this.session.install(this.apis[1]!, { maxReplays: MAX_REPLAYS });
    this.#listen();
  }

  /** @param work its end is told to the judge */
  call(kind: Call['kind'], work: (call: Call) => Promise<unknown>, options: Call['options'] = {}): Call {
    const call = new Call(kind, this, options);
    this.calls.push(call);
    call.over = call.follow(work(call)).then((end) => this.judge.ends(call, end));
    return call;
  }

  /** A sign-in is asked for. Until it has settled, one or the other is signed in. */
  asks(user: string, fact: number): void {
    this.pending += 1;
    this.flights += 1;
    this.asked = fact;
    this.out = false;
    this.gone = false;
    this.failure = undefined;
    this.refreshing = false;
    this.users.push(user);
  }

  signedInAs(user: string, { began, end }: Call): void {
    this.pending -= 1;
    if (!end?.code && this.asked === began && !this.out) this.users = [user];
  }

  /** The lock was not had. */
  lockKept(): void {
    this.#unavailableFor(OPTIONS.backoff.cap);
  }

  leaves(): void {
    this.out = true;
    for (const family of this.families) this.disowned.add(family);
    this.ended = this.simulation.fact();
    this.users = [undefined];
  }

  close(): void {
    this.closed = true;
    this.leaves();
    void this.session.close().then(() => {
      this.isIdle = true;
    });
  }

  #listen(): void {
    const { session, judge } = this;
    session.subscribe(() => {
      this.refreshing &&= session.state.status === 'refreshing';
    });
    session.on('refreshing', ({ generation }) => {
      this.flights += 1;
      // One that has brought its token is over, though it is told when the store is unlocked.
      judge.check(!this.refreshing || generation > this.#from, 'L1 a flight was begun while another was under way');
      this.refreshing = true;
      this.#from = generation;
    });
    session.on('waiting', ({ url, after }) => judge.waits(this, url, after));
    session.on('refreshed', () => {
      this.failure = undefined;
      judge.check(!this.gone || !judge.alone, 'L22 the session came back after signOut()');
    });
    session.on('signedIn', () => {
      // Another holder may have signed in somebody else: then the token tells.
      judge.check(!this.gone || !judge.alone, 'L22 somebody was signed in after signOut()');
      this.signedIn = this.simulation.fact();
      this.failure = undefined;
    });
    session.on('signedOut', ({ reason }) => {
      this.gone = this.out;
      this.ended = this.simulation.fact();
      judge.sessionEnded(this, reason);
    });
  }

  #travel(config: InternalAxiosRequestConfig, instant: boolean) {
    if (config.url !== '/token') {
      const call = this.calls.find(({ url }) => url === config.url) as Call;
      const bears = bearerOf(config);
      this.judge.sends(call, bears);
      const access = this.server.accesses.get(bears.token ?? '');
      const arrive = () => {
        const reply = this.server.resource(bears.token);
        const made = access?.refreshed && (!access.helped || call.sends.length > 1);
        if (made && reply.status === 401) access.unhelpful = true;
        return reply;
      };
      return send(config, this.simulation, arrive, ({ status }) => {
        if (access && status === 200) access.helped = true;
      });
    }
    const { refreshToken } = JSON.parse(config.data ?? '{}');
    const arrive = () => this.server.refresh(refreshToken);
    const leave = (reply: Reply, heard: boolean) => this.judge.answered(refreshToken, reply, heard);
    if (!instant) return send(config, this.simulation, arrive, leave);
    const reply = arrive();
    leave(reply, true);
    return reply.status === 0
      ? send(config, this.simulation, () => reply, leave)
      : Promise.resolve(settle(reply, config));
  }

  async #refresh(refreshToken: string | undefined, client: AxiosInstance) {
    const { judge, simulation } = this;
    judge.asks(this, refreshToken);
    const began = simulation.elapsed();
    this.asking.push(began);
    try {
      const { data } = await client.post('/token', { refreshToken });
      if (!data.access_token) this.#failed(0, refreshToken);
      return data;
    } catch (error) {
      const { status } = (error as { response?: { status: number } }).response ?? {};
      if (status === 400 || status === 401) this.refused = simulation.fact();
      else
        this.#failed(
          status === 429 ? Number((error as Refusal).response.headers['retry-after']) * 1_000 : 0,
          refreshToken,
          status === undefined,
        );
      throw error;
    } finally {
      this.asking.splice(this.asking.indexOf(began), 1);
      if (this.#isSlow(began)) this.#unavailableFor(OPTIONS.backoff.cap);
      judge.heard(refreshToken);
    }
  }

  /** A token request is on its way for longer than anybody waits. */
  get waitsLong(): boolean {
    return this.asking.some((began) => this.#isSlow(began));
  }

  #isSlow(began: number): boolean {
    return this.simulation.elapsed() - began >= BOUND;
  }

  #unavailableFor(ms: number): void {
    this.failedUntil = Math.max(this.failedUntil, this.simulation.elapsed() + ms);
  }

  #failed(wish: number, presented: string | undefined, offline = false): void {
    const at = this.simulation.elapsed();
    this.#unavailableFor(Math.max(wish, OPTIONS.backoff.cap));
    // The outcome for a session that is being replaced does not matter.
    if (!this.server.isNewest(presented)) return;
    this.failure = { at, wall: Date.now(), wait: wish || OPTIONS.backoff.initial, offline };
  }
}

interface Refusal {
  response: { headers: Record<string, string> };
}
