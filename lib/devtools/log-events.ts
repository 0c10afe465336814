import type { BearerEvent, BearerEvents, RequestInfo } from '../session/events.js';
import type { Session } from '../session/session.js';

/** Where the lines go: the console, or a logger that has these two. */
export interface EventConsole {
  /** Called with what goes as it should. */
  info(line: string): void;
  /** Called with what needs a look: `refreshFailed`, `breakerOpen`, and a session that was refused for good. */
  warn(line: string): void;
}

const request = ({ method, url }: RequestInfo) => `${method.toUpperCase()} ${url}`;
const until = (at: number | undefined) => (at === undefined ? '' : `, until ${new Date(at).toISOString()}`);
const seconds = (ms: number | undefined) => (ms === undefined ? '' : `, again in ${Math.ceil(ms / 100) / 10} s`);

/** What each event says, besides its name. */
const WORDS: { [E in BearerEvent]: (payload: BearerEvents[E]) => string } = {
  signedIn: ({ generation }) => `token ${generation}`,
  tokensIgnored: ({ reason }) => reason,
  refreshing: ({ generation }) => (generation === 0 ? 'there is no token yet' : `token ${generation}`),
  refreshed: ({ generation, expiresAt, adopted }) =>
    `token ${generation}${until(expiresAt)}${adopted ? ', by another holder of the store' : ''}`,
  refreshFailed: ({ error, retryAfter }) => `${error.code} ${error.message}${seconds(retryAfter)}`,
  waiting: (payload) => `${request(payload)}, ${payload.after === '401' ? 'after a 401' : 'before it is sent'}`,
  replayed: (payload) => `${request(payload)}, replay ${payload.replay} with token ${payload.generation}`,
  skipped: (payload) => `${request(payload)}, ${payload.reason}`,
  breakerOpen: ({ retryAfter }) => `too many refreshes did not help${seconds(retryAfter)}`,
  signedOut: ({ reason }) => reason,
};

/**
 * Call it while you develop, to read what a session does: each of its events is one line. No line has a token.
 *
 * @param to default: the console
 * @returns the way to stop
 */
export function logEvents(session: Session, to: EventConsole = console): () => void {
  const events = Object.keys(WORDS) as BearerEvent[];
  const stops = events.map((event) => session.on(event, (payload) => log(to, event, payload)));
  return () => {
    for (const stop of stops) stop();
  };
}

function log<E extends BearerEvent>(to: EventConsole, event: E, payload: BearerEvents[E]): void {
  const line = `axios-bearer ${event}: ${WORDS[event](payload)}`.replace(/\s+/g, ' ');
  if (needsALook(event, payload)) to.warn(line);
  else to.info(line);
}

function needsALook(event: BearerEvent, payload: object): boolean {
  const isRejected = event === 'signedOut' && (payload as BearerEvents['signedOut']).reason === 'rejected';
  return isRejected || event === 'refreshFailed' || event === 'breakerOpen';
}
