import axios, { type AxiosInterceptorManager } from 'axios';
import type { Config } from './config.js';

/** What axios keeps for each `use`. It asks `runWhen` before it reads the rest. */
export interface Handler {
  fulfilled: unknown;
  rejected: unknown;
  synchronous: boolean;
  runWhen: unknown;
}

type Visit = (handler: Handler) => void;
type ForEach = ((visit: Visit) => void) & { ours?: Map<unknown, Place> };
type Manager = AxiosInterceptorManager<never> & { handlers: (Handler | null)[]; forEach: ForEach };

/** Our place next to the wire. */
export interface Place {
  /** What `use` made of us: visited here, and not where it stands among the others. */
  readonly handler: Handler;
  /** Is this visit before everybody else's, or the other one, after them? One without `runWhen` has only the first. */
  first: boolean;
  /** Was it asked in this walk? Who walks the managers for another reason meets us once. */
  asked: boolean;
  /** Called before each visit. */
  meet?: ((place: Place) => void) | undefined;
  /** Neither ejected nor cleared. */
  isTaken(): boolean;
  /** Has nobody else registered? */
  isAlone(): boolean;
  leave(): void;
}

/** Whoever has a place under this key. */
export function placeOf(manager: unknown, key: unknown): Place | undefined {
  return (manager as Manager).forEach.ours?.get(key);
}

/**
 * Puts our handler next to the wire, wherever and whenever others register theirs. Axios walks each manager once per
 * request, so the order of the walk is the order of the chain. Others meet a request before the token and an answer
 * after the recovery. `use`, `eject` and `clear` go on as they are.
 */
export function innermost(of: unknown, key: unknown, enter: () => number, meet?: Place['meet']): Place {
  const manager = of as Manager;
  const ours = manager.forEach.ours ?? wrap(manager);
  const id = enter();
  const handler = manager.handlers.at(-1) as Handler;
  // The array is public, and some put another thing in its place.
  const isTaken = () => Array.isArray(manager.handlers) && manager.handlers.includes(handler);
  const isAlone = () => manager.handlers.length === 1 || manager.handlers.every((other) => !other || other === handler);
  const place: Place = { handler, first: true, asked: false, meet, isTaken, isAlone, leave };
  ours.set(key, place);
  return place;

  function leave() {
    // After a clear() the id may be somebody else's.
    if (place.isTaken()) manager.eject(id);
    if (ours.get(key) === place) ours.delete(key);
    // The manager's own method is on its prototype.
    if (ours.size === 0 && manager.forEach.ours === ours) Reflect.deleteProperty(manager, 'forEach');
  }
}

function wrap(manager: Manager): Map<unknown, Place> {
  const ours = new Map<unknown, Place>();
  const forEach = manager.forEach;

  const walk: ForEach = (visit) => {
    for (const place of ours.values()) visitOurs(place, visit, true);
    forEach.call(manager, (handler) => {
      for (const place of ours.values()) if (place.handler === handler) return;
      visit(handler);
    });
    for (const place of ours.values()) if (place.asked) visitOurs(place, visit, false);
  };
  walk.ours = ours;
  manager.forEach = walk;
  return ours;
}

function visitOurs(place: Place, visit: Visit, first: boolean): void {
  if (!place.isTaken()) return;
  place.first = first;
  place.asked = false;
  place.meet?.(place);
  visit(place.handler);
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

/** Axios runs request interceptors last-added first, unless told otherwise: then who is visited last runs last. */
export function unshifts(config: Config): boolean {
  const usual = axios.defaults.transitional as Ordering | undefined;
  if (!usual || !('legacyInterceptorReqResOrdering' in usual)) return true;
  return Boolean(((config.transitional ?? usual) as Ordering).legacyInterceptorReqResOrdering);
}
