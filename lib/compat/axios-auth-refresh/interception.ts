import type { AxiosError, AxiosInstance, AxiosResponse } from 'axios';
import { isNetworkError } from 'axios-retry';
import { monotonicNow } from '../../deadline.js';
import { bearerError } from '../../errors.js';
import { withCancellation } from '../../interceptors/cancellation.js';
import type { Config } from '../../interceptors/config.js';
import type { Answer, Exchange } from '../../interceptors/exchange.js';
import { innermost, unshifts } from '../../interceptors/innermost.js';
import { assertInstance, install } from '../../interceptors/install.js';
import { readInstallOptions } from '../../read-options.js';
import { askedSource } from '../../session/ask.js';
import type { AxiosAuthRefreshOptions, RefreshAuthCall } from './options.js';
import { Handover, retried, throughInterceptors, transformed } from './retry.js';
import { errorOf, type Rule, wants } from './rule.js';
import { RefreshSession, sessionOf, sharedSession, takeOn } from './session.js';

// ms. A request that is made during a refresh may be a part of it, so after this long it is sent as it is. If it is
// refused then, it waits for the refresh.
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
  readonly #ruleOf = new WeakMap<Exchange, Rule>();
  readonly #released = new WeakSet<Config>();

  constructor(
    readonly instance: AxiosInstance,
    call: RefreshAuthCall,
    { deduplicateRefresh = true, maxRetries = 3 }: AxiosAuthRefreshOptions,
  ) {
    assertInstance(instance);
    const { request } = instance.interceptors;
    const session = deduplicateRefresh ? sharedSession(call) : undefined;
    this.#session = session;
    const uninstall = install(
      instance,
      {
        by: this,
        sessionOf: session ? () => session.session : () => new RefreshSession([instance]).session,
        hooks: {
          begin: takeOn,
          isRefused: (answer, exchange) => this.#isRefused(answer, exchange),
          beforeReplay: (config, exchange) => this.#again(config, exchange),
        },
      },
      readInstallOptions({
        header: false,
        origins: '*',
        maxReplays: Math.max(0, maxRetries),
        skip: (config) => !this.rules.length || Boolean(config.skipAuthRefresh),
      }),
    );
    // At the far end: what other interceptors read, they read after the refresh.
    const stalls = innermost(request, () => {
      const runWhen = (config: Config) => {
        const isItsVisit = stalls.isFirstVisit !== unshifts(config);
        stalls.wantsSecondVisit = !isItsVisit;
        return isItsVisit && this.#isStalled(config);
      };
      return request.use((config) => this.#stall(config), null, { runWhen });
    });
    const end = session?.serve(instance);
    this.#leave = () => {
      stalls.leave();
      uninstall();
      end?.();
    };
  }

  /** Those that nobody has ejected. With the last one all of us goes. */
  get rules(): Rule[] {
    const gone = this.#rules.filter(({ registration }) => !registration.isRegistered());
    if (!gone.length) return this.#rules;
    this.#rules = this.#rules.filter((rule) => !gone.includes(rule));
    for (const { registration } of gone) registration.leave();
    if (!this.#rules.length) this.#leave();
    return this.#rules;
  }

  add(call: RefreshAuthCall, options: AxiosAuthRefreshOptions): number {
    const { response } = this.instance.interceptors;
    let id!: number;
    const registration = innermost(response, () => {
      id = response.use(null, (error) => this.#failed(error));
      return id;
    });
    this.#rules.push({ call, options, registration });
    return id;
  }

  #isRefused({ response, error }: Answer, exchange: Exchange): boolean | Promise<boolean> {
    const isNetwork = !response && isNetworkError(error as AxiosError);
    const failure = isNetwork ? (error as AxiosError) : response && errorOf(response);
    const rule = failure && this.rules.find(({ options }) => wants(options, failure, isNetwork));
    const session = sessionOf(exchange.config) ?? this.#session;
    if (!rule || !session) return false;
    // The app's function reads the config there.
    if (isNetwork) failure.response = { config: exchange.config } as AxiosResponse;
    this.#ruleOf.set(exchange, rule);
    session.refused(failure, rule.call);
    return !this.#released.has(exchange.config) || session.isOverWithin(LONGEST_REFRESH).catch(() => true);
  }

  #isStalled(config: Config): boolean {
    const session = this.#session;
    if (!session?.requests.isRefreshing || config.skipAuthRefresh || !this.rules.length) return false;
    // The refresh's own request, as far as it can be told.
    return askedSource() !== session.requests.source;
  }

  async #stall(config: Config): Promise<Config> {
    const session = this.#session as RefreshSession;
    try {
      if (await withCancellation(session.isOverWithin(LONGEST_STALL), config, monotonicNow())) {
        return await retried(config, session, this.rules.find(({ call }) => call === session.call)?.options);
      }
    } catch (error) {
      throw session.reasonOf(error);
    }
    this.#released.add(config);
    return config;
  }

  async #again(config: Config, exchange: Exchange): Promise<Config> {
    const rule = this.#ruleOf.get(exchange);
    if (!rule || !this.rules.includes(rule)) {
      throw bearerError('ERR_BEARER_SIGNED_OUT', 'The interceptor was ejected while the request waited');
    }
    const { data } = config;
    const next = transformed(await retried(config, sessionOf(config) as RefreshSession, rule.options), data);
    const { retryInstance = this.instance } = rule.options;
    if (retryInstance !== this.instance) throw new Handover(next, retryInstance);
    return throughInterceptors(this.instance, next, exchange.data);
  }

  #failed(error: unknown): unknown {
    if (error instanceof Handover) return error.send();
    const { config } = (error ?? {}) as AxiosError;
    const session = sessionOf(config);
    return Promise.reject(session ? session.reasonOf(error) : error);
  }
}
