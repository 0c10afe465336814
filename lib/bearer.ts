import type { AxiosInstance, AxiosResponse } from 'axios';
import pLimit from 'p-limit';
import type { AnyAxios } from './any-axios.js';
import { configError } from './errors.js';
import { attach } from './interceptors/attach.js';
import type { Config, Guard, Passage } from './interceptors/config.js';
import { innermost, type Place, placeOf, unshifts } from './interceptors/innermost.js';
import { border, destination, originOf, pageOrigin } from './interceptors/origins.js';
import { attachReady, isReady } from './interceptors/ready.js';
import { arrived, failed } from './interceptors/recover.js';
import { type InstallOptions, readInstallOptions, type SessionOptions } from './options.js';
import { askedSource } from './session/ask.js';
import type { Joins } from './session/joins.js';
import { Session } from './session/session.js';
import { tokenClient } from './sources/token-endpoint.js';
import { isThenable } from './thenable.js';

/**
 * Called for each request, where one instance serves several sessions: whose token? `undefined`: it goes out without.
 * A promise is waited for.
 */
export type SessionResolver = (config: Config) => Session | undefined | Promise<Session | undefined>;

/**
 * Call it for a session that several instances share, or that is used without axios. Installs nothing.
 *
 * @throws ERR_BEARER_CONFIG, naming the option; ERR_BEARER_TOKEN when `tokens` hold no usable token
 */
export function createSession(options: SessionOptions): Session {
  return new Session(options, JOINS);
}

const JOINS: Joins<Session> = {
  client: tokenClient,
  install(session, instance, options) {
    session.sibling ??= instance as AxiosInstance;
    if (options.header === false) session.holdCookies();
    return guard(instance as AxiosInstance, session, () => session, options);
  },
};

/**
 * Call it once, where the axios instance is made. From then on every request to its origin bears a token that is
 * obtained, kept fresh, refreshed after a 401 (RFC 6750 §3), and its request replayed.
 *
 * @param instance the axios instance, or axios itself
 * @param options of the session and of the instance, side by side
 * @returns the session, for sign-in, sign-out, state and events
 * @throws ERR_BEARER_CONFIG, naming the option; ERR_BEARER_TOKEN when `tokens` hold no usable token
 */
export function bearer(instance: AnyAxios, options: SessionOptions & InstallOptions): Session;
/**
 * Call it to install an existing session, or a choice among several per request.
 *
 * @returns the way to uninstall
 * @throws ERR_BEARER_CONFIG, naming the option
 */
export function bearer(
  instance: AnyAxios,
  options: InstallOptions & { session: Session | SessionResolver },
): () => void;
export function bearer(
  instance: AnyAxios,
  options: InstallOptions & (SessionOptions | { session: Session | SessionResolver }),
): Session | (() => void) {
  if (!('session' in options)) {
    // Before a store is asked or a timer set.
    readInstallOptions(options);
    const session = createSession(options);
    session.install(instance, options);
    return session;
  }
  const { session } = options;
  if (session instanceof Session) return session.install(instance, options);
  if (typeof session === 'function') return guard(instance as AxiosInstance, session, session, options);
  throw configError('session', 'a Session, or a function that returns one', session);
}

/** Joins the two interceptors to an instance. `key`: for whom, so that twice is once. */
function guard(
  instance: AxiosInstance,
  key: unknown,
  sessionOf: Guard['sessionOf'],
  options: InstallOptions,
): () => void {
  const settings = readInstallOptions(options);
  const only = key instanceof Session ? key : undefined;
  const known = settings.origins ?? originOf(instance.defaults.baseURL) ?? pageOrigin() ?? only?.source.origins?.[0];
  if (!known) {
    throw configError('origins', 'given, as there is no baseURL and no page to tell where the token may go', undefined);
  }
  const { request, response } = instance.interceptors;
  const present = [placeOf(request, key), placeOf(response, key)];
  if (present.every((place) => place?.isTaken())) return () => leave(present);
  // Half of us is of no use: somebody cleared the other half.
  leave(present);
  const gate = pLimit(settings.replayConcurrency);
  const guard: Guard = {
    instance,
    settings,
    sessionOf,
    barrier: border(instance, settings.origins),
    destination: (config) => destination(instance, config),
    hears: () => answers.isTaken(),
    gate,
  };

  const isRefreshCall = (config: Config) => {
    const asking = askedSource();
    const session = asking && (only ?? sessionOf(config));
    // It is asked again to attach, where its failure is heard.
    if (isThenable(session)) session.then(undefined, () => {});
    return session instanceof Session && session.source === asking;
  };
  // Axios walks both managers at once for each request, so that both handlers can be made for that request alone. A
  // request made meanwhile, in somebody's `runWhen`, walks both before we go on.
  let passage: Passage | undefined;
  const runWhen = (config: Config) => {
    if (requests.first) passage = { outer: passage };
    requests.asked = true;
    if (requests.first !== unshifts(config) || isRefreshCall(config)) return false;
    const here = passage as Passage;
    const ready = only !== undefined && isReady(guard, config, only);
    requests.handler.synchronous = ready;
    requests.handler.fulfilled = ready
      ? attachReady(guard, only, here, requests.isAlone())
      : (final: Config) => attach(guard, final, here);
    return true;
  };
  const meet = ({ handler }: Place) => {
    const here = passage ?? {};
    passage = here.outer;
    handler.fulfilled = (answer: AxiosResponse) => arrived(here, answer);
    handler.rejected = (error: unknown) => failed(here, error);
  };

  const requests = innermost(request, key, () => request.use(null, null, { runWhen }));
  const answers = innermost(response, key, () => response.use(null, null), meet);
  return () => leave([requests, answers]);
}

function leave(places: (Place | undefined)[]): void {
  for (const place of places) place?.leave();
}
