import { Agent } from 'node:http';
import axios, { type AxiosInstance, type AxiosRequestConfig } from 'axios';
import type { App } from './app.js';
import { HEADER, ON_RESOURCE, type ResourceFault } from './faults.js';
import type { Call, Judge } from './judge.js';
import type { Random } from './random.js';
import type { Kind } from './requests.js';
import type { Watched } from './samples.js';

/** Share of requests that ask for a fault, and of those that their callers may give up. */
const FAULTY = 0.15;
const GIVE_UP = 0.12;
/** ms */
const PATIENCE = { least: 1, most: 60 };
/** More than there are sockets: they queue. */
const BURST = 12;
const SOCKETS = 6;

/**
 * Without axios-bearer too, axios 1.6 leaves a timeout on the socket, and it ends the request that is next in the queue:
 * those with a timeout share no sockets.
 */
const timeoutAgent = new Agent();

let last = 0;

/** What a caller does with one app's instance, at random. */
export class Caller {
  readonly #app: App;
  readonly #api: AxiosInstance;
  readonly #kinds: Kind[];
  readonly #judge: Judge;
  readonly #random: Random;
  readonly #watched: Watched;

  constructor(app: App, api: AxiosInstance, kinds: Kind[], judge: Judge, random: Random, watched: Watched) {
    this.#app = app;
    this.#api = api;
    this.#kinds = kinds;
    this.#judge = judge;
    this.#random = random;
    this.#watched = watched;
  }

  async act(): Promise<void> {
    const dice = this.#random.next();
    if (dice < 0.02) await this.#burst();
    else if (dice < 0.06) await this.#token();
    else if (dice < 0.07) await this.#refresh();
    else if (dice < 0.12) await this.#subscribed();
    else await this.request();
  }

  /** One request, with a fault or a caller that gives up, by chance. */
  async request(): Promise<void> {
    const random = this.#random;
    const kind = random.pick(this.#kinds);
    const fault = kind.plain && random.chance(FAULTY) ? random.pick(ON_RESOURCE) : undefined;
    const givesUpBy = fault === 'hang' ? 'timeout' : this.#givesUpBy();
    last += 1;
    const n = last;
    const patience = random.between(PATIENCE.least, PATIENCE.most);
    const { config, done } = this.#config(fault, givesUpBy, patience);
    const call: Call = { app: this.#app, kind: kind.name, fault, givesUpBy, oneShot: kind.oneShot ?? false };
    await this.#judge.follow(
      call,
      () => kind.send(this.#api, n, config),
      (answer, snapshot) => kind.isRight(answer, n, snapshot),
    );
    done();
  }

  #givesUpBy(): Call['givesUpBy'] {
    return this.#random.chance(GIVE_UP) ? this.#random.pick(['abort', 'timeout'] as const) : undefined;
  }

  /** Callers that never abort share a signal and a cancel token as old as the run, on which nothing may be left. */
  #config(fault: ResourceFault | undefined, givesUpBy: Call['givesUpBy'], ms: number) {
    const { signal, cancelToken } = this.#watched;
    const headers: Record<string, string> = fault ? { [HEADER]: fault } : {};
    const config: AxiosRequestConfig = { headers };
    if (givesUpBy === 'timeout') return { config: { ...config, timeout: ms, httpAgent: timeoutAgent }, done: () => {} };
    if (givesUpBy !== 'abort') {
      const patient = this.#random.pick([{}, { signal }, { cancelToken }]);
      return { config: { ...config, ...patient }, done: () => {} };
    }
    const aborter = new AbortController();
    const timer = setTimeout(() => aborter.abort(), ms);
    return { config: { ...config, signal: aborter.signal }, done: () => clearTimeout(timer) };
  }

  async #burst(): Promise<void> {
    await Promise.all(Array.from({ length: BURST }, () => this.request()));
  }

  #token(): Promise<void> {
    const { signal } = this.#watched;
    const minValidity = this.#random.pick([0, 0, 1_000]);
    const isToken = (token: string) => typeof token === 'string' && token !== '';
    const ask = () => this.#app.session.token({ minValidity, signal });
    return this.#judge.follow({ app: this.#app, kind: 'token()' }, ask, isToken);
  }

  #refresh(): Promise<void> {
    const isToken = ({ accessToken }: { accessToken: string }) => accessToken !== '';
    return this.#judge.follow({ app: this.#app, kind: 'refresh()' }, () => this.#app.session.refresh(), isToken);
  }

  /** Listeners are there for the time of a request. */
  async #subscribed(): Promise<void> {
    const { session } = this.#app;
    const listeners = [() => {}, () => {}] as const;
    const leave = [session.subscribe(listeners[0]), session.on('replayed', listeners[1])];
    await this.request();
    for (const off of leave) off();
    for (const listener of listeners) this.#watched.leaks.expectCollected('subscribers', listener);
  }
}

/** The adapters that this axios has. */
export const ADAPTERS = (['http', 'fetch'] as const).filter((name) => {
  try {
    return Boolean(axios.getAdapter(name));
  } catch {
    return false;
  }
});

export function agent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: SOCKETS });
}
