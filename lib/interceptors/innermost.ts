import axios, { type AxiosInterceptorManager } from 'axios';
import type { Config } from './config.js';

/** What axios keeps for each `use`. */
export interface Handler {
  fulfilled?: unknown;
  rejected?: unknown;
  synchronous?: boolean;
  runWhen?: ((config: never) => boolean) | null;
}

type Visit = (handler: Handler) => void;
type Manager = AxiosInterceptorManager<never> & { handlers: (Handler | null)[]; forEach: ForEach };
type ForEach = ((visit: Visit) => void) & { ours?: Map<unknown, Ours> };

export interface Place {
  /** Neither ejected nor cleared. */
  isTaken(): boolean;
  leave(): void;
}

interface Ours extends Place {
  /** Visited before everybody else's. */
  first: Handler[];
  /** Visited after everybody else's. */
  last: Handler[];
  /** What `use` made of us: it stands among everybody else's, but is not visited there. */
  registered: Handler;
}

/**
 * Puts our handlers next to the wire, wherever and whenever others register theirs. Axios walks each manager once per
 * request, so the order of the walk is the order of the chain. Others meet a request before the token and an answer
 * after the recovery. `use`, `eject` and `clear` go on as they are.
 *
 * @param key whose handlers they are: a second time for the same key changes nothing
 */
export function innermost(of: unknown, key: unknown, enter: () => number, first: Handler[], last: Handler[]): Place {
  const manager = of as Manager;
  const ours = manager.forEach.ours ?? wrap(manager);
  const present = ours.get(key);
  if (present?.isTaken()) return present;

  const id = enter();
  const registered = manager.handlers.at(-1) as Handler;
  const place: Ours = { registered, first, last, isTaken: () => manager.handlers.includes(registered), leave };
  ours.set(key, place);
  return place;

  function leave() {
    if (ours.get(key) !== place) return;
    manager.eject(id);
    ours.delete(key);
    // The manager's own method is on its prototype.
    if (ours.size === 0 && manager.forEach.ours === ours) Reflect.deleteProperty(manager, 'forEach');
  }
}

function wrap(manager: Manager): Map<unknown, Ours> {
  const ours = new Map<unknown, Ours>();
  const forEach = manager.forEach;

  const walk: ForEach = (visit) => {
    const here = [...ours.values()].filter((place) => place.isTaken());
    for (const { first } of here) first.forEach(visit);
    forEach.call(manager, (handler) => {
      if (!here.some(({ registered }) => registered === handler)) visit(handler);
    });
    for (const { last } of here) last.forEach(visit);
  };
  walk.ours = ours;
  manager.forEach = walk;
  return ours;
}

interface Ordering {
  legacyInterceptorReqResOrdering?: boolean;
}

/** Axios runs request interceptors last-added first, unless told otherwise: then who is visited last runs last. */
export function unshifts(config: Config): boolean {
  const usual = axios.defaults.transitional as Ordering | undefined;
  if (!usual || !('legacyInterceptorReqResOrdering' in usual)) return true;
  return Boolean(((config.transitional ?? usual) as Ordering).legacyInterceptorReqResOrdering);
}
