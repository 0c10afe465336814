import type { AxiosInterceptorManager } from 'axios';
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
type ForEach = ((visit: Visit) => void) & { ours?: Registration[]; restore?(): void };
type Manager = AxiosInterceptorManager<Config> & { handlers: (Handler | null)[]; forEach: ForEach };

/** An interceptor of ours, next to the wire. */
export interface Registration {
  /** The entry that `use` added. It is visited first or last, wherever it stands among the others. */
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
  const place = manager.handlers.length - 1;
  const handler = manager.handlers[place] as Handler;
  // The array is public, and some put another thing in its place.
  const isRegistered = () => Array.isArray(manager.handlers) && manager.handlers.includes(handler);
  const registration: Registration = { handler, isFirstVisit: true, wantsSecondVisit: false, isRegistered, leave };
  ours.push(registration);
  return registration;

  function leave() {
    // Where somebody has moved it, or cleared all, the id may be that of another one.
    if (manager.handlers?.[place] === handler) manager.eject(id);
    if (isRegistered()) manager.handlers[manager.handlers.indexOf(handler)] = null as never;
    if (ours.includes(registration)) ours.splice(ours.indexOf(registration), 1);
    if (ours.length === 0 && manager.forEach.ours === ours) manager.forEach.restore?.();
  }
}

function wrap(manager: Manager): Registration[] {
  const ours: Registration[] = [];
  const { forEach } = manager;
  // Axios's own is on the prototype.
  const isPatched = Object.hasOwn(manager, 'forEach');

  // For each request: nothing is allocated where nobody else is there.
  const walk: ForEach = (visit) => {
    for (let i = 0; i < ours.length; i++) visitOurs(ours[i], visit, true);
    const { handlers } = manager;
    const isAlone = handlers?.length === 1 && handlers[0] === ours[0]?.handler;
    if (!isAlone) forEach.call(manager, (handler) => isOneOf(ours, handler) || visit(handler));
    for (let i = 0; i < ours.length; i++) if (ours[i]?.wantsSecondVisit) visitOurs(ours[i], visit, false);
  };
  walk.ours = ours;
  walk.restore = () => {
    if (isPatched) manager.forEach = forEach;
    else Reflect.deleteProperty(manager, 'forEach');
  };
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
    const isItsVisit = registration.isFirstVisit !== isLastAddedFirst(config);
    registration.wantsSecondVisit = !isItsVisit;
    return isItsVisit && when(config);
  };
  const registration = innermost(manager, () => manager.use(intercept, null, { runWhen }));
  return registration;
}

/** The request interceptors of everybody else that run for this request, in the order in which axios runs them. */
export function othersFor(config: Config, of: unknown): Handler[] {
  const manager = of as Manager;
  const ours = manager.forEach.ours ?? [];
  const all: Handler[] = [];
  manager.forEach((handler) => void all.push(handler));
  const others = all.filter((handler) => !isOneOf(ours, handler) && handler.runWhen?.(config) !== false);
  return isLastAddedFirst(config) ? others.reverse() : others;
}

const ORDERING = 'legacyInterceptorReqResOrdering';

/** Does axios run the request interceptors of this config last-added first? Below 1.13 it always does, and says nothing of it. */
export function isLastAddedFirst(config: Config): boolean {
  const transitional = (config.transitional ?? {}) as { [ORDERING]?: boolean };
  return !(ORDERING in transitional) || Boolean(transitional[ORDERING]);
}
