import type { AxiosError, AxiosInstance, AxiosResponse } from 'axios';
import { isNetworkError } from 'axios-retry';
import { bearer } from '../../bearer.js';
import { monotonicNow } from '../../deadline.js';
import { bearerError } from '../../errors.js';
import { type Config, type Journey, journeyOf } from '../../interceptors/config.js';
import { innermost, unshifts } from '../../interceptors/innermost.js';
import { patient } from '../../interceptors/patience.js';
import { askedSource } from '../../session/ask.js';
import type { AxiosAuthRefreshOptions, RefreshAuthCall } from './options.js';
import { Handover, retried, throughInterceptors, transformed } from './retry.js';
import { errorOf, type Rule, wants } from './rule.js';
import { RefreshSession, sessionOf, sharedSession } from './session.js';

// A request that is made during a refresh may be a part of it. Who has waited so long is sent as it is, and no harm is
// done: if it is refused, it waits for the refresh then.
const LONGEST_STALL = 3_000;
// But not for ever, as it may be the refresh that was refused. A person has signed in by then.
const LONGEST_REFRESH = 5 * 60_000;

const interceptions = new WeakMap<AxiosInstance, Interception>();

/** @returns an id that the manager of the response interceptors understands */
export function intercept(instance: AxiosInstance, call: RefreshAuthCall, options: AxiosAuthRefreshOptions): number {
  const existing = interceptions.get(instance);
  const interception = existing?.rules.length ? existing : new Interception(instance, call, options);
  interceptions.set(instance, interception);
  return interception.add(call, options);
}

/** Joins the engine to an instance, for all rules there. */
class Interception {
  #rules: Rule[] = [];
  readonly #session: RefreshSession | undefined;
  readonly #leave: () => void;
  readonly #unanswered = new WeakMap<AxiosResponse, AxiosError>();
  readonly #ruleOf = new WeakMap<Journey, Rule>();
  readonly #released = new WeakSet<Config>();

  constructor(
    readonly instance: AxiosInstance,
    call: RefreshAuthCall,
    { deduplicateRefresh = true, maxRetries = 3 }: AxiosAuthRefreshOptions,
  ) {
    const { request, response } = instance.interceptors;
    const session = deduplicateRefresh ? sharedSession(call) : undefined;
    this.#session = session;
    // Next to the wire, and before the engine: the error of a network gets the answer that the engine looks for.
    const nets = innermost(response, this, () => response.use(null, (error) => this.#withAnswer(error)));
    const uninstall = bearer(instance, {
      session: session?.session ?? (() => new RefreshSession([instance]).session),
      header: false,
      origins: '*',
      maxReplays: Math.max(0, maxRetries),
      skip: (config) => !this.rules.length || Boolean(config.skipAuthRefresh),
      shouldRefresh: (answer) => this.#isRefused(answer),
      beforeReplay: (config) => this.#again(config),
    });
    // At the far end: what other interceptors read, they read after the refresh.
    const stalls = innermost(request, this, () => {
      const runWhen = (config: Config) => {
        stalls.asked = true;
        return stalls.first !== unshifts(config) && this.#isStalled(config);
      };
      return request.use((config) => this.#stall(config), null, { runWhen });
    });
    const end = session?.serve(instance);
    this.#leave = () => {
      nets.leave();
      stalls.leave();
      uninstall();
      end?.();
    };
  }

  /** Those that nobody has ejected. With the last one all of us goes. */
  get rules(): Rule[] {
    const gone = this.#rules.filter(({ place }) => !place.isTaken());
    if (!gone.length) return this.#rules;
    this.#rules = this.#rules.filter((rule) => !gone.includes(rule));
    for (const { place } of gone) place.leave();
    if (!this.#rules.length) this.#leave();
    return this.#rules;
  }

  add(call: RefreshAuthCall, options: AxiosAuthRefreshOptions): number {
    const { response } = this.instance.interceptors;
    let id!: number;
    const place = innermost(response, {}, () => {
      id = response.use(null, (error) => this.#failed(error));
      return id;
    });
    this.#rules.push({ call, options, place });
    return id;
  }

  #withAnswer(error: AxiosError): Promise<never> {
    const { config } = error ?? {};
    const wanted = sessionOf(config) && this.rules.some(({ options }) => options.interceptNetworkError);
    if (wanted && isNetworkError(error)) {
      error.response = { config } as AxiosResponse;
      this.#unanswered.set(error.response, error);
    }
    return Promise.reject(error);
  }

  #isRefused(answer: AxiosResponse): boolean | Promise<boolean> {
    const { config } = answer;
    const unanswered = this.#unanswered.get(answer);
    const error = unanswered ?? errorOf(answer);
    const rule = error && this.rules.find(({ options }) => wants(options, error, unanswered !== undefined));
    const journey = journeyOf(config);
    const session = sessionOf(config) ?? this.#session;
    if (!rule || !session) return false;
    if (journey) this.#ruleOf.set(journey, rule);
    session.refused(error, rule.call);
    return !this.#released.has(config) || session.isOverWithin(LONGEST_REFRESH).catch(() => true);
  }

  #isStalled(config: Config): boolean {
    const session = this.#session;
    if (!session?.session.requests.isRefreshing || config.skipAuthRefresh || !this.rules.length) return false;
    // The refresh's own request, as far as it can be told.
    return askedSource() !== session.session.source;
  }

  async #stall(config: Config): Promise<Config> {
    const session = this.#session as RefreshSession;
    try {
      if (await patient(session.isOverWithin(LONGEST_STALL), config, monotonicNow())) {
        return await retried(config, session, this.rules.find(({ call }) => call === session.call)?.options);
      }
    } catch (error) {
      throw session.reasonOf(error);
    }
    this.#released.add(config);
    return config;
  }

  async #again(config: Config): Promise<Config> {
    const journey = journeyOf(config) as Journey;
    // An adapter may have answered with a config that knows nothing of us.
    const rule = this.#ruleOf.get(journey) ?? this.rules.at(0);
    if (!rule || !this.rules.includes(rule)) {
      throw bearerError('ERR_BEARER_SIGNED_OUT', 'The interceptor was ejected while the request waited');
    }
    const { data } = config;
    const next = transformed(await retried(config, sessionOf(config) as RefreshSession, rule.options), data);
    const { retryInstance = this.instance } = rule.options;
    if (retryInstance !== this.instance) throw new Handover(next, retryInstance);
    return throughInterceptors(this.instance, next);
  }

  #failed(error: unknown): unknown {
    if (error instanceof Handover) return error.send();
    const { config } = (error ?? {}) as AxiosError;
    const session = sessionOf(config);
    return Promise.reject(session ? session.reasonOf(error) : error);
  }
}
