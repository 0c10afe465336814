import { createSession, type Session, type SessionOptions, type TokenResponse, type TokenSource } from 'axios-bearer';
import { type FaultName, HEADER } from './faults.js';
import type { Judge } from './judge.js';
import type { Random } from './random.js';
import { SessionLog } from './session-log.js';

export interface AppOptions extends Partial<SessionOptions> {
  name: string;
  source: TokenSource;
  /** What an attempt at the token endpoint may meet. Default: nothing. */
  faults?: readonly FaultName[];
}

/** A session, and a log of all that was done to it: the reasons for which its calls may fail. */
export class App {
  readonly name: string;
  readonly session: Session;
  readonly log: SessionLog;
  /** Share of the attempts at the token endpoint that meet a fault. */
  faultRate = 0;
  readonly #judge: Judge;
  readonly #random: Random;
  readonly #faults: readonly FaultName[];
  #met: FaultName | undefined;
  #leaving = false;

  constructor({ name, source, faults = [], ...options }: AppOptions, judge: Judge, random: Random) {
    this.name = name;
    this.#judge = judge;
    this.#random = random;
    this.#faults = faults;
    this.session = createSession({ ...options, source: this.#withFaults(source) });
    this.log = new SessionLog(this.session);
    this.#watch();
  }

  signIn(owner?: string, tokens?: TokenResponse): Promise<unknown> {
    this.log.add('signIn');
    this.log.owner = owner;
    return this.session.signIn(tokens).finally(() => this.log.add('signIn'));
  }

  signOut(): Promise<void> {
    this.#leaving = true;
    this.log.add('out');
    return this.session.signOut().finally(() => {
      this.#leaving = false;
      this.log.add('out');
    });
  }

  close(): void {
    this.#leaving = true;
    this.log.add('out');
    this.session.close();
  }

  /** Nothing may fail at the token endpoint, and nobody be signed out, but where it was arranged for. */
  #watch(): void {
    const { session, log } = this;
    session.on('refreshed', () => this.#judge.count('refreshes'));
    session.on('breakerOpen', ({ retryAfter }) => log.breakerOpens(retryAfter));
    session.on('refreshFailed', ({ error: { code, cause } }) => {
      log.add('failed');
      if (this.#met === 'slow' || this.#met === 'drip') this.#judge.count('spent');
      if (code === 'ERR_BEARER_REJECTED') log.add('out');
      const fair = code === 'ERR_BEARER_REJECTED' ? this.#met === 'refused' : this.#met !== undefined;
      if (!fair) this.#judge.fail(`${this.name}: a refresh failed with ${code} (${cause?.message}), met ${this.#met}`);
    });
    session.on('signedOut', ({ reason }) => {
      log.add('out');
      const fair = reason === 'rejected' ? this.#met === 'refused' : this.#leaving;
      if (!fair) this.#judge.fail(`${this.name}: signed out, ${reason}, met ${this.#met}`);
    });
  }

  #withFaults(source: TokenSource): TokenSource {
    const { refresh, obtain } = source;
    const meet: TokenSource['obtain'] = async ({ client }) => {
      this.#met = this.#random.chance(this.faultRate) ? this.#random.pick(this.#faults) : undefined;
      if (!this.#met) return;
      this.#judge.count('faults');
      if (this.#met === 'lost') this.#judge.count('spent');
      client.defaults.headers[HEADER as 'common'] = this.#met as never;
    };
    return {
      ...source,
      ...(refresh && { refresh: async (token, ctx) => meet(ctx).then(() => refresh(token, ctx)) }),
      ...(obtain && { obtain: async (ctx) => meet(ctx).then(() => obtain(ctx)) }),
    };
  }
}
