import type { AxiosInstance } from 'axios';
import { configError } from './errors.js';
import type { Config } from './interceptors/config.js';
import { assertInstance, install } from './interceptors/install.js';
import { assertOrigin } from './interceptors/origins.js';
import { requestsIn } from './interceptors/session-of.js';
import type { InstallOptions, SessionOptions } from './options.js';
import { own } from './platform/own.js';
import { type InstallSettings, readInstallOptions } from './read-options.js';
import type { AnyAxios, Joins, Left } from './session/joins.js';
import { holdCookies } from './session/seed.js';
import { isInstalled, Session } from './session/session.js';
import { tokenClient } from './sources/client.js';
import type { TokenSource } from './sources/source.js';

/**
 * Called for each request, where one instance serves several sessions. Returns the session that has the request's token,
 * or a promise of it; `undefined`: the request goes out without a token.
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
  install: installSession,
};

/** Sessions that `bearer()` made for one instance: nobody else knows of them. */
const made = new WeakSet<object>();

function installSession(session: Session, instance: AnyAxios, options: InstallOptions, left: Left): () => void {
  const requests = requestsIn('session', session);
  const settings = settingsFor(instance, options, requests.source);
  requests.sibling ??= instance as AxiosInstance;
  if (settings.header === false) holdCookies(requests.life);
  const replaced = () => {
    if (made.has(requests) && !isInstalled(session)) void session.close();
  };
  return install(instance as AxiosInstance, { by: requests, sessionOf: () => session, left, replaced }, settings);
}

/**
 * Call it once, where the axios instance is made. From then on every request to its origin bears a token that is
 * obtained, kept fresh, refreshed after a 401 (RFC 6750 §3), and its request replayed. Called again for the same instance
 * and header, as in a hot reload, it replaces the first installation and closes its session.
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
  if (typeof options !== 'object' || options === null) throw configError('options', 'an object with a source', options);
  const given = own(options as { session?: Session | SessionResolver });
  if (!('session' in given)) return bearerOf(instance, options as SessionOptions & InstallOptions);
  const { session } = given;
  if (typeof session === 'function') {
    return install(instance as AxiosInstance, { by: session, sessionOf: session }, settingsFor(instance, options));
  }
  requestsIn('session', session);
  return (session as Session).install(instance, options);
}

/** All that can be judged is judged before there is a session: a store would be asked, a timer set. */
function bearerOf(instance: AnyAxios, options: SessionOptions & InstallOptions): Session {
  settingsFor(instance, options, own(options).source);
  const session = createSession(options);
  made.add(requestsIn('session', session));
  session.install(instance, options);
  return session;
}

function settingsFor(instance: AnyAxios, options: InstallOptions, source?: unknown): InstallSettings {
  assertInstance(instance);
  const settings = readInstallOptions(options);
  assertOrigin(instance, settings.origins, own(source as Partial<TokenSource> | undefined).origins);
  return settings;
}
