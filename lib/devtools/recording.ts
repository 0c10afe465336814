/** One way over the wire. All times are ms since the epoch. */
export interface Send {
  readonly at: number;
  endedAt?: number;
  /** Missing after an answer that never came. */
  status?: number | undefined;
}

/** A request, from the call to what the caller gets. */
export interface Lane {
  readonly method: string;
  /** Without query, fragment and credentials. */
  readonly url: string;
  readonly startedAt: number;
  /** The first, and each replay. */
  readonly sends: Send[];
  endedAt?: number;
  outcome?: 'done' | 'failed';
  /** Of its error, such as `ERR_CANCELED`. */
  code?: string | undefined;
}

/** A refresh, all its attempts included. */
export interface Refresh {
  readonly startedAt: number;
  /** When an attempt failed. */
  readonly failures: number[];
  endedAt?: number;
  outcome?: 'done' | 'failed';
}

/** An access token, as long as it was the session's. */
export interface TokenLife {
  readonly generation: number;
  readonly from: number;
  /** From when on a refresh starts ahead of its end; `Infinity`: never. */
  dueAt: number;
  /** Missing: its end is not known. */
  expiresAt: number | undefined;
  /** When another one took its place, or the session ended. */
  until?: number;
}

/** How often something happened since the timeline was mounted. */
export interface Counts {
  requests: number;
  sent: number;
  refused: number;
  replays: number;
  refreshes: number;
  done: number;
  failed: number;
}

// Older ones go: some megabytes, however long the page is open.
const KEPT = 5_000;

/** What has been seen of a session and its instances. */
export interface Recording {
  readonly lanes: Lane[];
  readonly refreshes: Refresh[];
  readonly tokens: TokenLife[];
  readonly counts: Counts;
  /** When something happened for the last time. */
  changedAt: number;
}

export function newRecording(): Recording {
  const counts = { requests: 0, sent: 0, refused: 0, replays: 0, refreshes: 0, done: 0, failed: 0 };
  return { lanes: [], refreshes: [], tokens: [], counts, changedAt: Date.now() };
}

/** Adds to one of the lists, which stays bounded. */
export function keep<T>(list: T[], item: T): T {
  if (list.length >= KEPT) list.splice(0, KEPT / 10);
  list.push(item);
  return item;
}

/** A bar of the waterfall: what a request did at a time. `to` is missing while it does. */
export interface Phase {
  readonly is: 'waiting' | 'wire' | 'replay';
  readonly from: number;
  readonly to: number | undefined;
  readonly status?: number | undefined;
}

/** What a request did, in order. After an answer it waits, until its caller has it. */
export function phasesOf({ startedAt, sends, endedAt }: Lane): Phase[] {
  const phases: Phase[] = [];
  let from: number | undefined = startedAt;
  sends.forEach((send, i) => {
    const to = send.endedAt ?? endedAt;
    phases.push({ is: 'waiting', from: from as number, to: send.at });
    phases.push({ is: i === 0 ? 'wire' : 'replay', from: send.at, to, status: send.status });
    from = to;
  });
  if (from !== undefined) phases.push({ is: 'waiting', from, to: endedAt });
  return phases;
}
