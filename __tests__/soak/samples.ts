import { getEventListeners } from 'node:events';
import type { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CancelToken } from 'axios';
import type { LeakCounter } from './leaks.js';

/** What lives as long as the run, and must not gather anything. */
export interface Watched {
  signal: AbortSignal;
  cancelToken: CancelToken;
  agents: Agent[];
  leaks: LeakCounter;
}

/** Taken while nothing is under way, after a collection. */
export type Sample = Record<keyof typeof SLACK, number>;

/**
 * How much more the last third of a run may hold than the first. What leaks does so per call or per session, of which
 * even 20 s see thousands and a hundred: a bound far above what varies by itself is still far below a leak.
 */
export const SLACK = {
  /**
   * MB. By itself it varies by 0.3, and by 0.8 on a busy machine, which compiles late what few calls have warmed up. Of 20 s
   * this is some 400 bytes a call, and 2 kB on a busy machine; of ten minutes 12.
   */
  heap: 1.2,
  /** On what callers keep: a signal, a cancel token, the process. None is left, whatever was asked. */
  listeners: 0,
  /** The most on one idle socket. Node adds one for a while. */
  'listeners of a socket': 2,
  /** What keeps the process alive. A socket of fetch's may still be about to rest. */
  handles: 2,
  /** Those that keep no process alive included: `keepFresh` has one. */
  timers: 2,
  /** Closed, yet not collected: one may be on the stack. */
  sessions: 2,
  instances: 2,
  /** That have unsubscribed. */
  subscribers: 2,
  /** Of calls that are over. An idle socket keeps its last two, and there are 20 to 40 of these. */
  configs: 40,
};

export async function sample({ signal, cancelToken, agents, leaks }: Watched): Promise<Sample> {
  await collect();
  const { alive } = leaks;
  return {
    heap: process.memoryUsage().heapUsed / 2 ** 20,
    listeners: getEventListeners(signal, 'abort').length + subscribers(cancelToken) + listenersOf(process),
    'listeners of a socket': Math.max(0, ...idle(agents).map(listenersOf)),
    handles: process.getActiveResourcesInfo().length,
    ...alive,
  };
}

/** Twice: what finalizers let go of is collected next. */
async function collect(): Promise<void> {
  for (let time = 0; time < 2; time += 1) {
    globalThis.gc?.();
    await sleep(20);
  }
}

function subscribers(token: CancelToken): number {
  return (token as { _listeners?: unknown[] | null })._listeners?.length ?? 0;
}

function listenersOf(emitter: NodeJS.EventEmitter): number {
  return emitter.eventNames().reduce((sum, event) => sum + emitter.listenerCount(event), 0);
}

function idle(agents: Agent[]) {
  return agents.flatMap(({ freeSockets }) => Object.values(freeSockets).flatMap((sockets) => sockets ?? []));
}

/** Compiled code and shapes come with the first calls: this share of a run is not compared. */
const WARM_UP = 0.2;

/** The medians of the first and of the last third. */
export function thirds(samples: Sample[], what: keyof Sample): [first: number, last: number] {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP)).map((each) => each[what]);
  const third = Math.ceil(warm.length / 3);
  return [median(warm.slice(0, third)), median(warm.slice(-third))];
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
}
