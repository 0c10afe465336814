import type { AxiosInstance } from 'axios';
import type { InstallOptions } from '../options.js';
import { own } from '../platform/own.js';
import { isThenable } from '../platform/thenable.js';
import { type InstallSettings, readInstallOptions } from '../read-options.js';
import { askedSource } from '../session/ask.js';
import type { Left } from '../session/joins.js';
import { requestsOf } from '../session/session.js';
import type { Config } from './config.js';
import type { Hooks, Installation } from './exchange.js';
import { gateOf } from './gate.js';
import { noteHeader } from './header.js';
import { assertManager, innermost, isLastAddedFirst, type Registration } from './innermost.js';
import { destination, finalUrl, originCheck } from './origins.js';
import { attach } from './request.js';
import { recoverOrRedact } from './response.js';
import { targetOf } from './target.js';

/** What an instance is served by: a session, or a function that returns one for each request. */
export interface Served {
  /** By it an installation is known again: twice is once. */
  readonly by: unknown;
  readonly sessionOf: Installation['sessionOf'];
  readonly left?: Left | undefined;
  /** Called when another session takes its place on the instance. */
  readonly replaced?: (() => void) | undefined;
  readonly hooks?: Hooks | undefined;
}

interface Installed extends Served {
  isWhole(): boolean;
  leave(): void;
}

/** By instance and header: one installation writes a header. */
const installed = new WeakMap<object, Map<unknown, Installed>>();

/** @throws ERR_BEARER_CONFIG where it is no axios instance */
export function assertInstance(instance: unknown): asserts instance is AxiosInstance {
  const { request, response } = (instance as Partial<AxiosInstance> | undefined)?.interceptors ?? {};
  assertManager(request);
  assertManager(response);
}

/**
 * Registers both interceptors on an instance. One session after the other, with the same header, takes the place of the
 * first.
 *
 * @param instance as `assertInstance` has found it to be
 * @returns the way to uninstall
 */
export function install(instance: AxiosInstance, served: Served, settings: InstallSettings): () => void {
  noteHeader(settings.header);
  const all = installed.get(instance) ?? new Map<unknown, Installed>();
  installed.set(instance, all);
  const { header } = settings;
  const place = own(served).hooks ?? (header === false ? header : header.toLowerCase());
  const present = all.get(place);
  if (present) {
    const isSame = present.by === served.by;
    if (isSame && present.isWhole()) return present.leave;
    present.leave();
    if (!isSame) present.replaced?.();
  }
  const [request, response] = register(instance, served, settings);
  const leave = () => {
    request.leave();
    response.leave();
    if (all.get(place) === mine) all.delete(place);
    served.left?.(leave);
  };
  // Somebody may have cleared one of the two: half of us is of no use.
  const mine: Installed = { ...served, isWhole: () => request.isRegistered() && response.isRegistered(), leave };
  all.set(place, mine);
  return leave;
}

/** Installs a session for which another package's rules decide. @returns the way to uninstall */
export function installWithHooks(
  instance: AxiosInstance,
  hooks: Hooks,
  sessionOf: Installation['sessionOf'],
  options: InstallOptions,
): () => void {
  assertInstance(instance);
  return install(instance, { by: hooks, sessionOf, hooks }, readInstallOptions(options));
}

function register(instance: AxiosInstance, served: Served, settings: InstallSettings): [Registration, Registration] {
  const { request, response } = instance.interceptors;
  const installation: Installation = {
    ...served,
    hooks: own(served).hooks,
    instance,
    settings,
    originReason: originCheck(instance, settings.origins, settings.header),
    destination: (config) => destination(instance, config),
    targetOf: (request) => targetOf(request, finalUrl(instance, request as Partial<Config>)),
    hasResponseInterceptor: () => responses.isRegistered(),
    headerValues: new WeakMap(),
    gate: gateOf(settings.replayConcurrency),
  };
  const runWhen = (config: Config) => {
    const isItsVisit = requests.isFirstVisit === isLastAddedFirst(config);
    requests.wantsSecondVisit = !isItsVisit;
    // Somebody may have cleared the response interceptors: without ours none would take the token out of errors.
    return isItsVisit && responses.isRegistered() && !isTokenRequest(installation, config);
  };
  const requests = innermost(request, () =>
    request.use((config) => attach(installation, config), null, { runWhen, synchronous: true }),
  );
  const responses = innermost(response, () => response.use(null, (error) => recoverOrRedact(installation, error)));
  return [requests, responses];
}

/** A request that a source makes through the instance that waits for it. Known while the source's function is called. */
function isTokenRequest(installation: Installation, config: Config): boolean {
  const asking = askedSource();
  if (!asking) return false;
  // It is asked again at the wire, where its failure is heard.
  try {
    const session = installation.sessionOf(config);
    if (isThenable(session)) session.then(undefined, () => {});
    return requestsOf(session)?.source === asking;
  } catch {
    return false;
  }
}
