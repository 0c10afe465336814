/** What the page and its server say to each other. */
import type { LogEntry, Stats } from 'axios-bearer/testing';

/** Each client has an API of its own, so that each log tells of one client. */
export const CLIENTS = ['axios-bearer', 'copied snippet', 'axios-auth-refresh'] as const;
export type ClientName = (typeof CLIENTS)[number];

/** The users that the API knows; the name is the key. */
export const USERS = ['Anna', 'Bert'] as const;

/** A request waits so long (ms) for one attempt to refresh. */
export const REFRESH_TIMEOUT = 2_000;

/** What the next refresh does. */
export type NextRefresh = 'works' | 'slow' | '503' | '429' | 'hangs' | 'late';

/** How the levers stand, and what each API has counted. */
export interface LeverState {
  readonly nextRefresh: NextRefresh;
  readonly isOffline: boolean;
  readonly stats: Readonly<Record<ClientName, Stats>>;
}

/** Every request that has reached an API, in order of arrival. */
export type Logs = Readonly<Record<ClientName, readonly LogEntry[]>>;

/** Where a client finds its API, below the page's own address. */
export const apiPath = (name: ClientName) => `/api/${name.replaceAll(' ', '-')}`;
