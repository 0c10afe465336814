import { AxiosError, type AxiosInstance, type AxiosResponse, type InternalAxiosRequestConfig as Config } from 'axios';
import { type Answer, type Hooks, innermost, installWithHooks, outermost, own, withCancellation } from '../internal.js';
import type { AxiosAuthRefreshOptions, RefreshAuthCall } from './options.js';
import { afterRefresh, ResendElsewhere, rerunInterceptors, transformNew } from './resend.js';
import { errorOf, type Rule, startsRefresh } from './rule.js';
import { RefreshSession, sessionOf, sharedSession } from './session.js';

// ms. A request that is made during a refresh may be a part of it, so after this long it is sent as it is. If it is
// refused then, it waits for the refresh.
const LONGEST_WAIT = 3_000;
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
class Interception implements Hooks {
  #rules: Rule[] = [];
  readonly #session: RefreshSession | undefined;
  readonly #uninstall: () => void;
  /** By which rule a request was refused. */
  readonly #ruleOf = new WeakMap<Config, Rule>();
  readonly #sentDuringRefresh = new WeakSet<Config>();

  constructor(
    readonly instance: AxiosInstance,
    call: RefreshAuthCall,
    { deduplicateRefresh = true, maxRetries = 3 }: AxiosAuthRefreshOptions,
  ) {
    const session = deduplicateRefresh ? sharedSession(call) : undefined;
    this.#session = session;
    const uninstall = installWithHooks(
      instance,
      this,
      (config) => (session ?? new RefreshSession([instance])).serve(config),
      {
        header: false,
        origins: '*',
        maxReplays: Math.max(0, maxRetries),
        skip: (config) => !this.rules.length || isSkipped(config),
      },
    );
    // Before all others: what they read, they read after the refresh.
    const waiting = outermost(
      instance.interceptors.request,
      (config) => this.#waitForRefresh(config),
      (config) => this.#mustWait(config),
    );
    const removeInstance = session?.addInstance(instance);
    this.#uninstall = () => {
      waiting.leave();
      uninstall();
      removeInstance?.();
    };
  }

  /** Those that were not ejected. With the last of them the whole interception goes. */
  get rules(): Rule[] {
    const gone = this.#rules.filter(({ registration }) => !registration.isRegistered());
    if (!gone.length) return this.#rules;
    this.#rules = this.#rules.filter((rule) => !gone.includes(rule));
    for (const { registration } of gone) registration.leave();
    if (!this.#rules.length) this.#uninstall();
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

  isRefused({ response, error }: Answer, config: Config): boolean | Promise<boolean> {
    const isNetwork = !response && isNetworkError(error);
    const failure = isNetwork ? (error as AxiosError) : response && errorOf(response);
    const rule = failure && this.rules.find(({ options }) => startsRefresh(options, failure, isNetwork));
    const session = sessionOf(config) ?? this.#session;
    if (!rule || !session) return false;
    // The app's function reads the config there.
    if (isNetwork) failure.response = { config } as AxiosResponse;
    this.#ruleOf.set(config, rule);
    session.refused(failure, rule.call);
    return !this.#sentDuringRefresh.has(config) || session.isRefreshedWithin(LONGEST_REFRESH).catch(() => true);
  }

  #mustWait(config: Config): boolean {
    return Boolean(this.#session?.refreshing && !isSkipped(config) && this.rules.length);
  }

  async #waitForRefresh(config: Config): Promise<Config> {
    const session = this.#session as RefreshSession;
    try {
      if (await withCancellation(session.isRefreshedWithin(LONGEST_WAIT), config)) {
        return await afterRefresh(config, session, this.rules.find(({ call }) => call === session.call)?.options);
      }
    } catch (error) {
      throw session.reasonOf(error);
    }
    this.#sentDuringRefresh.add(config);
    return config;
  }

  async beforeReplay(config: Config, data: unknown): Promise<Config> {
    const rule = this.#ruleOf.get(config);
    if (!rule || !this.rules.includes(rule)) {
      throw new AxiosError('The interceptor was ejected while the request waited', 'ERR_BEARER_SIGNED_OUT');
    }
    const { data: before } = config;
    const next = transformNew(await afterRefresh(config, sessionOf(config) as RefreshSession, rule.options), before);
    const { retryInstance = this.instance } = rule.options;
    if (retryInstance !== this.instance) throw new ResendElsewhere(next, retryInstance);
    return rerunInterceptors(this.instance, next, data);
  }

  #failed(error: unknown): unknown {
    if (error instanceof ResendElsewhere) return error.send();
    const { config } = (error ?? {}) as AxiosError;
    const session = sessionOf(config);
    return Promise.reject(session ? session.reasonOf(error) : error);
  }
}

function isSkipped(config: Config): boolean {
  return Boolean(own(config).skipAuthRefresh);
}

/** No response came, and neither the request's abort nor its timeout is why. */
function isNetworkError(error: unknown): boolean {
  const { code } = error as AxiosError;
  return Boolean(code) && code !== 'ERR_CANCELED' && code !== 'ECONNABORTED';
}
