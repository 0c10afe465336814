import axios, { type AxiosInterceptorManager } from 'axios';
import { configError } from '../errors.js';
import type { Config } from './config.js';

/** What axios keeps for each `use`. It asks `runWhen` before it reads the rest. */
export interface Handler {
  fulfilled: unknown;
  rejected: unknown;
  synchronous: boolean;
  runWhen?: ((config: Config) => boolean) | null;
}

type Visit = (handler: Handler) => void;
type ForEach = ((visit: Visit) => void) & { ours?: Registration[] };
type Manager = AxiosInterceptorManager<never> & { handlers: (Handler | null)[]; forEach: ForEach };

/** An interceptor of ours, next to the wire. */
export interface Registration {
  /** What `use` made of it: visited first or last, and not where it stands among the others. */
  readonly handler: Handler;
  /** Is this visit before those of all others, or the second one, after them? */
  isFirstVisit: boolean;
  /** `runWhen` was called, and said no: axios builds a chain, and this was not the visit for it. */
  wantsSecondVisit: boolean;
  /** Neither ejected nor cleared. */
  isRegistered(): boolean;
  leave(): void;
}

/** @throws ERR_BEARER_CONFIG where it is no interceptor manager of axios */
export function assertManager(of: unknown): void {
  const { handlers, forEach, use, eject } = (of ?? {}) as Partial<Manager>;
  if (Array.isArray(handlers) && [forEach, use, eject].every((each) => typeof each === 'function')) return;
  throw configError('instance', "an axios instance with axios's own interceptor managers (a mock of it has none)", of);
}

/**
 * Puts our handler next to the wire, wherever and whenever others register theirs. Axios walks each manager once per
 * request, so the order of the walk is the order of the chain. Others meet a request before the token and an answer
 * after the recovery. `use`, `eject` and `clear` go on as they are.
 */
export function innermost(of: unknown, enter: () => number): Registration {
  const manager = of as Manager;
  const ours = manager.forEach.ours ?? wrap(manager);
  const id = enter();
  const handler = manager.handlers.at(-1) as Handler;
  // The array is public, and some put another thing in its place.
  const isRegistered = () => Array.isArray(manager.handlers) && manager.handlers.includes(handler);
  const registration: Registration = { handler, isFirstVisit: true, wantsSecondVisit: false, isRegistered, leave };
  ours.push(registration);
  return registration;

  function leave() {
    // After a clear() the id may be somebody else's.
    if (isRegistered()) manager.eject(id);
    if (ours.includes(registration)) ours.splice(ours.indexOf(registration), 1);
    // The manager's own method is on its prototype.
    if (ours.length === 0 && manager.forEach.ours === ours) Reflect.deleteProperty(manager, 'forEach');
  }
}

function wrap(manager: Manager): Registration[] {
  const ours: Registration[] = [];
  const forEach = manager.forEach;

  // For each request: nothing is allocated where nobody else is there.
  const walk: ForEach = (visit) => {
    for (let i = 0; i < ours.length; i++) visitOurs(ours[i], visit, true);
    const { handlers } = manager;
    const isAlone = handlers?.length === 1 && handlers[0] === ours[0]?.handler;
    if (!isAlone) forEach.call(manager, (handler) => isOneOf(ours, handler) || visit(handler));
    for (let i = 0; i < ours.length; i++) if (ours[i]?.wantsSecondVisit) visitOurs(ours[i], visit, false);
  };
  walk.ours = ours;
  manager.forEach = walk;
  return ours;
}

function isOneOf(ours: Registration[], handler: Handler): boolean {
  return ours.some((registration) => registration.handler === handler);
}

function visitOurs(registration: Registration | undefined, visit: Visit, isFirstVisit: boolean): void {
  if (!registration?.isRegistered()) return;
  registration.isFirstVisit = isFirstVisit;
  registration.wantsSecondVisit = false;
  visit(registration.handler);
}

/**
 * The opposite place: registers a request interceptor that runs before all others.
 *
 * @param when called for each request: does it run?
 */
export function outermost(
  manager: AxiosInterceptorManager<Config>,
  intercept: (config: Config) => Config | Promise<Config>,
  when: (config: Config) => boolean,
): Registration {
  const runWhen = (config: Config) => {
    const isItsVisit = registration.isFirstVisit !== unshifts(config);
    registration.wantsSecondVisit = !isItsVisit;
    return isItsVisit && when(config);
  };
  const registration = innermost(manager, () => manager.use(intercept, null, { runWhen }));
  return registration;
}

/** The request interceptors of everybody else that run for this request, in the order in which axios runs them. */
export function othersFor(config: Config, of: unknown): Handler[] {
  const { forEach } = of as Manager;
  const ours = forEach.ours ?? [];
  const all: Handler[] = [];
  forEach.call(of, (handler) => all.push(handler));
  const others = all.filter((handler) => !isOneOf(ours, handler) && handler.runWhen?.(config) !== false);
  return unshifts(config) ? others.reverse() : others;
}

interface Ordering {
  legacyInterceptorReqResOrdering?: boolean;
}

/** Axios runs request interceptors last-added first, unless told otherwise: then the one that is visited last runs last. */
export function unshifts(config: Config): boolean {
  const usual = axios.defaults.transitional as Ordering | undefined;
  if (!usual || !('legacyInterceptorReqResOrdering' in usual)) return true;
  return Boolean(((config.transitional ?? usual) as Ordering).legacyInterceptorReqResOrdering);
}
