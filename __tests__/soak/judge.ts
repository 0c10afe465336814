import axios, { type AxiosError, type AxiosResponse } from 'axios';
import { EFFECTS, type Got, type ResourceFault } from './faults.js';
import type { LeakCounter } from './leaks.js';
import type { SessionLog, Snapshot } from './session-log.js';

/** A call of the library, and what was arranged to happen to it. */
export interface Call {
  app: { readonly name: string; readonly log: SessionLog };
  kind: string;
  /** Asked of the resource. */
  fault?: ResourceFault | undefined;
  /** How its caller may give it up. */
  givesUpBy?: 'abort' | 'timeout' | undefined;
  /** Its body can be sent once. */
  oneShot?: boolean;
}

type Explains = (call: Call, snapshot: Snapshot, error: AxiosError & { cause?: unknown }) => boolean;

const TIMEOUTS = ['ECONNABORTED', 'ETIMEDOUT'];
/** What axios makes of a timeout in the middle of a body. */
const IN_A_BODY = 'ERR_BAD_RESPONSE';

/** Why a call may fail: each asks what was done to this one, or to its session meanwhile. */
const REASONS: Record<string, Explains> = {
  'its caller aborted it': ({ givesUpBy }, _, error) =>
    givesUpBy === 'abort' && (axios.isCancel(error) || error.code === 'ERR_CANCELED'),
  'its timeout': ({ givesUpBy, fault }, _, { code = '' }) =>
    givesUpBy === 'timeout' && (TIMEOUTS.includes(code) || (fault === 'drip' && code === IN_A_BODY)),
  'fault at the token endpoint': ({ app: { log } }, snapshot, { code }) =>
    ['ERR_BEARER_UNAVAILABLE', 'ERR_BEARER_TOKEN'].includes(code ?? '') &&
    (snapshot.lastAttemptFailed || log.isRefreshing || log.since(snapshot, 'failed') > 0),
  'signed out': ({ app: { log } }, snapshot, { code, response }) =>
    (['ERR_BEARER_SIGNED_OUT', 'ERR_BEARER_REJECTED'].includes(code ?? '') || response?.status === 401) &&
    (['signed-out', 'failed'].includes(snapshot.status) || log.since(snapshot, 'out') > 0),
  'another user': ({ app: { log } }, snapshot, { code }) =>
    code === 'ERR_BEARER_IDENTITY' && log.since(snapshot, 'signIn') > 0,
  'a body that can be sent once': ({ oneShot = false }, _, { code, response }) =>
    oneShot && code === 'ERR_BEARER_BODY' && response?.status === 401,
  // A POST is sent twice: with the token that was refused, or one that was just made, and once more.
  'refused twice': ({ app: { log }, kind }, snapshot, { code, response }) =>
    !code?.startsWith('ERR_BEARER_') &&
    response?.status === 401 &&
    kind.startsWith('POST') &&
    (snapshot.justExpired || log.since(snapshot, 'expired') > 0),
  // One token ended by the clock, or as the fault, and the next one before its time.
  'refused with new tokens': ({ app: { log } }, snapshot, { code, response }) =>
    !code?.startsWith('ERR_BEARER_') &&
    response?.status === 401 &&
    (snapshot.breakerOpen || log.since(snapshot, 'breaker') > 0 || log.since(snapshot, 'expired') > 0),
  'its target refused new tokens before': ({ app: { log } }, _, { code, response, config }) =>
    !code?.startsWith('ERR_BEARER_') && response?.status === 401 && log.mayRefuse({ ...config }),
};

/** After these a target may count as one that refuses all tokens. */
const MARKING = ['refused twice', 'refused with new tokens'];

const SHOWN = 20;

/** Checks that every outcome is right, or explained by something that was arranged. */
export class Judge {
  readonly unexplained: string[] = [];
  readonly explained: Record<string, number> = {};
  /** `spent`: refresh tokens that were spent for an answer that was lost. */
  readonly counts = { calls: 0, faults: 0, refreshes: 0, spent: 0, unexplained: 0, unhandled: 0, warnings: 0 };
  /** Calls that have not come to an end yet. */
  readonly pending = new Set<string>();
  readonly #leaks: LeakCounter;

  constructor(leaks: LeakCounter) {
    this.#leaks = leaks;
  }

  count(what: keyof Judge['counts']): void {
    this.counts[what] += 1;
  }

  fail(what: string): void {
    this.count('unexplained');
    if (this.unexplained.length < SHOWN) this.unexplained.push(what);
  }

  /** Follows a call to its end. */
  async follow<T>(call: Call, ask: () => Promise<T>, isRight: (got: T, snapshot: Snapshot) => unknown): Promise<void> {
    const snapshot = call.app.log.snapshot();
    const name = `${call.app.name}: ${call.kind} ${this.counts.calls}, ${call.fault ?? 'no fault'}, ${call.givesUpBy ?? 'patient'}`;
    this.count('calls');
    if (call.fault) this.count('faults');
    this.pending.add(name);
    try {
      const got = await ask();
      const response = got as AxiosResponse | undefined;
      this.#leaks.expectCollected('configs', response?.config);
      if (call.fault && EFFECTS[call.fault]) this.#effect(call, name, { ...response });
      else if (!(await isRight(got, snapshot))) this.fail(`${name}: a wrong answer, ${JSON.stringify(response?.data)}`);
    } catch (error) {
      this.#leaks.expectCollected('configs', (error as AxiosError).config);
      this.#failed(call, name, snapshot, error as AxiosError);
    } finally {
      this.pending.delete(name);
    }
  }

  #failed(call: Call, name: string, snapshot: Snapshot, error: AxiosError): void {
    const reason = Object.keys(REASONS).find((each) => REASONS[each]?.(call, snapshot, error));
    if (MARKING.includes(reason ?? '')) call.app.log.refusedNew({ ...error.config });
    if (reason) this.#explain(reason);
    else this.#effect(call, name, { status: error.response?.status, error: error as Got['error'] });
  }

  /** Did it meet what it asked for? */
  #effect({ fault }: Call, name: string, got: Got): void {
    const { code, message } = (got.error ?? {}) as Partial<AxiosError>;
    if (fault && EFFECTS[fault]?.(got)) this.#explain(fault);
    else this.fail(`${name}: ${[got.status, code, message].filter(Boolean).join(' ')}`);
  }

  #explain(reason: string): void {
    this.explained[reason] = (this.explained[reason] ?? 0) + 1;
  }
}
