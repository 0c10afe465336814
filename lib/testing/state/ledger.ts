import type { Visitor } from '../http/door.js';

/** Counters since the start or the last `reset()`. The object is live: read it again, don't copy it. */
export interface Stats {
  /** Requests that arrived, of every kind. */
  requests: number;
  /** Requests to `POST /auth/api-key`, whatever the answer. */
  apiKey: number;
  /** Requests to `POST /auth/refresh` and `POST /cookie/refresh`, whatever the answer. */
  refresh: number;
  /** Spent refresh tokens that were presented again: 0 in a client that is right. */
  reuse: number;
  /** 2xx answers to resource requests (all but the token endpoints'). */
  ok: number;
  /** 401 answers to resource requests. */
  unauthorized: number;
  /** Faults that were played. */
  faulted: number;
  /** Requests that are here now, the waiting ones included. */
  inFlight: number;
  /** The most requests that were here at once. Without latency or a hold an answer takes no time, and this stays low. */
  maxInFlight: number;
}

/** One request, in order of arrival. Holds no token, no query and no header. */
export interface LogEntry {
  /** When it arrived: ms since the epoch, by the server's clock. */
  readonly at: number;
  /** In upper case. */
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Of the answer; 0 until one begins, and for good when none ever does. */
  readonly status: number;
  /** Came with a live access token or cookie. */
  readonly authorized: boolean;
  /** Came with the how-many-th access token that the server minted, from 1, live or not. */
  readonly generation?: number;
}

/** An entry while it is being written. */
export type OpenEntry = { -readonly [Key in keyof LogEntry]: LogEntry[Key] };

const NOTHING = { requests: 0, apiKey: 0, refresh: 0, reuse: 0, ok: 0, unauthorized: 0, faulted: 0 };
const REFRESHES = new Set(['/auth/refresh', '/cookie/refresh']);
const TOKEN_ENDPOINTS = new Set(['/auth/api-key', '/cookie/login', ...REFRESHES]);

/** Called wherever the two kinds of requests are told apart: does this path hand out tokens or cookies? */
export function isTokenEndpoint(path: string): boolean {
  return TOKEN_ENDPOINTS.has(path);
}

/** What the server remembers of its requests. */
export class Ledger {
  readonly stats: Stats = { ...NOTHING, inFlight: 0, maxInFlight: 0 };
  readonly log: LogEntry[] = [];

  /** Called when a request's head has arrived. */
  arrive(at: number, method: string, path: string): OpenEntry {
    const { stats } = this;
    stats.requests += 1;
    stats.inFlight += 1;
    if (stats.inFlight > stats.maxInFlight) stats.maxInFlight = stats.inFlight;
    if (path === '/auth/api-key') stats.apiKey += 1;
    if (REFRESHES.has(path)) stats.refresh += 1;
    const entry: OpenEntry = { at, method, path, status: 0, authorized: false };
    this.log.push(entry);
    return entry;
  }

  /** Called when its credentials were read. */
  identified(entry: OpenEntry, { bearer, cookie }: Visitor): void {
    entry.authorized = cookie || bearer?.state === 'live';
    if (bearer && 'generation' in bearer) entry.generation = bearer.generation;
  }

  /** Called just before a whole answer is sent, so that a client which has it also finds it counted. */
  answered(entry: OpenEntry, status: number): void {
    entry.status = status;
    if (isTokenEndpoint(entry.path)) return;
    if (status >= 200 && status < 300) this.stats.ok += 1;
    if (status === 401) this.stats.unauthorized += 1;
  }

  /** Called when its connection is done with it, answered or not. */
  leave(): void {
    this.stats.inFlight -= 1;
  }

  /** Called by `reset()`: all counters to 0 but what is here now, and an empty log. */
  reset(): void {
    Object.assign(this.stats, NOTHING, { maxInFlight: this.stats.inFlight });
    this.log.length = 0;
  }
}
