import type { Session } from 'axios-bearer';

/**
 * - `expired`: the server refuses all tokens so far.
 * - `failed`: an attempt at the token endpoint failed.
 * - `signIn`, `out`: begun, or done.
 */
export type Entry = 'expired' | 'failed' | 'signIn' | 'out' | 'breaker';

// ms
const A_MOMENT = 5_000;
/** ms. So long are the 401s of a target that refused new tokens handed on at once (L7). */
const REFUSING = 30_000;

type RequestLine = { method?: string | undefined; url?: string | undefined };

/** Method and the start of the path: such requests count as one. */
const targetOf = ({ method, url }: RequestLine) => `${method} ${url?.split('/')[1]}`;

/** The state of a session when a call began. */
export interface Snapshot {
  readonly counts: Readonly<Record<Entry, number>>;
  readonly status: Session['state']['status'];
  readonly owner: string | undefined;
  /** The attempt before it failed, and none has succeeded since. */
  readonly lastAttemptFailed: boolean;
  readonly breakerOpen: boolean;
  /** All tokens were refused a moment ago: the one at hand may have been refused before it was ever accepted. */
  readonly justExpired: boolean;
}

/** What happened to a session, as counters: it must not grow with time. */
export class SessionLog {
  owner: string | undefined;
  readonly #session: Session;
  readonly #counts: Record<Entry, number> = { expired: 0, failed: 0, signIn: 0, out: 0, breaker: 0 };
  #lastAttemptFailed = false;
  #breakerUntil = 0;
  #justExpiredUntil = 0;
  readonly #refusing = new Map<string, number>();
  /** A token request may be let finish for longer than any caller waits for it. */
  isRefreshing = false;

  constructor(session: Session) {
    this.#session = session;
    const over = () => {
      this.#lastAttemptFailed = false;
      this.isRefreshing = false;
    };
    session.on('refreshing', () => {
      this.isRefreshing = true;
    });
    session.on('refreshFailed', () => {
      this.isRefreshing = false;
    });
    session.on('replayed', (request) => {
      if (request.replay > 1) this.refusedNew(request);
    });
    session.on('refreshed', over);
    session.on('signedIn', over);
  }

  add(entry: Entry): void {
    this.#counts[entry] += 1;
    if (entry === 'failed') this.#lastAttemptFailed = true;
    if (entry === 'expired') this.#justExpiredUntil = Date.now() + A_MOMENT;
  }

  breakerOpens(ms: number): void {
    this.add('breaker');
    this.#breakerUntil = Date.now() + ms;
  }

  /** A request was refused with a token that was new: expired meanwhile, for the target is a good one. */
  refusedNew(request: RequestLine): void {
    this.#refusing.set(targetOf(request), Date.now());
  }

  /** May its target be one that has refused new tokens of late? */
  mayRefuse(request: RequestLine): boolean {
    return Date.now() - (this.#refusing.get(targetOf(request)) ?? 0) < REFUSING;
  }

  snapshot(): Snapshot {
    return {
      counts: { ...this.#counts },
      status: this.#session.state.status,
      owner: this.owner,
      lastAttemptFailed: this.#lastAttemptFailed,
      breakerOpen: Date.now() < this.#breakerUntil,
      justExpired: Date.now() < this.#justExpiredUntil,
    };
  }

  since(snapshot: Snapshot, entry: Entry): number {
    return this.#counts[entry] - snapshot.counts[entry];
  }
}
