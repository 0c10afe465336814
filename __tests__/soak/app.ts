import { createSession, type Session, type SessionOptions, type TokenResponse, type TokenSource } from 'axios-bearer';
import { type FaultName, HEADER } from './faults.js';
import type { Judge } from './judge.js';
import type { Random } from './random.js';
import { Diary } from './session-log.js';

export interface AppOptions extends Partial<SessionOptions> {
  name: string;
  source: TokenSource;
  /** What an attempt at the token endpoint may meet. Default: nothing. */
  faults?: readonly FaultName[];
}

/** A session, with all that was done to it: who wants to know why something failed asks here. */
export class App {
  readonly name: string;
  readonly session: Session;
  readonly diary: Diary;
  /** Share of the attempts at the token endpoint that meet a fault. */
  storm = 0;
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
    this.session = createSession({ ...options, source: this.#weathered(source) });
    this.diary = new Diary(this.session);
    this.#watch();
  }

  signIn(owner?: string, tokens?: TokenResponse): Promise<unknown> {
    this.diary.note('signIn');
    this.diary.owner = owner;
    return this.session.signIn(tokens).finally(() => this.diary.note('signIn'));
  }

  signOut(): Promise<void> {
    this.#leaving = true;
    this.diary.note('out');
    return this.session.signOut().finally(() => {
      this.#leaving = false;
      this.diary.note('out');
    });
  }

  close(): void {
    this.#leaving = true;
    this.diary.note('out');
    this.session.close();
  }

  /** Nothing may fail at the token endpoint, and nobody be signed out, but where it was arranged for. */
  #watch(): void {
    const { session, diary } = this;
    session.on('refreshed', () => this.#judge.count('refreshes'));
    session.on('breakerOpen', ({ retryAfter }) => diary.breakerOpens(retryAfter));
    session.on('refreshFailed', ({ error: { code, cause } }) => {
      diary.note('failed');
      if (this.#met === 'slow' || this.#met === 'drip') this.#judge.count('spent');
      if (code === 'ERR_BEARER_REJECTED') diary.note('out');
      const fair = code === 'ERR_BEARER_REJECTED' ? this.#met === 'refused' : this.#met !== undefined;
      if (!fair)
        this.#judge.accuse(`${this.name}: a refresh failed with ${code} (${cause?.message}), met ${this.#met}`);
    });
    session.on('signedOut', ({ reason }) => {
      diary.note('out');
      const fair = reason === 'rejected' ? this.#met === 'refused' : this.#leaving;
      if (!fair) this.#judge.accuse(`${this.name}: signed out, ${reason}, met ${this.#met}`);
    });
  }

  #weathered(source: TokenSource): TokenSource {
    const { refresh, obtain } = source;
    const meet: TokenSource['obtain'] = async ({ client }) => {
      this.#met = this.#random.chance(this.storm) ? this.#random.pick(this.#faults) : undefined;
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
