import { type ApiVideo, type Fault, startApiVideo } from 'axios-bearer/testing';
import {
  CLIENTS,
  type ClientName,
  type LeverState,
  type Logs,
  type NextRefresh,
  REFRESH_TIMEOUT,
  USERS,
} from '../protocol.js';

const LIFE = 300; // s
const LATENCY = 10; // ms

const FAULTS: Readonly<Record<Exclude<NextRefresh, 'works'>, Fault>> = {
  slow: { delay: 0.5 * REFRESH_TIMEOUT },
  503: { status: 503 },
  429: { status: 429, headers: { 'retry-after': '1' } },
  hangs: 'hang',
  late: { delay: 1.25 * REFRESH_TIMEOUT },
};

/** The APIs, one for each client, and the levers that the page pulls on all of them at once. */
export class Apis {
  readonly all: ReadonlyMap<ClientName, ApiVideo>;
  isOffline = false;
  #nextRefresh: NextRefresh = 'works';
  #removeFaults: (() => void)[] = [];

  constructor(all: ReadonlyMap<ClientName, ApiVideo>) {
    this.all = all;
  }

  get state(): LeverState {
    return { nextRefresh: this.#nextRefresh, isOffline: this.isOffline, stats: this.#each(({ stats }) => stats) };
  }

  get logs(): Logs {
    return this.#each(({ log }) => log);
  }

  /** What each lever does; `value` is how it is set. */
  readonly levers: Readonly<Record<string, (value: string) => void>> = {
    expire: () => this.#each((api) => api.expire()),
    revoke: () => this.#each((api) => api.revokeRefreshTokens()),
    'next-refresh': (value) => this.#script(value as NextRefresh),
    network: (value) => {
      this.isOffline = value === 'off';
    },
    reset: () => {
      this.#script('works');
      this.isOffline = false;
      this.#each((api) => api.reset());
    },
  };

  /** One refresh of each client meets the fault; then all work again. */
  #script(next: NextRefresh): void {
    for (const remove of this.#removeFaults) remove();
    this.#nextRefresh = next;
    this.#removeFaults =
      next === 'works' ? [] : [...this.all.values()].map((api) => this.#scriptOne(api, FAULTS[next]));
  }

  #scriptOne(api: ApiVideo, fault: Fault): () => void {
    const isRefresh = ({ path }: { path: string }) => {
      if (path !== '/auth/refresh') return false;
      this.#nextRefresh = 'works';
      return true;
    };
    return api.fault(isRefresh, fault);
  }

  #each<T>(what: (api: ApiVideo) => T): Record<ClientName, T> {
    return Object.fromEntries([...this.all].map(([name, api]) => [name, what(api)])) as Record<ClientName, T>;
  }
}

export async function startApis(): Promise<Apis> {
  const options = { apiKeys: USERS, expiresIn: LIFE, latency: LATENCY };
  const start = async (name: ClientName) => [name, await startApiVideo(options)] as const;
  return new Apis(new Map(await Promise.all(CLIENTS.map(start))));
}
