import axios, { type AxiosError, type AxiosResponse } from 'axios';
import { EFFECTS, type Got, type ResourceFault } from './faults.js';
import type { Census } from './leaks.js';
import type { Diary, Mark } from './session-log.js';

/** Something that was asked of the library, with all that was arranged to befall it. */
export interface Call {
  app: { readonly name: string; readonly diary: Diary };
  kind: string;
  /** Asked of the resource. */
  fault?: ResourceFault | undefined;
  /** How its caller may lose patience. */
  impatience?: 'abort' | 'timeout' | undefined;
  /** Its body can be sent once. */
  oneShot?: boolean;
}

type Because = (call: Call, mark: Mark, error: AxiosError & { cause?: unknown }) => boolean;

const TIMEOUTS = ['ECONNABORTED', 'ETIMEDOUT'];
/** What axios makes of a timeout in the middle of a body. */
const IN_A_BODY = 'ERR_BAD_RESPONSE';

/** Why a call may fail: each asks what was done to this one, or to its session meanwhile. */
const REASONS: Record<string, Because> = {
  'its caller aborted it': ({ impatience }, _, error) =>
    impatience === 'abort' && (axios.isCancel(error) || error.code === 'ERR_CANCELED'),
  'its timeout': ({ impatience, fault }, _, { code = '' }) =>
    impatience === 'timeout' && (TIMEOUTS.includes(code) || (fault === 'drip' && code === IN_A_BODY)),
  'fault at the token endpoint': ({ app: { diary } }, mark, { code }) =>
    ['ERR_BEARER_UNAVAILABLE', 'ERR_BEARER_TOKEN'].includes(code ?? '') &&
    (mark.holding || diary.isRefreshing || diary.since(mark, 'failed') > 0),
  'signed out': ({ app: { diary } }, mark, { code, response }) =>
    (['ERR_BEARER_SIGNED_OUT', 'ERR_BEARER_REJECTED'].includes(code ?? '') || response?.status === 401) &&
    (['signed-out', 'failed'].includes(mark.status) || diary.since(mark, 'out') > 0),
  'another user': ({ app: { diary } }, mark, { code }) =>
    code === 'ERR_BEARER_IDENTITY' && diary.since(mark, 'signIn') > 0,
  'a body that can be sent once': ({ oneShot = false }, _, { code, response }) =>
    oneShot && code === 'ERR_BEARER_BODY' && response?.status === 401,
  // A POST is sent twice: with the token that was refused, or one that was just made, and once more.
  'refused twice': ({ app: { diary }, kind }, mark, { code, response }) =>
    !code?.startsWith('ERR_BEARER_') &&
    response?.status === 401 &&
    kind.startsWith('POST') &&
    (mark.struck || diary.since(mark, 'expired') > 0),
  // Two refreshes, and tokens that end by the clock too.
  'refused with new tokens': ({ app: { diary } }, mark, { code, response }) =>
    !code?.startsWith('ERR_BEARER_') &&
    response?.status === 401 &&
    (mark.breakerOpen || diary.since(mark, 'breaker') > 0 || diary.since(mark, 'expired') > 1),
};

const SHOWN = 20;

/** Every outcome is right, or owed to something that was arranged. */
export class Judge {
  readonly unexplained: string[] = [];
  readonly explained: Record<string, number> = {};
  /** `spent`: refresh tokens whose successors were lost on the way. */
  readonly counts = { calls: 0, faults: 0, refreshes: 0, spent: 0, unexplained: 0, unhandled: 0, warnings: 0 };
  /** Calls that have not come to an end yet. */
  readonly pending = new Set<string>();
  readonly #census: Census;

  constructor(census: Census) {
    this.#census = census;
  }

  count(what: keyof Judge['counts']): void {
    this.counts[what] += 1;
  }

  accuse(what: string): void {
    this.count('unexplained');
    if (this.unexplained.length < SHOWN) this.unexplained.push(what);
  }

  /** Follows a call to its end. */
  async follow<T>(call: Call, ask: () => Promise<T>, isRight: (got: T, mark: Mark) => unknown): Promise<void> {
    const mark = call.app.diary.mark();
    const name = `${call.app.name}: ${call.kind} ${this.counts.calls}, ${call.fault ?? 'no fault'}, ${call.impatience ?? 'patient'}`;
    this.count('calls');
    if (call.fault) this.count('faults');
    this.pending.add(name);
    try {
      const got = await ask();
      const response = got as AxiosResponse | undefined;
      this.#census.bury('configs', response?.config);
      if (call.fault && EFFECTS[call.fault]) this.#effect(call, name, { ...response });
      else if (!(await isRight(got, mark))) this.accuse(`${name}: a wrong answer, ${JSON.stringify(response?.data)}`);
    } catch (error) {
      this.#census.bury('configs', (error as AxiosError).config);
      this.#failed(call, name, mark, error as AxiosError);
    } finally {
      this.pending.delete(name);
    }
  }

  #failed(call: Call, name: string, mark: Mark, error: AxiosError): void {
    const reason = Object.keys(REASONS).find((each) => REASONS[each]?.(call, mark, error));
    if (reason) this.#explain(reason);
    else this.#effect(call, name, { status: error.response?.status, error: error as Got['error'] });
  }

  /** Did it meet what it asked for? */
  #effect({ fault }: Call, name: string, got: Got): void {
    const { code, message } = (got.error ?? {}) as Partial<AxiosError>;
    if (fault && EFFECTS[fault]?.(got)) this.#explain(fault);
    else this.accuse(`${name}: ${[got.status, code, message].filter(Boolean).join(' ')}`);
  }

  #explain(reason: string): void {
    this.explained[reason] = (this.explained[reason] ?? 0) + 1;
  }
}
