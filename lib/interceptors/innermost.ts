import axios, { type AxiosInterceptorManager } from 'axios';
import { configError } from '../errors.js';
import type { Config } from './config.js';

/** What axios keeps for each `use`. It asks `runWhen` before it reads the rest. */
export interface Handler {
  fulfilled: unknown;
  rejected: unknown;
  synchronous: boolean;
  runWhen: unknown;
}

type Visit = (handler: Handler) => void;
type ForEach = ((visit: Visit) => void) & { ours?: Map<unknown, Registration> };
type Manager = AxiosInterceptorManager<never> & { handlers: (Handler | null)[]; forEach: ForEach };

/** An interceptor of ours, next to the wire. */
export interface Registration {
  /** What `use` made of it: visited first or last, and not where it stands among the others. */
  readonly handler: Handler;
  /** Is this visit before those of all others, or the second one, after them? */
  isFirstVisit: boolean;
  /** `runWhen` was called: axios builds a chain, and is not something else that walks the handlers. */
  isChainBuilt: boolean;
  /** Neither ejected nor cleared. */
  isRegistered(): boolean;
  leave(): void;
}

/** The one that is registered under this key. */
export function registrationOf(manager: unknown, key: unknown): Registration | undefined {
  return (manager as Manager).forEach.ours?.get(key);
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
export function innermost(of: unknown, key: unknown, enter: () => number): Registration {
  const manager = of as Manager;
  const ours = manager.forEach.ours ?? wrap(manager);
  const id = enter();
  const handler = manager.handlers.at(-1) as Handler;
  // The array is public, and some put another thing in its place.
  const isRegistered = () => Array.isArray(manager.handlers) && manager.handlers.includes(handler);
  const registration: Registration = { handler, isFirstVisit: true, isChainBuilt: false, isRegistered, leave };
  ours.set(key, registration);
  return registration;

  function leave() {
    // After a clear() the id may be somebody else's.
    if (isRegistered()) manager.eject(id);
    if (ours.get(key) === registration) ours.delete(key);
    // The manager's own method is on its prototype.
    if (ours.size === 0 && manager.forEach.ours === ours) Reflect.deleteProperty(manager, 'forEach');
  }
}

function wrap(manager: Manager): Map<unknown, Registration> {
  const ours = new Map<unknown, Registration>();
  const forEach = manager.forEach;
  const isOurs = (handler: Handler) => {
    for (const registration of ours.values()) if (registration.handler === handler) return true;
    return false;
  };

  const walk: ForEach = (visit) => {
    for (const registration of ours.values()) visitOurs(registration, visit, true);
    forEach.call(manager, (handler) => {
      if (!isOurs(handler)) visit(handler);
    });
    for (const registration of ours.values()) if (registration.isChainBuilt) visitOurs(registration, visit, false);
  };
  walk.ours = ours;
  manager.forEach = walk;
  return ours;
}

function visitOurs(registration: Registration, visit: Visit, isFirstVisit: boolean): void {
  if (!registration.isRegistered()) return;
  registration.isFirstVisit = isFirstVisit;
  registration.isChainBuilt = false;
  visit(registration.handler);
}

/** Those of everybody else, as axios walks them. */
export function othersIn(of: unknown): Handler[] {
  const { forEach } = of as Manager;
  const ours = [...(forEach.ours?.values() ?? [])].map(({ handler }) => handler);
  const all: Handler[] = [];
  forEach.call(of, (handler) => all.push(handler));
  return all.filter((handler) => !ours.includes(handler));
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
