import { monotonicNow } from '../platform/deadline.js';
import { answerNow } from '../platform/thenable.js';
import type { SessionSettings } from '../read-options.js';
import type { Token } from '../token.js';
import { Breaker } from './breaker.js';
import type { Current } from './current.js';
import { newId } from './ids.js';
import { Outage } from './outage.js';
import type { Pending } from './pending.js';
import { RefreshTokens } from './refresh-tokens.js';
import { Running } from './running.js';
import type { State } from './state.js';
import { Targets } from './targets.js';

/** Made when first needed: there may be thousands of sessions, most of them idle. */
export class Parts {
  /** The previous token, until a 401 refuses it: while the new one is unproven, a request may be sent with it. */
  previous: Current | undefined;
  /** The option `tokens` was in use before the store could be read: the stored session counts as the same user's. */
  seeded: { readonly stored: string; readonly seed: string } | undefined;
  /** Requests on their way with a token of this session, or in a pause: it had better not be closed under them. */
  underWay = 0;
  #breaker: Breaker | undefined;
  #holder: string | undefined;
  #identities: WeakMap<Token, string> | undefined;
  #outage: Outage | undefined;
  #refreshTokens: RefreshTokens | undefined;
  #running: Running | undefined;
  #targets: Targets | undefined;
  #pauses: Set<() => void> | undefined;

  /** @param changed called when a hold-off ends before its time */
  constructor(
    readonly settings: SessionSettings,
    readonly changed: () => void,
  ) {}

  get breaker(): Breaker {
    this.#breaker ??= new Breaker(this.settings.refreshWindow);
    return this.#breaker;
  }

  /** Our name among the holders of the store. */
  get holder(): string {
    this.#holder ??= newId();
    return this.#holder;
  }

  /** The identity that a token belongs to; by default each sign-in is a new one. @throws what the option `identity` throws */
  identityOf({ session, token }: Pick<Current, 'session' | 'token'>): string {
    const { identity } = this.settings;
    const bySignIn = session === this.seeded?.stored ? this.seeded.seed : session;
    if (!identity) return bySignIn;
    // Without a name, as where a claim is missing, each sign-in counts as a user of its own.
    const known = this.#identities?.get(token) ?? answerNow('identity', identity, identity(token)) ?? bySignIn;
    this.#identities ??= new WeakMap();
    this.#identities.set(token, known);
    return known;
  }

  get outage(): Outage {
    this.#outage ??= new Outage(this.settings.backoff, this.changed);
    return this.#outage;
  }

  get refreshTokens(): RefreshTokens {
    this.#refreshTokens ??= new RefreshTokens();
    return this.#refreshTokens;
  }

  get running(): Running {
    this.#running ??= new Running();
    return this.#running;
  }

  get targets(): Targets {
    this.#targets ??= new Targets(this.settings.refreshWindow.interval);
    return this.#targets;
  }

  /** What ends the pauses of requests that are to try the same token again. */
  get pauses(): Set<() => void> {
    this.#pauses ??= new Set();
    return this.#pauses;
  }

  /** There is another token, or none any more. */
  endPauses(): void {
    for (const end of this.#pauses ?? []) end();
  }

  /** @param pending what was under way meanwhile */
  tookIntoUse(current: Current, before: State, pending: Pending | undefined): void {
    this.reset();
    if (before.is === 'active' && before.current.generation === current.generation) return;
    const followsUnrefused = before.is === 'active' && !before.doubted && before.current.session === current.session;
    this.previous = followsUnrefused ? before.current : undefined;
    // Servers of the API may not accept a token yet that was just made.
    const isMade = pending?.kind === 'refresh' || (pending?.kind === 'signIn' && pending.identity === undefined);
    if (isMade) this.breaker.made(current.generation, monotonicNow());
  }

  /** A token has come into use, or nobody asks for one any more. */
  reset(): void {
    this.#outage?.reset();
  }

  stop(): void {
    this.#outage?.stop();
  }
}
